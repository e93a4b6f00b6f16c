# SPDX-License-Identifier: MIT
"""The layer `gdb`: GDB in batch mode on a stopped and on a running kernel.

test_*.py: functions `test_NAME(t)`. The Target `t` runs GDB with a script of commands, as `make gdb` and `make replay` start
it. A script is cut into sections: `## name` begins one, and the test gets {name: what GDB said in it}. A line that begins
with `-` may fail; any other that fails ends the session. Nothing depends on time: a script stops at places in the code.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import traceback

from pagoda import BUILD, ROOT, Problem, guest, kernel_path, testing
from pagoda.console import Shell

HERE = ROOT / "tests/gdb"
LIMIT = 200  # seconds for one session; far more than any needs, even where CPUs are shared with others
TOUR = BUILD / "user/tour"


class Failure(Exception):
    """What a test expected and GDB did not say."""


class Section(str):
    """What GDB said to a part of a script."""

    def has(self, *patterns):
        """Each regular expression must match; returns the last match."""
        match = None
        for pattern in patterns:
            match = re.search(pattern, self, re.MULTILINE)
            if not match:
                raise Failure(f"no {pattern!r} in what GDB said: {self[-1500:]!r}")
        return match

    def lacks(self, *patterns):
        """None of the regular expressions may match."""
        for pattern in patterns:
            if re.search(pattern, self, re.MULTILINE):
                raise Failure(f"{pattern!r} is in what GDB said: {self[-1500:]!r}")


def command_of(line):
    """GDB's command for a line of a script."""
    name = re.fullmatch(r"## (\w+)", line.strip())
    if name:
        return f"echo \\n=== {name[1]}\\n"
    if line.startswith("- "):
        return f"python\ntry:\n    gdb.execute({line[2:]!r})\nexcept gdb.error as error:\n    print(error)\nend"
    return line


def sections(output):
    """What GDB said, by the parts of the script."""
    parts = re.split(r"^=== (\w+)\n", "=== start\n" + output.decode(errors="replace"), flags=re.MULTILINE)
    return {name: Section(said) for name, said in zip(parts[1::2], parts[2::2])}


class Target:
    """The kernel under test."""

    def __init__(self, checked=False):
        self.checked = checked
        self._kept = {}

    def gdb(self, script, *words, prog=None, args="", smp=1):
        """Runs a session of GDB; returns its sections."""
        with tempfile.NamedTemporaryFile("w", prefix="pagoda-", suffix=".gdb", delete=True) as file:
            file.writelines(command_of(line) + "\n" for line in script.strip().splitlines())
            file.flush()
            command = [
                "timeout",
                "-k",
                "5",
                str(LIMIT),
                os.fspath(ROOT / "tools/boot"),
                "--boot",
                "direct",
                "--mem",
                "128M",
            ]
            command += ["--smp", str(smp), "--script", file.name, *(words or ["--gdb"])]
            command += ["--prog", os.fspath(prog), "--args", args] if prog else []
            command += ["--checked"] if self.checked else []
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LIMIT + 60,
                check=False,
            )
        return sections(result.stdout)

    @contextlib.contextmanager
    def running(self, smp=1):
        """A shell on a machine that runs, and a function that attaches GDB to it with a script and gives its sections."""
        with tempfile.TemporaryDirectory(prefix="pagoda-") as folder:
            machine = guest.machine_for(False, self.checked, smp=smp, mem="128M")
            machine.initrd = os.fspath(BUILD / "initramfs.cpio")
            machine.extra = ["-gdb", f"unix:{folder}/gdb,server=on,wait=off"]
            shell = Shell(machine, limit=LIMIT)

            def attach(script):
                path = pathlib.Path(folder) / "script"
                path.write_text(
                    "".join(command_of(line) + "\n" for line in script.strip().splitlines()), encoding="utf-8"
                )
                command = ["timeout", "-k", "5", str(LIMIT), "gdb", "-nx", "-q", "-batch", "-iex", "set pagination off"]
                command += ["-iex", "set confirm off", os.fspath(kernel_path(checked=self.checked))]
                command += ["-ex", f"target remote {folder}/gdb", "-x", os.fspath(ROOT / "tools/gdb/pagoda.py")]
                result = subprocess.run(
                    command + ["-x", os.fspath(path), "-ex", "detach"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
                return sections(result.stdout)

            try:
                yield shell, attach
            finally:
                shell.close()

    def kept(self, key, script, **options):
        """The same, run once for several tests."""
        if key not in self._kept:
            self._kept[key] = self.gdb(script, **options)
        return self._kept[key]


def run_module(module, target, report):
    """Runs the functions test_* of a module."""
    for name in [name for name in vars(module) if name.startswith("test_")]:
        title = f"{module.__name__[5:]}.{name[5:]}"
        if not report.wants(f"gdb/{title}"):
            continue
        clock, why = testing.Clock(), ""
        try:
            getattr(module, name)(target)
        except (Failure, Problem, subprocess.TimeoutExpired) as failure:
            why = str(failure)
        except Exception:  # a broken test must not stop the others
            why = traceback.format_exc(limit=-2).strip().replace("\n", " / ")
        report.add("gdb", module.__name__, "not ok" if why else "ok", title, why, clock.seconds)


def groups(options):
    """Called by tests/run."""
    if options.on == "linux":
        return []
    kernel_path(checked=options.checked)

    def run(report):
        target = Target(options.checked)
        for path in sorted(HERE.glob("test_*.py")):
            run_module(testing.load(path, Failure=Failure, TOUR=TOUR), target, report)

    return [testing.Group("gdb", 1, run)]
