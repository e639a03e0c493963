# SPDX-License-Identifier: BSD-2-Clause
# Builds a test partition's image: make -f tests/emulator/lib/image.mk build/emu/NAME.bin takes
# FOLDER/NAME/*.c and *.S, and this folder. FOLDER is tests/emulator unless told otherwise.

CC      ?= gcc
LD      ?= ld
FOLDER  ?= tests/emulator
OUT     ?= build/emu
LIB     := tests/emulator/lib

CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fcf-protection=none -Wall -Wextra -Werror -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -I.

LIB_OBJS := $(patsubst %,$(OUT)/obj/%.o,$(wildcard $(LIB)/*.S $(LIB)/*.c) core/lib/string.c)

.SECONDARY:
.SECONDEXPANSION:

$(OUT)/obj/%.o: %
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/%.elf: $$(patsubst $$(PERCENT),$(OUT)/obj/$$(PERCENT).o,$$(wildcard $(FOLDER)/$$*/*.c $(FOLDER)/$$*/*.S)) $(LIB_OBJS) $(LIB)/image.ld
	@$(LD) -nostdlib -static -z noexecstack --no-warn-rwx-segments -T $(LIB)/image.ld -o $@ $(filter %.o,$^)

PERCENT := %

$(OUT)/%.bin: $(OUT)/%.elf
	@objcopy -O binary $< $@

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)
