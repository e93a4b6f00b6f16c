# SPDX-License-Identifier: MIT
"""`make gdb`: GDB attached to the first instruction, breakpoints, backtraces, the commands of tools/gdb/."""

import os
import re
import shutil
import subprocess

from pagoda import ROOT

TARGETS = ("pagoda",)

COMMANDS = """
break start_kernel
continue
bt
break do_exit if current_task->mm != 0
continue
pg ps
pg vmas
pg log
pg vmas 99999
kill
"""


def test_session(t):
    """A session at the first process that ends."""
    check(shutil.which("gdb"), "gdb is not installed: run `make deps`")
    command = ["timeout", "-k", "5", "300", os.fspath(ROOT / "tools/boot"), "--gdb", "--boot", "direct", "--smp", "1"]
    command += ["--checked"] if t.checked else []
    result = subprocess.run(command, input=COMMANDS.encode(), capture_output=True, timeout=400, check=False)
    said = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
    for pattern in (
        r"Breakpoint 1, start_kernel",
        r"#1 .* in x86_64_start_kernel",
        r"Breakpoint 2, do_exit",
        r"^ +1 +1 +0 S +0 +\d+ +0xffff[0-9a-f]+ +init$",
        r"^ +2 +2 +0 . +0 +- +0xffff[0-9a-f]+ +\[kthreadd\]$",
        r"^[0-9a-f]{12}-[0-9a-f]{12} r-xp [0-9a-f]+ 0xffff[0-9a-f]+ /bin/busybox$",
        r"^[0-9a-f]{12}-[0-9a-f]{12} rw-p 00000000 0xffff[0-9a-f]+ \[stack\]$",
        r"^\[ +0\.\d+\] Freeing initramfs memory",
        r"there is no task 99999",
    ):
        check(re.search(pattern, said, re.MULTILINE), f"no {pattern!r} in what GDB said: {said[-2000:]!r}")
