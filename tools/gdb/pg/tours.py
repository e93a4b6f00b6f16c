# SPDX-License-Identifier: MIT
"""What the tours tell at each stop, and what they show there.

A Stop stands for the marker with its number in the sources (tour.py). `who` has come there: the same task as at the first
stop, its child, or anybody of the family. `when` may refuse a stop that is not the one on this path; `note` remembers
something for the stops after it; an optional stop may be passed by.
"""

import gdb

from . import fate, frames, kernel, source, tasks, words

TITLES = {
    "fork": "a process becomes two",
    "fault": "memory comes when it is touched",
    "mmap": "a range of addresses gets a meaning",
    "cow": "a shared page is written, and copied",
    "uffd": "a fault that a program resolves",
    "open": "a name becomes a descriptor",
}


class Seen:
    """What the stops of one tour have seen."""

    def __init__(self):
        self.task = self.tgid = None  # whom the tour follows
        self.address = None  # the page that it is about
        self.child = None


class Stop:
    """One of them."""

    def __init__(self, text, *views, who="same", when=None, note=None, optional=False):
        self.text, self._views, self.who, self.optional = text, views, who, optional
        self.when = when or (lambda seen, task: True)
        self.note = note or (lambda seen, task: None)

    def views(self, seen, task):
        """The commands that are shown here."""
        names = {"address": f"{seen.address:#x}" if seen.address else "0", "pid": task["pid"], "first": seen.task}
        names["child"] = seen.child or task["pid"]
        return [view.format(**names) for view in self._views]


# ---- conditions and notes -------------------------------------------------------------------------------------------


def register(name):
    """A register of the stopped CPU."""
    return int(gdb.parse_and_eval("$" + name)) & (2**64 - 1)


def calls(*names):
    """At the entry of a system call: whether it is one of these."""
    wanted = {number for number, (name, _) in source.syscalls().items() if name in names}
    return lambda seen, task: register("rax") in wanted


def fault_place(task):
    """The address of the fault, CR2."""
    return fate.Place(tasks.mm_of(task), register("cr2"))


def fresh_anonymous(seen, task):
    """A fault of the program itself on an empty entry of private memory that nobody watches."""
    place = fault_place(task)
    return (
        int(gdb.parse_and_eval("regs->cs & 3")) == 3
        and place.vma is not None
        and place.anonymous()
        and place.pte == 0
        and not place.flag("UFFD_MISSING")
    )


def shared_private(seen, task):
    """A write to a present, private, anonymous page that several tables hold."""
    place = fault_place(task)
    if not place.vma or not place.flag("WRITE") or place.flag("SHARED") or not words.present(place.pte):
        return False
    page = frames.page(place.pfn)
    shared = page["_refcount.counter"] > 1 and not frames.has_flag(page, "anon_exclusive")
    return not place.pte & words.page_bit("SPECIAL") and frames.has_flag(page, "anon") and shared


def note_fault(seen, task):
    """The tour is about this page."""
    seen.address = register("cr2") & ~0xFFF


def same_page(seen, task):
    """The same page again."""
    return register("cr2") & ~0xFFF == seen.address


def note_child(seen, task):
    """The task that this one has made last."""
    children = list(kernel.entries(task.at("children"), tasks.TASK, "sibling"))
    seen.child = children[-1]["pid"] if children else None


# ---- the tours ------------------------------------------------------------------------------------------------------

