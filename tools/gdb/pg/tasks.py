# SPDX-License-Identifier: MIT
"""Tasks: who there is, who runs, and `pg ps`, `pg task`."""

import functools

import gdb

from . import kernel, source, words
from .command import Command, at_most, number

TASK = "struct task_struct"
STATES = {
    "TASK_INTERRUPTIBLE": "S",
    "TASK_UNINTERRUPTIBLE": "D",
    "__TASK_STOPPED": "T",
    "__TASK_TRACED": "t",
    "TASK_DEAD": "X",
}
THREAD_SIZE = 16 * 1024


def processes():
    """All group leaders but the idle task."""
    return kernel.entries(kernel.struct_var("init_task", TASK).at("tasks"), TASK, "tasks")


def threads(leader):
    """All threads of a process."""
    return kernel.entries(leader.go("signal", "struct signal_struct").at("thread_head"), TASK, "thread_node")


def every():
    """All tasks."""
    for leader in processes():
        yield from threads(leader)


def current(cpu=None):
    """The task that a CPU runs; the CPU of the selected GDB thread when none is given."""
    return kernel.Struct(kernel.word(kernel.per_cpu("current_task", kernel.this_cpu() if cpu is None else cpu)), TASK)


def find(pid):
    """The task with this id."""
    for task in every():
        if task["pid"] == pid:
            return task
    raise gdb.GdbError(f"there is no task {pid}")


def chosen(argument):
    """The task that a command is about: `PID`, or the current one where the argument is missing."""
    return current() if argument is None else find(number(argument, "a PID"))


def name(task):
    """What a task is called."""
    return f"{task.text('comm')} ({task['pid']})"


@functools.lru_cache(None)
def _bits(header, names):
    found = source.defines(header)
    return tuple(found[one] for one in names)


def bits(header, names):
    """The values of constants of a header, found once."""
    return _bits(header, tuple(names))


def state(task):
    """The letter that ps shows."""
    dead, zombie = bits(words.SCHED, ("EXIT_DEAD", "EXIT_ZOMBIE"))
    if task["exit_state"] & (dead | zombie):
        return "Z" if task["exit_state"] & zombie else "X"
    for bit, letter in zip(bits(words.SCHED, STATES), STATES.values()):
        if task["__state"] & bit:
            return letter
    return "R"


def is_kernel_thread(task):
    """Whether it has no user's half."""
    return bool(task["flags"] & bits(words.SCHED, ("PF_KTHREAD",))[0])


def mm_of(task):
    """Its address space, or None for a kernel thread and after exit."""
    return task.go("mm", "struct mm_struct")


def user_regs(task):
    """struct pt_regs at the top of its kernel stack."""
    top = task["stack"] + THREAD_SIZE
    return kernel.Struct(top - kernel.kind("struct pt_regs").sizeof, "struct pt_regs")


def backtrace(task, depth=12):
    """The functions in which a sleeping task is, innermost first, by its frame pointers."""
    frame = kernel.Struct(task["thread.sp"], "struct inactive_task_frame")
    found, rbp = [frame["ret_addr"]], frame["bp"]
    while task["stack"] <= rbp < task["stack"] + THREAD_SIZE - 16 and len(found) < depth:
        found.append(kernel.word(rbp + 8))
        rbp = kernel.word(rbp)
    return [where for where in found if where]


def function_at(address_):
    """The name of the function at an address, with the distance from its start."""
    said = gdb.execute(f"info symbol {address_:#x}", to_string=True)
    return said.split(" in section")[0].strip() if "No symbol" not in said else f"{address_:#x}"


def waits_in(task):
    """The first function of a sleeping task's stack that is not the scheduler's own."""
    skip = ("__schedule", "schedule", "schedule_timeout")
    for address_ in backtrace(task):
        said = function_at(address_).split(" ")[0]
        if said not in skip:
            return said
    return "?"


class Ps(Command):
    """pg ps: the tasks. `*` marks those that a CPU runs now; kernel threads stand in brackets.

    WAITS IN is the kernel function in which a sleeping task waits."""

    NAME = "ps"

    def show(self, argv):
        at_most(argv, 0, "pg ps")
        print("    PID   TGID   PPID S CPU   RSS KiB  task                COMMAND           WAITS IN")
        for task in every():
            self.row(task)

    @staticmethod
    def row(task):
        """Prints a task."""
        comm, mm = task.text("comm"), mm_of(task)
        comm = f"[{comm}]" if is_kernel_thread(task) else comm
        where = waits_in(task) if not task["on_cpu"] and state(task) in "SDTt" else ""
        print(
            f"{'*' if task['on_cpu'] else ' '}{task['pid']:6} {task['tgid']:6} "
            f"{kernel.word(task['real_parent'] + kernel.layout(TASK, 'tgid')[0], 4):6} {state(task)} {task['cpu']:3} "
            f"{mm['rss.counter'] * 4 if mm else '-':>9}  {task.address:#x}  {comm:17} {where}".rstrip()
        )


