# SPDX-License-Identifier: MIT
"""Page frames: what each is part of, who maps it, and `pg page`."""

import functools

import gdb

from . import kernel, mm, tables, tasks, words
from .command import Command, at_most, number

PAGE = "struct page"


def page(pfn):
    """The struct page of a frame."""
    return kernel.Struct(tables.constant("VMEMMAP_START") + 64 * pfn, PAGE)


def pfn_of_page(address):
    """The frame that a struct page describes."""
    return (address - tables.constant("VMEMMAP_START")) // 64


def has_flag(one, name):
    """Whether PG_name is set."""
    return bool(one["flags"] & words.page_flag(name))


def physical(address, space):
    """The physical address behind an address of any kind, or None."""
    low, high = tables.constant("PAGE_OFFSET"), tables.constant("PAGE_OFFSET_END")
    if low <= address < high:
        return address - low
    if address >> 63:
        return tables.translate(kernel.struct_var("init_mm", mm.MM), address)
    return tables.translate(space, address) if space else None


def pfn_argument(word):
    """The frame that a word names: a frame number, a struct page's address, any address that is mapped now."""
    value = number(word, "a frame number or an address")
    start = tables.constant("VMEMMAP_START")
    if start <= value < start + (1 << 39):
        return pfn_of_page(value)
    space = tasks.mm_of(tasks.current())
    if value < 1 << 28 and not (space and mm.find_area(space, value)[0]):
        return value
    found = physical(value, space)
    if found is None:
        raise gdb.GdbError(f"nothing is mapped at {value:#x}")
    return found >> 12


# ---- who maps it ----------------------------------------------------------------------------------------------------


@functools.lru_cache(1)
def _mappers(_stop):
    """{frame: [(mm, address, PTE, entry above)]} over all address spaces."""
    found = {}
    for space in mm.spaces():
        for address, entry, above in tables.user_ptes(space):
            if words.present(entry):
                found.setdefault(words.pfn_of(entry), []).append((space, address, entry, above))
    return found


def all_mappings():
    """{frame: [(mm, address, PTE, entry of the PMD above)]} of this stop."""
    return _mappers(mm.STOPS[0])


def mappers(pfn):
    """The user mappings of a frame. All address spaces are searched, once for each stop of the machine."""
    return _mappers(mm.STOPS[0]).get(pfn, [])


@functools.lru_cache(1)
def _sharers(_stop):
    """{frame of a PTE table: [mm]} over all address spaces."""
    found = {}
    for space in mm.spaces():
        for _, pfn, _, _ in tables.user_tables(space):
            found.setdefault(pfn, []).append(space)
    return found


def table_users(pfn):
    """The address spaces that use a PTE table."""
    return _sharers(mm.STOPS[0]).get(pfn, [])


@functools.lru_cache(1)
def _kernel_mappings(_stop):
    """{frame: address} of the vmalloc area, where kernel stacks are."""
    start = tables.constant("VMALLOC_START")
    found = {}

    def descend(pfn, level, base):
        for index, entry in enumerate(tables.entries(pfn)):
            if not entry & words.page_bit("PRESENT") or entry & words.page_bit("PSE"):
                continue
            here = base + (index << tables.LEVELS[level][1])
            if level == 3:
                found[words.pfn_of(entry)] = here
            else:
                descend(words.pfn_of(entry), level + 1, here)

    entry = tables.entries(tables.root(kernel.struct_var("init_mm", mm.MM)))[start >> 39 & 511]
    if entry & words.page_bit("PRESENT"):
        descend(words.pfn_of(entry), 1, start)
    return found


def vmalloc_use(address):
    """Words for an address in the vmalloc area."""
    for task in tasks.every():
        if task["stack"] <= address < task["stack"] + tasks.THREAD_SIZE:
            return f"kernel stack of {tasks.name(task)}, {task['stack'] + tasks.THREAD_SIZE - address:#x} below its top"
    return "vmalloc area"


# ---- what it is -----------------------------------------------------------------------------------------------------


def inode_path(inode):
    """The name of a file, by one of its dentries; a number where it has none."""
    node = inode["i_dentry.first"]
    if not node:
        return f"inode {inode['i_ino']}"
    dentry, names = kernel.around(node, "struct dentry", "d_alias"), []
    for _ in range(256):
        if dentry["d_parent"] == dentry.address:
            break
        names.append(kernel.string(dentry["d_name.name"]))
        dentry = dentry.go("d_parent", "struct dentry")
    return "/" + "/".join(reversed(names)) if names else kernel.string(dentry["d_name.name"])


def cache_place(one):
    """Words for a page of the page cache."""
    inode = one.go("mapping", "struct address_space").go("host", "struct inode")
    name = inode_path(inode) if inode else "an object without inode"
    return f"page cache of {name}, offset {one['index'] * 4096:#x}"


