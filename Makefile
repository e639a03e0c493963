# SPDX-License-Identifier: BSD-2-Clause
# Everything that can be done with this tree; `make help` lists it.

CC      ?= gcc
LD      ?= ld
BUILD   := build
OBJ     := $(BUILD)/obj

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla
# Link-time optimization: intercepts cross many small functions in many files.
CFLAGS := -std=gnu11 -O2 -flto=2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fcf-protection=none $(WARN) -I.

CORE_DIRS := core core/lib core/hypercall core/intercept core/interrupt core/memory core/partition \
	core/scheduler core/statistics core/vp
SRCS := $(wildcard boot/*.S boot/*.c machine/x86/*.S machine/x86/*.c backend/svm/*.S \
	backend/svm/*.c loader/*.c $(addsuffix /*.c,$(CORE_DIRS)))
OBJS := $(patsubst %,$(OBJ)/%.o,$(SRCS))
LINK := $(CC) $(CFLAGS) -nostdlib -static -Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none \
	-T boot/link.ld

.PHONY: all clean help deps inputs run shell check sim emu e2e bench bench-seed lint test docs hvstat check-hvstat \
	hvctl hvctl-deb check-hvctl
all: $(BUILD)/trivium.elf ## the hypervisor

help:
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(OBJ)/%.o: %
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The second link adds the symbol table for backtraces, and must move no code.
$(BUILD)/trivium.elf: $(OBJS) boot/link.ld tools/symbols.sh
	@echo "  LD    $@"
	@$(LINK) -o $(BUILD)/trivium.first.elf $(OBJS)
	@tools/symbols.sh $(BUILD)/trivium.first.elf > $(BUILD)/symbols.S
	@$(CC) -c $(BUILD)/symbols.S -o $(BUILD)/symbols.o
	@$(LINK) -o $(BUILD)/trivium.second.elf $(OBJS) $(BUILD)/symbols.o
	@tools/symbols.sh $(BUILD)/trivium.second.elf | cmp -s - $(BUILD)/symbols.S || \
		{ echo "the symbol table moved code: it does not fit" >&2; exit 1; }
	@mv $(BUILD)/trivium.second.elf $@

# What the emulated machine needs: QEMU, the root's kernel and image. Cached by content.
deps:
	@scripts/install-deps.sh
inputs: deps ## what the emulated machine needs (the first time: minutes)
	@scripts/fetch-tools.sh
	@scripts/build-root-kernel.sh
	@scripts/build-root-image.sh
	@$(MAKE) --no-print-directory -s $(BUILD)/hvstat/hvstat $(BUILD)/hvctl/hvctl
	@scripts/build-initramfs.sh

# What the root partition does: demo, shell, none, ... (image/root-files/usr/lib/trivium/run-*).
ROOT ?= demo
run: inputs ## boot the emulated machine: Trivium, Linux as root, QEMU, a Debian guest, rates
	@$(MAKE) --no-print-directory -s all
	@scripts/machine.sh --run $(ROOT)
shell: ## the same, to a shell of the root partition (= make run ROOT=shell)
	@$(MAKE) --no-print-directory run ROOT=shell

# ---- Tests ----

# All of the core and the loader, with a machine and a back-end on paper (tests/host/fake_*).
HOST_SRCS := $(wildcard tests/host/*.c tests/host/*/*.c loader/*.c) tests/sim/consistency.c $(filter-out \
	core/lib/string.c,$(wildcard $(addsuffix /*.c,$(CORE_DIRS))))
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wall \
	-Wextra -Werror -Wmissing-prototypes -fno-strict-aliasing -I. -Dsvm_backend=fake_backend
# panic() ends a test, not the program.
HOST_LDFLAGS := -Wl,--wrap=panic -pthread
HOST_COMPILERS := gcc clang

# $(1): the compiler.
define HOST_RULES
HOST_OBJS_$(1) := $$(patsubst %.c,$(BUILD)/host/$(1)/%.o,$(HOST_SRCS))
$(BUILD)/host/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@$(1) $(HOST_CFLAGS) -MMD -MP -c $$< -o $$@
$(BUILD)/host-tests-$(1): $$(HOST_OBJS_$(1))
	@$(1) $(HOST_CFLAGS) $(HOST_LDFLAGS) $$^ -o $$@
-include $$(HOST_OBJS_$(1):.o=.d)
endef
$(foreach compiler,$(HOST_COMPILERS),$(eval $(call HOST_RULES,$(compiler))))

check: deps ## unit tests on the host, and a short simulation of the scheduler
	@$(MAKE) --no-print-directory -j$$(nproc) $(HOST_COMPILERS:%=$(BUILD)/host-tests-%) $(SIM)
	@set -e; for cc in $(HOST_COMPILERS); do \
		echo "check: $$cc"; \
		$(BUILD)/host-tests-$$cc; \
	done
	@$(SIM) --decisions 2000000
	@$(SIM) --experiment

# The scheduler in a simulated machine, with room for more LPs than the hypervisor has.
SIM := $(BUILD)/sim/sim
SIM_OBJS := $(patsubst %.c,$(BUILD)/sim/%.o,$(wildcard tests/sim/*.c core/scheduler/*.c))
SIM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wmissing-prototypes -Itests/sim/sizes -I.
$(BUILD)/sim/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(SIM_CFLAGS) -MMD -MP -c $< -o $@
$(SIM): $(SIM_OBJS)
	@$(CC) $(SIM_CFLAGS) $^ -o $@
-include $(SIM_OBJS:.o=.d)

sim: $(SIM) ## the scheduler simulated at length and compared; draws docs/scheduler/*.svg
	@$(SIM) --decisions 10000000
	@$(SIM) --report $(BUILD)/sim
	@tools/plot_scheduler.py $(BUILD)/sim docs/scheduler

# ---- hvstat, the performance monitor: a program of the root partition ----

HVSTAT_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla -I.
HVSTAT_LDLIBS := -lmicrohttpd -lncursesw -ltinfo -lm -pthread
# The program's main() is not among what the tests link.
HVSTAT_SRCS := $(filter-out hvstat/main.c,$(wildcard hvstat/*.c))
HVSTAT_TESTS := $(wildcard tests/hvstat/*.c)
HVSTAT_TEST_CFLAGS := $(HVSTAT_CFLAGS) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
HVSTAT_HEADERS := $(wildcard hvstat/*.h hvstat/*.def tests/hvstat/*.h) abi/counters.def

# $(1): the compiler.
define HVSTAT_RULES
$(BUILD)/hvstat/tests-$(1): $(HVSTAT_SRCS) $(HVSTAT_TESTS) $(HVSTAT_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(HVSTAT_TEST_CFLAGS) $(HVSTAT_SRCS) $(HVSTAT_TESTS) -o $$@ $(HVSTAT_LDLIBS)
endef
$(foreach compiler,$(HOST_COMPILERS),$(eval $(call HVSTAT_RULES,$(compiler))))

# The library is what others may build on; it knows nothing of the program.
HVSTAT_LIB := $(patsubst %,hvstat/%.c,table parse sample metric)
$(BUILD)/hvstat/libhvstat.a: $(HVSTAT_LIB) $(HVSTAT_HEADERS)
	@mkdir -p $(BUILD)/hvstat/lib
	@set -e; for source in $(HVSTAT_LIB); do \
		$(CC) $(HVSTAT_CFLAGS) -c $$source -o $(BUILD)/hvstat/lib/$$(basename $$source .c).o; \
	done
	@rm -f $@
	@ar rcsD $@ $(HVSTAT_LIB:hvstat/%.c=$(BUILD)/hvstat/lib/%.o)

# Static: the root image has another C library than the machine that builds.
HVSTAT_PROGRAM := hvstat/main.c $(filter-out $(HVSTAT_LIB),$(HVSTAT_SRCS))
$(BUILD)/hvstat/hvstat: $(HVSTAT_PROGRAM) hvstat/no_tls.sh $(BUILD)/hvstat/libhvstat.a $(HVSTAT_HEADERS)
	@hvstat/no_tls.sh > $(BUILD)/hvstat/no_tls.c
	@$(CC) -w -c $(BUILD)/hvstat/no_tls.c -o $(BUILD)/hvstat/no_tls.o
	@$(CC) $(HVSTAT_CFLAGS) -static $(HVSTAT_PROGRAM) $(BUILD)/hvstat/libhvstat.a -o $@ \
		$(HVSTAT_LDLIBS) $(BUILD)/hvstat/no_tls.o
hvstat: deps ## the performance monitor for the root partition
	@$(MAKE) --no-print-directory $(BUILD)/hvstat/hvstat

check-hvstat: deps ## tests of the performance monitor
	@$(MAKE) --no-print-directory $(BUILD)/hvstat/hvstat $(HOST_COMPILERS:%=$(BUILD)/hvstat/tests-%)
	@set -e; for cc in $(HOST_COMPILERS); do \
		echo "check-hvstat: $$cc"; \
		$(BUILD)/hvstat/tests-$$cc; \
	done
	@echo "check-hvstat: the program"
	@rm -rf $(BUILD)/hvstat/tree && mkdir $(BUILD)/hvstat/tree
	@$(BUILD)/hvstat/tests-gcc tree $(BUILD)/hvstat/tree 100
	@tests/hvstat/screen_test.py $(BUILD)/hvstat/hvstat $(BUILD)/hvstat/tree
	@tests/hvstat/cli.sh $(BUILD)/hvstat/hvstat $(BUILD)/hvstat/tests-gcc

# ---- hvctl, which sets how guests are scheduled: a program of the root partition ----

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

e2e: inputs ## unattended runs of the emulated machine
	@$(MAKE) --no-print-directory -s all
	@tests/e2e/run.sh

emu: deps ## test partitions on the real hypervisor
	@scripts/fetch-tools.sh
	@$(MAKE) --no-print-directory -s all
	@tests/emulator/run.sh $(TESTS)

bench: inputs ## instructions an intercept takes, and Linux's way to user space
	@$(MAKE) --no-print-directory -s all
	@bench/run.sh

bench-seed: inputs $(SIM) ## a published experiment with priorities of guests; not part of test: it takes long
	@$(MAKE) --no-print-directory -s all
	@bench/seed.sh

# All tests; the last line sums up.
test: deps ## every test; the last line sums up
	@$(MAKE) --no-print-directory -s all
	@tests/run-all.sh

# What can be checked without a machine; docs: what is made from tables (docs/tlfs-map.md, docs/reference).
lint: deps ## what can be checked without a machine
	@tools/lint.sh $(filter-out -flto%,$(CFLAGS))
docs: ## what is made from tables
	@tools/gen_docs.py

clean:
	rm -rf $(OBJ) $(BUILD)/host $(BUILD)/sim $(BUILD)/hvstat $(BUILD)/hvctl $(BUILD)/host-tests-* $(BUILD)/trivium*.elf $(BUILD)/symbols.*

-include $(OBJS:.o=.d)
