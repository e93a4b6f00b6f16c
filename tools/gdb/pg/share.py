# SPDX-License-Identifier: MIT
"""`pg share`: which pages and page tables two processes share."""

import gdb

from . import frames, kernel, mm, tables, tasks, words
from .command import Command, number


def kinds(pfn):
    """What a shared frame is, in a word or two."""
    page = frames.page(pfn)
    if frames.has_flag(page, "anon"):
        return "private memory, copied when written"
    if pfn == kernel.var("zero_pfn"):
        return "the zero page"
    return frames.cache_place(page).split(", offset")[0] if page["mapping"] else "other memory"


def frames_of(space):
    """{frame: [(address, rights)]} of an address space."""
    found = {}
    for address, entry, above in tables.user_ptes(space):
        if words.present(entry):
            both = entry if above & words.page_bit("RW") else entry & ~words.page_bit("RW")
            found.setdefault(words.pfn_of(entry), []).append((address, words.rights(both)))
    return found


def shared(one, two):
    """(address in one, (distance to that in two, rights in one, in two, kind)) of each shared page."""
    mine, theirs = frames_of(one), frames_of(two)
    rows = []
    for pfn in mine.keys() & theirs.keys():
        there = dict(theirs[pfn])
        for address, rights in mine[pfn]:
            other = address if address in there else theirs[pfn][0][0]
            rows.append((address, (other - address, rights, there[other], kinds(pfn))))
    return sorted(rows)


class Share(Command):
    """pg share PID PID: the pages that two processes share, and the PTE tables, if there are some."""

    NAME = "share"

    def show(self, argv):
        if len(argv) != 2:
            raise gdb.GdbError("two processes: pg share PID PID")
        one, two = (tasks.find(number(word, "a PID")) for word in argv)
        mine, theirs = mm.of(one), mm.of(two)
        if mine == theirs:
            print(f"{tasks.name(one)} and {tasks.name(two)} are threads of one address space, mm {mine.address:#x}")
            return
        rows = shared(mine, theirs)
        print(f"{tasks.name(one)} and {tasks.name(two)} share {words.many(len(rows), 'page')}")
        for start, end, (distance, here, there, kind) in words.runs(rows):
            place = "" if distance == 0 else f" (there at {start + distance:#x})"
            count = words.many((end - start) // 4096, "page")
            print(f"  {start:012x}-{end:012x}  {count:10} {here} here, {there} there: {kind}{place}")
        self.tables(mine, theirs)

    @staticmethod
    def tables(mine, theirs):
        """The PTE tables that both use."""
        own = {pfn: start for start, pfn, _, _ in tables.user_tables(mine)}
        both = [(own[pfn], pfn) for _, pfn, _, _ in tables.user_tables(theirs) if pfn in own]
        print(f"  {words.many(len(both), 'shared PTE table')}")
        for start, pfn in sorted(both):
            print(f"    {start:012x}-{start + (1 << 21):012x}  frame {pfn:#x}, pt_refs {frames.page(pfn)['pt_refs']}")