FORK = [
    Stop(
        "The program has executed SYSCALL: its registers stand as a struct pt_regs at the top of its kernel stack. The "
        "number in RAX picks the handler out of sys_call_table.",
        "pg task",
        when=calls("fork", "vfork", "clone", "clone3"),
    ),
    Stop(
        "fork, vfork, clone and clone3 all become one struct kernel_clone_args. From here on there is one path, and flags "
        "say what is copied and what is shared.",
        "backtrace 4",
    ),
    Stop(
        "kernel_clone has three things to do: make the task, start it, and wait if it is a vfork child. Whatever fails in "
        "between leaves the parent as it was.",
        "pg ps",
    ),
    Stop(
        "copy_process builds the child part by part: task_struct and kernel stack are there, credentials too; files, "
        "handlers and memory follow. Nobody can see it before it is on the lists, and a failure undoes the steps in reverse.",
        "print *args",
    ),
    Stop(
        "copy_mm decides about memory: a kernel thread has none, CLONE_VM counts one user more, everything else gets a copy. "
        "This address space is about to be copied.",
        "pg mm",
        "pg vmas",
    ),
    Stop(
        "dup_mmap holds the mmap_lock of both address spaces for writing and goes area by area. The child's mm exists and is "
        "empty.",
        "pg locks",
    ),
    Stop(
        "copy_page_range goes from table to table. It shares frames instead of copying them: each gains a reference, and "
        "both entries lose the right to write; areas that can be faulted in again from a file are left out.",
        "backtrace 5",
        note=note_child,
    ),
    Stop(
        "The child is complete and on the lists; it gets a CPU and goes into its queue. Its address space has the same areas "
        "as the parent's, and its private pages are the same frames.",
        "pg ps",
        note=note_child,
    ),
    Stop(
        "This is the child's first instruction, on its own kernel stack. After schedule_tail it goes to user mode with 0 in "
        "RAX, where its parent will find the child's number.",
        "pg share {first} {pid}",
        "pg vmas",
        who="child",
    ),
]

FAULT = [
    Stop(
        "The program has touched an address for which the page tables have no entry. The CPU has put the address into CR2 "
        "and an error code on the stack; the address is in the user's half.",
        "pg at {address}",
        when=fresh_anonymous,
        note=note_fault,
    ),
    Stop(
        "do_user_addr_fault asks whether this access is allowed at all: is there an area, and does it grant what was tried? "
        "If not, the fault becomes a signal.",
        "backtrace 3",
        "pg user-bt",
    ),
    Stop(
        "lock_mm_and_find_vma takes mmap_lock for reading and looks the area up in the tree. An address just below a stack "
        "makes it grow.",
        "pg mm",
    ),
    Stop(
        "handle_mm_fault has built the tables that were missing above the entry. Now the entry picks the case, as the "
        "drawing at the top of mm/memory.c shows.",
        "pg pt {address}",
    ),
    Stop(
        "The entry is empty and the area has no file: do_anonymous_page. A write gets a new cleared page, a read the zero "
        "page, which everybody shares and nobody may write.",
        "print *vmf",
    ),
    Stop(
        "The page was found without a spinlock; now the PTE table is locked and the entry is looked at again. If somebody "
        "else was quicker, the page is given back.",
        "backtrace 4",
    ),
    Stop(
        "A write to a page that is present and read-only: do_wp_page. A frame that nobody else holds becomes writable in "
        "place, any other is copied; the zero page always is.",
        "pg at $cr2",
        when=lambda seen, task: True,
    ),
]

MMAP = [
    Stop(
        "The program asks for a range of addresses. The offset in bytes becomes one in pages; anything between pages is "
        "refused.",
        "pg task",
    ),
    Stop(
        "The descriptor has become a file, if there is one. vm_mmap_pgoff takes mmap_lock for writing, and what must be made "
        "present is done after it is dropped.",
        "pg vmas",
    ),
    Stop(
        "do_mmap_pgoff checks everything, in the order of docs/contract/mmap.md, section 4. No page is touched: a mapping is "
        "only a promise.",
        "info args",
    ),
    Stop(
        "get_unmapped_area finds an address: the hint if it is free, else the highest hole that is large enough. Each node "
        "of the tree knows the largest gap below it, so that this takes O(log n) steps.",
        "print $pg_current()->mm->mm_rb",
    ),
    Stop(
        "mmap_region has checked the limits and unmapped what was there. Now the range becomes part of a neighbour with the "
        "same attributes, or a new vm_area_struct.",
        "pg locks",
    ),
    Stop(
        "Only with MAP_POPULATE or MAP_LOCKED: make_pages_present faults every page of the new range in, as if the program "
        "had touched it.",
        "pg vmas",
    ),
]

