# SPDX-License-Identifier: MIT
"""`pg at`: everything about one address, joined."""

from . import fate, frames, kernel, mm, slab, tables, tasks, uffd, words
from .command import Command


class At(Command):
    """pg at [PID] ADDR: everything about one address: its area, the rights that were asked for and are granted, each level
    of the page tables, the frame and who else maps it, userfaultfd, the TLB generation, and what a read, a write and a
    jump there would do."""

    NAME = "at"

    def show(self, argv):
        task, address = tables.target(argv, "pg at [PID] ADDR")
        rows = kernel_rows(address) if address >> 63 else user_rows(task, address)
        print(f"{address:#x}" + ("" if address >> 63 else f" of {tasks.name(task)}"))
        for what, said in rows:
            print(f"  {what:10} {said}")


def user_rows(task, address):
    """The lines for an address of a program."""
    space = mm.of(task)
    place = fate.Place(space, address)
    yield from area_rows(space, place)
    for level, index, where, entry in place.levels:
        said = words.pte(entry) if level == "PTE" else words.upper(entry)
        yield f"{level}[{index}]", f"{entry:#018x} at {where:#x}: {said}"
    if place.table is not None:
        yield "table", frames.table_words(place.table, frames.page(place.table))
    if place.pfn is not None:
        yield from frame_rows(place)
    if place.vma:
        yield "userfaultfd", uffd.words_for(place.vma, address)
    yield "TLB", mm.tlb_words(space)
    for access in (fate.READ, fate.WRITE, fate.JUMP):
        yield access, fate.of(place, access)


def area_rows(space, place):
    """The area, and its rights against those of the entries."""
    vma = place.vma
    if vma is None:
        above = f"; the next one begins at {place.above['vm_start']:#x}" if place.above else ""
        yield "area", f"none{above}"
        return
    kind = "anonymous" if place.anonymous() else "file"
    yield "area", mm.area_line(space, vma)
    yield "", f"{kind}, {words.vm_flags(vma['vm_flags'])}"
    asked = words.letters(vma["vm_flags"])[:3]
    may = "".join(c for c, name in (("r", "MAYREAD"), ("w", "MAYWRITE"), ("x", "MAYEXEC")) if place.flag(name))
    yield "rights", f"asked {asked} (mprotect may give {may or 'nothing'}), granted by the entries {place.granted()}"


def frame_rows(place):
    """The frame and its other users."""
    one = frames.page(place.pfn)
    yield "frame", f"{place.pfn:#x}: {frames.use(place.pfn, one)}; {words.page_flags(one['flags'])}"
    yield "references", frames.references(place.pfn, one)
    if place.pte & words.page_bit("SPECIAL"):
        return
    used_by, others = mm.owners(), []
    for space, address, entry, above in frames.mappers(place.pfn):
        if space.address != place.space.address or address != place.address & ~0xFFF:
            both = entry if above & words.page_bit("RW") else entry & ~words.page_bit("RW")
            others.append(f"{mm.label(space, used_by)} at {address:#x} {words.rights(both)}")
    yield "sharers", ", ".join(others[:8]) + (
        f" and {len(others) - 8} more" if len(others) > 8 else ""
    ) if others else "none"


def kernel_rows(address):
    """The lines for a kernel address."""
    space = kernel.struct_var("init_mm", mm.MM)
    yield "area", kernel_area(address)
    for line in tables.Pt.lines(space, address):
        yield "", line
    physical = frames.physical(address, None)
    if physical is None:
        yield "access", "any access is a page fault in the kernel: fixup_exception() or an oops"
        return
    for what, said in frames.describe(physical >> 12):
        yield what, said


def kernel_area(address):
    """Which part of the kernel's half this is."""
    const = tables.constant
    if const("PAGE_OFFSET") <= address < const("PAGE_OFFSET_END"):
        found = slab.object_words(address)
        return f"direct map, physical {address - const('PAGE_OFFSET'):#x}" + (f": {found}" if found else "")
    if const("VMALLOC_START") <= address < const("VMALLOC_END"):
        return frames.vmalloc_use(address)
    if const("VMEMMAP_START") <= address < const("VMEMMAP_START") + (1 << 39):
        return f"vmemmap: struct page of frame {frames.pfn_of_page(address):#x}"
    if address >= const("__START_KERNEL_map"):
        return f"kernel image: {tasks.function_at(address)}"
    return "nothing is ever mapped here"
