# SPDX-License-Identifier: MIT
#
# Makefile - builds the kernel, its images and its tests, and runs them.
#
# One makefile for the whole tree. Sources are found by wildcard, headers by -MMD, all output goes to
# $(B) (build/, or build/checked/ with CHECKED=1). `make help` lists the targets and the variables.
#
# The kernel is linked twice: the first link gives the addresses of the functions, from which tools/gen-ksyms makes the
# table for backtraces; the second link adds that table.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---------------------------------------------------------------------------------------------------------------------
# Configuration

CHECKED ?= 0
WERROR  ?= $(if $(CI),1,0)
V       ?= 0

B := $(if $(filter 1,$(CHECKED)),build/checked,build)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V))$(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),:,printf '  %-7s %s\n' $(1) '$(2)')

# `make deps run` installs first, although nothing that `run` needs names `deps` otherwise.
FIRST := $(filter deps,$(MAKECMDGOALS))

# The first toolchain that is there; looked for once, and only when a rule needs it.
find-cross = $(firstword $(foreach p,x86_64-elf- x86_64-linux-gnu-,$(if $(shell command -v $(p)gcc),$(p))) \
	     $(if $(filter x86_64,$(shell uname -m)),,x86_64-elf-))
ifeq ($(origin CROSS_COMPILE),undefined)
CROSS_COMPILE = $(eval CROSS_COMPILE := $$(find-cross))$(CROSS_COMPILE)
endif
ifeq ($(origin CC),default)
CC = $(CROSS_COMPILE)gcc
endif
LD      = $(CROSS_COMPILE)ld
NM      = $(CROSS_COMPILE)nm
OBJCOPY = $(CROSS_COMPILE)objcopy
HOSTCC ?= gcc
MUSLCC ?= musl-gcc
I386CC ?= i686-linux-gnu-gcc
CLANG_FORMAT ?= clang-format

# ---------------------------------------------------------------------------------------------------------------------
# Compiler flags

CPPFLAGS := -I include -I arch/x86_64/include -I $(B)/gen

KFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	  -fcf-protection=none -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-strict-aliasing \
	  -fno-common -fstack-protector-strong -mstack-protector-guard=global
WARN   := -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wmissing-prototypes -Wstrict-prototypes -Wvla
ifeq ($(WERROR),1)
WARN   += -Werror
endif
ifneq ($(findstring clang,$(CC)),)
KFLAGS += --target=x86_64-linux-gnu -mstack-alignment=8
else
KFLAGS += -fno-tree-loop-distribute-patterns -mpreferred-stack-boundary=3
endif
ifeq ($(CHECKED),1)
KFLAGS += -DCONFIG_CHECKED=1
UBSAN  := $(if $(wildcard kernel/ubsan.c),-fsanitize=undefined -fno-sanitize=alignment -fno-sanitize=null)
endif
AFLAGS := -D__ASSEMBLY__ -g $(filter --target=%,$(KFLAGS)) $(filter -DCONFIG%,$(KFLAGS)) -DVDSO_SO='"$(B)/vdso.so"'
LDFLAGS := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none

# ---------------------------------------------------------------------------------------------------------------------
# Sources

KSRC  := $(wildcard boot/*.S boot/*.c arch/x86_64/*.S arch/x86_64/*.c arch/x86_64/ia32/*.c kernel/*.c kernel/lib/*.c kernel/drivers/*.c \
		    mm/*.c ipc/*.c fs/*.c fs/*/*.c)
