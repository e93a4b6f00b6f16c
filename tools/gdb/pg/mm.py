# SPDX-License-Identifier: MIT
"""Address spaces and their areas: `pg mm`, `pg vmas`."""

import functools

import gdb

from . import kernel, source, tasks, words
from .command import Command, at_most

MM, VMA = "struct mm_struct", "struct vm_area_struct"


def spaces():
    """All address spaces of users."""
    head = kernel.struct_var("init_mm", MM).at("mmlist")
    return kernel.entries(head, MM, "mmlist")


def owners():
    """{address of an mm: [tasks that use it]}."""
    found = {}
    for task in tasks.every():
        if task["mm"]:
            found.setdefault(task["mm"], []).append(task)
    return found


def label(mm, used_by):
    """Words for an address space: the process it belongs to."""
    users = used_by.get(mm.address)
    return tasks.name(users[0]) if users else f"mm {mm.address:#x}, no task"


def of(task):
    """The address space of a task that must have one."""
    mm = tasks.mm_of(task)
    if mm is None:
        raise gdb.GdbError(f"task {tasks.name(task)} has no address space")
    return mm


def areas(mm):
    """The areas, by address."""
    return kernel.tree(mm.at("mm_rb"), VMA, "vm_rb")


def find_area(mm, address):
    """(the area at the address or None, the next one above or None), as find_vma() looks."""
    node, best = kernel.word(mm.at("mm_rb")), None
    while node:
        vma = kernel.around(node, VMA, "vm_rb")
        if vma["vm_end"] > address:
            best, node = vma, vma["vm_rb.rb_left"]
            if vma["vm_start"] <= address:
                return vma, None
        else:
            node = vma["vm_rb.rb_right"]
    return None, best


@functools.lru_cache(4096)
def _dentry(address, _stop):
    """(d_name, d_parent) of a dentry; kept for one stop of the machine."""
    dentry = kernel.Struct(address, "struct dentry")
    return kernel.string(dentry["d_name.name"], dentry["d_name.len"] + 1), dentry["d_parent"]


STOPS = [0]  # counts the times that the machine went on


def went_on(_event):
    """The machine runs: what was remembered is void."""
    STOPS[0] += 1


def path(file):
    """The path of an open file, across the mounts that it lies below."""
    names = []
    mnt, dentry = file.go("f_path.mnt", "struct vfsmount"), file["f_path.dentry"]
    for _ in range(256):
        said, parent = _dentry(dentry, STOPS[0])
        if mnt and dentry == mnt["mnt_root"] and mnt["mnt_parent"] != mnt.address:
            dentry, mnt = mnt["mnt_mountpoint"], mnt.go("mnt_parent", "struct vfsmount")
        elif parent == dentry:
            return "/" + "/".join(reversed(names)) if names else said
        else:
            names.append(said)
            dentry = parent
    return "/".join(reversed(names))


def area_name(mm, vma):
    """What /proc/PID/maps writes at the end of a line."""
    if vma["vm_file"]:
        return path(vma.go("vm_file", "struct file"))
    if vma["vm_start"] <= mm["brk"] and vma["vm_end"] >= mm["start_brk"]:
        return "[heap]"
    if vma["vm_start"] <= mm["start_stack"] < vma["vm_end"]:
        return "[stack]"
    if vma["anon_name"]:
        return f"[anon:{kernel.string(vma['anon_name'] + kernel.layout('struct anon_vma_name', 'name')[0])}]"
    return ""


def area_line(mm, vma):
    """An area in the format of /proc/PID/maps, with its address after the offset."""
    offset = vma["vm_pgoff"] * 4096 if vma["vm_file"] else 0
    return (
        f"{vma['vm_start']:012x}-{vma['vm_end']:012x} {words.letters(vma['vm_flags'])} {offset:08x} "
        f"{vma.address:#x} {area_name(mm, vma)}".rstrip()
    )


def tables(mm):
    """The struct pages of all PTE tables of an address space that it owns alone."""
    return kernel.entries(mm.at("pte_tables"), "struct page", "pt_list")


