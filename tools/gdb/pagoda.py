# SPDX-License-Identifier: MIT
"""pagoda.py - GDB's commands for Pagoda: `pg`, and below it one command for each structure that one wants to see.

    pg ps           the tasks: ids, state, CPU, memory
    pg vmas [PID]   the areas of an address space, as /proc/PID/maps shows them; of the current task without PID
    pg log [N]      the kernel's log, or its last N lines

`make gdb` loads this. The machine stands still while GDB reads it, so no lock is taken, and a list that a CPU was just
changing may be seen half changed. A walk that meets an address that cannot be read, or does not end, says so.
"""

import gdb

PAGE = 4096
LIMIT = 100_000  # entries of a list; more means that it is broken

TASK_STATES = ((0x1, "S"), (0x2, "D"), (0x4, "T"), (0x8, "t"), (0x80, "X"))
EXIT_STATES = ((0x20, "Z"), (0x10, "X"))
PF_KTHREAD = 0x200000
VM_READ, VM_WRITE, VM_EXEC, VM_SHARED = 1, 2, 4, 8


# ---- reading the kernel's structures ------------------------------------------------------------------------------


def var(name):
    """A global variable of the kernel. A static one is found as well."""
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if symbol is None:
        raise gdb.GdbError(f"the kernel has no variable `{name}`: are its symbols loaded?")
    return symbol.value()


def text(array):
    """A C string in an array of char or behind a pointer."""
    return array.string(errors="replace")


def entry(node, type_name, member):
    """The structure around its member, as container_of() gives it."""
    kind = gdb.lookup_type(type_name)
    offset = next(field for field in kind.fields() if field.name == member).bitpos // 8
    return at(int(node) - offset, kind)


def at(address, kind):
    """The object of this type at this address."""
    return gdb.Value(address).cast(kind.pointer()).dereference()


def list_entries(head, type_name, member):
    """The structures on a list_head list."""
    start, node = int(head.address), head["next"]
    for _ in range(LIMIT):
        if int(node) == start:
            return
        if int(node) == 0:
            raise gdb.GdbError("this list is not set up yet")
        yield entry(node, type_name, member)
        node = node["next"]
    raise gdb.GdbError("this list does not end")


def tree_entries(root, type_name, member):
    """The structures in a red-black tree, in order."""
    stack, node = [], root["rb_node"]
    for _ in range(LIMIT):
        while int(node):
            stack.append(node)
            node = node["rb_left"]
        if not stack:
            return
        node = stack.pop()
        yield entry(node, type_name, member)
        node = node["rb_right"]
    raise gdb.GdbError("this tree does not end")


def running():
    """Whether the kernel has come far enough to have tasks; before that its memory is not mapped."""
    try:
        return int(var("init_task")["tasks"]["next"]) != 0 and int(current()) != 0
    except gdb.MemoryError:
        return False


def current(cpu=None):
    """The task that a CPU runs (a pointer); of the CPU of the selected GDB thread when none is given."""
    if cpu is None:
        thread = gdb.selected_thread()
        cpu = thread.num - 1 if thread else 0
    template = var("current_task")
    return at(int(template.address) + int(var("__per_cpu_offset")[cpu]), template.type)


def processes():
    """All group leaders but the idle task."""
    return list_entries(var("init_task")["tasks"], "struct task_struct", "tasks")


def threads(leader):
    """All threads of a process."""
    return list_entries(leader["signal"]["thread_head"], "struct task_struct", "thread_node")


def state(task):
    """The letter that ps shows."""
    for bits, letters in ((int(task["exit_state"]), EXIT_STATES), (int(task["__state"]), TASK_STATES)):
        for bit, letter in letters:
            if bits & bit:
                return letter
    return "R"


def rss_kib(mm):
    """Resident memory of an address space."""
    return int(mm["rss"]["counter"]) * PAGE // 1024


def path(file):
    """The path of an open file, across the mounts that it lies below."""
    names = []
    mnt, dentry = file["f_path"]["mnt"], file["f_path"]["dentry"]
    for _ in range(256):
        if int(mnt) and int(dentry) == int(mnt["mnt_root"]) and int(mnt["mnt_parent"]) != int(mnt):
            dentry, mnt = mnt["mnt_mountpoint"], mnt["mnt_parent"]
        elif int(dentry["d_parent"]) == int(dentry):
            break
        else:
            names.append(text(dentry["d_name"]["name"]))
            dentry = dentry["d_parent"]
    return "/" + "/".join(reversed(names)) if names else text(dentry["d_name"]["name"])


# ---- the commands --------------------------------------------------------------------------------------------------


