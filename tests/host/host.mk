# SPDX-License-Identifier: MIT
#
# host.mk - builds the host tests: parts of the kernel as programs of this machine, under ASan and UBSan.
#
# Each tests/host/X.c becomes $(O)/tests/host/X, linked with tests/host/lib/*.c and with kernel/lib, but for what libc
# has. A test that needs more of the kernel names it in a comment line `LINK: mm/one.c mm/two.c`. Sets HOST_TESTS.

O      ?= build
HOSTCC ?= gcc

HOST_FLAGS := -std=gnu17 -O1 -g -ffreestanding -fno-strict-aliasing -fno-omit-frame-pointer -MMD -MP \
	      -fsanitize=address,undefined -fno-sanitize-recover=all -DPAGODA_HOST -DCONFIG_CHECKED \
	      -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wvla \
	      -I include -I arch/x86_64/include -I $(O)/gen -I tests/host
HOST_TESTS := $(patsubst tests/host/%.c,$(O)/tests/host/%,$(wildcard tests/host/*.c))
HOST_OBJ   := $(O)/host-obj

host-objects = $(patsubst %.c,$(HOST_OBJ)/%.o,$(1))
host-links   = $(shell sed -n 's/^.*LINK: *\(.*[^ */]\).*$$/\1/p' $(1))
HOST_COMMON := $(call host-objects,$(wildcard tests/host/lib/*.c) \
	       $(filter-out kernel/lib/memory.c kernel/lib/string.c,$(wildcard kernel/lib/*.c)))

$(HOST_OBJ)/%.o: %.c tests/host/host.mk | $(GEN) $(FIRST)
	@mkdir -p $(@D)
	$(if $(Q),@printf '  %-7s %s\n' HOSTCC '$<')
	$(Q)$(HOSTCC) $(HOST_FLAGS) -c -o $@ $<

define host-test
$(O)/tests/host/$(1): $(call host-objects,tests/host/$(1).c $(call host-links,tests/host/$(1).c)) $(HOST_COMMON)
	@mkdir -p $$(@D)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $$@ $$^
endef
$(foreach t,$(notdir $(HOST_TESTS)),$(eval $(call host-test,$(t))))

-include $(shell find $(HOST_OBJ) -name '*.d' 2>/dev/null)