def slab_words(pfn, one):
    """Words for a page of a slab."""
    cache = one.go("slab_cache", "struct kmem_cache")
    head = page(pfn & ~((1 << one["order"]) - 1)) if has_flag(one, "tail") else one
    return f"slab of {cache.text('name')}: {head['inuse']} of {head['objects']} objects out; `pg slab {cache.text('name')}`"


def table_words(pfn, one):
    """Words for a page table."""
    counts = ", ".join(
        f"{one['pt_' + kind]} {kind}" for kind in ("anon", "file", "shmem", "swap", "special") if one["pt_" + kind]
    )
    users = table_users(pfn)
    if not users:
        return "upper page table (PGD, PUD or PMD), or one of the kernel's"
    used_by = mm.owners()
    who = ", ".join(mm.label(space, used_by) for space in users)
    lock = ", locked" if one["ptl.locked"] else ""
    return f"PTE table of {who}: pt_refs {one['pt_refs']}, {counts or 'empty'}{lock}"


def free_block(pfn):
    """(first frame, order) of the free block that a frame lies in, or None."""
    for order in range(11):
        head = pfn & ~((1 << order) - 1)
        one = page(head)
        if has_flag(one, "buddy") and one["private"] >= order:
            return head, one["private"]
    return None


def use(pfn, one):
    """What a frame is part of, in words."""
    block = free_block(pfn)
    if block:
        return f"free: in the buddy allocator's block of order {block[1]} at frame {block[0]:#x}"
    if has_flag(one, "pcp"):
        return "free: on a CPU's list of ready pages"
    if has_flag(one, "slab"):
        return slab_words(pfn, one)
    if has_flag(one, "table"):
        return table_words(pfn, one)
    if has_flag(one, "anon"):
        return "anonymous memory"
    if pfn == kernel.var("zero_pfn"):
        return "the zero page, which read faults of anonymous memory map; never counted"
    image = kernel.address("_text"), kernel.address("_end")
    where = tables.constant("__START_KERNEL_map") + (pfn << 12)
    if image[0] <= where < image[1]:
        return f"kernel image: {tasks.function_at(where)}"
    if has_flag(one, "reserved"):
        return "reserved: firmware, device memory, or taken at boot"
    stack = _kernel_mappings(mm.STOPS[0]).get(pfn)
    if stack:
        return f"{vmalloc_use(stack)}; mapped at {stack:#x}"
    if one["mapping"]:
        return cache_place(one)
    return (
        "the kernel's: pages that it allocated for itself" if one["_refcount.counter"] else "free, or on its way there"
    )


def table_entries(mappings):
    """How many entries of tables these mappings go through: a shared table counts once."""
    return len({(words.pfn_of(above), address >> 12 & 511) for _, address, _, above in mappings})


def references(pfn, one):
    """Where the references come from, in words; what is left over are pins."""
    mapped = table_entries(mappers(pfn))
    cached = 1 if one["mapping"] and not any(has_flag(one, f) for f in ("slab", "table", "anon", "buddy")) else 0
    said = [words.many(mapped, "table entry", "table entries")] if mapped else []
    said += ["the page cache"] if cached else []
    count = one["_refcount.counter"]
    left = count - mapped - cached
    if (mapped or cached) and left > 0 and pfn != kernel.var("zero_pfn"):
        said.append(words.many(left, "pin"))
    return f"{count}" + (f" = {' + '.join(said)}" if said else "")


def describe(pfn):
    """The lines of `pg page`."""
    one = page(pfn)
    yield "use", use(pfn, one)
    yield "flags", words.page_flags(one["flags"])
    yield "references", references(pfn, one)
    yield "memory", f"physical {pfn << 12:#x}, direct map {tables.direct(pfn << 12):#x}, struct page {one.address:#x}"
    used_by = mm.owners()
    for space, address, entry, above in mappers(pfn)[:20]:
        entry_rights = words.pte(entry if above & words.page_bit("RW") else entry & ~words.page_bit("RW"))
        yield "mapped", f"at {address:#x} of {mm.label(space, used_by)}: {entry_rights.split(' ', 2)[2]}"
    more = len(mappers(pfn)) - 20
    if more > 0:
        yield "mapped", f"and {more} times more"


class Page(Command):
    """pg page PFN|ADDR: a page frame: what it is part of, flags, references and where they come from, who maps it.

    ADDR may be a struct page, a kernel address, or one of the current program."""

    NAME = "page"

    def show(self, argv):
        at_most(argv, 1, "pg page PFN|ADDR")
        if not argv:
            raise gdb.GdbError("which? pg page PFN|ADDR")
        pfn = pfn_argument(argv[0])
        try:
            page(pfn)
        except gdb.MemoryError:
            raise gdb.GdbError(f"there is no frame {pfn:#x}") from None
        print(f"frame {pfn:#x}")
        for what, said in describe(pfn):
            print(f"  {what:11} {said}")
