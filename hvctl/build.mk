# SPDX-License-Identifier: BSD-2-Clause
# hvctl, which sets how guests are scheduled: a program of the root partition.

.PHONY: hvctl hvctl-deb check-hvctl

HVCTL_CFLAGS := -std=gnu11 -O2 -g $(WARN) -I.
HVCTL_SRCS := $(wildcard hvctl/*.c)
HVCTL_HEADERS := $(wildcard hvctl/*.h tests/hvctl/*.h) abi/hv_property.h abi/hv_status.h abi/status.def
HVCTL_TESTS := $(filter-out hvctl/main.c,$(HVCTL_SRCS)) $(wildcard tests/hvctl/*.c)

# $(1): the compiler.
define HVCTL_RULES
$(BUILD)/hvctl/tests-$(1): $(HVCTL_TESTS) $(HVCTL_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(HVCTL_CFLAGS) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all $(HVCTL_TESTS) -o $$@
endef
$(foreach compiler,$(HOST_COMPILERS),$(eval $(call HVCTL_RULES,$(compiler))))

# Static: the root image has another C library than the machine that builds.
$(BUILD)/hvctl/hvctl: $(HVCTL_SRCS) $(HVCTL_HEADERS)
	@mkdir -p $(@D)
	@$(CC) $(HVCTL_CFLAGS) -static $(HVCTL_SRCS) -o $@
hvctl: deps ## what sets weights, reserves and limits, for the root partition
	@$(MAKE) --no-print-directory $(BUILD)/hvctl/hvctl
hvctl-deb: hvctl ## the same as a Debian package: build/hvctl/hvctl_*.deb
	@hvctl/deb/build.sh

check-hvctl: deps ## tests of hvctl
	@$(MAKE) --no-print-directory $(BUILD)/hvctl/hvctl $(HOST_COMPILERS:%=$(BUILD)/hvctl/tests-%)
	@set -e; for cc in $(HOST_COMPILERS); do \
		echo "check-hvctl: $$cc"; \
		$(BUILD)/hvctl/tests-$$cc; \
	done
	@echo "check-hvctl: the program"
	@tests/hvctl/cli.sh $(BUILD)/hvctl/hvctl
