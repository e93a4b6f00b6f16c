# SPDX-License-Identifier: MIT
"""What the drivers in tools/ and tests/ share: where things are, and how a problem is told.

cpio      reads and writes newc archives
elf       finds the loader and the libraries of a program
packages  fetches what only guests use: busybox, Debian's Linux, libraries
qemu      command lines of the machine, a run with a time limit
guest     packs programs into an initramfs and reads their results back
console   types at a guest's serial console and waits for answers
debug     GDB on a machine that waits behind a socket, recordings of runs
"""

import os
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


class Problem(Exception):
    """Something the user can mend; its text is one line that says what and how."""

    def __init__(self, text, status=126):
        super().__init__(text)
        self.status = status


def build_dir(checked=False):
    """The directory of the kernel to boot."""
    return BUILD / "checked" if checked else BUILD


def kernel_path(name="pagoda.elf", checked=False):
    """The path of a built kernel."""
    path = build_dir(checked) / name
    if not path.exists():
        hint = " CHECKED=1" if checked else ""
        raise Problem(f"{path.relative_to(ROOT)} is not there: run `make{hint}` first")
    return path


def main(function):
    """Runs a driver's main function; tells a Problem in one line and ends with its status."""
    name = os.path.basename(sys.argv[0])
    for number in (signal.SIGTERM, signal.SIGHUP):  # an exit that ends the guests, too
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        sys.exit(function())
    except Problem as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        sys.exit(problem.status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
