# SPDX-License-Identifier: MIT
"""Which files a Linux program needs: its loader, its libraries, or the interpreter of a script."""

import glob
import os
import struct

from . import Problem

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
I386_ROOT = "/usr/i686-linux-gnu"  # where Debian keeps the loader and libraries of its cross compiler
MACHINES = {3: "i386", 62: "x86-64", 40: "ARM", 183: "AArch64", 243: "RISC-V"}


class Elf:
    """The few facts of an ELF file that its loader looks at."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.path = os.fspath(path)
        self.interp = None
        self.needed = []
        self.runpath = []
        self.ok = self.data[:4] == b"\x7fELF" and len(self.data) >= 64
        if self.ok:
            self.machine = struct.unpack_from("<H", self.data, 18)[0]
            self.is64 = self.data[4] == 2
            self._segments()

    def _segments(self):
        if self.is64:
            offset, = struct.unpack_from("<Q", self.data, 32)
            size, count = struct.unpack_from("<HH", self.data, 54)
        else:
            offset, = struct.unpack_from("<I", self.data, 28)
            size, count = struct.unpack_from("<HH", self.data, 42)
        self.loads = []
        dynamic = None
        for i in range(count):
            at = offset + i * size
            if self.is64:
                kind, _, start, addr, _, length = struct.unpack_from("<IIQQQQ", self.data, at)
            else:
                kind, start, addr, _, length = struct.unpack_from("<IIIII", self.data, at)
            if kind == PT_LOAD:
                self.loads.append((addr, start, length))
            elif kind == PT_DYNAMIC:
                dynamic = (start, length)
            elif kind == PT_INTERP:
                self.interp = self.data[start : start + length].split(b"\0")[0].decode()
        if dynamic:
            self._dynamic(*dynamic)

    def _dynamic(self, start, length):
        form = "<qQ" if self.is64 else "<iI"
        step = struct.calcsize(form)
        tags = [struct.unpack_from(form, self.data, at) for at in range(start, start + length, step)]
        table = next((value for tag, value in tags if tag == DT_STRTAB), None)
        if table is None:
            return
        base = next((off + table - addr for addr, off, size in self.loads if addr <= table < addr + size), None)
        if base is None:
            return

        def text(at):
            return self.data[base + at : self.data.index(b"\0", base + at)].decode()

        for tag, value in tags:
            if tag == 0:
                break
            if tag == DT_NEEDED:
                self.needed.append(text(value))
            elif tag in (DT_RPATH, DT_RUNPATH):
                origin = os.path.dirname(os.path.abspath(self.path))
                for part in text(value).split(":"):
                    part = part.replace("$ORIGIN", origin).replace("${ORIGIN}", origin)
                    self.runpath.append(part)


def _conf_dirs(path="/etc/ld.so.conf"):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    dirs = []
    for line in lines:
        line = line.split("#")[0].strip()
        if line.startswith("include "):
            for name in sorted(glob.glob(os.path.join("/etc", line[8:].strip()))):
                dirs += _conf_dirs(name)
        elif line:
            dirs.append(line)
    return dirs


def library_dirs(is64=True):
    """Where the loader looks, in its order."""
    if is64:
        fixed = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    else:
        fixed = ["/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib32", "/usr/lib32", "/lib", "/usr/lib"]
    dirs = _conf_dirs() + fixed
    return list(dict.fromkeys(dirs))


def _find_library(name, elf, inherited, roots):
    if "/" in name:
        return (name, name) if os.path.exists(name) else None
    for folder in elf.runpath + inherited + library_dirs(elf.is64):
        for root in roots:
            path = root + os.path.join(folder, name)
            if not os.path.exists(path):
                continue
            other = Elf(path)
            if other.ok and other.machine == elf.machine and other.is64 == elf.is64:
                return os.path.join(folder, name), path
    return None


def needs(path, roots=("",)):
    """The files beside itself that a program needs, as {guest path: host path}.

    `roots` are directories that hold a tree each (an unpacked Debian package); the empty one is the host itself.
    A script brings its interpreter and that one's needs. Raises Problem for a program of another machine and for
    a library that is not there.
    """
    files = {}
    with open(path, "rb") as file:
        start = file.read(256)
    if start[:2] == b"#!":
        words = start[2:].split(b"\n")[0].split()
        if not words:
            raise Problem(f"{path}: the #! line names no interpreter")
        interp = words[0].decode()
        host = next((root + interp for root in roots if os.path.exists(root + interp)), None)
        if host is None:
            raise Problem(f"{path}: its interpreter {interp} is not on this machine")
        files[interp] = host
        files.update(needs(host, roots))
        return files
    elf = Elf(path)
    if not elf.ok:
        return files
    if elf.machine not in (62, 3):
        kind = MACHINES.get(elf.machine, f"machine {elf.machine}")
        raise Problem(f"{path} is a program for {kind}, not for x86-64")
    if elf.machine == 3:
        roots = (*roots, I386_ROOT)
    if elf.interp:
        host = next((root + elf.interp for root in roots if os.path.exists(root + elf.interp)), None)
        if host is None:
            raise Problem(f"{path}: its loader {elf.interp} is not on this machine")
        files[elf.interp] = host
    todo = [(elf, name) for name in elf.needed]
    # musl's loader is its libc as well.
    musl = elf.interp and os.path.basename(elf.interp).startswith("ld-musl-")
    seen = {"libc.so"} if musl else set()
    while todo:
        user, name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        found = _find_library(name, user, elf.runpath, roots)
        if not found:
            if name == "libgcc_s.so.1":
                continue
            raise Problem(f"{path} needs {name}, which is not on this machine")
        guest, host = found
        files[guest] = host
        library = Elf(host)
        todo += [(library, more) for more in library.needed]
        if name == "libc.so.6":
            # glibc opens this one by itself at pthread_cancel and pthread_exit.
            todo.append((user, "libgcc_s.so.1"))
    return files
