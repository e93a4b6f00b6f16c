# SPDX-License-Identifier: MIT
"""Backtraces through the kernel's entry code into the program: entry.S leaves a struct pt_regs where others leave a frame."""

import gdb
import gdb.unwinder

from . import kernel, tasks

REGS = "struct pt_regs"
NAMES = {
    "ip": "rip",
    "sp": "rsp",
    "bp": "rbp",
    "bx": "rbx",
    "ax": "rax",
    "cx": "rcx",
    "dx": "rdx",
    "si": "rsi",
    "di": "rdi",
}
NAMES.update({"cs": "cs", "ss": "ss"})
NAMES.update({f"r{n}": f"r{n}" for n in range(8, 16)})
# What entry.S does not change, so that it can be asked for in outer frames too.
KEPT = ("cr0", "cr2", "cr3", "cr4", "efer", "fs_base", "gs_base", "k_gs_base", "ds", "es", "fs", "gs", "eflags")
SELECTORS = (0x10, 0x33, 0x23)  # the kernel's code, the user's of 64 and of 32 bits (asm/segment.h)


class FrameId:
    """What tells a frame from others."""

    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


def caller(sp, pc):
    """{register: value} of whom the entry code at this stack pointer has interrupted, or None where that is not known."""
    if not sp >> 63:  # right after SYSCALL, still on the user's stack: RCX holds where it came from
        return {"rsp": sp, "rip": int(gdb.parse_and_eval("$rcx")) & (2**64 - 1)} if pc >> 63 else None
    task, size = tasks.current(), kernel.kind(REGS).sizeof
    top = task["stack"] + tasks.THREAD_SIZE
    if not task["stack"] <= sp <= top - 40:
        return None
    if sp > top - size:  # registers are being saved or restored; the rest still has its values
        regs = kernel.Struct(top - size, REGS)
        return {"rip": regs["ip"], "rsp": regs["sp"]} if regs["cs"] in SELECTORS else None
    regs = kernel.Struct(sp, REGS)
    return {register_: regs[field] for field, register_ in NAMES.items()} if regs["cs"] in SELECTORS else None


class Entry(gdb.unwinder.Unwinder):
    """Knows the frames of entry.S."""

    def __init__(self):
        super().__init__("pagoda-entry")

    def __call__(self, frame):
        try:
            pc = int(frame.read_register("rip")) & (2**64 - 1)
            if not kernel.address("__entry_text_start") <= pc < kernel.address("__entry_text_end"):
                return None
            sp = int(frame.read_register("rsp")) & (2**64 - 1)
            saved = caller(sp, pc)
        except (gdb.error, gdb.GdbError):
            return None
        if saved is None:
            return None
        info = frame.create_unwind_info(FrameId(gdb.Value(sp), gdb.Value(pc)))
        for name in (*NAMES.values(), *KEPT):
            now = frame.read_register(name)
            info.add_saved_register(name, gdb.Value(saved[name]).cast(now.type) if name in saved else now)
        return info


def register():
    """Makes GDB use it."""
    gdb.unwinder.register_unwinder(None, Entry(), replace=True)
