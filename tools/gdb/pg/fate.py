# SPDX-License-Identifier: MIT
"""What a read, a write and a jump at an address of a program would do, in the words of the drawing in mm/memory.c.

The decision is taken as the hardware and the kernel take it: first the entries of all levels, then, where they refuse,
the area (arch/x86_64/fault.c), then the fault cases (mm/memory.c, mm/fault_file.c, mm/cow.c).
"""

from . import frames, kernel, mm, tables, words

READ, WRITE, JUMP = "read", "write", "jump"
NEEDS = {READ: "READ", WRITE: "WRITE", JUMP: "EXEC"}


class Place:
    """An address of an address space, with all that decides."""

    def __init__(self, space, address):
        self.space, self.address = space, address
        self.vma, self.above = mm.find_area(space, address)
        self.levels = list(tables.walk(tables.root(space), address))
        last = self.levels[-1]
        self.pte = last[3] if last[0] == "PTE" else 0
        self.table = words.pfn_of(self.levels[-2][3]) if last[0] == "PTE" else None
        self.pfn = words.pfn_of(self.pte) if words.present(self.pte) else None

    def flag(self, name):
        """Whether the area has VM_name."""
        return bool(self.vma and self.vma["vm_flags"] & words.vm_bit(name))

    def granted(self):
        """The rights that the entries of all levels give together."""
        bits = words.page_bit
        entries = [entry for _, _, _, entry in self.levels]
        if self.levels[-1][0] != "PTE" or not all(
            entry & bits("PRESENT") and entry & bits("USER") for entry in entries
        ):
            return "---"
        write = all(entry & bits("RW") for entry in entries)
        run = not any(entry & bits("NX") for entry in entries)
        return f"r{'w' if write else '-'}{'x' if run else '-'}"

    def table_shared(self):
        """Whether several address spaces use the PTE table."""
        return self.table is not None and frames.page(self.table)["pt_refs"] > 1

    def anonymous(self):
        """vma_is_anonymous()."""
        return not self.vma["vm_ops"]


def of(place, access):
    """The sentence for an access from user mode."""
    if place.address >= tables.task_size():
        return "SIGSEGV (SEGV_MAPERR): this half of the addresses is the kernel's"
    if {READ: "r", WRITE: "w", JUMP: "x"}[access] in place.granted():
        doing = {READ: "reads", WRITE: "writes", JUMP: "runs what stands in"}[access]
        key = place.pte >> 59 & 15 if access != JUMP else 0
        return f"no fault: {doing} frame {place.pfn:#x}" + (f", if PKRU allows key {key}; else SIGSEGV" if key else "")
    if place.vma is None:
        return _no_area(place)
    return "page fault: " + _fault(place, access)


def _no_area(place):
    """Between areas."""
    above = place.above
    if above and above["vm_flags"] & words.vm_bit("GROWSDOWN"):
        return (
            f"page fault: the stack at {above['vm_start']:#x} grows down to here, if its limit and the guard gap allow "
            "(lock_mm_and_find_vma); else SIGSEGV (SEGV_MAPERR)"
        )
    return "page fault: no area is here, SIGSEGV (SEGV_MAPERR)"


def _fault(place, access):
    """access_error(), then the cases."""
    allowed, hit = place.flag(NEEDS[access]), bool(place.pte & words.page_bit("PRESENT"))
    refused = "SIGSEGV (SEGV_ACCERR): "
    if access == WRITE and not allowed:
        return refused + "the area is not writable"
    if access != WRITE and hit:
        return refused + f"the page is there and {'may not be run' if access == JUMP else 'may not be read'}"
    if not any(place.flag(name) for name in ("READ", "WRITE", "EXEC")):
        return refused + "the area gives no rights at all (PROT_NONE)"
    said = _case(place, access)
    if place.table_shared():
        said = "pt_lock_writable first takes a copy of the PTE table, which is shared; then " + said
    if access == JUMP and not allowed:
        said += "; then SIGSEGV (SEGV_ACCERR), for the area may not be run"
    return said


def _case(place, access):
    """handle_pte_fault()."""
    pte = place.pte
    if not pte:
        return _empty(place, access)
    if words.pte(pte).startswith("marker"):
        return _empty_file(place, access)
    if words.is_swap(pte):
        return f"do_swap_page, {words.pte(pte)}"
    if access == WRITE:
        return _write_protected(place)
    return 'case "spurious": somebody else was first'


def _empty(place, access):
    """An empty entry."""
    if place.flag("UFFD_MISSING") and (place.anonymous() or not (_cached(place) or "").startswith("frame")):
        return "handle_userfault: the thread sleeps until its monitor fills the page (UFFDIO_COPY, UFFDIO_ZEROPAGE)"
    if place.flag("UFFD_MINOR"):
        return "handle_userfault: the object has the page, the thread sleeps until its monitor lets it in (UFFDIO_CONTINUE)"
    if place.anonymous():
        if access == WRITE:
            return 'do_anonymous_page, case "anon": a new cleared page'
        return 'do_anonymous_page, case "zero": the zero page, read-only'
    return _empty_file(place, access)


def _cached(place):
    """Words for the page of the object at this place."""
    vma = place.vma
    mapping = vma.go("vm_file", "struct file").go("f_mapping", "struct address_space") if vma["vm_file"] else None
    if mapping is None:
        return "the object's page"
    index = vma["vm_pgoff"] + (place.address - vma["vm_start"]) // 4096
    inode = mapping.go("host", "struct inode")
    if inode and index >= (inode["i_size"] + 4095) // 4096 and inode["i_mode"] >> 12 == 8:
        return None
    found = kernel.xa_load(mapping.sub("i_pages", "struct xarray"), index)
    if found and not found & 1:
        return f"frame {frames.pfn_of_page(found):#x} of the page cache"
    return "a page that the page cache does not have yet"


def _empty_file(place, access):
    """do_fault()."""
    page = _cached(place)
    if page is None:
        return "SIGBUS: the file ends before this page"
    if access != WRITE:
        return f'do_read_fault, case "read": maps {page}, and its neighbours'
    if not place.flag("SHARED"):
        return f'do_cow_fault, case "cow": a private copy of {page}'
    return f'do_shared_fault, case "shared": maps {page}, dirty'


def _write_protected(place):
    """do_wp_page()."""
    if place.pte & words.page_bit("UFFD_WP") and place.flag("UFFD_WP"):
        return "handle_userfault: the thread sleeps until its monitor takes the write protection away"
    page, counted = frames.page(place.pfn), not place.pte & words.page_bit("SPECIAL")
    if place.flag("SHARED"):
        return 'do_wp_page, case "mkwrite": the page is marked dirty, then the entry becomes writable'
    count = page["_refcount.counter"]
    alone = count == 1 or frames.has_flag(page, "anon_exclusive")
    if counted and frames.has_flag(page, "anon") and alone:
        return f'do_wp_page, case "reuse": frame {place.pfn:#x} belongs to this table alone and becomes writable'
    why = f"{count} hold it" if counted and frames.has_flag(page, "anon") else "it belongs to the page cache"
    if not counted:
        why = "it is the zero page"
    return f'do_wp_page, case "copy": a new page takes the place of frame {place.pfn:#x}, for {why}'
