# SPDX-License-Identifier: MIT
"""Going backwards in a recorded run: `pg who-wrote`. `make replay` records with QEMU and opens GDB on the recording."""

import re

import gdb

from . import kernel, mm, tables, tasks
from .command import Command, number


def position():
    """The number of instructions since the start of the recording, or None where nothing is replayed."""
    try:
        said = gdb.execute("monitor info replay", to_string=True)
    except gdb.error:
        return None
    match = re.search(r"Replaying.*instruction count = (\d+)", said)
    return int(match.group(1)) if match else None


def target(text):
    """(address, size, words) of what is asked for."""
    try:
        value = gdb.parse_and_eval(text)
    except gdb.error as error:
        raise gdb.GdbError(f"{text}: {error}") from None
    if value.address is not None and value.type.sizeof <= 8 and not re.fullmatch(r"[\w$]+", text):
        return int(value.address), value.type.sizeof, text
    address = number(text, "an address or a field")
    if not address >> 63:
        where, _ = tables.pte_of(mm.of(tasks.current()), address)
        if where is None:
            raise gdb.GdbError(f"there is no PTE table for {address:#x} of {tasks.name(tasks.current())}")
        return where, 8, f"the PTE of {address:#x}"
    return address, 8, f"the 8 bytes at {address:#x}"


class OnlyMine:
    """While it lasts, no breakpoint of the user stops the machine."""

    def __enter__(self):
        self.was = [one for one in gdb.breakpoints() if one.enabled]
        for one in self.was:
            one.enabled = False

    def __exit__(self, *_):
        for one in self.was:
            if one.is_valid():
                one.enabled = True


def back_to_write(address, size):
    """Runs backwards to just after the last write that changed the memory; False when there was none."""
    kind = {1: "char", 2: "short", 4: "int", 8: "long"}[size]
    with OnlyMine():
        watch = gdb.Breakpoint(f"*(unsigned {kind} *){address:#x}", gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=True)
        try:
            before = position()
            gdb.execute("reverse-continue", to_string=True)
            return watch.hit_count > 0 or 0 < position() < before
        finally:
            watch.delete()


class WhoWrote(Command):
    """pg who-wrote ADDR|FIELD: in a recorded run (`make replay`), goes back to the instruction that last changed something.

    ADDR in a program's half means the page-table entry of that address, for the current task; another ADDR the 8 bytes
    there; FIELD is an expression like `$pg_current()->mm->total_vm`. The machine is left just after the write;
    `reverse-stepi` goes before it. What the processor itself sets (accessed and dirty bits) is not seen."""

    NAME = "who-wrote"
    NEEDS_TASKS = False

    def show(self, argv):
        if position() is None:
            raise gdb.GdbError("nothing is replayed here, so nothing can go backwards: `make replay PROG=path`")
        if not argv:
            raise gdb.GdbError("what? pg who-wrote ADDR|FIELD")
        address, size, said = target(" ".join(argv))
        new = kernel.word(address, size)
        if not back_to_write(address, size):
            print(f"nobody has changed {said} since the start of the recording")
            return
        writer = self.instruction()
        print(f"{said} was last changed by {tasks.name(tasks.current())}, instruction {position()} of the recording:")
        print(f"  {writer}")
        print(
            f"  it holds {kernel.word(address, size):#x} now"
            + ("" if kernel.word(address, size) == new else f", {new:#x} later")
        )
        gdb.execute("backtrace")

    @staticmethod
    def instruction():
        """The one before the program counter: the machine stands just after the write."""
        try:
            return gdb.execute("x/-1i $pc", to_string=True).strip()
        except gdb.error:
            return gdb.execute("x/i $pc", to_string=True).strip()
