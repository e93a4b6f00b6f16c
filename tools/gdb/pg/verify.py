# SPDX-License-Identifier: MIT
"""`pg verify`: mm_verify() from outside, and what only somebody outside can check: the references of all frames.

The rules are those of mm/verify.c, by the same names. A stop in the middle of a change may break some for a moment: the
command says which address spaces are being changed.
"""

from . import buddy, frames, kernel, mm, source, tables, tasks, words
from .command import Command, at_most

KINDS = ("anon", "file", "shmem", "swap", "special")


class Verifier:
    """One address space."""

    def __init__(self, space):
        self.space, self.broken = space, []
        self.counts = dict.fromkeys(KINDS, 0)
        self.pages = dict.fromkeys(("total", "data", "exec", "stack", "locked"), 0)

    def check(self, true, rule, address):
        """Notes a broken rule."""
        if not true:
            self.broken.append(f"{rule} at {address:#x}")

    def run(self):
        """All rules."""
        previous, areas = None, list(mm.areas(self.space))
        for vma in areas:
            self.area(vma, previous)
            previous = vma
        self.check(len(areas) == self.space["map_count"], "map_count", len(areas))
        for what, pages in self.pages.items():
            self.check(pages == self.space[what + "_vm"], f"{what}_vm", pages)
        self.entries(areas)
        self.tables()
        return self.broken

    def area(self, vma, previous):
        """Bounds, gaps, flags of one area."""
        start, end, flags = vma["vm_start"], vma["vm_end"], vma["vm_flags"]
        bit = words.vm_bit
        self.check(start < end, "vm_start < vm_end", start)
        self.check(not (start | end) & 0xFFF, "bounds on pages", start)
        self.check(end <= tables.task_size(), "below TASK_SIZE", start)
        self.check(previous is None or previous["vm_end"] <= start, "ascending, no overlap", start)
        self.check(vma["vm_mm"] == self.space.address, "vm_mm", start)
        access = bit("READ") | bit("WRITE") | bit("EXEC")
        self.check(not flags & access & ~(flags >> 4), "rights within VM_MAY*", start)
        self.check(not flags & bit("SHARED") or flags & bit("MAYSHARE"), "shared means may share", start)
        special = any(flags & bit(name) for name in ("IO", "DONTEXPAND", "PFNMAP", "MIXEDMAP"))
        self.check(not vma["vm_ops"] or vma["vm_file"] or special, "an object without file", start)
        self.check(not (flags & bit("LOCKED") and special), "special memory is locked", start)
        armed = any(flags & bit(name) for name in ("UFFD_MISSING", "UFFD_WP", "UFFD_MINOR"))
        self.check(bool(vma["vm_userfaultfd_ctx"]) == armed, "a userfaultfd without mode, or a mode without", start)
        self.gaps(vma, previous)
        self.merged(vma, previous)
        pages = (end - start) // 4096
        self.pages["total"] += pages
        if flags & (bit("EXEC") | bit("WRITE") | bit("GROWSDOWN")) == bit("EXEC"):
            self.pages["exec"] += pages
        elif flags & bit("GROWSDOWN"):
            self.pages["stack"] += pages
        elif flags & (bit("WRITE") | bit("SHARED")) == bit("WRITE"):
            self.pages["data"] += pages
        if flags & bit("LOCKED"):
            self.pages["locked"] += pages

    def gaps(self, vma, previous):
        """The gap below an area, and the largest one below a node of the tree."""
        below = previous["vm_end"] if previous else 0
        start = vma["vm_start"]
        if vma["vm_flags"] & words.vm_bit("GROWSDOWN"):
            start = max(start - kernel.var("stack_guard_gap"), 0)
        self.check(vma["vm_gap"] == max(start - below, 0), "vm_gap", vma["vm_start"])
        largest = 0 if vma.address == self.space["free_area_vma"] else vma["vm_gap"]
        for side in ("rb_left", "rb_right"):
            node = vma["vm_rb." + side]
            if node:
                largest = max(largest, kernel.around(node, mm.VMA, "vm_rb")["rb_subtree_gap"])
        self.check(vma["rb_subtree_gap"] == largest, "rb_subtree_gap", vma["vm_start"])

    def merged(self, vma, previous):
        """Two neighbours that should be one, but where fork left them apart."""
        unmerged = self.space["flags"] & source.defines(words.MM_TYPES)["MMF_UNMERGED"]
        if previous is None or previous["vm_end"] != vma["vm_start"] or unmerged:
            return
        pages = (previous["vm_end"] - previous["vm_start"]) // 4096
        same = all(vma[field] == previous[field] for field in ("vm_file", "vm_userfaultfd_ctx", "anon_name", "vm_ops"))
        flags = (vma["vm_flags"] ^ previous["vm_flags"]) & ~words.vm_bit("SOFTDIRTY")
        special = any(vma["vm_flags"] & words.vm_bit(name) for name in ("IO", "DONTEXPAND", "PFNMAP", "MIXEDMAP"))
        stack = vma["vm_flags"] & words.vm_bit("GROWSDOWN")
        closes = vma["vm_ops"] and kernel.Struct(vma["vm_ops"], "struct vm_operations_struct")["close"]
        follows = previous["vm_pgoff"] + pages == vma["vm_pgoff"]
        apart = flags or special or stack or closes or not (same and follows)
        self.check(apart, "two areas that should be one", vma["vm_start"])

    def entries(self, areas):
        """Each entry against its area and its frame."""
        at = 0
        for address, entry, _ in tables.user_ptes(self.space):
            while at < len(areas) and areas[at]["vm_end"] <= address:
                at += 1
            inside = at < len(areas) and areas[at]["vm_start"] <= address
            self.check(inside, "an entry outside all areas", address)
            if inside:
                self.entry(areas[at], address, entry)

    def entry(self, vma, address, entry):
        """One entry."""
        bit, flags, pfn = words.page_bit, vma["vm_flags"], words.pfn_of(entry)
        watched = flags & words.vm_bit("UFFD_WP")
        if not words.present(entry):
            self.counts["swap"] += 1
            self.check(not words.pte(entry).startswith("marker") or watched, "a marker where nobody watches", address)
            return
        write = bool(entry & bit("RW"))
        self.check(not entry & bit("UFFD_WP") or (watched and not write), "a mark of a userfaultfd", address)
        if entry & bit("PRESENT"):
            access = words.vm_bit("READ") | words.vm_bit("WRITE") | words.vm_bit("EXEC")
            self.check(flags & access, "an entry grants what PROT_NONE forbids", address)
            self.check(entry & bit("NX") or flags & words.vm_bit("EXEC"), "an entry may be run, the area not", address)
        self.check(not write or flags & words.vm_bit("WRITE"), "writable entry, area is not", address)
        if entry & bit("SPECIAL"):
            self.counts["special"] += 1
            zero = pfn == kernel.var("zero_pfn")
            self.check(zero or flags & words.vm_bit("PFNMAP"), "special entry of no kind", address)
            self.check(not (zero and write), "the zero page is writable", address)
            return
        page = frames.page(pfn)
        anon = frames.has_flag(page, "anon")
        self.counts["anon" if anon else "shmem" if frames.has_flag(page, "swapbacked") else "file"] += 1
        self.check(page["_refcount.counter"] > 0, "a frame without references", address)
        private = not flags & words.vm_bit("SHARED")
        self.check(not (anon and private) or vma["vm_faulted"], "vm_faulted", address)
        exclusive = frames.has_flag(page, "anon_exclusive")
        self.check(not (write and private) or exclusive, "a writable private frame is not exclusive", address)

    def tables(self):
        """The counts of the tables against the entries."""
        sums = dict.fromkeys(KINDS, 0)
        for page in mm.tables(self.space):
            for kind in KINDS:
                sums[kind] += page["pt_" + kind]
            shared = page["pt_refs"] > 1
            owned = frames.has_flag(page, "table") and (shared or page["pt_mm"] == self.space.address)
            self.check(owned and page["pt_refs"], "a PTE table of somebody else", frames.pfn_of_page(page.address))
        for kind in KINDS:
            self.check(sums[kind] == self.counts[kind], f"count of {kind} entries", sums[kind])
        resident = sums["anon"] + sums["file"] + sums["shmem"]
        self.check(resident == self.space["rss.counter"], "rss", resident)


