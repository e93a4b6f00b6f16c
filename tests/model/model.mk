# SPDX-License-Identifier: MIT
#
# model.mk - builds the model: mm/ as a program of this machine, driven by random programs (docs/model.md).
#
# $(O)/tests/host/model runs programs and is one of the host tests; $(O)/tests/model/fuzz is the same for libFuzzer;
# build/tests/model/guest runs the programs on a booted kernel. mm/ is compiled unchanged: asm/ comes from
# tests/model/include first. Sets MODEL_TEST, MODEL_FUZZ, MODEL_GUEST.

MODEL_DIR  := tests/model
MODEL_KSRC := $(filter-out mm/vmalloc.c,$(wildcard mm/*.c)) \
	      $(addprefix kernel/,fail_alloc.c rwsem.c mutex.c wait.c lockrank.c cred.c init_task.c rlimit.c capability.c) \
	      $(addprefix fs/,file_table.c file.c fdtable.c inode.c dcache.c super.c mount.c namespace.c libfs.c tmpfs.c \
	      memfd.c open.c uio.c read_write.c llseek.c sync.c attr.c permission.c fs_struct.c) \
	      $(wildcard fs/userfaultfd*.c) arch/x86_64/pgtable.c arch/x86_64/pkeys.c $(filter-out kernel/lib/memory.c kernel/lib/string.c,$(wildcard kernel/lib/*.c))
MODEL_KSRC += $(addprefix $(MODEL_DIR)/,shims.c absent.c arena.c mmu.c machine.c)
MODEL_CSRC := $(addprefix $(MODEL_DIR)/,program.c generate.c check.c plain.c plain_calls.c plain_mremap.c plain_advise.c)

MODEL_WARN  := -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wvla
MODEL_KFLAGS := -std=gnu17 -O1 -g -ffreestanding -fno-strict-aliasing -fno-omit-frame-pointer -DPAGODA_HOST \
		-DCONFIG_CHECKED $(MODEL_WARN) -I $(MODEL_DIR)/include -I include -I arch/x86_64/include -I $(O)/gen
MODEL_CFLAGS := -std=gnu17 -O1 -g -fno-omit-frame-pointer -D_GNU_SOURCE $(MODEL_WARN)
# The kernel's own list heads pass for entries of their lists, as in the checked kernel: no alignment check.
MODEL_SAN    := -fsanitize=address,undefined -fno-sanitize=alignment,null -fno-sanitize-recover=all
FUZZCC      ?= clang

MODEL_TEST  := $(O)/tests/host/model
HOST_TESTS  += $(MODEL_TEST)
MODEL_FUZZ  := $(O)/tests/model/fuzz

# $(1): folder of the objects, $(2): compiler, $(3): sanitizers
define model-objects
$(O)/$(1)/%.o: %.c $(MODEL_DIR)/model.mk | $(GEN) $(FIRST)
	@mkdir -p $$(@D)
	$(if $(Q),@printf '  %-7s %s\n' MODELCC '$$<')
	$(Q)$(2) $$(if $$(filter $$(MODEL_KSRC),$$<),$(MODEL_KFLAGS),$(MODEL_CFLAGS)) $(3) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call model-objects,model-obj,$(HOSTCC),$(MODEL_SAN)))
$(eval $(call model-objects,fuzz-obj,$(FUZZCC),$(MODEL_SAN) -fsanitize=fuzzer-no-link))

$(MODEL_TEST): $(patsubst %.c,$(O)/model-obj/%.o,$(MODEL_KSRC) $(MODEL_CSRC) $(MODEL_DIR)/main.c)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(MODEL_SAN) -o $@ $^

$(MODEL_FUZZ): $(patsubst %.c,$(O)/fuzz-obj/%.o,$(MODEL_KSRC) $(MODEL_CSRC) $(MODEL_DIR)/fuzz.c)
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(MODEL_SAN) -fsanitize=fuzzer -o $@ $^

MODEL_GUEST := build/tests/model/guest
$(MODEL_GUEST): $(addprefix $(MODEL_DIR)/,guest.c guest_window.c guest_calls.c guest_trace.c program.c generate.c \
		guest.h program.h) | build/uapi/linux
	@mkdir -p $(@D)
	@$(call say,MUSLCC,$<)
	$(Q)$(MUSL) -O1 -g $(MODEL_WARN) -o $@ $(filter %.c,$^)

# Half of the time random seeds, half of it libFuzzer where clang has it. What fails is kept in $(O)/fuzz/.
.PHONY: fuzz
TIME ?= 60
HAS_FUZZER = $(shell echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	     $(FUZZCC) -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null && echo yes)
fuzz: $(MODEL_TEST) $(if $(filter fuzz,$(MAKECMDGOALS)),$(if $(HAS_FUZZER),$(MODEL_FUZZ)))
	@mkdir -p $(O)/fuzz/inputs
	$(Q)$(MODEL_TEST) -t $$(($(TIME) / 2)) -s $$(date +%s)
	$(Q)[ ! -x $(MODEL_FUZZ) ] || $(MODEL_FUZZ) -max_total_time=$$(($(TIME) - $(TIME) / 2)) -max_len=1024 -len_control=0 -timeout=30 \
		-print_final_stats=1 -artifact_prefix=$(O)/fuzz/ $(O)/fuzz/inputs

-include $(shell find $(O)/model-obj $(O)/fuzz-obj -name '*.d' 2>/dev/null)
