# SPDX-License-Identifier: MIT
"""The layer `programs`: real programs, and a person's session at the shell.

Two kinds of test stand in this folder.

NAME.sh and NAME.c with NAME.out: a script for busybox's shell, or a program (compiled with musl static, glibc static and
glibc dynamic), whose output must be exactly NAME.out and whose exit status 0. All of them share one boot. A script whose
second line is `# with debian` sees Debian's dynamic dash and coreutils in /debian. The scripts in I386 run a second time, by
Debian's busybox of 32 bits, and so do programs that the Makefile compiles for i386 as well.

test_*.py: functions `test_NAME(t)` that use the Target `t` to boot, type and run commands. What stands in a module's
TARGETS ("pagoda", "linux") says where its tests run; the default is both, and `@pagoda_only` marks a single test. CPUS is
how many CPUs its machines keep busy; the default is 1.

Every test runs on Linux as well where that makes sense: so a test that is wrong is found out.

A test waits for what it needs to see, not for a time to pass: under load a guest may be ten times slower.
"""

import os
import subprocess
import traceback

from pagoda import BUILD, ROOT, Problem, cpio, guest, kernel_path, packages, testing
from pagoda.console import Console, Failure, Shell

HERE = ROOT / "tests/programs"
BINARIES = BUILD / "tests/programs"
DEBIAN = ("dash", "coreutils", "libc6", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10", "libgcc-s1")
I386 = ("files", "shell", "text")
COREUTILS = "ls cat cp mv rm mkdir sort uniq wc head tail cut tr seq stat date sha256sum env printf dd od tee id"


class Target:
    """One kernel to test on: boots it, types at it, runs programs on it."""

    def __init__(self, name, checked=False):
        self.name = name
        self.linux = name == "linux"
        self.checked = checked
        self._shell = None
        self._open = []

    def machine(self, append="", initrd=True, **options):
        """A machine with this kernel and, unless told otherwise, build/initramfs.cpio."""
        options.setdefault("mem", "256M")
        result = guest.machine_for(self.linux, self.checked, append=append, **options)
        if initrd is True:
            initrd = BUILD / "initramfs.cpio"
            if not initrd.exists():
                raise Problem("build/initramfs.cpio is not there: run `make` first")
        result.initrd = os.fspath(initrd) if initrd else None
        return result

    def shell(self):
        """A shell at its prompt, the same one for all tests until one of them fails."""
        if self._shell is None:
            self._shell = Shell(self.machine(smp=2), limit=3600)
        self._shell.fresh = ""
        return self._shell

    def boot(self, machine=None):
        """A shell on a machine of its own."""
        shell = Shell(machine or self.machine())
        self._open.append(shell)
        return shell

    def pagoda_run(self, *words, stdin=None, linux=True):
        """Runs tools/pagoda-run with these words; returns (status, standard output, standard error)."""
        command = [os.fspath(ROOT / "tools/pagoda-run"), "--timeout", "300"]
        if self.linux and linux:
            command.append("--linux")
        result = subprocess.run(
            command + [os.fspath(word) for word in words], input=stdin, capture_output=True, timeout=400, check=False
        )
        return result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")

    def program(self, name):
        """The path of a compiled program of this folder."""
        return BINARIES / name

    def done(self, failed):
        """After each test: ends its own machines, and the shared one when it cannot be trusted any more."""
        for shell in self._open:
            shell.close()
        self._open = []
        if self._shell and (failed or self._shell.process.eof):
            self.close()

    def close(self):
        """Ends the shared shell."""
        if self._shell:
            self._shell.close()
            self._shell = None


def equal(got, want, what="output"):
    """Fails with both values unless they are the same."""
    if got != want:
        raise Failure(f"{what} is {got!r}, expected {want!r}")


def check(true, why):
    """Fails with that reason unless true."""
    if not true:
        raise Failure(why)


def debian_root(root):
    """Adds Debian's dynamic dash and coreutils below /debian, their loader and libraries where they belong."""
    trees = {package: packages.unpacked(package) for package in DEBIAN}
    roots = tuple(os.fspath(tree) for tree in trees.values())
    names = [("dash", "bin/dash")]
    for name in COREUTILS.split():
        folder = "bin" if (trees["coreutils"] / "bin" / name).exists() else "usr/bin"
        names.append(("coreutils", f"{folder}/{name}"))
    for package, path in names:
        guest.add_program(root, trees[package] / path, "/debian/" + os.path.basename(path), roots)


def i386_root(root):
    """Adds busybox of 32 bits and its applets in /i386. Where a script says /bin/sh, the other one is meant still."""
    guest.add_program(root, packages.unpacked("busybox-static:i386") / "bin/busybox", "/i386/busybox")
    for path, entry in list(root.entries.items()):
        if entry.data == b"/bin/busybox":
            root.symlink("i386/" + os.path.basename(path), "busybox")


def batch_programs(report):
    """The scripts and compiled programs, as {name: (argv, expected output)}."""
    found = {}
    for script in sorted(HERE.glob("*.sh")):
        shell = "/debian/dash" if is_debian(script) else "/bin/sh"
        found[script.stem] = ([shell, f"/tests/{script.name}"], script.with_suffix(".out"))
        if script.stem in I386:
            words = ["/i386/busybox", "env", "PATH=/i386:/usr/bin:/bin", "sh", f"/tests/{script.name}"]
            found[f"{script.stem}-i386"] = (words, script.with_suffix(".out"))
    for source in sorted(HERE.glob("*.c")):
        for kind in ("musl", "glibc-static", "glibc", "i386", "i386-dyn"):
            name = f"{source.stem}-{kind}"
            if (BINARIES / name).exists():
                found[name] = ([f"/tests/{name}"], source.with_suffix(".out"))
    return {name: row for name, row in found.items() if report.wants(f"programs/{name}")}


def is_debian(script):
    """Whether the script wants Debian's shell and tools."""
    return "# with debian" in script.read_text(encoding="utf-8").splitlines()[1:2]


def batch_root(names):
    """The initramfs of the batch: busybox, the scripts, the programs with their libraries."""
    with open(BUILD / "initramfs.cpio", "rb") as file:
        root = cpio.read(file.read())
    for script in HERE.glob("*.sh"):
        root.copy(f"tests/{script.name}", script)
    for name in names:
        if (BINARIES / name).exists():
            guest.add_program(root, BINARIES / name, f"/tests/{name}")
    if any(f"{script}-i386" in names for script in I386):
        i386_root(root)
    if any((HERE / f"{name}.sh").exists() and is_debian(HERE / f"{name}.sh") for name in names):
        debian_root(root)
    return root


def run_batch(target, report, group):
    """Compares the output of each program of the batch with what is expected."""
    wanted = batch_programs(report)
    if not wanted:
        return
    batch = testing.Batch(
        group, lambda: guest.machine_for(target.linux, target.checked, smp=2, mem="256M"), lambda: batch_root(wanted)
    )
    for name, output, end, why in batch.run({name: row[0] for name, row in wanted.items()}):
        why = why or testing.describe(end)
        path = wanted[name][1] if name in wanted else None
        expected = path.read_text(encoding="utf-8") if path and path.exists() else ""
        if not why and output != expected:
            kept = testing.RESULTS / f"{name}.{target.name}.out"
            kept.write_text(output, encoding="utf-8")
            why = f"{first_difference(output, expected)} (all of it in {kept.relative_to(ROOT)})"
        elif why and output:
            why += f"; last output: {output.strip()[-200:]!r}"
        report.add(group, "batch", "not ok" if why else "ok", name, why, end and end.seconds)


def first_difference(got, want):
    """Words for the first line that differs."""
    got, want = got.splitlines(), want.splitlines()
    for number, (one, two) in enumerate(zip(got, want), 1):
        if one != two:
            return f"line {number} is {one!r}, expected {two!r}"
    return f"{len(got)} lines of output, expected {len(want)}"


def run_module(module, target, report, group):
    """Runs the functions test_* of a module."""
    for name in [name for name in vars(module) if name.startswith("test_")]:
        title = f"{module.__name__[5:]}.{name[5:]}"
        function = getattr(module, name)
        if not report.wants(f"programs/{title}") or target.name not in targets(function, module):
            continue
        clock, why = testing.Clock(), ""
        try:
            function(target)
        except (Failure, Problem, subprocess.TimeoutExpired) as failure:
            why = str(failure)
        except Exception:  # a broken test must not stop the others
            why = traceback.format_exc(limit=-2).strip().replace("\n", " / ")
        target.done(bool(why))
        report.add(group, module.__name__, "not ok" if why else "ok", title, why, clock.seconds)
    target.close()


def targets(function, module):
    """The names of the kernels that a test, or a module that has no word of its own, is for."""
    return getattr(function, "targets", getattr(module, "TARGETS", ("pagoda", "linux")))


def pagoda_only(function):
    """Marks a test that would only show the same on Linux, or cannot run there."""
    function.targets = ("pagoda",)
    return function


def groups(options):
    """Called by tests/run: a group for the batch and for each module, on each kernel."""
    helpers = {"equal": equal, "check": check, "pagoda_only": pagoda_only, "Failure": Failure, "Console": Console}
    found = []
    for kernel in ("linux", "pagoda"):
        if options.on not in (None, kernel):
            continue
        if kernel == "pagoda":
            kernel_path(checked=options.checked)

        def add(name, cpus, run, *words, kernel=kernel):
            name, target = f"programs {kernel} {name}", Target(kernel, options.checked)
            found.append(testing.Group(name, cpus, lambda report: run(*words, target, report, name)))

        add("batch", 2, run_batch)
        for path in sorted(HERE.glob("test_*.py")):
            module = testing.load(path, **helpers)
            if kernel in getattr(module, "TARGETS", (kernel,)):
                add(path.stem[5:], getattr(module, "CPUS", 1), run_module, module)
    return found