class Task(Command):
    """pg task [PID]: one task: ids, family, state, signals, what it does in the kernel, where its program is."""

    NAME = "task"

    def show(self, argv):
        at_most(argv, 1, "pg task [PID]")
        task = chosen(argv[0] if argv else None)
        parent = task.go("real_parent", TASK)
        print(f"{name(task)}: {TASK} {task.address:#x}")
        print(f"  process     {task['tgid']}, parent {name(parent)}")
        print(f"  state       {self.state(task)}")
        print(f"  flags       {words.flags(task['flags'], source.constants(words.SCHED, 'PF_'))}")
        for row in self.parts(task):
            print("  " + row)
        if not is_kernel_thread(task):
            for row in self.user(task):
                print("  " + row)
        if not task["on_cpu"]:
            print("  kernel stack, innermost first")
            for where in backtrace(task):
                print(f"    {where:#x} {function_at(where)}")

    @staticmethod
    def state(task):
        """State in words."""
        letter = state(task)
        said = {"R": "runnable", "S": "sleeps, a signal wakes it", "D": "sleeps, no signal wakes it", "T": "stopped",
                "t": "stopped by a tracer", "Z": "zombie: its parent has not waited", "X": "dead"}[letter]  # fmt: skip
        if task["on_cpu"]:
            said = f"runs on CPU {task['cpu']}"
        elif letter == "R" and task["se.on_rq"]:
            said += f", in the queue of CPU {task['cpu']}"
        return f"{letter}: {said}"

    @staticmethod
    def parts(task):
        """What it consists of."""
        mm, borrowed = mm_of(task), task["active_mm"]
        if mm:
            yield f"memory      mm {mm.address:#x}, {mm['rss.counter'] * 4} KiB resident; `pg mm {task['pid']}`"
        else:
            yield f"memory      none of its own, borrows mm {borrowed:#x}"
        yield f"faults      {task['min_flt']} without and {task['maj_flt']} with waiting"
        files = task.go("files", "struct files_struct")
        if files:
            yield f"files       {files.address:#x}, used by {files['count.counter']}; `pg files {task['pid']}`"
        yield f"signals     pending {Task.signals(task['pending.signal.sig.0'])}, for the process " + Task.signals(
            task.go("signal", "struct signal_struct")["shared_pending.signal.sig.0"]
        ) + f", blocked {Task.signals(task['blocked.sig.0'])}"
        yield f"CPU time    {task['utime'] / 1e6:.1f} ms user, {task['stime'] / 1e6:.1f} ms system, " + words.many(
            task["nvcsw"], "sleep"
        ) + f", {task['nivcsw']} times preempted"
        if kernel.has_field(TASK, "nr_held_locks") and task["nr_held_locks"]:
            held = [task[f"held_locks.{i}.lock"] for i in range(min(task["nr_held_locks"], 16))]
            yield "holds       " + ", ".join(f"{lock:#x}" for lock in held)

    @staticmethod
    def signals(mask):
        """Numbers of a set of signals."""
        numbers = [str(n + 1) for n in range(64) if mask >> n & 1]
        missing = [str(n + 1) for n in range(64) if not mask >> n & 1]
        return "all but " + " ".join(missing) if len(numbers) > 32 else " ".join(numbers) or "none"

    @staticmethod
    def user(task):
        """Where the program is, and the call that it is in."""
        regs = user_regs(task)
        number_ = regs["orig_ax"]
        here = task == current() and int(gdb.parse_and_eval("$cs")) & 3 == 0
        in_kernel = here or not task["on_cpu"]
        if in_kernel and number_ in source.syscalls():
            call, args = source.syscalls()[number_]
            fields = ("di", "si", "dx", "r10", "r8", "r9")
            said = ", ".join(f"{arg} {regs[field]:#x}" for arg, field in zip(args, fields))
            yield f"in          {call}({said})"
        yield f"program     rip {regs['ip']:#x}, rsp {regs['sp']:#x} at its last entry to the kernel"