KSRC  := $(filter-out arch/x86_64/asm-offsets.c,$(KSRC))
TSRC  := $(wildcard tests/kernel/*.c)
KOBJ  := $(addprefix $(B)/obj/,$(addsuffix .o,$(basename $(KSRC))))
TOBJ  := $(addprefix $(B)/obj/,$(addsuffix .o,$(basename $(TSRC))))

# Written before the first file is compiled: what the table of system calls says, and the struct offsets for assembly.
GEN   := $(if $(wildcard kernel/syscall.tbl),$(if $(wildcard tools/gen-syscalls),$(B)/gen/syscalls.h)) \
	 $(if $(wildcard arch/x86_64/asm-offsets.c),$(B)/gen/asm-offsets.h)

.PHONY: all objs kernel deps doctor run gdb test bench check format clean help FORCE
all: $(B)/pagoda.elf $(B)/pagoda.iso $(B)/initramfs.cpio
kernel: $(B)/pagoda.elf
objs: $(KOBJ) $(TOBJ)
FORCE:

# Changes only when the compiler or its flags change, and then everything is compiled again.
$(B)/.flags: FORCE | $(FIRST)
	@mkdir -p $(@D)
	@echo '$(CC) $(KFLAGS) $(UBSAN) $(WARN)' | cmp -s - $@ || echo '$(CC) $(KFLAGS) $(UBSAN) $(WARN)' > $@

$(B)/obj/%.o: %.c $(B)/.flags | $(GEN) $(FIRST)
	@mkdir -p $(@D)
	@$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(KFLAGS) $(if $(filter boot/%,$<),,$(UBSAN)) $(WARN) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.S $(B)/.flags | $(GEN) $(FIRST)
	@mkdir -p $(@D)
	@$(call say,AS,$<)
	$(Q)$(CC) $(CPPFLAGS) $(AFLAGS) -MMD -MP -c -o $@ $<

$(B)/gen/syscalls.h: kernel/syscall.tbl tools/gen-syscalls | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,GEN,$@)
	$(Q)tools/gen-syscalls $(@D) kernel/syscall.tbl && touch $@

# Lines "->NAME VALUE" that asm-offsets.c leaves in its assembly become #defines.
$(B)/gen/asm-offsets.h: arch/x86_64/asm-offsets.c $(B)/.flags | $(filter-out $(B)/gen/asm-offsets.h,$(GEN)) $(FIRST)
	@mkdir -p $(@D)
	@$(call say,GEN,$@)
	$(Q)$(CC) $(CPPFLAGS) $(KFLAGS) $(WARN) -MMD -MP -MT $@ -MF $(@:.h=.d) -S -o $(@:.h=.s) $<
	$(Q)sed -n 's/^.*->\([A-Za-z0-9_]*\) \$$*\(-*[0-9]*\).*$$/#define \1 \2/p' $(@:.h=.s) > $@

# The vDSO: code for user mode, linked on its own and carried in the kernel as it is.
VDSOFLAGS := -std=gnu17 -O2 -g -ffreestanding -fPIC -mno-sse -fno-stack-protector -fcf-protection=none \
	     -fasynchronous-unwind-tables $(filter --target=%,$(KFLAGS))

$(B)/vdso.so: arch/x86_64/vdso/vclock.c arch/x86_64/vdso/vdso.lds $(B)/.flags | $(GEN) $(FIRST)
	@mkdir -p $(B)/obj/arch/x86_64/vdso
	@$(call say,VDSO,$@)
	$(Q)$(CC) $(CPPFLAGS) $(VDSOFLAGS) $(WARN) -MMD -MP -MT $@ -MF $(B)/vdso.d -c -o $(B)/obj/arch/x86_64/vdso/vclock.o $<
	$(Q)$(LD) -shared -soname linux-vdso.so.1 --hash-style=both --build-id=none --eh-frame-hdr -Bsymbolic \
		--no-undefined -S -z noexecstack -z max-page-size=0x1000 -T arch/x86_64/vdso/vdso.lds \
		-o $@ $(B)/obj/arch/x86_64/vdso/vclock.o
$(B)/obj/arch/x86_64/vdso-image.o: $(B)/vdso.so

-include $(B)/vdso.d
-include $(KOBJ:.o=.d) $(TOBJ:.o=.d) $(B)/gen/asm-offsets.d

# ---------------------------------------------------------------------------------------------------------------------
# The kernel and its images

# $(1): objects. The table made from the first link must describe the second one as well.
define link-kernel
@$(call say,LD,$@)
$(Q): | tools/gen-ksyms > $@.ksyms.S
$(Q)$(CC) $(AFLAGS) -c -o $@.ksyms.o $@.ksyms.S
$(Q)$(LD) $(LDFLAGS) -S -T linker.ld -o $@.first $(1) $@.ksyms.o
$(Q)$(NM) -n $@.first | tools/gen-ksyms > $@.ksyms.S
$(Q)$(CC) $(AFLAGS) -c -o $@.ksyms.o $@.ksyms.S
$(Q)$(LD) $(LDFLAGS) -T linker.ld -Map $@.map -o $@ $(1) $@.ksyms.o
$(Q)$(NM) -n $@ | tools/gen-ksyms | cmp -s - $@.ksyms.S || \
	{ echo "$@: functions moved between the two links; the table for backtraces is wrong" >&2; exit 1; }
endef

$(B)/pagoda.elf: $(KOBJ) linker.ld tools/gen-ksyms
	$(call link-kernel,$(KOBJ))

$(B)/pagoda-test.elf: $(KOBJ) $(TOBJ) linker.ld tools/gen-ksyms
	$(call link-kernel,$(KOBJ) $(TOBJ))

# musl brings no headers of the kernel's; those of the host are the same ABI.
MUSL := $(MUSLCC) -static -std=gnu17 -D_GNU_SOURCE -idirafter build/uapi
build/uapi/linux: | $(FIRST)
	@mkdir -p $(@D)
	@for d in linux asm-generic x86_64-linux-gnu/asm asm; do \
		[ ! -d /usr/include/$$d ] || ln -sfn /usr/include/$$d build/uapi/$${d##*/}; done

