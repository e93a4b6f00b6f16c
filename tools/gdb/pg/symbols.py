# SPDX-License-Identifier: MIT
"""Programs: their symbols, breakpoints that stop in them only, and how to get to their first instruction.

`pg user-symbols`, `pg break`, `pg program`.
"""

import pathlib
import struct

import gdb

from . import kernel, mm, source, tables, tasks, words
from .command import Command, at_most

PT_LOAD = 1
LOADED = {}  # {(file, bias)} that GDB knows
PROGRAM = {"path": None, "at-exec": None}  # what `make gdb PROG=` runs, and the breakpoint that loads its symbols


def user_memory(space, address, length):
    """Bytes of a program's memory, or None where a page is not there."""
    data = b""
    while len(data) < length:
        here = address + len(data)
        physical = tables.translate(space, here)
        if physical is None:
            return None
        data += kernel.memory(tables.direct(physical), min(length - len(data), 4096 - here % 4096))
    return data


def segments(path):
    """[(virtual address, file offset)] of the loadable parts of an ELF file, or None."""
    with open(path, "rb") as file:
        data = file.read(1 << 16)
    if data[:5] != b"\x7fELF\2":
        return None
    (start,), (size, count) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<HH", data, 54)
    rows = [struct.unpack_from("<IIQQ", data, start + i * size) for i in range(count)]
    return [(address, offset) for kind, _, offset, address in rows if kind == PT_LOAD]


def host_files(path):
    """Where the host may have a file of the guest."""
    build = source.ROOT / "build"
    yield pathlib.Path(path)
    name = pathlib.PurePath(path).name
    for folder in ("user", "tests/gdb", "tests/abi", "tests/programs", "guest"):
        yield build / folder / name


def host_file(path, space, start):
    """The host's copy of a mapped file whose beginning is the same as in the guest's memory; None when there is none."""
    seen = user_memory(space, start, 64)
    for candidate in host_files(path):
        if candidate.is_file() and segments(candidate):
            with open(candidate, "rb") as file:
                if seen is None or file.read(64) == seen:
                    return candidate
    return None


def mapped_files(space):
    """(path, start of the part from offset 0) of each file that the program runs code from."""
    starts, code = {}, set()
    for vma in mm.areas(space):
        if vma["vm_file"]:
            path = mm.area_name(space, vma)
            if vma["vm_pgoff"] == 0:
                starts.setdefault(path, vma["vm_start"])
            if vma["vm_flags"] & words.vm_bit("EXEC"):
                code.add(path)
    return [(path, start) for path, start in starts.items() if path in code]


def load(task):
    """Loads the symbols of a process's program and libraries; returns lines that say what was found."""
    space, said = mm.of(task), []
    for path, start in mapped_files(space):
        file = host_file(path, space, start)
        if file is None:
            said.append(f"{path}: this machine has no such file with the same beginning")
            continue
        address, offset = segments(file)[0]
        bias = start - (address - offset & ~0xFFF)
        if (file, bias) not in LOADED:
            gdb.execute(f"add-symbol-file {file} -o {bias:#x}", to_string=True)
            LOADED[file, bias] = True
        said.append(f"{path}: symbols of {file}" + (f", moved by {bias:#x}" if bias else ""))
    return said


def arm(path):
    """Symbols at each exec of this program. New symbols give all breakpoints new places, so it is made anew after them."""
    if PROGRAM["at-exec"] and PROGRAM["at-exec"].is_valid():
        PROGRAM["at-exec"].delete()
    PROGRAM["path"], PROGRAM["at-exec"] = path, ExecBreakpoint(path, True)


def unload():
    """Forgets all programs."""
    for file, _ in LOADED:
        gdb.execute(f"remove-symbol-file {file}", to_string=True)
    LOADED.clear()


def runs(task, path):
    """Whether a task runs this program."""
    space = tasks.mm_of(task)
    return bool(space and space["exe_file"] and mm.path(space.go("exe_file", "struct file")) == path)


class ProgramBreakpoint(gdb.Breakpoint):
    """Stops only where the CPU runs this program: addresses of programs mean nothing without."""

    def __init__(self, where, path):
        super().__init__(where)
        self.path = path

    def stop(self):
        """Called by GDB."""
        return runs(tasks.current(), self.path)


class ExecBreakpoint(gdb.Breakpoint):
    """The end of exec: the new program is mapped and the task goes to its first instruction."""

    def __init__(self, path, go_on):
        super().__init__("start_thread", internal=True)
        self.path, self.silent = path, True
        if go_on:
            self.commands = "silent\npg user-symbols\ncontinue"

    def stop(self):
        """Called by GDB."""
        return runs(tasks.current(), self.path)


class UserSymbols(Command):
    """pg user-symbols [PID|at-exec PATH|off]: loads the symbols of a process's program and libraries, of the current one's
    without PID. `at-exec` does it by itself when a process executes PATH (as `make gdb PROG=` does); `off` forgets all.
    """

    NAME = "user-symbols"
    NEEDS_TASKS = False

    def show(self, argv):
        at_most(argv, 2, "pg user-symbols [PID|at-exec PATH|off]")
        if argv[:1] == ["off"]:
            unload()
        elif argv[:1] == ["at-exec"] and len(argv) == 2:
            arm(argv[1])
        else:
            for line in load(tasks.chosen(argv[0] if argv else None)):
                print(line)
            if PROGRAM["path"]:
                arm(PROGRAM["path"])


class Break(Command):
    """pg break WHERE [PID]: a breakpoint in the program of `make gdb PROG=`, or in the one that a process runs. It stops in
    that program only, while `break` stops at its address in every address space. It may come before the program is loaded.
    """

    NAME = "break"
    NEEDS_TASKS = False

    def show(self, argv):
        at_most(argv, 2, "pg break WHERE [PID]")
        if not argv:
            raise gdb.GdbError("where? pg break WHERE [PID]")
        path = PROGRAM["path"]
        if len(argv) == 2 or path is None:
            task = tasks.chosen(argv[1] if len(argv) == 2 else None)
            path = mm.path(mm.of(task).go("exe_file", "struct file"))
        ProgramBreakpoint(argv[0], path)


class Program(Command):
    """pg program: goes on until the program of `make gdb PROG=` is loaded, and stops at its first instruction."""

    NAME = "program"
    NEEDS_TASKS = False

    def show(self, argv):
        at_most(argv, 0, "pg program")
        if PROGRAM["path"] is None:
            raise gdb.GdbError("which program? `make gdb PROG=path`, or `pg user-symbols at-exec PATH`")
        path = PROGRAM["path"]
        if PROGRAM["at-exec"]:
            PROGRAM["at-exec"].delete()  # its commands would go on
        here = ExecBreakpoint(path, False)
        try:
            gdb.execute("continue", to_string=True)
            if not runs(tasks.current(), path):
                raise gdb.GdbError(f"stopped before {path} was there")
            here.enabled = False  # an interrupt may come before the instruction, and return to it
            self.enter()
        finally:
            here.delete()
            PROGRAM["at-exec"] = None
            arm(path)
        for line in load(tasks.current()):
            print(line)
        print(f"{tasks.name(tasks.current())} is about to run its first instruction")
        gdb.execute("frame")

    @staticmethod
    def enter():
        """From the end of exec to user mode."""
        entry = gdb.Breakpoint(f"*{int(gdb.parse_and_eval('new_ip')):#x}", internal=True, temporary=True)
        entry.silent = True
        gdb.execute("continue", to_string=True)
