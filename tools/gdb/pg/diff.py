# SPDX-License-Identifier: MIT
"""`pg diff`: what has changed in an address space since the last look."""

from . import mm, tables, tasks, words
from .command import Command, at_most

COUNTS = (
    "map_count", "total_vm", "data_vm", "stack_vm", "locked_vm", "rss.counter", "pgtables_bytes.counter",
    "tlb_gen.counter", "mm_users.counter", "brk",
)  # fmt: skip


class Look:
    """An address space as it was once."""

    def __init__(self, space):
        self.address = space.address
        self.areas = {}
        for vma in mm.areas(space):
            self.areas[vma["vm_start"]] = (vma["vm_end"], vma["vm_flags"], mm.area_name(space, vma))
        self.entries = {}
        for address, entry, above in tables.user_ptes(space):
            self.entries[address] = (entry, bool(above & words.page_bit("RW")))
        self.counts = {name: space[name] for name in COUNTS}


LAST = {}  # the last look at each, by address and id of the mm


def key(space):
    """An mm's identity: another one may get the same memory."""
    return space.address, space["ctx_id"]


def compare(before, now):
    """The lines of what is different."""
    for start in sorted(before.areas.keys() | now.areas.keys()):
        old, new = before.areas.get(start), now.areas.get(start)
        if old != new:
            yield from area_change(start, old, new)
    yield from entry_changes(before.entries, now.entries)
    for name in COUNTS:
        old, new = before.counts[name], now.counts[name]
        if old != new:
            form = "#x" if name == "brk" else ""
            yield f"{name.partition('.')[0]}: {old:{form}} -> {new:{form}}"


def area_change(start, old, new):
    """An area that came, went or became another."""
    for sign, one in (("-", old), ("+", new)):
        if one:
            end, flags, name = one
            yield f"{sign} area {start:012x}-{end:012x} {words.letters(flags)} {name}".rstrip()
    if old and new and old[1] != new[1]:
        yield f"  flags were {words.vm_flags(old[1])}, are {words.vm_flags(new[1])}"


def entry_changes(before, now):
    """Entries of PTE tables, those of neighbouring pages with the same change in one line."""
    rows = []
    for address in sorted(before.keys() | now.keys()):
        old, new = before.get(address, (0, True)), now.get(address, (0, True))
        if old != new:
            rows.append((address, (*old, *new)))
    for start, end, change in words.runs(rows, same=alike):
        count = (end - start) // 4096
        said = f"{said_of(*change[:2])} -> {said_of(*change[2:])}"
        yield f"entry {start:012x}: {said}" if count == 1 else f"{count} entries {start:012x}-{end:012x}: {said}, and so on"


def alike(one, two):
    """Whether two changes differ by their frames only."""
    return [words.pte(entry).split(" ")[2:] for entry in (one[0], one[2])] == [
        words.pte(entry).split(" ")[2:] for entry in (two[0], two[2])
    ] and (one[1], one[3], not one[0], not one[2]) == (two[1], two[3], not two[0], not two[2])


def said_of(entry, table_writable):
    """An entry in words."""
    shared = "" if table_writable or not entry else " (in a shared table, read-only)"
    return words.pte(entry) + shared


def changes(space):
    """The lines since the last look, or None at the first; this look is remembered."""
    now = Look(space)
    before, LAST[key(space)] = LAST.get(key(space)), now
    return None if before is None else list(compare(before, now))


class Diff(Command):
    """pg diff [PID]: what has changed in an address space since the last `pg diff`: areas, entries of page tables, counts.

    The first one only remembers."""

    NAME = "diff"

    def show(self, argv):
        at_most(argv, 1, "pg diff [PID]")
        task = tasks.chosen(argv[0] if argv else None)
        found = changes(mm.of(task))
        if found is None:
            print(f"{tasks.name(task)}: remembered; the next `pg diff` compares")
            return
        print(f"{tasks.name(task)}: " + (words.many(len(found), "change") if found else "nothing has changed"))
        for line in found:
            print("  " + line)
