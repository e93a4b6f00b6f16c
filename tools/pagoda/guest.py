# SPDX-License-Identifier: MIT
"""Runs Linux programs in a guest: packs them into an initramfs, boots, reads output and statuses back.

The guest's side is tools/guest/init.c, which also describes the job list and the marker lines. What a program writes
comes over the serial port byte for byte; a random word in the markers keeps a program from being taken for one.
"""

import os
import re
import secrets
import subprocess
import tempfile
import time
from dataclasses import dataclass

from . import BUILD, ROOT, Problem, cpio, elf, kernel_path, packages, qemu

DEVICES = [("console", 5, 1, 0o600), ("tty", 5, 0, 0o666), ("ttyS0", 4, 64, 0o660), ("null", 1, 3, 0o666)]
DEVICES += [("zero", 1, 5, 0o666), ("full", 1, 7, 0o666), ("random", 1, 8, 0o666), ("urandom", 1, 9, 0o666)]
DEVICES += [("kmsg", 1, 11, 0o644)]

# The start of a line with which both kernels announce a panic; Linux may put the time before it.
PANIC = re.compile(rb"(?:^|[\r\n])(?:\[ *[0-9.]*\] )?Kernel panic")
HOLD = 96


@dataclass
class Job:
    """One program to run: its arguments as the guest sees them, a limit in seconds (0: none), its standard input."""

    argv: list
    limit: int = 0
    stdin: str = "/dev/null"


@dataclass
class End:
    """How a job ended: `how` is exit, signal, timeout or error (fork failed); what it left in use; its time."""

    how: str
    number: int
    lost_kib: int = 0
    lost_objects: int = 0
    seconds: float = 0.0
    tainted: int = 0  # what went wrong in the kernel: new bits of /proc/sys/kernel/tainted

    @property
    def status(self):
        """The status as a shell would give it."""
        return {"exit": self.number, "signal": 128 + self.number, "timeout": 124}.get(self.how, 126)


def init_path():
    """Our PID 1 for guests, compiled when it is not there or older than its source."""
    source, target = ROOT / "tools/guest/init.c", BUILD / "guest/init"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        result = subprocess.run(["make", "-s", "-C", ROOT, "build/guest/init"], capture_output=True, check=False)
        if result.returncode:
            raise Problem(f"cannot build build/guest/init: {result.stderr.decode(errors='replace').strip()[-300:]}")
    return target


def new_root(base=None):
    """An initramfs with device nodes and the directories that programs expect, over the archive `base` if given."""
    if base:
        with open(base, "rb") as file:
            root = cpio.read(file.read())
    else:
        root = cpio.Archive()
    for path in ("dev", "proc", "sys", "tmp", "root", "etc", "bin", "sbin", "usr/bin", "usr/sbin", "lib", "lib64", "var"):
        if not root.has(path):
            root.dir(path, 0o1777 if path == "tmp" else 0o755)
    for name, major, minor, mode in DEVICES:
        root.device(f"dev/{name}", major, minor, mode)
    for name in ("passwd", "group", "hosts"):
        if not root.has(f"etc/{name}"):
            root.copy(f"etc/{name}", ROOT / "tools/rootfs/etc" / name)
    return root


def add_program(root, source, path=None, roots=("",)):
    """Adds a program of the host, at its own path or at `path`, with all that it needs. Returns its guest path."""
    source = os.path.abspath(source)
    path = path or source
    for guest, host in elf.needs(source, roots).items():
        if not root.has(guest):
            root.copy(guest, os.path.realpath(host))
    root.copy(path, os.path.realpath(source))
    return "/" + path.strip("/")


def add_file(root, source, path):
    """Adds a file or directory of the host; a program among them brings what it needs."""
    if not os.path.exists(source):
        raise Problem(f"--file {source}: no such file")
    root.copy(path, source if os.path.isdir(source) else os.path.realpath(source))
    if os.path.isfile(source) and os.access(source, os.X_OK):
        for guest, host in elf.needs(source).items():
            if not root.has(guest):
                root.copy(guest, os.path.realpath(host))


