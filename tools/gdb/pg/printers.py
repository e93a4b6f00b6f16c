# SPDX-License-Identifier: MIT
"""Pretty-printers: `print` says what an entry, a list or a structure is, and the functions $pg_current() and its kin."""

import gdb
import gdb.printing

from . import kernel, mm, source, tasks, words


def as_number(value):
    """The first field of a structure of one number."""
    return int(value[value.type.strip_typedefs().fields()[0].name]) & (2**64 - 1)


class Said:
    """A value that is shown by a sentence."""

    def __init__(self, value, say):
        self.value, self.say = value, say

    def to_string(self):
        """Called by GDB."""
        try:
            return self.say(self.value)
        except (gdb.error, gdb.GdbError) as error:
            return f"<cannot be read: {error}>"


class Fields(Said):
    """The same, and its fields below."""

    def children(self):
        """Called by GDB."""
        for field in self.value.type.strip_typedefs().fields():
            if field.name:
                yield field.name, self.value[field.name]


def pointer(value, say):
    """A pointer and what is behind it."""
    address = int(value)
    return f"{address:#x}" + (f" <{say(value.dereference())}>" if address else "")


def entry(say):
    """A printer of a page-table entry."""
    return lambda value: f"{as_number(value):#x} <{say(as_number(value))}>"


def say_list(value):
    """A list head or node."""
    if not value.address or int(value["next"]) == 0:
        return "not set up"
    if int(value["next"]) == int(value.address):
        return "empty list"
    return f"list of {sum(1 for _ in kernel.nodes(int(value.address)))}, or a node of one; next {int(value['next']):#x}"


def say_tree(value):
    """The root of a red-black tree."""

    def count(node):
        return 1 + count(node["rb_left"].dereference()) + count(node["rb_right"].dereference()) if node.address else 0

    root = value["rb_node"]
    return f"tree of {count(root.dereference())}, root {int(root):#x}" if int(root) else "empty tree"


def say_task(value):
    """A task_struct."""
    return f"task {tasks.name(kernel.Struct(value.address, tasks.TASK))}"


def say_mm(value):
    """An mm_struct."""
    space = kernel.Struct(value.address, mm.MM)
    if space.address == kernel.address("init_mm"):
        return "mm of the kernel"
    return f"mm of {mm.label(space, mm.owners())}, {space['map_count']} areas"


def say_vma(value):
    """A vm_area_struct."""
    vma = kernel.Struct(value.address, mm.VMA)
    return (
        "area " + mm.area_line(vma.go("vm_mm", mm.MM), vma).replace(f"{vma.address:#x}", "").replace("  ", " ").rstrip()
    )


def say_page(value):
    """A struct page."""
    from . import frames  # pylint: disable=import-outside-toplevel; frames needs what needs this

    one = kernel.Struct(value.address, frames.PAGE)
    flags = words.page_flags(one["flags"])
    return f"frame {frames.pfn_of_page(one.address):#x}, {one['_refcount.counter']} references, flags {flags}"


STRUCTS = {
    "task_struct": say_task,
    "mm_struct": say_mm,
    "vm_area_struct": say_vma,
    "page": say_page,
}
ENTRIES = {"pte_t": words.pte, "pmd_t": words.upper, "pud_t": words.upper, "pgd_t": words.upper, "pgprot_t": words.pte}


def named(header, prefix):
    """A printer of flags whose names stand in a header."""
    return lambda value: f"{int(value):#x} <{words.flags(int(value), source.constants(header, prefix))}>"


WORDS = {
    "gfp_t": named("include/pagoda/gfp.h", "__GFP_"),
    "vm_fault_t": named(words.MM_TYPES, "VM_FAULT_"),
    "vm_flags_t": lambda value: f"{int(value):#x} <{words.vm_flags(int(value))}>",
    "atomic_t": lambda value: str(int(value["counter"])),
    "atomic64_t": lambda value: str(int(value["counter"])),
    "refcount_t": lambda value: str(as_number(value) - 2**64 if as_number(value) >> 63 else as_number(value)),
}


class Printers(gdb.printing.PrettyPrinter):
    """Chooses by type: typedefs by their own names, structures and pointers to them by their tags."""

    def __init__(self):
        super().__init__("pagoda")

    def __call__(self, value):
        kind = value.type.unqualified()
        if kind.name in ENTRIES:
            return Said(value, entry(ENTRIES[kind.name]))
        if kind.name in WORDS:
            return Said(value, WORDS[kind.name])
        kind = kind.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_PTR:
            target = kind.target().unqualified().strip_typedefs()
            if target.code == gdb.TYPE_CODE_STRUCT and target.tag in STRUCTS:
                return Said(value, lambda pointed: pointer(pointed, STRUCTS[target.tag]))
            return None
        if kind.code != gdb.TYPE_CODE_STRUCT:
            return None
        if kind.tag in STRUCTS and value.address is not None:
            return Fields(value, STRUCTS[kind.tag])
        if kind.tag in ("list_head", "rb_root"):
            return Said(value, say_list if kind.tag == "list_head" else say_tree)
        return None


# ---- functions ------------------------------------------------------------------------------------------------------


def as_pointer(address, name):
    """A pointer to a structure."""
    return gdb.Value(address).cast(kernel.kind(name).pointer())


class Current(gdb.Function):
    """$pg_current(): the task that the CPU of the selected thread runs."""

    def __init__(self):
        super().__init__("pg_current")

    def invoke(self):  # pylint: disable=arguments-differ
        """Called by GDB."""
        return as_pointer(tasks.current().address, tasks.TASK)


class TaskByPid(gdb.Function):
    """$pg_task(pid): the task with this id."""

    def __init__(self):
        super().__init__("pg_task")

    def invoke(self, pid):  # pylint: disable=arguments-differ
        """Called by GDB."""
        return as_pointer(tasks.find(int(pid)).address, tasks.TASK)


class MmByPid(gdb.Function):
    """$pg_mm(pid): the address space of the task with this id."""

    def __init__(self):
        super().__init__("pg_mm")

    def invoke(self, pid):  # pylint: disable=arguments-differ
        """Called by GDB."""
        return as_pointer(mm.of(tasks.find(int(pid))).address, mm.MM)


class PageOf(gdb.Function):
    """$pg_page(x): the struct page of a frame number or of an address that is mapped."""

    def __init__(self):
        super().__init__("pg_page")

    def invoke(self, what):  # pylint: disable=arguments-differ
        """Called by GDB."""
        from . import frames  # pylint: disable=import-outside-toplevel

        return as_pointer(frames.page(frames.pfn_argument(str(int(what)))).address, frames.PAGE)


class PerCpu(gdb.Function):
    """$pg_per_cpu("runqueues", cpu): a pointer to a CPU's own copy of a variable."""

    def __init__(self):
        super().__init__("pg_per_cpu")

    def invoke(self, name, cpu):  # pylint: disable=arguments-differ
        """Called by GDB."""
        name = name.string()
        return gdb.Value(kernel.per_cpu(name, int(cpu))).cast(kernel.kind_of(name).pointer())


def register():
    """Makes GDB know them."""
    gdb.printing.register_pretty_printer(None, Printers(), replace=True)
    for function in (Current, TaskByPid, MmByPid, PageOf, PerCpu):
        function()
