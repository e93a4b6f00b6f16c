# SPDX-License-Identifier: MIT
"""`pg user-bt`: the whole way of a program to where it entered the kernel.

GDB ends a backtrace where the stack jumps from the kernel's to the user's. So this command lends the CPU the program's
registers, of struct pt_regs, asks for a backtrace, and puts the kernel's back; the machine stands still meanwhile.
"""

import gdb

from . import tasks, unwind
from .command import Command, at_most


def in_user_mode():
    """Whether the selected CPU runs a program now."""
    return int(gdb.parse_and_eval("$cs")) & 3 == 3


def registers(task):
    """{register: value} of the program. While entry.S saves or restores them, those that it has not touched are missing."""
    frame = gdb.newest_frame()
    regs = tasks.user_regs(task)
    sp = int(frame.read_register("rsp")) & (2**64 - 1)
    found = unwind.caller(sp, int(frame.pc())) if not task["stack"] <= sp <= regs.address else None
    if found is None:
        found = {name: regs[field] for field, name in unwind.NAMES.items()}
    return {name: value for name, value in found.items() if name not in ("cs", "ss")}


class Lent:
    """While it lasts, GDB sees the program's registers."""

    def __init__(self, values):
        self.values = values

    def __enter__(self):
        chosen = gdb.selected_frame()
        self.chosen = chosen.pc(), chosen.name()
        gdb.newest_frame().select()
        self.own = {name: int(gdb.parse_and_eval(f"(unsigned long)${name}")) for name in self.values}
        for name, value in self.values.items():
            gdb.execute(f"set ${name} = {value:#x}")

    def __exit__(self, *_):
        for name, value in self.own.items():
            gdb.execute(f"set ${name} = {value:#x}")
        frame = gdb.newest_frame()  # its number may be another now: GDB had not shown inlined calls that begin here
        while frame and (frame.pc(), frame.name()) != self.chosen:
            frame = frame.older()
        (frame or gdb.newest_frame()).select()


class UserBacktrace(Command):
    """pg user-bt: the backtrace of the current task's program, from where it entered the kernel to its beginning.

    `pg user-symbols` first, if the program is not that of `make gdb PROG=`."""

    NAME = "user-bt"

    def show(self, argv):
        at_most(argv, 0, "pg user-bt")
        task = tasks.current()
        if not task["mm"]:
            raise gdb.GdbError(f"{tasks.name(task)} has no program")
        if in_user_mode():
            gdb.execute("backtrace")
            return
        with Lent(registers(task)):
            gdb.execute("backtrace")
