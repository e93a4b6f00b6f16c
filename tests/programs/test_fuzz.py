# SPDX-License-Identifier: MIT
"""Random system calls for some seconds, on the kernel that checks itself: it must survive them."""

from pagoda import ROOT, build_dir

TARGETS = ("pagoda",)


def fuzz(t, cpus, *words, program="syscall_fuzz"):
    """Runs the program on the checked kernel."""
    check((build_dir(True) / "pagoda.elf").exists(), "there is no checked kernel: run `make CHECKED=1 kernel`")
    run = ("--checked", "--smp", str(cpus), "--timeout", "60", "--", t.program(program + "-musl"))
    status, output, errors = t.pagoda_run(*run, *words)
    equal((status, output), (0, f"{program}: good\n"), f"status and output ({errors[:400]!r})")


def test_hostile(t):
    """The calls that were found so, where the lock checker sees them."""
    run = ("--checked", "--smp", "2", "--timeout", "60", "--", t.program("hostile-musl"))
    status, output, errors = t.pagoda_run(*run)
    want = (ROOT / "tests/programs/hostile.out").read_text(encoding="utf-8")
    equal((status, output), (0, want), f"status and output ({errors[:400]!r})")


def test_nobody(t):
    """What any user may try; the seed is not that of the batch."""
    fuzz(t, 2, "10", "1000")


def test_root(t):
    """What only root may try."""
    fuzz(t, 1, "5", "2000", "root")


def test_sigreturn(t):
    """Signal frames of both kinds, tampered with."""
    fuzz(t, 2, "5", program="sigreturn_fuzz")