def check_references():
    """Frames that are mapped more often than they are referenced, and free ones that are mapped."""
    for pfn, users in frames.all_mappings().items():
        if any(entry & words.page_bit("SPECIAL") for _, _, entry, _ in users):
            continue
        page = frames.page(pfn)
        mapped = frames.table_entries(users)
        if page["_refcount.counter"] < mapped:
            yield f"frame {pfn:#x} has {page['_refcount.counter']} references and {mapped} mappings"
        if frames.has_flag(page, "buddy") or frames.has_flag(page, "pcp"):
            yield f"frame {pfn:#x} is free, and mapped at {users[0][1]:#x}"


def check_buddy():
    """The free lists against their counts."""
    zone, total = buddy.zone(), 0
    for order in range(buddy.ORDERS):
        count = 0
        for pfn in buddy.blocks(order):
            page = frames.page(pfn)
            count += 1
            if not frames.has_flag(page, "buddy") or page["private"] != order or pfn & ((1 << order) - 1):
                yield f"free block {pfn:#x} of order {order} is marked wrongly"
        if count != zone[f"free_area.{order}.nr_free"]:
            yield f"order {order} counts {zone[f'free_area.{order}.nr_free']} free blocks and has {count}"
        total += count << order
    if total != zone["free_pages"]:
        yield f"the zone counts {zone['free_pages']} free pages and has {total}"


class Verify(Command):
    """pg verify [PID]: the rules of mm_verify() for one address space; without PID for all, and the references of all mapped
    frames, and the free lists of the page allocator."""

    NAME = "verify"

    def show(self, argv):
        at_most(argv, 1, "pg verify [PID]")
        used_by = mm.owners()
        if argv:
            spaces = [mm.of(tasks.chosen(argv[0]))]
        else:
            spaces = [space for space in mm.spaces() if space["mm_users.counter"]]
        broken = []
        for space in spaces:
            lock = space.sub("mmap_lock", "struct rw_semaphore")
            if lock["count"] < 0:
                print(f"{mm.label(space, used_by)} is being changed now (mmap_lock {mm.lock_words(lock)})")
            broken += [f"{mm.label(space, used_by)}: {rule}" for rule in Verifier(space).run()]
        if not argv:
            broken += list(check_references()) + list(check_buddy())
        for line in broken[:50]:
            print(line)
        what = words.many(len(spaces), "address space")
        print(f"{what}: " + (f"{len(broken)} rules are broken" if broken else "all rules hold"))
