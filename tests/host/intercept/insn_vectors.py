#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes insn_vectors.def: encodings by the GNU assembler, meanings by this description.

    insn_vectors.py [addresses per form] > insn_vectors.def

The second source of truth is the point: nothing here knows an opcode, nothing in insn.c knows
a mnemonic. Without an argument the output is the committed one (the choice is seeded).
"""
import random
import re
import subprocess
import sys
import tempfile

GPR = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
SUFFIX = {1: "b", 2: "w", 4: "l", 8: "q"}
DIRECTIVE = {"REAL16": ".code16", "PROT32": ".code32", "LONG64": ".code64"}
BASE32 = ["(%eax)", "(%esp)", "(%ebp)", "-0x10(%ecx)", "0x12345678(%edx)", "(%eax,%ebx,4)",
          "(,%esi,8)", "8(%esp,%edi,2)", "0x1000(%ebp,%ecx,1)", "(%ebp,%eax)", "%fs:(%edi)",
          "%es:4(%esi)"]
BASE16 = ["(%bx,%si)", "(%bx,%di)", "(%bp,%si)", "(%bp,%di)", "(%si)", "(%di)", "(%bp)", "(%bx)",
          "4(%bp)", "-1(%bx,%si)", "0x1234(%di)", "%gs:0x100(%bp,%di)"]
ADDRESSES = {
    "REAL16": BASE16 + ["0x1234", "%es:0x1234", "%fs:(%bx)"] + BASE32,
    "PROT32": BASE32 + ["0xfee000f0", "%gs:0x20"] + BASE16,
    "LONG64": BASE32[:10] + [
        "(%rax)", "(%rsp)", "(%rbp)", "(%r12)", "(%r13)", "0x10(%rbx)", "0x12345678(%rcx)",
        "(%rax,%rbx,4)", "(,%rbx,8)", "8(%rsp,%rsi,2)", "0x1000(%r12,%r13,1)", "(%r8,%r9)",
        "(%rbp,%r14,8)", "0x100(%rip)", "0x100(%eip)", "0x7ee000f0", "%fs:(%rax)", "%gs:8(%r15)",
        "0x10(%r8d)", "-0x80(%r13)", "0x80(%r13)", "(%r13,%r12,2)"],
}
PREFERENCE = ["", "", "", "{disp8} ", "{disp%d} "]


def sizes(mode):
    return (1, 2, 4, 8) if mode == "LONG64" else (1, 2, 4)


def registers(mode, size):
    """(assembler name, number, is high byte) of every register of this width."""
    count = 16 if mode == "LONG64" else 8
    if size == 8:
        return [(GPR[i], i, 0) for i in range(count)]
    names = []
    for i, name in enumerate(GPR[:count]):
        if size == 4:
            names.append(("e" + name[1:] if i < 8 else name + "d", i, 0))
        elif size == 2:
            names.append((name[1:] if i < 8 else name + "w", i, 0))
        elif i < 4:
            names += [(name[1] + "l", i, 0), (name[1] + "h", i, 1)]
        elif mode == "LONG64":
            names.append((name[1:] + "l" if i < 8 else name + "b", i, 0))
    return names


class Vectors:
    def __init__(self, per_form):
        self.random = random.Random(1)
        self.per_form = per_form
        self.rows = {mode: [] for mode in DIRECTIVE}
        self.turn = 0

    def add(self, mode, text, row):
        self.rows[mode].append((text, row))

    def addresses(self, mode):
        """Takes the address forms in turn, so that all appear equally often."""
        pool = ADDRESSES[mode]
        for _ in range(min(self.per_form, len(pool))):
            self.turn += 1
            address = pool[self.turn % len(pool)]
            preference = self.random.choice(PREFERENCE) if re.search(r"\(%[^i]", address) else ""
            if "%d" in preference:
                preference %= 32 if re.search("%[er]", address.replace("%es:", "")) else 16
            yield preference, address

    def mmio(self, mode, text, operation, size, effects, gpr=0, high=0, wide=None, sign=0,
             immediate=None):
        flags = [int(c in effects) for c in "RWSF"]
        row = "MMIO({mode}, {bytes}, INSN_%s, %d, %s, %d, %d, %d, %d, %d, %sull) /* %s */" % (
            operation, size, ", ".join(map(str, flags)), gpr, high, wide or size, sign,
            immediate is not None, hex((immediate or 0) & (1 << 64) - 1), text)
        self.add(mode, text, row)

    def register_form(self, mode, name, operation, size, effects, first):
        for preference, address in self.addresses(mode):
            register, number, high = self.random.choice(registers(mode, size))
            if high and re.search(r"%r\d", address):
                register, number, high = registers(mode, size)[0]
            pair = (address, "%" + register) if first else ("%" + register, address)
            text = "%s%s%s %s, %s" % (preference, name, SUFFIX[size], *pair)
            self.mmio(mode, text, operation, size, effects + ("F" if first else ""), number, high)

    def immediate_form(self, mode, name, operation, size, effects):
        small = [0, 1, 0x7f, -0x80]
        large = {1: [-1], 2: [0x1234, -0x1234], 4: [0x12345678, -0x7654321],
                 8: [0x12345678, -0x7654321]}[size]
        for value in (self.random.choice(small), self.random.choice(large)):
            for preference, address in self.addresses(mode):
                text = "%s%s%s $%d, %s" % (preference, name, SUFFIX[size], value, address)
                # The assembler keeps 32-bit forms unsigned only in the text: bytes sign-extend.
                self.mmio(mode, text, operation, size, effects, immediate=value)

    def all_mmio(self, mode):
        for size in sizes(mode):
            for name in "add or adc sbb and sub xor".split():
                self.register_form(mode, name, name.upper(), size, "RW", False)
                self.register_form(mode, name, name.upper(), size, "RS", True)
                self.immediate_form(mode, name, name.upper(), size, "RW")
            self.register_form(mode, "cmp", "CMP", size, "R", False)
            self.register_form(mode, "cmp", "CMP", size, "R", True)
            self.immediate_form(mode, "cmp", "CMP", size, "R")
            self.register_form(mode, "test", "TEST", size, "R", False)
            self.immediate_form(mode, "test", "TEST", size, "R")
            self.register_form(mode, "xchg", "EXCHANGE", size, "RWS", False)
            for _ in range(4):
                self.register_form(mode, "mov", "MOVE", size, "W", False)
                self.register_form(mode, "mov", "MOVE", size, "RS", True)
                self.immediate_form(mode, "mov", "MOVE", size, "W")
            self.offsets(mode, size)
        for size in (4, 8):
            if size in sizes(mode):
                for _, address in self.addresses(mode):
                    register, number, _ = self.random.choice(registers(mode, size))
                    self.mmio(mode, "movnti %%%s, %s" % (register, address), "MOVE", size, "W",
                              number)
        self.extensions(mode)

    def extensions(self, mode):
        forms = [("movzb", 1, 0), ("movsb", 1, 1), ("movzw", 2, 0), ("movsw", 2, 1)]
        if mode == "LONG64":
            forms.append(("movsl", 4, 1))
        for name, size, sign in forms:
            for wide in sizes(mode):
                if wide <= size:
                    continue
                for preference, address in self.addresses(mode):
                    register, number, _ = self.random.choice(registers(mode, wide))
                    text = "%s%s%s %s, %%%s" % (preference, name, SUFFIX[wide], address, register)
                    self.mmio(mode, text, "MOVE", size, "RSF", number, 0, wide, sign)

    def offsets(self, mode, size):
        register = {1: "al", 2: "ax", 4: "eax", 8: "rax"}[size]
        widths = {"REAL16": ["0x1234", "%gs:0x1234"], "PROT32": ["0xfee00080", "%fs:0x12345678"],
                  "LONG64": ["0x1122334455667788", "%gs:0xfee00000"]}[mode]
        name = "movabs" if mode == "LONG64" else "mov"
        for address in widths:
            self.mmio(mode, "%s %s, %%%s" % (name, address, register), "MOVE", size, "RSF")
            self.mmio(mode, "%s %%%s, %s" % (name, register, address), "MOVE", size, "W")
        if mode == "LONG64":
            self.mmio(mode, "addr32 movabs 0x12345678, %%%s" % register, "MOVE", size, "RSF")

    def refused(self, mode):
        address = "(%si)" if mode == "REAL16" else "(%esi)"
        texts = """mov %ecx, %edx; mov %al, %dh; add %eax, %ebx; or $1, %ecx; xchg %ecx, %edx;
            test %eax, %eax; movzbl %al, %ecx; movswl %ax, %ecx; movsb; movsl; stosb; rep stosl;
            lodsb; cmpsb; scasl; nop; ret; cpuid; hlt; int3; wrmsr; test $1, %al; add $1, %eax;
            mov $5, %al; mov $0x1234, %ecx; inc @; decw @; notl @; negb @; mull @; divl @; pushw @;
            lea @, %ecx; bt $3, @; btsl %eax, @; cmpxchg %ecx, @; xadd %ecx, @; cmpxchg8b @;
            movups @, %xmm0; movd %xmm0, @; movq @, %mm0; fldl @; fstpl @; shll $1, @; mov %ds, @;
            popw @; jmp *@; call *@; lgdt @; invlpg @; movbe @, %ecx; popcnt @, %ecx;
            prefetcht0 @; in %dx, %al; imul @, %ecx; cmovel @, %ecx; sete @; bswap %ecx;
            vmovups @, %xmm0; mov %cr0, %E"""
        for text in texts.replace("\n", " ").split(";"):
            text = text.strip().replace("@", address)
            text = text.replace("%E", "%rax" if mode == "LONG64" else "%eax")
            if mode == "LONG64" and text.startswith(("push", "pop", "jmp", "call")):
                text = text.replace("(%esi)", "(%rsi)")
            for name in ("inc", "bt", "mov %ds,"):
                if text.startswith(name + " "):
                    text = text.replace(name, {"inc": "incl", "bt": "btl"}.get(name, name), 1)
            self.add(mode, text, "REFUSED({mode}, {bytes}) /* %s */" % text)

    def controls(self, mode):
        count, size, letter = (16, 8, "r") if mode == "LONG64" else (8, 4, "e")
        names = [r for r, _, _ in registers(mode, size)]
        for kind, numbers in (("cr", (0, 2, 3, 4, 8)), ("db", range(8))):
            for number in numbers:
                if number >= count:
                    continue
                for gpr in self.random.sample(range(count), min(4, count)):
                    control = "INSN_MOV_CR" if kind == "cr" else "INSN_MOV_DR"
                    for writes in (0, 1):
                        pair = ["%%%s%d" % (kind, number), "%" + names[gpr]]
                        text = "mov " + ", ".join(reversed(pair) if writes else pair)
                        self.control(mode, text, control, number, gpr, size, writes)
        self.control(mode, "clts", "INSN_CLTS", 0, 0, 0, 1)
        for width in sizes(mode)[1:]:
            for register, number, _ in registers(mode, width):
                self.control(mode, "smsw %" + register, "INSN_SMSW", 0, number, width, 0)
        for register, number, _ in registers(mode, 2):
            self.control(mode, "lmsw %" + register, "INSN_LMSW", 0, number, 2, 1)
        if mode == "PROT32":
            self.control(mode, ".byte 0xf0; mov %cr0, %ecx", "INSN_MOV_CR", 8, 1, 4, 0)
            self.control(mode, ".byte 0xf0; mov %edx, %cr0", "INSN_MOV_CR", 8, 2, 4, 1)

    def control(self, mode, text, kind, number, gpr, size, writes):
        self.add(mode, text, "CONTROL({mode}, {bytes}, %s, %d, %d, %d, %d) /* %s */" % (
            kind, number, gpr, size, writes, text))

    def ports(self, mode):
        native = {"REAL16": 2, "PROT32": 4, "LONG64": 8}[mode]
        other = {"REAL16": 4, "PROT32": 2, "LONG64": 4}[mode]
        for size, register in ((1, "al"), (2, "ax"), (4, "eax")):
            for port in ("$0x80", "%dx"):
                self.port(mode, "in %s, %%%s" % (port, register), size, native, "DS", "")
                self.port(mode, "out %%%s, %s" % (register, port), size, native, "DS", "O")
            for prefix, width in (("", native), ("rep ", native), ("addr%d " % (8 * other), other),
                                  ("rep addr%d " % (8 * other), other)):
                string = "SR" if "rep" in prefix else "S"
                self.port(mode, "%sins%s" % (prefix, SUFFIX[size]), size, width, "ES", string)
                self.port(mode, "%souts%s" % (prefix, SUFFIX[size]), size, width, "DS",
                          string + "O")
            for segment, byte in (("es", 0x26), ("cs", 0x2e), ("ss", 0x36), ("ds", 0x3e),
                                  ("fs", 0x64), ("gs", 0x65)):
                ignored = mode == "LONG64" and segment[0] not in "fg"
                self.port(mode, ".byte %d; rep outs%s" % (byte, SUFFIX[size]), size, native,
                          "DS" if ignored else segment.upper(), "SRO")
                self.port(mode, ".byte %d; ins%s" % (byte, SUFFIX[size]), size, native, "ES", "S")

    def port(self, mode, text, size, width, segment, flags):
        self.add(mode, text, "PORT({mode}, {bytes}, %d, %d, INSN_%s, %d, %d, %d) /* %s */" % (
            size, width, segment, *(int(c in flags) for c in "OSR"), text))

    def kinds(self, mode):
        operand = {"invlpga": " %rax, %ecx", "skinit": " %eax"}
        for name in """hlt pause invd wbinvd wrmsr rdtsc rdmsr rdpmc cpuid monitor mwait xsetbv
                vmrun vmmcall vmload vmsave stgi clgi skinit invlpga rdtscp""".split():
            text = name + (operand.get(name, "") if mode == "LONG64" else "")
            self.add(mode, text, "KIND({mode}, {bytes}, INSN_%s)" % name.upper())

    def assemble(self, mode):
        """Yields the bytes of every row; each is assembled at a 32-byte boundary."""
        lines = [DIRECTIVE[mode]]
        for text, _ in self.rows[mode]:
            lines += [".balign 32", ".byte 2f - 1f", "1: " + text, "2:"]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["as", "--64", "-o", folder + "/o", "-"], check=True, text=True,
                           input="\n".join(lines) + "\n")
            subprocess.run(["objcopy", "-O", "binary", "-j", ".text", folder + "/o",
                            folder + "/b"], check=True)
            with open(folder + "/b", "rb") as file:
                image = file.read()
        for at in range(0, len(image), 32):
            yield image[at + 1:at + 1 + image[at]]

    def write(self, mode):
        self.kinds(mode)
        self.all_mmio(mode)
        self.refused(mode)
        self.controls(mode)
        self.ports(mode)
        seen = set()
        for (_, row), code in zip(self.rows[mode], self.assemble(mode)):
            text = "".join("\\x%02x" % byte for byte in code)
            line = row.replace("{mode}", "INSN_" + mode).replace("{bytes}", '"%s"' % text)
            if line not in seen:
                print(line)
            seen.add(line)


def main():
    print("/* SPDX-License-Identifier: BSD-2-Clause */")
    print("/* Written by insn_vectors.py. */")
    vectors = Vectors(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for mode in DIRECTIVE:
        vectors.write(mode)


main()
