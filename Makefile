# SPDX-License-Identifier: BSD-2-Clause
# Everything that can be done with this tree; `make help` lists it.

CC      ?= gcc
LD      ?= ld
BUILD   := build
OBJ     := $(BUILD)/obj
# 1: the hypervisor checks its accounts whenever it publishes them, and stops if they are wrong.
CHECKS  ?= 0

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla
# Link-time optimization: intercepts cross many small functions in many files.
CFLAGS := -std=gnu11 -O2 -flto=2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fcf-protection=none $(WARN) -I. -DTRIVIUM_CHECKS=$(CHECKS)

CORE_DIRS := core core/lib core/eventlog core/hypercall core/intercept core/interrupt core/memory core/partition \
	core/scheduler core/statistics core/vp
SRCS := $(wildcard boot/*.S boot/*.c machine/x86/*.S machine/x86/*.c backend/svm/*.S \
	backend/svm/*.c loader/*.c $(addsuffix /*.c,$(CORE_DIRS)))
OBJS := $(patsubst %,$(OBJ)/%.o,$(SRCS))
LINK := $(CC) $(CFLAGS) -nostdlib -static -Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none \
	-T boot/link.ld

.PHONY: all clean help deps inputs run shell check sim emu e2e bench bench-seed lint test docs
all: $(BUILD)/trivium.elf ## the hypervisor

help:
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile hvstat/build.mk hvctl/build.mk | expand -t 20

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
	@$(MAKE) --no-print-directory -s $(HVSTAT)/hvstat-static $(BUILD)/hvctl/hvctl
	@scripts/build-initramfs.sh

# What the root partition does: demo, shell, none, ... (image/root-files/usr/lib/trivium/run-*).
ROOT ?= demo
run: inputs ## boot the emulated machine: Trivium, Linux as root, QEMU, a Debian guest, hvstat
	@$(MAKE) --no-print-directory -s all
	@scripts/machine.sh --run $(ROOT)
shell: ## the same, to a shell of the root partition (= make run ROOT=shell)
	@$(MAKE) --no-print-directory run ROOT=shell

# ---- Tests ----

# All of the core and the loader and what of the machine only reads a table, with a machine and a back-end on paper (tests/host/fake_*).
HOST_SRCS := $(wildcard tests/host/*.c tests/host/*/*.c loader/*.c) machine/x86/srat.c tests/sim/consistency.c $(filter-out \
	core/lib/string.c,$(wildcard $(addsuffix /*.c,$(CORE_DIRS))))
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wall \
	-Wextra -Werror -Wmissing-prototypes -fno-strict-aliasing -I. -Dsvm_backend=fake_backend -DTRIVIUM_CHECKS=1
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

include hvstat/build.mk hvctl/build.mk

-include $(OBJS:.o=.d)
