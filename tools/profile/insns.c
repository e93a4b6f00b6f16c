// SPDX-License-Identifier: MIT
/*
 * tools/profile/insns.c - a QEMU plugin that counts how often each kernel instruction is executed.
 *
 * At the end it writes a line "ADDRESS COUNT" for each that was; tools/kprofile adds them up by
 * function. REP instructions count once, whatever their number of steps. Argument: out=FILE. The
 * plugin interface (version 1) is declared here, as Debian ships no header for it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;
enum { INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *ptr,
						uint64_t imm);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, void *),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define TEXT_SIZE (8u << 20)

static uint64_t *counts; /* by offset in the kernel's text */
static const char *out_path = "insns.txt";

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t offset = qemu_plugin_insn_vaddr(insn) - 0xffffffff80000000ULL;

		if (offset < TEXT_SIZE)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64,
								   &counts[offset], 1);
	}
}

static void finish(qemu_plugin_id_t id, void *unused)
{
	FILE *out = fopen(out_path, "w");

	if (!out)
		return;
	for (uint64_t offset = 0; offset < TEXT_SIZE; offset++) {
		if (counts[offset])
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", offset + 0xffffffff80000000ULL,
				counts[offset]);
	}
	fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
							       const qemu_info_t *info, int argc,
							       char **argv)
{
	counts = calloc(TEXT_SIZE, sizeof(*counts));
	if (!counts)
		return -1;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out_path = strdup(argv[i] + 4);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