# Our own programs for guests: demos and benchmarks, static; a folder each.
UBIN := $(patsubst user/%/,build/user/%,$(wildcard user/*/))

.SECONDEXPANSION:
build/user/%: $$(wildcard user/%/*.c user/%/*.h) | build/uapi/linux
	@mkdir -p $(@D)
	@$(call say,MUSLCC,user/$*)
	$(Q)$(MUSL) -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread -o $@ $(filter %.c,$^)

$(B)/initramfs.cpio: tools/mkinitramfs $(wildcard tools/pagoda/*.py) $(shell find tools/rootfs -type f) $(UBIN) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,CPIO,$@)
	$(Q)tools/mkinitramfs -o $@ $(UBIN)

$(B)/pagoda.iso: $(B)/pagoda.elf $(B)/initramfs.cpio boot/grub.cfg tools/mkiso
	@$(call say,ISO,$@)
	$(Q)OBJCOPY=$(OBJCOPY) tools/mkiso $@ $(B)/pagoda.elf $(B)/initramfs.cpio console=ttyS0

# PID 1 of the guests in which tools/pagoda-run and the tests run programs; the same for every configuration.
build/guest/init: tools/guest/init.c | build/uapi/linux
	@mkdir -p $(@D)
	@$(call say,MUSLCC,$<)
	$(Q)$(MUSL) -O2 -Wall -Wextra -o $@ $<

# ---------------------------------------------------------------------------------------------------------------------
# Running

SMP    ?= 2
MEM    ?= 256M
APPEND ?=
INITRD ?=
UEFI   ?= 0
BOOT   ?= $(if $(filter gdb replay,$(MAKECMDGOALS)),direct,iso)
ACCEL  ?=
BOOTFLAGS = --boot $(BOOT) --smp $(SMP) --mem $(MEM) --append '$(APPEND)' $(if $(INITRD),--initrd '$(INITRD)') \
	    $(if $(ACCEL),--accel $(ACCEL)) $(if $(filter 1,$(UEFI)),--uefi) $(if $(filter 1,$(CHECKED)),--checked)

deps:
	$(Q)tools/deps

doctor:
	$(Q)CC='$(CC)' tools/doctor

run: $(B)/pagoda.elf $(if $(INITRD),,$(B)/initramfs.cpio) $(if $(filter iso,$(BOOT)),$(B)/pagoda.iso)
	$(Q)tools/boot $(BOOTFLAGS)

# PROG=path ARGS='words' runs that program instead of the shell, and GDB knows its symbols too.
PROG   ?=
ARGS   ?=
PROGFLAGS = $(if $(PROG),--prog '$(PROG)' --args '$(ARGS)')

gdb: $(B)/pagoda.elf $(if $(INITRD),,$(B)/initramfs.cpio) $(if $(filter iso,$(BOOT)),$(B)/pagoda.iso) $(if $(PROG),build/guest/init)
	$(Q)tools/boot --gdb $(BOOTFLAGS) $(PROGFLAGS)

# Records a run and opens GDB on it, which can go backwards; AGAIN=1 opens the last recording.
.PHONY: replay
replay: $(B)/pagoda.elf $(if $(INITRD),,$(B)/initramfs.cpio) build/guest/init
	$(Q)tools/boot --replay $(if $(filter 1,$(AGAIN)),--again) $(BOOTFLAGS) $(PROGFLAGS)

# ---------------------------------------------------------------------------------------------------------------------
# Tests. tests/run runs them; here they are compiled.

T ?=
RUNTESTS = tests/run $(if $(T),-k '$(T)') $(if $(filter 1,$(V)),-v) $(if $(filter 1,$(CHECKED)),--checked)

# Programs that are the guest's, and parts of the kernel that run on the host under sanitizers.
TESTWARN  := -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
ABI_BIN   := $(patsubst tests/abi/%.c,build/tests/abi/%,$(wildcard tests/abi/*.c))
# Programs of 32 bits, where there is a compiler for them, or where `make deps` is about to install it.
I386_CC   := $(or $(shell command -v $(I386CC) 2>/dev/null),\
		  $(if $(wildcard /usr/lib/gcc/x86_64-linux-gnu/*/32),gcc -m32),$(if $(FIRST),$(I386CC)))