COW = [
    Stop(
        "A fork is copying a PTE table. This private page stays where it is: the child's entry will name the same frame, and "
        "the parent's has just lost the right to write.",
        "backtrace 4",
        "pg diff",
    ),
    Stop(
        "Parent or child has written to a page that they share. The hardware refused, for the entry is read-only, although "
        "the area is writable: that difference is what makes it a copy on write.",
        "pg at {address}",
        who="family",
        when=shared_private,
        note=note_fault,
    ),
    Stop(
        "do_wp_page has looked at the entry again under the lock of the PTE table. The frame is not exclusive, and its reference "
        "count is the number of tables that hold it (and now a pin of this fault): more than one means copy, one means reuse.",
        "pg page {address}",
        who="family",
        when=same_page,
    ),
    Stop(
        "The copy is made: a new frame with the same contents, which nobody can see yet. It was allocated and filled with no "
        "spinlock held; then the table was locked and the entry looked at once more.",
        "backtrace 2",
        "pg locks",
        who="family",
        when=same_page,
    ),
    Stop(
        "The old entry has been cleared, and every CPU that may still have it in its TLB is told. Were the new one installed "
        "first, one thread could read the copy while another still wrote to the old frame.",
        "pg pt {address}",
        who="family",
        when=same_page,
    ),
    Stop(
        "The new entry is in: writable, dirty, and of a frame with one reference. The old frame has lost the reference of "
        "this table.",
        "pg at {address}",
        who="family",
        when=same_page,
    ),
    Stop(
        "The other one writes to the same page. Nobody else holds the frame any more, so no copy is needed: the entry just "
        "becomes writable, and no TLB is flushed, for a stale refusal only faults once more.",
        "pg page {address}",
        who="family",
        when=same_page,
    ),
]

UFFD = [
    Stop(
        "The program makes a userfaultfd: a context that belongs to its address space, and soon a descriptor by which a "
        "monitor will hear of faults.",
        "backtrace 3",
        "pg uffd",
    ),
    Stop(
        "UFFDIO_REGISTER has given the areas of a range this context and a mode. Areas split where the range ends inside "
        "them; no page is touched.",
        "pg vmas",
        "pg uffd",
    ),
    Stop(
        "A thread has touched a page that is not there, in an area that is watched: handle_userfault. Its request is a "
        "structure on its own kernel stack, so there is always room for it.",
        "pg at $cr2",
        note=note_fault,
    ),
    Stop(
        "Under the lock of the context the entry is looked at a last time, then the request joins the list. A monitor that "
        "fills the page before this is seen here; one that fills it later finds the request.",
        "backtrace 4",
    ),
    Stop(
        "The thread sleeps, without mmap_lock and with no other lock. A signal may end its sleep, or the monitor's answer.",
        "pg uffd",
        "pg locks",
    ),
    Stop(
        "The monitor reads the message: address and kind of the fault. The request moves from the list of pending ones to "
        "that of those which were read.",
        "backtrace 4",
        "pg ps",
        who="family",
    ),
    Stop(
        "UFFDIO_COPY has filled a new page with the monitor's bytes and now installs it, under the lock of the PTE table. "
        "The page appears whole or not at all.",
        "pg pt {address}",
        who="family",
    ),
    Stop(
        "Exactly those who wait for an address of the range are woken. The entry is there already, so a thread that faults "
        "now no longer has to wait.",
        "pg uffd",
        "pg at {address}",
        who="family",
    ),
    Stop(
        "The thread that had faulted goes on: handle_mm_fault said VM_FAULT_RETRY, for the lock was dropped. It starts again "
        "from finding the area, and will find the page.",
        "pg at {address}",
    ),
]

OPEN = [
    Stop(
        "The name has come into the kernel. A descriptor is reserved first, so that nothing can fail once the file is open.",
        "print *name",
        "pg files",
    ),
    Stop(
        "do_filp_open turns the flags into permissions and a way to walk, and takes an empty struct file that will stand for "
        "what is found.",
        "backtrace 4",
    ),
    Stop(
        "link_path_walk goes component by component. It holds dcache_lock for reading and takes no references on its way.",
        "print *nd",
    ),
    Stop(
        "step_into looks a name up in the hash of its directory; dot-dot, mounts and symbolic links are dealt with here.",
        "backtrace 4",
    ),
    Stop(
        "The cache could not tell, so the walk takes references, drops its lock and asks the file system.",
        "backtrace 4",
        optional=True,
    ),
    Stop(
        "The file was found and the permissions suffice: the struct file gets the inode's operations, and their open is "
        "called.",
        "print *path",
    ),
    Stop(
        "With this step the descriptor points to the file, and other threads can use it.",
        "backtrace 3",
        "pg files",
    ),
]

TOURS = {"fork": FORK, "fault": FAULT, "mmap": MMAP, "cow": COW, "uffd": UFFD, "open": OPEN}
