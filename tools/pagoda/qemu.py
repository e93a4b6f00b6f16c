# SPDX-License-Identifier: MIT
"""The machine that guests run on: QEMU's command line, and a run with a time limit.

A kernel is booted by its PVH note (`-kernel`), which is quick, or from an ISO by GRUB under SeaBIOS or OVMF. The
accelerator is KVM only where the processor shows vmx or svm: a /dev/kvm alone proves nothing.
"""

import os
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field

from . import BUILD, Problem

PANIC_STATUS = 35  # the kernel writes 0x11 to isa-debug-exit: (0x11 << 1) | 1

LINUX_WORDS = (
    "panic=-1 mitigations=off tsc=reliable no_timer_check lpj=4000000 random.trust_cpu=on audit=0 nowatchdog "
    "nmi_watchdog=0 apparmor=0 selinux=0 cryptomgr.notests raid=noautodetect ipv6.disable=1 rcupdate.rcu_expedited=1 "
    "no5lvl pci=lastbus=0 i8042.noaux i8042.nokbd i8042.noprobe 8250.nr_uarts=1"
)


@dataclass
class Machine:
    """What to boot, on what. `kernel` boots directly; `iso` instead of it through GRUB."""

    kernel: str = None
    initrd: str = None
    append: str = ""
    iso: str = None
    uefi: bool = False
    smp: int = 1
    mem: str = "128M"
    accel: str = ""
    icount: bool = False
    cpu: str = ""
    serial: str = "stdio"
    extra: list = field(default_factory=list)


def has_kvm():
    """Whether this processor can run KVM guests and we may."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return False
    return ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def _firmware():
    """OVMF's code and variables, wherever the distribution keeps them."""
    pairs = [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ]
    for code, variables in pairs:
        if os.path.exists(code) and os.path.exists(variables):
            return code, variables
    raise Problem("no UEFI firmware found: install ovmf (`make deps`)")


def command(machine):
    """The argument vector that starts this machine."""
    program = shutil.which("qemu-system-x86_64")
    if not program:
        raise Problem("qemu-system-x86_64 is not installed: run `make deps`")
    words = [program]
    accel = machine.accel or ("kvm" if has_kvm() and not machine.icount else "tcg")
    if machine.icount:
        accel = "tcg,thread=single"
        words += ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01T00:00:00,clock=vm", "-seed", "1"]
    words += ["-accel", accel, "-cpu", machine.cpu or "max", "-smp", str(machine.smp), "-m", str(machine.mem)]
    words += ["-M", "q35" if machine.uefi else "pc"]
    words += ["-nodefaults", "-vga", "none", "-display", "none", "-no-reboot"]
    words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-serial", machine.serial]
    if not machine.serial.startswith("mon:"):
        words += ["-monitor", "none"]
    if machine.uefi:
        code, variables = _firmware()
        copy = BUILD / "ovmf-vars.fd"
        if not copy.exists():
            shutil.copyfile(variables, copy)
        words += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}"]
        words += ["-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={copy}"]
    if machine.iso:
        words += ["-cdrom", os.fspath(machine.iso)]
    else:
        words += ["-kernel", os.fspath(machine.kernel)]
        if machine.initrd:
            words += ["-initrd", os.fspath(machine.initrd)]
        if len(machine.append) > 3500:
            raise Problem("the kernel's command line is too long (3500 bytes at most)")
        words += ["-append", machine.append]
    return words + list(machine.extra)


_running = set()


def kill_all():
    """Ends every machine that still runs: for drivers that use threads and are interrupted."""
    for process in list(_running):
        process.kill()


class Process:
    """A running QEMU whose first serial port is our pipe. Use it as a context manager: it never outlives that."""

    def __init__(self, machine, limit):
        self.limit = limit
        self.deadline = time.monotonic() + limit
        # timeout(1) stays behind should this process be killed; it gets a little longer than our own deadline.
        guard = ["timeout", "-k", "5", str(int(limit) + 10)] if shutil.which("timeout") else []
        self.process = subprocess.Popen(
            guard + command(machine),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.errors = b""
        self.eof = False
        _running.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def read(self, wait=None):
        """The next bytes of the serial port; b"" when none came in `wait` seconds, at the deadline or at the end."""
        until = self.deadline if wait is None else min(self.deadline, time.monotonic() + wait)
        out, err = self.process.stdout, self.process.stderr
        while not self.eof:
            left = until - time.monotonic()
            if left <= 0:
                return b""
            ready, _, _ = select.select([out] + ([err] if err else []), [], [], left)
            if err in ready:
                more = os.read(err.fileno(), 65536)
                self.errors += more
                if not more:
                    err = None
            if out in ready:
                data = os.read(out.fileno(), 65536)
                if data:
                    return data
                self.eof = True
        return b""

    def write(self, data):
        """Types these bytes."""
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    @property
    def late(self):
        """Whether the time limit has passed."""
        return time.monotonic() >= self.deadline

    def wait(self, seconds):
        """QEMU's exit status, or None when it still runs after that time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        """Ends QEMU if it still runs, and releases its pipes. Returns its exit status."""
        _running.discard(self)
        if self.process.poll() is None:
            self.process.terminate()
            if self.wait(6) is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:
                pass
        return status

    def complaint(self):
        """What QEMU itself said, for a machine that did not even start."""
        if not self.eof:
            return ""
        try:
            self.errors += self.process.stderr.read() or b""
        except (OSError, ValueError):
            pass
        return self.errors.decode(errors="replace").strip()
