# SPDX-License-Identifier: MIT
"""`pg locks`: which locks are held, and who waits for them.

The locks that exist are found by their types: global variables, per-CPU ones, and those inside address spaces, slab caches,
tasks and PTE tables.
"""

import functools

import gdb

from . import kernel, mm, slab, tasks, words
from .command import Command, at_most

TYPES = ("spinlock", "rwlock", "mutex", "rw_semaphore")
WRITER = 0x80000000


@functools.lru_cache(1)
def variables(_objfile):
    """(name, type tag) of the global and static variables that are locks, from GDB's list by type."""
    found = {}
    for tag in TYPES:
        spelled = {"spinlock": "spinlock_t", "rwlock": "rwlock_t"}.get(tag, f"struct {tag}")
        for line in gdb.execute(f"info variables -q -n -t {spelled}", to_string=True).splitlines():
            words_ = line.rstrip(";").split()
            if len(words_) >= 3 and words_[0].rstrip(":").isdigit() and "[" not in words_[-1]:
                found[words_[-1].lstrip("*")] = tag
    return tuple(sorted(found.items()))


def holder(lock, tag):
    """Who holds a lock, in words; None when it is free."""
    if tag == "spinlock":
        if not lock["locked"]:
            return None
        if not kernel.has_field("struct spinlock", "cpu") or lock["cpu"] < 0:
            return "held"
        return f"held by CPU {lock['cpu']}: {tasks.name(tasks.current(lock['cpu']))}"
    if tag == "rwlock":
        held = lock["word"]
        return None if not held else "held for writing" if held & WRITER else f"held by {words.many(held, 'reader')}"
    if tag == "mutex":
        return f"held by {tasks.name(lock.go('owner', tasks.TASK))}" if lock["owner"] else None
    said = mm.lock_words(lock)
    return None if said == "free" else said


def waiters(lock, tag):
    """The tasks that sleep for a mutex or rwsem, first come first."""
    if tag not in ("mutex", "rw_semaphore") or not lock["wait_list.next"]:
        return []
    kind = "struct rwsem_waiter" if tag == "rw_semaphore" else "struct mutex_waiter"
    return [waiter.go("task", tasks.TASK) for waiter in kernel.entries(lock.at("wait_list"), kind, "list")]


def known():
    """(name, address, type tag) of all locks that can be found."""
    for name, tag in variables(kernel.objfile()):
        where = kernel.address(name)
        if kernel.address("__per_cpu_start") <= where < kernel.address("__per_cpu_end"):
            for cpu in kernel.cpus():
                yield f"{name} of CPU {cpu}", kernel.per_cpu(name, cpu), tag
        else:
            yield name, where, tag
    yield "zone.lock", kernel.address("zone") + kernel.layout("struct zone", "lock")[0], "spinlock"
    for cpu in kernel.cpus():
        yield f"run queue of CPU {cpu}", kernel.per_cpu("runqueues", cpu) + kernel.layout("struct rq", "lock")[
            0
        ], "spinlock"
    for cache in slab.caches():
        yield f"slab cache {cache.text('name')}", cache.at("lock"), "spinlock"
    used_by = mm.owners()
    for space in mm.spaces():
        name = mm.label(space, used_by)
        yield f"mmap_lock of {name}", space.at("mmap_lock"), "rw_semaphore"
        yield f"page_table_lock of {name}", space.at("page_table_lock"), "spinlock"
        for page in mm.tables(space):
            yield f"PTL of frame {(page.address >> 6) & 0xfffffff:#x} of {name}", page.at("ptl"), "spinlock"
    yield from of_tasks()


def of_tasks():
    """Locks inside tasks and what they share."""
    seen = set()
    for task in tasks.every():
        name = tasks.name(task)
        yield f"alloc_lock of {name}", task.at("alloc_lock"), "spinlock"
        yield f"pi_lock of {name}", task.at("pi_lock"), "spinlock"
        for what, kind, field, tag in (
            ("siglock", "sighand_struct", "siglock", "spinlock"),
            ("cred_guard_mutex", "signal_struct", "cred_guard_mutex", "mutex"),
            ("file_lock", "files_struct", "file_lock", "spinlock"),
        ):
            where = task[{"sighand_struct": "sighand", "signal_struct": "signal", "files_struct": "files"}[kind]]
            if where and (where, field) not in seen:
                seen.add((where, field))
                yield f"{what} of {name}", where + kernel.layout("struct " + kind, field)[0], tag


class Locks(Command):
    """pg locks: the locks that are held, by whom, and who waits for them.

    A plain kernel does not record who holds a spinlock; a checked one does, and names the sleeping locks of each task.
    """

    NAME = "locks"

    def show(self, argv):
        at_most(argv, 0, "pg locks")
        count = held = 0
        for name, where, tag in known():
            count += 1
            lock = kernel.Struct(where, "struct " + tag)
            said, queue = holder(lock, tag), waiters(lock, tag)
            if said or queue:
                held += 1
                print(f"{name} ({tag} {where:#x}): {said or 'free'}")
                if queue:
                    print("    waited for by " + ", ".join(tasks.name(task) for task in queue))
        print(f"{held} of {count} locks are held")
        if kernel.has_field(tasks.TASK, "nr_held_locks"):
            ranks = {number: rank for rank, number in kernel.enum("RANK_", "RANK_LEAF").items()}
            for task in tasks.every():
                for i in range(min(task["nr_held_locks"], 16)):
                    lock, rank = task[f"held_locks.{i}.lock"], task[f"held_locks.{i}.rank"]
                    print(f"{tasks.name(task)} holds {lock:#x}, rank {ranks.get(rank, rank)}")
