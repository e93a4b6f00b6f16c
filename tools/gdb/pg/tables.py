# SPDX-License-Identifier: MIT
"""Page tables: walking them, and `pg pt`.

Tables are read through the direct map, four kilobytes at a time, so a walk works for any address space on any stop.
"""

import functools
import re
import struct

import gdb

from . import kernel, mm, source, tasks, words
from .command import Command, number

LEVELS = (("PGD", 39), ("PUD", 30), ("PMD", 21), ("PTE", 12))
ENTRIES = struct.Struct("<512Q")


@functools.lru_cache(None)
def constant(name):
    """A constant of asm/page.h."""
    return source.defines(words.PAGE_H)[name]


def task_size():
    """The end of the user's half (asm/page.h)."""
    found = source.defines(words.PAGE_H)
    return found.get("TASK_SIZE_MAX", found.get("TASK_SIZE"))


def direct(physical):
    """Where the direct map shows physical memory."""
    return constant("PAGE_OFFSET") + physical


def entries(pfn):
    """The 512 entries of the table in a frame."""
    return ENTRIES.unpack(kernel.memory(direct(pfn << 12), 4096))


def root(space):
    """The frame of the PGD."""
    pgd = space["pgd"]
    base = constant("__START_KERNEL_map") if pgd >= constant("__START_KERNEL_map") else constant("PAGE_OFFSET")
    return (pgd - base) >> 12


def canonical(address):
    """With the upper bits as bit 47."""
    return address | (0xFFFF << 48 if address >> 47 & 1 else 0)


def walk(pfn, address):
    """(level, index, address of the entry, entry) from the PGD in frame `pfn` down to where it ends."""
    for level, shift in LEVELS:
        index = address >> shift & 511
        where = direct(pfn << 12) + 8 * index
        entry = kernel.word(where)
        yield level, index, where, entry
        if not entry & words.page_bit("PRESENT") or (level != "PTE" and entry & words.page_bit("PSE")):
            return
        pfn = words.pfn_of(entry)


def user_tables(space):
    """(address where its part begins, frame of the table, entry above, entries) of each PTE table of an mm."""

    def descend(pfn, level, base):
        shift = LEVELS[level][1]
        for index, entry in enumerate(entries(pfn)[:256] if level == 0 else entries(pfn)):
            if not entry & words.page_bit("PRESENT") or entry & words.page_bit("PSE"):
                continue
            start = base + (index << shift)
            if level == 2:
                yield start, words.pfn_of(entry), entry, entries(words.pfn_of(entry))
            else:
                yield from descend(words.pfn_of(entry), level + 1, start)

    return descend(root(space), 0, 0)


def user_ptes(space):
    """(address, PTE, entry of the PMD above) of all that are not empty."""
    for start, _, above, table in user_tables(space):
        for index, entry in enumerate(table):
            if entry:
                yield start + index * 4096, entry, above


def pte_of(space, address):
    """(address of the PTE, PTE) or (None, 0) where there is no table."""
    last = list(walk(root(space), address))[-1]
    return (last[2], last[3]) if last[0] == "PTE" else (None, 0)


def translate(space, address):
    """The physical address behind a virtual one, or None."""
    level, _, _, entry = list(walk(root(space), address))[-1]
    if not words.present(entry):
        return None
    shift = dict((name, bits) for name, bits in LEVELS)[level]
    size = 1 << shift
    return (words.pfn_of(entry) << 12 & ~(size - 1)) + (address & (size - 1))


def space_for(task, address):
    """The mm whose tables translate the address: init_mm's for the kernel's half, without a task's own as well."""
    if address >> 63 or task is None:
        return kernel.struct_var("init_mm", mm.MM)
    return mm.of(task)


def target(argv, usage):
    """(task, address) of the words `[PID] ADDR`; a PID is a number or a variable of GDB, ADDR may have several words."""
    if not argv:
        raise gdb.GdbError(f"an address is missing: {usage}")
    pid = argv[0] if len(argv) > 1 and re.fullmatch(r"\d+|\$\w+", argv[0]) else None
    task = tasks.chosen(pid)
    return task, number(" ".join(argv[1:] if pid else argv), "an address")


class Pt(Command):
    """pg pt [PID] ADDR: the four levels of page tables for an address, each entry's bits in words.

    Without PID in the tables of the current task; kernel addresses in the kernel's."""

    NAME = "pt"

    def show(self, argv):
        task, address = target(argv, "pg pt [PID] ADDR")
        space = space_for(task, address)
        owner = "the kernel" if address >> 63 else tasks.name(task)
        print(f"{address:#x} in the tables of {owner}, PGD in frame {root(space):#x}")
        for line in self.lines(space, address):
            print("  " + line)

    @staticmethod
    def lines(space, address):
        """One for each level."""
        for level, index, where, entry in walk(root(space), address):
            said = words.pte(entry) if level == "PTE" else words.upper(entry)
            yield f"{level}[{index:3}] at {where:#x} = {entry:#018x}  {said}"