class Pg(gdb.Command):
    """Shows Pagoda's structures; `help pg` lists what there is."""

    def __init__(self):
        super().__init__("pg", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class Command(gdb.Command):
    """A command below `pg`: NAME, and show(words), which may raise gdb.GdbError."""

    NAME = ""

    def __init__(self):
        super().__init__("pg " + self.NAME, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Called by GDB."""
        if not running():
            raise gdb.GdbError("the kernel has no tasks yet: `break start_kernel`, `continue`, or go further")
        try:
            self.show(gdb.string_to_argv(argument))
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"stopped at something that cannot be read: {error}") from None

    def show(self, words):
        """Prints."""
        raise NotImplementedError


def number(words, what):
    """The one number that the command was given, or None."""
    if not words:
        return None
    try:
        return int(words[0], 0)
    except ValueError:
        raise gdb.GdbError(f"{words[0]}: {what} is a number") from None


class Ps(Command):
    """pg ps: the tasks. `*` marks those that a CPU runs now; kernel threads stand in brackets."""

    NAME = "ps"

    def show(self, words):
        print("    PID   TGID   PPID S CPU   RSS KiB  task                COMMAND")
        for leader in processes():
            for task in threads(leader):
                self.row(task)

    @staticmethod
    def row(task):
        """Prints a task."""
        kernel = int(task["flags"]) & PF_KTHREAD
        name, mm = text(task["comm"]), task["mm"]
        print(
            f"{'*' if int(task['on_cpu']) else ' '}{int(task['pid']):6} {int(task['tgid']):6} "
            f"{int(task['real_parent']['tgid']):6} {state(task)} {int(task['cpu']):3} "
            f"{rss_kib(mm) if int(mm) else '-':>9}  {int(task.address):#x}  {f'[{name}]' if kernel else name}"
        )


class Vmas(Command):
    """pg vmas [PID]: the areas of a process, in the format of /proc/PID/maps, with each vm_area_struct's address."""

    NAME = "vmas"

    def show(self, words):
        task = self.task(number(words, "PID"))
        mm = task["mm"]
        if not int(mm):
            raise gdb.GdbError(f"task {int(task['pid'])} ({text(task['comm'])}) has no address space")
        owner = f"{text(task['comm'])} ({int(task['pid'])})"
        print(f"{owner}: mm {int(mm):#x}, {int(mm['map_count'])} areas, {rss_kib(mm)} KiB resident")
        for vma in tree_entries(mm["mm_rb"], "struct vm_area_struct", "vm_rb"):
            self.row(mm, vma)

    @staticmethod
    def task(pid):
        """The task with this id, or the current one."""
        if pid is None:
            return current().dereference()
        for leader in processes():
            for task in threads(leader):
                if int(task["pid"]) == pid:
                    return task
        raise gdb.GdbError(f"there is no task {pid}")

    @staticmethod
    def row(mm, vma):
        """Prints an area."""
        start, end, flags = int(vma["vm_start"]), int(vma["vm_end"]), int(vma["vm_flags"])
        letters = "".join(c if flags & bit else "-" for c, bit in (("r", VM_READ), ("w", VM_WRITE), ("x", VM_EXEC)))
        name, offset = "", 0
        if int(vma["vm_file"]):
            name, offset = path(vma["vm_file"]), int(vma["vm_pgoff"]) * PAGE
        elif start <= int(mm["brk"]) and end >= int(mm["start_brk"]):
            name = "[heap]"
        elif start <= int(mm["start_stack"]) < end:
            name = "[stack]"
        elif int(vma["anon_name"]):
            name = f"[anon:{text(vma['anon_name']['name'])}]"
        shared = "s" if flags & VM_SHARED else "p"
        print(f"{start:012x}-{end:012x} {letters}{shared} {offset:08x} {int(vma.address):#x} {name}".rstrip())


class Log(Command):
    """pg log [N]: the kernel's log, or its last N lines; also what no console showed."""

    NAME = "log"

    def show(self, words):
        count = number(words, "N")
        lines = list(self.records())
        print("\n".join(lines[-count:] if count else lines))

    @staticmethod
    def records():
        """The lines of the ring in kernel/printk.c, oldest first."""
        ring, index = var("log_buf"), int(var("first_idx"))
        kind = gdb.lookup_type("struct log_record")
        base = int(ring.address)
        for _ in range(int(var("next_seq")) - int(var("first_seq"))):
            record = at(base + index, kind)
            if int(record["len"]) == 0:  # the ring wraps here
                index = 0
                record = at(base, kind)
            start = int(record["text"].address)
            data = gdb.selected_inferior().read_memory(start, int(record["text_len"])).tobytes()
            yield f"[{int(record['ts_ns']) / 1e9:12.6f}] {data.decode(errors='replace')}"
            index += int(record["len"])


Pg()
for command in (Ps, Vmas, Log):
    command()