class Session:
    """One boot that runs a list of jobs. `on_output(index, bytes)` gets what each writes, as it comes."""

    def __init__(self, root, jobs, on_output, log=None):
        self.nonce = "pagoda-" + secrets.token_hex(6)
        self.jobs = jobs
        self.on_output = on_output
        self.log = log
        self.ends = {}
        self.current = None
        self.panic = None
        self.before = b""
        self.note = ""
        self._started = 0.0
        self._buffer = b""
        words = [self.nonce]
        for job in jobs:
            words += [str(job.limit), job.stdin, str(len(job.argv)), *job.argv]
        root.file(".jobs", b"".join(os.fsencode(word) + b"\0" for word in words))
        root.copy("init", init_path())
        self.root = root

    def run(self, machine, limit):
        """Boots the machine with our initramfs. Returns "done", "panic", "timeout" or "died"."""
        with tempfile.NamedTemporaryFile(prefix="pagoda-", suffix=".cpio") as archive:
            archive.write(self.root.to_bytes())
            archive.flush()
            machine.initrd = archive.name
            with qemu.Process(machine, limit) as process:
                return self._follow(process)

    def _follow(self, process):
        while len(self.ends) < len(self.jobs):
            data = process.read()
            if not data:
                break
            self._take(data)
        if len(self.ends) == len(self.jobs):
            self._drain(process, 5)
        elif process.late:
            self._flush()
            return "panic" if self.panic is not None else "timeout"
        status = process.wait(10 if process.eof else 0)
        self._flush()
        if status == qemu.PANIC_STATUS or self.panic is not None:
            return "panic"
        if len(self.ends) == len(self.jobs):
            if status is None:
                self.note = "the guest did not power off after the program"
            return "done"
        self.note = process.complaint() or f"QEMU ended with status {status} before the program did"
        return "died"

    def _drain(self, process, seconds):
        until = time.monotonic() + seconds
        while not process.eof and time.monotonic() < until and not process.late:
            self._take(process.read(0.5))

    def _take(self, data):
        if self.log:
            self.log.write(data)
        self._buffer += data
        while self._step():
            pass

    def _step(self):
        """Handles the next complete thing in the buffer; False when more bytes are needed."""
        mark = self._buffer.find(b"\x1e" + self.nonce.encode() + b" ")
        panic = PANIC.search(self._buffer)
        if panic and (mark < 0 or panic.start() < mark) and self.panic is None:
            self._output(self._buffer[: panic.start()])
            self._buffer = self._buffer[panic.start() :]
            self.panic = b""
        if mark < 0 or self.panic is not None:
            keep = 0 if self.panic is not None else self._held()
            self._output(self._buffer[: len(self._buffer) - keep])
            self._buffer = self._buffer[len(self._buffer) - keep :]
            return False
        end = self._buffer.find(b"\n", mark)
        if end < 0:
            return False
        self._output(self._buffer[:mark])
        words = self._buffer[mark:end].decode(errors="replace").split()
        self._buffer = self._buffer[end + 1 :]
        if words[1] == "start":
            self.current = int(words[2])
            self._started = time.monotonic()
        elif words[1] == "end" and len(words) == 10:
            free, objects, free_after, objects_after, tainted = map(int, words[5:])
            lost = (free - free_after, objects_after - objects)
            seconds = time.monotonic() - self._started
            self.ends[int(words[2])] = End(words[3], int(words[4]), *lost, seconds, tainted)
            self.current = None
        else:
            self.note = " ".join(words[1:])
        return True

    def _held(self):
        """How many bytes at the end might be the start of a marker or of a panic line."""
        tail = self._buffer[-HOLD:]
        at = tail.rfind(b"\x1e")
        if at >= 0 and (b"\x1e" + self.nonce.encode() + b" ").startswith(tail[at:]):
            return len(tail) - at
        at = max(tail.rfind(b"\n"), tail.rfind(b"\r"))
        line = tail[at + 1 :]
        if (at >= 0 or self.current is None or len(tail) < HOLD) and re.fullmatch(
            rb"(\[[ 0-9.]*(\] ?)?)?(K|Ke|Ker|Kern|Kerne|Kernel|Kernel |Kernel p|Kernel pa|Kernel pan|Kernel pani)?", line
        ):
            return len(line) + (1 if at >= 0 else 0) if line else 0
        return 0

    def _output(self, data):
        if not data:
            return
        if self.panic is not None:
            self.panic += data
        elif self.current is None:
            self.before += data
        else:
            self.on_output(self.current, data)

    def _flush(self):
        data, self._buffer = self._buffer, b""
        self._output(data)


def machine_for(linux, checked=False, kernel="pagoda.elf", append="", loglevel=1, **options):
    """The machine with Debian's Linux or with our kernel, quiet, its console on the serial port."""
    words = f"console=ttyS0 quiet loglevel={loglevel} "
    if linux:
        image = packages.linux()
        words += qemu.LINUX_WORDS
    else:
        image = kernel_path(kernel, checked)
        words += "panic=-1"
    return qemu.Machine(kernel=os.fspath(image), append=f"{words} {append}".strip(), **options)
