# SPDX-License-Identifier: MIT
"""Reading the kernel: its variables, structures, lists, trees, per-CPU data.

A Struct is one structure, read in one piece, so that a list of hundreds is quick over GDB's remote protocol:
`task["pid"]` is a number, `mm["rss.counter"]` the field of a field, `task.text("comm")` a string, `mm.at("mmlist")` the
address of a field, `vma.go("vm_mm", "struct mm_struct")` the structure behind a pointer.

The machine stands still while GDB reads it, so no lock is taken; what a CPU was just changing may be seen half changed.
"""

import functools
import re
import struct

import gdb

LIMIT = 1_000_000  # entries of a list; more means that it is broken


class Missing(gdb.GdbError):
    """The kernel has no such variable, type or field."""


# ---- symbols --------------------------------------------------------------------------------------------------------


@functools.lru_cache(None)
def objfile():
    """The kernel's own symbols: those of a user program may bear the same names."""
    for candidate in gdb.objfiles():
        if candidate.is_valid() and candidate.lookup_global_symbol("start_kernel"):
            return candidate
    raise Missing("the kernel's symbols are not loaded: `file build/pagoda.elf`")


@functools.lru_cache(None)
def symbol(name):
    """The symbol of a global or static variable or function, or None."""
    return objfile().lookup_global_symbol(name) or objfile().lookup_static_symbol(name)


@functools.lru_cache(None)
def address(name):
    """Where a variable or function of the kernel is."""
    found = symbol(name)
    if found is not None:
        return int(found.value().address)
    try:  # a label of the linker script or of assembly, without a type
        said = gdb.execute(f"info address {name}", to_string=True)
    except gdb.error:
        said = ""
    place = re.search(r" at (?:address )?(0x[0-9a-f]+)", said)
    if place is None:
        raise Missing(f"this kernel has no `{name}`")
    return int(place.group(1), 16)


def var(name):
    """A variable of the kernel, as a number."""
    found = symbol(name)
    if found is None:
        raise Missing(f"this kernel has no variable `{name}`")
    return int(found.value())


def has(name):
    """Whether the kernel has this variable or function."""
    return symbol(name) is not None


@functools.lru_cache(None)
def kind(name):
    """A type of the kernel by name; GDB looks through the kernel first when it stands in its code."""
    try:
        return gdb.lookup_type(name, objfile().lookup_global_symbol("start_kernel").symtab.global_block())
    except gdb.error:
        raise Missing(f"this kernel has no type `{name}`") from None


@functools.lru_cache(None)
def layout(name, path):
    """(offset, size, signed, type) of a field; `path` goes into structures by dots and into arrays by numbers."""
    here, offset = kind(name).strip_typedefs(), 0
    for part in path.split(".") if path else ():
        if here.code == gdb.TYPE_CODE_ARRAY:
            here = here.target()
            offset += int(part) * here.sizeof
        else:
            field = _field(here, part)
            if field is None:
                raise Missing(f"`{name}` has no field `{path}`")
            bits, here = field
            offset += bits // 8
        here = here.strip_typedefs()
    signed = here.code == gdb.TYPE_CODE_INT and here.is_signed
    return offset, here.sizeof, signed, here


def _field(where, name):
    """(bit position, type) of a field, also of one in an anonymous struct or union."""
    for field in where.fields():
        if field.name == name:
            return field.bitpos, field.type
        if not field.name and field.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            inner = _field(field.type.strip_typedefs(), name)
            if inner:
                return field.bitpos + inner[0], inner[1]
    return None


def has_field(name, path):
    """Whether this kernel's structure has the field: some exist in checked builds only."""
    try:
        layout(name, path)
        return True
    except Missing:
        return False


@functools.lru_cache(None)
def enum(prefix, member):
    """{name without prefix: number} of the enumeration that has this member."""
    found = gdb.lookup_symbol(member, objfile().lookup_global_symbol("start_kernel").symtab.static_block())[0]
    if found is None:
        raise Missing(f"this kernel has no `{member}`")
    return {field.name[len(prefix) :]: int(field.enumval) for field in found.type.strip_typedefs().fields()}


def forget(*_):
    """Other symbols were loaded: what was looked up may be wrong."""
    for cached in (objfile, symbol, address, kind, layout, enum):
        cached.cache_clear()


# ---- memory ---------------------------------------------------------------------------------------------------------


def memory(start, length):
    """Bytes of the kernel's memory."""
    return gdb.selected_inferior().read_memory(start & (2**64 - 1), length).tobytes()


def word(start, size=8, signed=False):
    """A number in memory."""
    return int.from_bytes(memory(start, size), "little", signed=signed)


def words_at(start, count):
    """Numbers of 8 bytes in memory."""
    return struct.unpack(f"<{count}Q", memory(start, 8 * count))


