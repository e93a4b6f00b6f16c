# SPDX-License-Identifier: MIT
"""GDB on a machine that waits behind a socket; recording a run with QEMU, and GDB on the recording.

What is measured of QEMU 7.2: reverse steps need one processor, the vAPIC device switched off, and an image in which the
snapshot lies that they start from; a recording is replayed only by the very machine, kernel and command line.
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from . import BUILD, ROOT, Problem, guest, qemu

# Before GDB looks at anything: it shall not ask, neither of debuginfod nor of breakpoints in what is not loaded yet.
SETTINGS = ("set debuginfod enabled off", "set confirm off", "set breakpoint pending on")
SETTINGS += ("set print pretty on", "set pagination off")
RECORDED = ("append", "mem", "cpu")
WAIT = 60  # seconds until QEMU listens; on a busy host this can take long


def pack(machine, program, arguments, target):
    """Makes the machine run one program of the host; `target`: the initramfs to write. Returns its path in the guest."""
    path = program if "/" in program else shutil.which(program)
    if not path or not os.path.isfile(path) or not os.access(path, os.X_OK):
        raise Problem(f"PROG={program}: no such program")
    root = guest.new_root()
    path = guest.add_program(root, path)
    session = guest.Session(root, [guest.Job([path, *arguments], stdin="-")], None)
    target.write_bytes(session.root.to_bytes())
    machine.initrd = os.fspath(target)
    machine.append = f"{machine.append} quiet loglevel=1 panic=-1"
    return path


def qcow2(path, size=1 << 30):
    """An empty image, for snapshots (QEMU's docs/interop/qcow2.txt): header, tables of references and of clusters."""
    cluster = 65536
    tables = -(-size // (cluster * (cluster // 8)))
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, size, 0, tables, 3 * cluster, cluster, 1, 0, 0
    )  # fmt: skip
    references, used = struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1)
    with open(path, "wb") as file:
        for part in (header, references, used, b""):
            file.write(part.ljust(cluster, b"\0"))


class Debugger:
    """A session of GDB with a kernel, or with a `script` of commands instead of a person.

    A person's session keeps its files in build/gdb; those of scripts may run at the same time, each in a folder of its own.
    """

    def __init__(self, kernel, script=None):
        self.kernel, self.script = os.fspath(kernel), script
        self.program = None  # the path in the guest of the program whose symbols are wanted as well
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="pagoda-gdb-"))  # a socket's path must be short
        self.folder = self.sockets if script else BUILD / "gdb"
        self.folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.sockets, ignore_errors=True)

    def take(self, machine, program, arguments, name):
        """The machine is to run this program of the host; `name`: of the initramfs."""
        self.program = pack(machine, program, arguments, self.folder / name)

    def command(self):
        """GDB's command line."""
        words = ["gdb", "-q", self.kernel]
        for setting in SETTINGS:
            words += ["-iex", setting]
        if self.script:
            words += ["-nx", "-batch"]
        words += ["-ex", f"target remote {self.sockets}/gdb", "-x", os.fspath(ROOT / "tools/gdb/pagoda.py")]
        if self.program:
            words += ["-ex", f"pg user-symbols at-exec {self.program}"]
        return words + (["-x", self.script] if self.script else [])

    def attach(self, machine):
        """Starts the machine, stopped, and GDB on it; ends the machine after GDB."""
        if not shutil.which("gdb"):
            raise Problem("gdb is not installed: run `make deps`")
        machine.extra = machine.extra + ["-S", "-no-shutdown", "-gdb", f"unix:{self.sockets}/gdb,server=on,wait=off"]
        with open(self.folder / "qemu.log", "wb") as log:
            process = subprocess.Popen(
                qemu.command(machine), stdin=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        try:
            until = time.monotonic() + WAIT
            while not (self.sockets / "gdb").exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            if process.poll() is not None:
                raise Problem((self.folder / "qemu.log").read_text(errors="replace").strip() or "QEMU did not start")
            return subprocess.run(self.command(), check=False).returncode
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def live(self, machine):
        """`make gdb`: the console goes to a log and to a socket for `tools/boot --console`."""
        log, console = self.folder / "console.log", self.folder / "console"
        machine.serial = "chardev:console"
        machine.extra = ["-chardev", f"socket,id=console,path={self.sockets}/console,server=on,wait=off,logfile={log}"]
        if self.script:
            return self.attach(machine)
        console.unlink(missing_ok=True)
        console.symlink_to(self.sockets / "console")
        say(f"The console goes to {log.relative_to(ROOT)}; `tools/boot --console` in another terminal connects to it.")
        if self.program:
            say("`pg program` goes to the program's first instruction, `pg break main` stops in it.")
        try:
            return self.attach(machine)
        finally:
            console.unlink(missing_ok=True)

    def replay(self, machine, again=False):
        """`make replay`: records until the machine powers off, or takes the last recording; GDB on it, from its start."""
        if machine.iso or machine.uefi:
            raise Problem("a recording needs BOOT=direct")
        image, run = self.folder / "snapshots.qcow2", self.folder / "run.bin"
        if again:
            self.recall(machine, run)
        machine.smp, machine.accel = 1, "tcg,thread=single"
        common = ["-global", "apic-common.vapic=off", "-drive", f"file={image},if=none,id=snapshots"]

        def how(mode):
            return [*common, "-icount", f"shift=auto,rr={mode},rrfile={run},rrsnapshot=init"]

        if not again:
            qcow2(image)
            say("Recording; the machine ends the recording by powering off.")
            # Only a serial port that is named so (no -chardev, no monitor before it) has its input recorded.
            machine.serial, machine.extra = "stdio", how("record")
            stdin = None if sys.stdin.isatty() else subprocess.DEVNULL
            status = subprocess.run(qemu.command(machine), stdin=stdin, check=False).returncode
            if status not in (0, qemu.PANIC_STATUS):
                raise Problem(f"QEMU could not record: exit status {status}")
            self.remember(machine, run)
        say("GDB is at the first instruction of the recording; `reverse-continue` and its kin work.")
        machine.serial, machine.extra = f"file:{self.folder / 'console.log'}", how("replay")
        return self.attach(machine)

    def remember(self, machine, run):
        """Notes of what a recording is one: only the very same machine can replay it."""
        notes = {name: getattr(machine, name) for name in RECORDED}
        notes.update(kernel=self.kernel, program=self.program, initrd=os.fspath(machine.initrd))
        run.with_suffix(".json").write_text(json.dumps(notes), encoding="utf-8")

    def recall(self, machine, run):
        """Makes the machine that of the last recording."""
        if not run.with_suffix(".json").exists():
            raise Problem("there is no recording yet: `make replay` without AGAIN=1")
        notes = json.loads(run.with_suffix(".json").read_text(encoding="utf-8"))
        for name in ("kernel", "initrd"):
            if not os.path.exists(notes[name]) or os.path.getmtime(notes[name]) > os.path.getmtime(run):
                raise Problem(f"{notes[name]} has changed since the recording: record again")
        self.kernel, self.program = notes["kernel"], notes["program"]
        for name in (*RECORDED, "kernel", "initrd"):
            setattr(machine, name, notes[name])


def say(text):
    """A line for the user."""
    print(text, flush=True)
