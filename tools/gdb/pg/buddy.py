# SPDX-License-Identifier: MIT
"""The page allocator: `pg buddy`."""

from . import frames, kernel, words
from .command import Command, at_most

ORDERS = 11


def zone():
    """The one zone."""
    return kernel.struct_var("zone", "struct zone")


def blocks(order):
    """The first frames of the free blocks of an order."""
    where = zone().at(f"free_area.{order}.free_list")
    for page in kernel.entries(where, frames.PAGE, "lru"):
        yield frames.pfn_of_page(page.address)


def ready(cpu):
    """How many pages a CPU keeps ready."""
    return kernel.word(kernel.per_cpu("pcp_pages", cpu)) & 0xFF


class Buddy(Command):
    """pg buddy [ORDER]: free memory in blocks of 2^order pages, and the pages that CPUs keep ready; with ORDER its blocks."""

    NAME = "buddy"

    def show(self, argv):
        at_most(argv, 1, "pg buddy [ORDER]")
        if argv:
            for pfn in blocks(int(argv[0], 0)):
                print(f"frames {pfn:#x}-{pfn + (1 << int(argv[0], 0)) - 1:#x}")
            return
        one = zone()
        on_cpus = {cpu: ready(cpu) for cpu in kernel.cpus()}
        free = one["free_pages"] + sum(on_cpus.values())
        lock = "held" if one["lock.locked"] else "free"
        print(
            f"{words.size(free * 4096)} free of {words.size(one['managed_pages'] * 4096)}; "
            f"{words.size(one['min_pages'] * 4096)} are kept as a reserve; zone lock {lock}"
        )
        print("  order  block     blocks  pages")
        for order in range(ORDERS):
            count = one[f"free_area.{order}.nr_free"]
            print(f"  {order:5}  {words.size(4096 << order):8} {count:7} {count << order:6}")
        for cpu, count in on_cpus.items():
            print(f"  CPU {cpu} has {words.many(count, 'page')} ready")