def kind_of(name):
    """The type of a variable."""
    return symbol(name).type


def string(start, limit=256):
    """A string in memory, which ends before `limit`; it is read in pieces that cross no page."""
    data = b""
    while len(data) < limit:
        piece = memory(start + len(data), min(64 - (start + len(data)) % 64, limit - len(data)))
        data += piece
        if b"\0" in piece:
            break
    return data.split(b"\0")[0].decode(errors="replace")


class Struct:
    """A structure at an address, with a copy of its bytes."""

    def __init__(self, where, name, data=None):
        self.address = int(where) & (2**64 - 1)
        self.name = name
        self.data = memory(self.address, kind(name).sizeof) if data is None else data

    def __getitem__(self, path):
        offset, size, signed, _ = layout(self.name, path)
        return int.from_bytes(self.data[offset : offset + size], "little", signed=signed)

    def __eq__(self, other):
        return isinstance(other, Struct) and other.address == self.address

    def __hash__(self):
        return self.address

    def at(self, path):
        """The address of a field."""
        return self.address + layout(self.name, path)[0]

    def text(self, path):
        """The string in an array of char, or behind a pointer."""
        offset, size, _, type_ = layout(self.name, path)
        if type_.code == gdb.TYPE_CODE_PTR:
            return string(self[path]) if self[path] else ""
        return self.data[offset : offset + size].split(b"\0")[0].decode(errors="replace")

    def go(self, path, name):
        """The structure behind a pointer, or None."""
        return Struct(self[path], name) if self[path] else None

    def sub(self, path, name):
        """A structure inside this one."""
        offset = layout(self.name, path)[0]
        return Struct(self.address + offset, name, self.data[offset : offset + kind(name).sizeof])

    def value(self):
        """The same as GDB's value."""
        return gdb.Value(self.address).cast(kind(self.name).pointer()).dereference()


def struct_var(name, type_name):
    """A variable that is a structure."""
    return Struct(address(name), type_name)


def around(node, type_name, member):
    """The structure around its member, as container_of() gives it."""
    return Struct(node - layout(type_name, member)[0], type_name)


# ---- lists and trees ------------------------------------------------------------------------------------------------


def nodes(head):
    """The addresses of the nodes of a list_head list."""
    node = word(head)
    for _ in range(LIMIT):
        if node == head:
            return
        if node == 0:
            raise gdb.GdbError(f"the list at {head:#x} is not set up, or broken")
        yield node
        node = word(node)
    raise gdb.GdbError(f"the list at {head:#x} does not end")


def entries(head, type_name, member):
    """The structures on a list_head list; `head` is its address."""
    for node in nodes(head):
        yield around(node, type_name, member)


def tree(root, type_name, member):
    """The structures in a red-black tree, in order; `root` is the address of its rb_root."""
    left = layout("struct rb_node", "rb_left")[0] + layout(type_name, member)[0]
    right = layout("struct rb_node", "rb_right")[0] + layout(type_name, member)[0]
    stack, node = [], word(root)
    for _ in range(LIMIT):
        while node:
            here = around(node, type_name, member)
            stack.append(here)
            node = int.from_bytes(here.data[left : left + 8], "little")
        if not stack:
            return
        here = stack.pop()
        yield here
        node = int.from_bytes(here.data[right : right + 8], "little")
    raise gdb.GdbError(f"the tree at {root:#x} does not end")


def xa_load(array, index):
    """The entry of an xarray, or 0."""
    height = array["xa_height"]
    node = array["xa_head"]
    if height == 0:
        return node if index == 0 else 0
    if index >> (6 * height):
        return 0
    slots = layout("struct xa_node", "slots")[0]
    for level in reversed(range(height)):
        if not node:
            return 0
        node = word(node + slots + 8 * (index >> (6 * level) & 63))
    return node


# ---- CPUs -----------------------------------------------------------------------------------------------------------


def cpus():
    """The numbers of the CPUs that run."""
    mask = struct_var("__cpu_online_mask", "struct cpumask")["bits"]
    return [cpu for cpu in range(64) if mask >> cpu & 1]


def this_cpu():
    """The CPU of GDB's thread: QEMU numbers threads from 1."""
    thread = gdb.selected_thread()
    return thread.ptid[1] - 1 if thread and thread.ptid[1] > 0 else 0


def per_cpu(name, cpu):
    """The address of a CPU's own copy of a variable."""
    return (address(name) + word(address("__per_cpu_offset") + 8 * cpu)) & (2**64 - 1)


def running():
    """Whether the kernel has come far enough to have tasks; before that its memory is not mapped."""
    try:
        return (
            word(struct_var("init_task", "struct task_struct").at("tasks")) != 0
            and word(per_cpu("current_task", 0)) != 0
        )
    except gdb.MemoryError:
        return False
