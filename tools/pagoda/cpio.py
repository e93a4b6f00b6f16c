# SPDX-License-Identifier: MIT
"""newc cpio archives, the form of an initramfs.

An Archive maps guest paths to entries; adding a path again replaces it. Device nodes and owners are just written
into the archive, so nobody has to be root. Times and inode numbers are fixed: the same files give the same bytes.
"""

import gzip
import lzma
import os
import stat
from dataclasses import dataclass

from . import Problem

MAGIC = b"070701"
HEADER = 110


@dataclass
class Entry:
    """One file: its mode with the type bits, its content (or the target of a symlink), its device number."""

    mode: int
    data: bytes = b""
    major: int = 0
    minor: int = 0


class Archive:
    """The tree that becomes the guest's root."""

    def __init__(self):
        self.entries = {}

    def _add(self, path, entry):
        path = os.path.normpath(path).strip("/")
        parent = os.path.dirname(path)
        if parent and self.resolve(parent) not in self.entries:
            self.dir(parent)
        if parent:
            path = self.resolve(parent) + "/" + os.path.basename(path)
        old = self.entries.get(path)
        if old and stat.S_ISDIR(old.mode) and stat.S_ISLNK(entry.mode):
            raise Problem(f"/{path} is a directory in the initramfs, so it cannot become a symlink")
        self.entries[path] = entry

    def resolve(self, path):
        """The path with the symlinks in it followed, as far as this archive knows them."""
        done = []
        todo = os.path.normpath(path).strip("/").split("/")
        for _ in range(1000):
            if not todo:
                break
            part = todo.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            entry = self.entries.get("/".join(done + [part]))
            if entry and stat.S_ISLNK(entry.mode):
                target = entry.data.decode()
                if target.startswith("/"):
                    done = []
                todo = target.split("/") + todo
            else:
                done.append(part)
        return "/".join(done)

    def has(self, path):
        """Whether the path, with symlinks followed, is in the archive."""
        return self.resolve(path) in self.entries

    def dir(self, path, mode=0o755):
        """Adds a directory and those above it."""
        self._add(path, Entry(stat.S_IFDIR | mode))

    def file(self, path, data, mode=0o644):
        """Adds a regular file with this content."""
        self._add(path, Entry(stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode()))

    def symlink(self, path, target):
        """Adds a symlink."""
        self._add(path, Entry(stat.S_IFLNK | 0o777, target.encode()))

    def device(self, path, major, minor, mode=0o666):
        """Adds a character device node."""
        self._add(path, Entry(stat.S_IFCHR | mode, b"", major, minor))

    def copy(self, path, source):
        """Adds a file, symlink or whole directory of the host."""
        source = os.fspath(source)
        info = os.lstat(source)
        if stat.S_ISLNK(info.st_mode):
            self.symlink(path, os.readlink(source))
        elif stat.S_ISDIR(info.st_mode):
            if not self.has(path):
                self.dir(path, stat.S_IMODE(info.st_mode))
            for name in sorted(os.listdir(source)):
                self.copy(f"{path}/{name}", f"{source}/{name}")
        elif stat.S_ISREG(info.st_mode):
            with open(source, "rb") as file:
                self.file(path, file.read(), stat.S_IMODE(info.st_mode))

    def to_bytes(self):
        """The archive in newc form."""
        out = bytearray()
        for number, path in enumerate(sorted(self.entries), 1):
            out += _record(number, path, self.entries[path])
        out += _record(0, "TRAILER!!!", Entry(0))
        out += bytes(-len(out) % 512)
        return bytes(out)


def _record(number, path, entry):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, entry.major, entry.minor, len(name), 0)
    record = MAGIC + b"".join(b"%08X" % field for field in fields) + name
    record += bytes(-len(record) % 4) + entry.data
    return record + bytes(-len(record) % 4)


def read(data):
    """The Archive in these bytes: one or several newc archives after another, plain, gzip or xz."""
    archive = Archive()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    elif data[:6] == b"\xfd7zXZ\0":
        data = lzma.decompress(data)
    if data[:6] != MAGIC:
        raise Problem("the initramfs is not a newc cpio archive (plain, gzip or xz)")
    at = 0
    while at + HEADER <= len(data):
        if data[at : at + 6] != MAGIC:
            at += 4
            continue
        field = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name_end = at + HEADER + field[11]
        name = data[at + HEADER : name_end - 1].decode(errors="surrogateescape")
        start = name_end + -name_end % 4
        end = start + field[6]
        if end > len(data):
            raise Problem("the initramfs ends in the middle of a file")
        if name not in ("TRAILER!!!", ".", "/"):
            entry = Entry(field[1], data[start:end], field[9], field[10])
            archive.entries[os.path.normpath(name).strip("/")] = entry
        at = end + -end % 4
    return archive
