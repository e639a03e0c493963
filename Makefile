# SPDX-License-Identifier: BSD-2-Clause
# Everything that can be done with this tree; `make help` lists it.

CC      ?= gcc
LD      ?= ld
BUILD   := build
OBJ     := $(BUILD)/obj

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla
CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fcf-protection=none $(WARN) -I.

CORE_DIRS := core core/lib core/hypercall core/intercept core/interrupt core/memory core/partition \
	core/scheduler core/statistics core/vp
SRCS := $(wildcard boot/*.S boot/*.c machine/x86/*.S machine/x86/*.c backend/svm/*.S \
	backend/svm/*.c loader/*.c $(addsuffix /*.c,$(CORE_DIRS)))
OBJS := $(patsubst %,$(OBJ)/%.o,$(SRCS))
LINK := $(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack -T boot/link.ld

.PHONY: all clean help deps inputs run check emu e2e bench lint test
all: $(BUILD)/trivium.elf

$(OBJ)/%.o: %
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The second link adds the symbol table for backtraces; it moves no code.
$(BUILD)/trivium.elf: $(OBJS) boot/link.ld tools/symbols.sh
	@echo "  LD    $@"
	@$(LINK) -o $(BUILD)/trivium.first.elf $(OBJS)
	@tools/symbols.sh $(BUILD)/trivium.first.elf > $(BUILD)/symbols.S
	@$(CC) -c $(BUILD)/symbols.S -o $(BUILD)/symbols.o
	@$(LINK) -o $@ $(OBJS) $(BUILD)/symbols.o

# What the emulated machine needs: QEMU, the root's kernel and image. Cached by content.
deps:
	@scripts/install-deps.sh
inputs: deps
	@scripts/fetch-tools.sh
	@scripts/build-root-kernel.sh
	@scripts/build-root-image.sh
	@scripts/build-initramfs.sh

run: all inputs
	@scripts/machine.sh --run $(if $(SHELL_ROOT),shell,demo)

# ---- Tests ----

HOST_SRCS := $(wildcard tests/host/*.c tests/host/*/*.c) core/interrupt/vapic.c \
	core/interrupt/vapic_registers.c core/interrupt/vapic_state.c core/interrupt/synic.c \
	core/interrupt/stimer.c core/intercept/insn.c core/intercept/insn_apply.c core/memory/walk.c
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wall \
	-Wextra -Werror -I.
HOST_COMPILERS := gcc clang

check: deps
	@set -e; for cc in $(HOST_COMPILERS); do \
		echo "check: $$cc"; \
		$$cc $(HOST_CFLAGS) $(HOST_SRCS) -o $(BUILD)/host-tests-$$cc; \
		$(BUILD)/host-tests-$$cc; \
	done

e2e: all inputs
	@tests/e2e/run.sh

# All tests; the last line sums up.
test: all
	@tests/run-all.sh

clean:
	rm -rf $(OBJ) $(BUILD)/trivium*.elf $(BUILD)/symbols.*

-include $(OBJS:.o=.d)