def lock_words(lock):
    """A struct rw_semaphore in words; `lock` is the Struct."""
    waiting = len(list(kernel.nodes(lock.at("wait_list")))) if lock["wait_list.next"] else 0
    count = lock["count"]
    if count < 0:
        said = "held for writing by " + (tasks.name(lock.go("owner", tasks.TASK)) if lock["owner"] else "somebody")
    else:
        said = f"held by {words.many(count, 'reader')}" if count else "free"
    return said + (f", {waiting} waiting" if waiting else "")


class Mm(Command):
    """pg mm [PID]: an address space: users, sizes, page tables, layout, lock, TLB generation and CPUs."""

    NAME = "mm"

    def show(self, argv):
        at_most(argv, 1, "pg mm [PID]")
        task = tasks.chosen(argv[0] if argv else None)
        mm = of(task)
        print(f"{tasks.name(task)}: {MM} {mm.address:#x}, id {mm['ctx_id']}")
        for what, said in self.rows(mm):
            print(f"  {what:12}{said}")

    @staticmethod
    def rows(mm):
        """Its lines."""
        yield "users", f"mm_users {mm['mm_users.counter']}, mm_count {mm['mm_count.counter']}"
        yield "areas", f"{mm['map_count']}, {words.size(mm['total_vm'] * 4096)} in all: " + ", ".join(
            f"{kind} {words.size(mm[kind + '_vm'] * 4096)}" for kind in ("data", "exec", "stack", "locked")
        )
        counts = {kind: 0 for kind in ("anon", "file", "shmem", "swap", "special")}
        number = 0
        for page in tables(mm):
            number += 1
            for kind in counts:
                counts[kind] += page["pt_" + kind]
        yield "resident", f"{words.size(mm['rss.counter'] * 4096)}: " + ", ".join(f"{n} {k}" for k, n in counts.items())
        bytes_ = words.size(mm["pgtables_bytes.counter"])
        yield "tables", f"{words.many(number, 'PTE table')}, {bytes_} in all; pgd {mm['pgd']:#x}"
        yield "code", f"{mm['start_code']:#x}-{mm['end_code']:#x}, data {mm['start_data']:#x}-{mm['end_data']:#x}"
        heap = f"{mm['start_brk']:#x}-{mm['brk']:#x}"
        yield "heap", f"{heap}, stack {mm['start_stack']:#x}, mmap from {mm['mmap_base']:#x} down"
        yield "mmap_lock", lock_words(mm.sub("mmap_lock", "struct rw_semaphore"))
        yield "TLB", tlb_words(mm)
        yield "flags", words.flags(mm["flags"] & ~0xFFF, source.constants(words.MM_TYPES, "MMF_")) + (
            f", dump filter {mm['flags'] & 0xfff:#x}"
        )
        if mm["exe_file"]:
            yield "program", path(mm.go("exe_file", "struct file"))


def tlb_words(mm):
    """The flush generation, and what each CPU that has the tables loaded has seen of it."""
    gen = mm["tlb_gen.counter"]
    seen = []
    for cpu in kernel.cpus():
        state = kernel.Struct(kernel.per_cpu("cpu_tlbstate", cpu), "struct tlb_state")
        if state["loaded_mm"] == mm.address:
            lag = "" if state["tlb_gen"] == gen else f", has seen {state['tlb_gen']} only"
            seen.append(f"CPU {cpu}{' (lazy)' if state['is_lazy'] else ''}{lag}")
    return f"generation {gen}, " + (f"loaded on {', '.join(seen)}" if seen else "loaded on no CPU")


class Vmas(Command):
    """pg vmas [PID|all]: the areas of a process, in the format of /proc/PID/maps, with each vm_area_struct's address.

    `all` shows every address space."""

    NAME = "vmas"

    def show(self, argv):
        at_most(argv, 1, "pg vmas [PID|all]")
        if argv == ["all"]:
            for users in owners().values():
                self.space(users[0])
        else:
            self.space(tasks.chosen(argv[0] if argv else None))

    @staticmethod
    def space(task):
        """Prints one."""
        mm = of(task)
        print(f"{tasks.name(task)}: mm {mm.address:#x}, {mm['map_count']} areas, {mm['rss.counter'] * 4} KiB resident")
        for vma in areas(mm):
            print(area_line(mm, vma))
