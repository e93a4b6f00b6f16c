# SPDX-License-Identifier: MIT
"""The slab allocator: `pg slab`, and which object an address lies in."""

import gdb

from . import frames, kernel, source, tables, tasks, words
from .command import Command, at_most, number

CACHE = "struct kmem_cache"
SLAB_H, DEBUG_C = "include/pagoda/slab.h", "mm/slab_debug.c"


def caches():
    """All caches."""
    array, count = kernel.address("slab_caches"), kernel.kind_of("slab_caches").sizeof // 8
    for where in kernel.words_at(array, count):
        if where:
            yield kernel.Struct(where, CACHE)


def ready(cache):
    """(CPU, address of its stack's first object, count) of the objects that CPUs keep ready."""
    for cpu in kernel.cpus():
        head = kernel.word(kernel.per_cpu("slab_stacks", cpu) + 8 * cache["id"])
        yield cpu, (head >> 16 & ~7) | (0xFFFF << 48 if head >> 63 else 0), head & 0xFF


def debugged(cache):
    """Whether the cache has red zones and owners."""
    return bool(cache["flags"] & source.defines(SLAB_H)["SLAB_STORE_USER"])


def slabs(cache):
    """(head page, its frame) of each slab."""
    for head in ("partial", "full"):
        for page in kernel.entries(cache.at(head), frames.PAGE, "slab_list"):
            yield page, frames.pfn_of_page(page.address)


def free_objects(cache):
    """The addresses of all objects that are not out: on slabs' lists and on CPUs' stacks."""
    found = set()
    for page, _ in slabs(cache):
        found.update(chain(page["freelist"], page["objects"], cache))
    for _, first, count in ready(cache):
        found.update(chain(first, count, cache))
    return found


def chain(node, limit, cache):
    """The objects of a list that is linked by their link words."""
    for _ in range(limit):
        if not node:
            return
        yield node - cache["link"]
        node = kernel.word(node)


def objects(cache):
    """(address, whether it is out) of each object."""
    free = free_objects(cache)
    for page, pfn in slabs(cache):
        start = tables.direct(pfn << 12) + cache["red_left"]
        for index in range(page["objects"]):
            yield start + index * cache["size"], start + index * cache["size"] not in free


def object_words(address):
    """Words for the object that an address of the direct map lies in, or None."""
    page = frames.page((address - tables.constant("PAGE_OFFSET")) >> 12)
    if not frames.has_flag(page, "slab"):
        return None
    cache = page.go("slab_cache", CACHE)
    pfn = frames.pfn_of_page(page.address)
    head = pfn & ~((1 << page["order"]) - 1) if frames.has_flag(page, "tail") else pfn
    start = tables.direct(head << 12)
    index = (address - start) // cache["size"]
    object_ = start + index * cache["size"] + cache["red_left"]
    state = "free" if object_ in free_objects(cache) else "in use"
    offset = f" + {address - object_:#x}" if address != object_ else ""
    said = f"object {object_:#x}{offset} of {cache.text('name')}, {state}"
    return said + owner(cache, object_, state)


def track(cache, object_, item):
    """(address of the caller, pid) of who allocated (0) or freed (1) an object; None where that is not known."""
    size = kernel.kind("struct track").sizeof
    found = kernel.Struct(object_ + cache["link"] + 8 + item * size, "struct track")
    return (found["addr"], found["pid"]) if found["addr"] else None


def owner(cache, object_, state):
    """Words for who allocated or freed an object."""
    found = track(cache, object_, 0 if state == "in use" else 1) if debugged(cache) else None
    if not found:
        return ""
    return f", {'allocated' if state == 'in use' else 'freed'} by {tasks.function_at(found[0])}, PID {found[1]}"


class Slab(Command):
    """pg slab [CACHE [owners]|ADDR]: the slab caches; the objects of one; the object that an address lies in.

    `owners` sums the objects in use by who allocated them: it needs a checked kernel, or `slub_debug` on its command line.
    """

    NAME = "slab"

    def show(self, argv):
        at_most(argv, 2, "pg slab [CACHE [owners]|ADDR]")
        if not argv:
            self.all()
            return
        cache = next((one for one in caches() if one.text("name") == argv[0]), None)
        if cache is None and argv[0][0].isalpha() and len(argv) == 1 and not kernel.has(argv[0]):
            raise gdb.GdbError(f"there is no cache {argv[0]}")
        if cache is None:
            said = object_words(number(argv[0], "a cache or an address"))
            print(said or "this is no object of a slab")
        elif argv[1:] == ["owners"]:
            self.owners(cache)
        else:
            self.one(cache)

    @staticmethod
    def all():
        """A line for each cache."""
        print("cache                  in use  ready   free  slabs  size  cache struct")
        for cache in sorted(caches(), key=lambda one: one.text("name")):
            on_cpus = sum(count for _, _, count in ready(cache))
            used = cache["total_objs"] - cache["free_objs"] - on_cpus
            print(
                f"{cache.text('name'):20} {used:8} {on_cpus:6} {cache['free_objs']:6} {cache['nr_slabs']:6} "
                f"{cache['object_size']:5}  {cache.address:#x}"
            )

    @staticmethod
    def one(cache):
        """A cache and its slabs."""
        print(f"{cache.text('name')}: {CACHE} {cache.address:#x}, flags " + words.flags(
            cache["flags"], source.constants(SLAB_H, "SLAB_")))  # fmt: skip
        print(f"  objects of {cache['object_size']} bytes in slots of {cache['size']}, slabs of order {cache['order']}")
        for cpu, _, count in ready(cache):
            print(f"  CPU {cpu} has {count} ready, at most {cache['cpu_limit']}")
        for page, pfn in slabs(cache):
            print(f"  slab in frame {pfn:#x}: {page['inuse']} of {page['objects']} objects out")
        used = [where for where, out in objects(cache) if out]
        print(f"  in use: {len(used)}")
        for where in used[:32]:
            print(f"    {where:#x}{owner(cache, where, 'in use')}")
        if len(used) > 32:
            print(f"    and {len(used) - 32} more")

    @staticmethod
    def owners(cache):
        """Objects in use, by their allocators."""
        if not debugged(cache):
            raise gdb.GdbError("owners are known to checked kernels only, or with `slub_debug` on the command line")
        sums = {}
        for where, out in objects(cache):
            found = track(cache, where, 0) if out else None
            if found:
                sums[found[0]] = sums.get(found[0], 0) + 1
        for caller, count in sorted(sums.items(), key=lambda row: -row[1]):
            print(f"{count:6}  {tasks.function_at(caller)}")