ABI_BIN   += $(if $(I386_CC),$(patsubst tests/abi/i386/%.c,build/tests/abi/i386_%,$(wildcard tests/abi/i386/*.c)))
I386_LIB  := $(addprefix tests/abi/lib/,expect.c fault.c main.c maps.c sys.c)
I386_PROG := process run shmem threads
PROG_H    := $(wildcard tests/programs/*.h)
PROG_BIN  := $(foreach s,$(wildcard tests/programs/*.c),$(patsubst %,build/tests/programs/$(basename $(notdir $(s)))-%,\
		     musl glibc-static glibc)) \
	     $(if $(I386_CC),$(foreach k,i386 i386-dyn,$(I386_PROG:%=build/tests/programs/%-$(k))))

# What all of them share is compiled once.
ABI_OBJ   := $(patsubst tests/abi/lib/%.c,build/tests/abi/lib/%.o,$(wildcard tests/abi/lib/*.c))
ABI_CC    := $(MUSL) -O1 -g $(TESTWARN) -pthread -I tests/abi
$(ABI_OBJ): build/tests/abi/lib/%.o: tests/abi/lib/%.c $(wildcard tests/abi/lib/*.h) | build/uapi/linux
	@mkdir -p $(@D)
	@$(call say,MUSLCC,$<)
	$(Q)$(ABI_CC) -c -o $@ $<

build/tests/abi/%: tests/abi/%.c $(ABI_OBJ) $(wildcard tests/abi/lib/*.h)
	@$(call say,MUSLCC,$<)
	$(Q)$(ABI_CC) -o $@ $< $(ABI_OBJ)

build/tests/abi/i386_%: tests/abi/i386/%.c $(I386_LIB) $(wildcard tests/abi/lib/*.h) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,I386CC,$<)
	$(Q)$(I386_CC) -static -std=gnu17 -O1 -g -D_GNU_SOURCE $(TESTWARN) -pthread -I tests/abi -o $@ $< $(I386_LIB)

build/tests/programs/%-i386: tests/programs/%.c $(PROG_H) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,I386CC,$<)
	$(Q)$(I386_CC) -static -std=gnu17 -O1 -g -D_GNU_SOURCE $(TESTWARN) -pthread -o $@ $<

build/tests/programs/%-i386-dyn: tests/programs/%.c $(PROG_H) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,I386CC,$< (dynamic))
	$(Q)$(I386_CC) -std=gnu17 -O1 -g -D_GNU_SOURCE $(TESTWARN) -pthread -o $@ $<

build/tests/programs/%-musl: tests/programs/%.c $(PROG_H) | build/uapi/linux
	@mkdir -p $(@D)
	@$(call say,MUSLCC,$<)
	$(Q)$(MUSL) -O1 -g $(TESTWARN) -pthread -o $@ $<

build/tests/programs/%-glibc-static: tests/programs/%.c $(PROG_H) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$< (static))
	$(Q)$(HOSTCC) -static -std=gnu17 -O1 -g -D_GNU_SOURCE $(TESTWARN) -pthread -o $@ $<

build/tests/programs/%-glibc: tests/programs/%.c $(PROG_H) | $(FIRST)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) -std=gnu17 -O1 -g -D_GNU_SOURCE $(TESTWARN) -pthread -o $@ $<

O := build
include tests/host/host.mk
include tests/model/model.mk

.PHONY: check contract docs test test-host test-kernel test-abi test-programs test-gdb
KERNELTEST := $(if $(TSRC),$(B)/pagoda-test.elf)
GUESTS     := build/guest/init $(B)/pagoda.elf

test: all build/guest/init $(KERNELTEST) $(HOST_TESTS) $(ABI_BIN) $(PROG_BIN) $(MODEL_GUEST) checked-kernel
	$(Q)$(RUNTESTS)
# Some tests want the kernel that checks itself, whatever kernel the others use.
.PHONY: checked-kernel
checked-kernel: | $(GEN) $(FIRST)
ifneq ($(CHECKED),1)
	$(Q)$(MAKE) --no-print-directory CHECKED=1 build/checked/pagoda.elf
endif
test-host: $(HOST_TESTS)
	$(Q)$(RUNTESTS) host
test-kernel: $(KERNELTEST)
	$(Q)$(RUNTESTS) kernel
test-abi: $(GUESTS) $(ABI_BIN) checked-kernel
	$(Q)$(RUNTESTS) abi
test-programs: all build/guest/init $(PROG_BIN) $(MODEL_GUEST) checked-kernel
	$(Q)$(RUNTESTS) programs
test-gdb: $(GUESTS) $(B)/initramfs.cpio
	$(Q)$(RUNTESTS) gdb

# ROWS='fork cow' picks rows by name.
bench: $(GUESTS) build/user/bench
	$(Q)tools/bench $(ROWS)

# Pages that are made from sources and kept: the system calls, and what the layer abi proves of the contract.
docs: $(B)/pagoda.elf
	$(Q)NM=$(NM) tools/gen-syscalls --doc docs/syscalls.md kernel/syscall.tbl $<
# The pictures of two processes after fork and after the first write, drawn by `pg svg`.
.PHONY: pictures
pictures: $(GUESTS) $(B)/initramfs.cpio
	$(Q)tools/boot --gdb --boot direct --smp 1 --prog build/user/tour --script tools/gdb/pictures.gdb
contract: test-abi test-kernel
	$(Q)tools/gen-contract

# Formatting, static analysis, documentation; CHECK='format sparse' picks.
check: $(GEN)
	$(Q)tools/check $(CHECK)

# ---------------------------------------------------------------------------------------------------------------------

clean:
	rm -rf build

#? Targets
#?   all             build/pagoda.elf (this is what `kernel` makes alone), pagoda.iso, initramfs.cpio
#?   objs            compiles every source, links nothing
#?   deps            installs the host packages by apt; prints their names elsewhere
#?   doctor          says what this machine lacks and what to do
#?   run             boots to a shell on this terminal
#?   gdb             the same, stopped at the first instruction, GDB attached; PROG=path ARGS='words' debugs that program too
#?   replay          records a run and opens GDB on it, which goes backwards as well; PROG= ARGS=, AGAIN=1 for the last one
#?   test            all tests; T=pattern picks, V=1 tells each; the last line is `N passed, N failed`
#?   test-host, test-kernel, test-abi, test-programs, test-gdb   one layer of them
#?   docs            writes docs/syscalls.md from kernel/syscall.tbl
#?   pictures        draws docs/pictures/*.svg from a running kernel
#?   contract        runs test-abi and test-kernel, writes docs/contract/status.md
#?   bench           the costs of calls on Pagoda and on Linux, side by side; ROWS='fork cow' picks
#?   fuzz            random programs against mm/ on this machine for TIME=seconds (docs/model.md)
#?   check           formatting, static analysis, stale pages in docs/; CHECK='format sparse' picks
#?   clean           removes build/
#?
#? Variables
#?   V=1             shows the commands
#?   CC=clang        compiles with clang; CROSS_COMPILE=prefix- names a toolchain
#?   CHECKED=1       sanitizers, lock checker, slab debugging, mm_verify; output in build/checked/
#?   SMP=2 MEM=256M  processors and memory for run and gdb
#?   APPEND='words'  goes to the kernel's command line; INITRD=file boots another initramfs
#?   BOOT=iso|direct through GRUB or the kernel at once; UEFI=1 boots under OVMF; ACCEL=tcg|kvm
#?   BUSYBOX= LINUX= one's own static busybox and Linux kernel in place of Debian's
#?   WERROR=1        warnings are errors (the default where CI is set)
help:
	@sed -n 's/^#? \{0,1\}//p' $(firstword $(MAKEFILE_LIST))
