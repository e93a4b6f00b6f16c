# SPDX-License-Identifier: MIT
"""A minute of forks, faults, mappings and exits on several CPUs, with mm_verify and the lock checker on."""

from pagoda import build_dir

TARGETS = ("pagoda",)
CPUS = 2


def minute(t, cpus):
    """Runs stress.c on the checked kernel."""
    check((build_dir(True) / "pagoda.elf").exists(), "there is no checked kernel: run `make CHECKED=1 kernel`")
    words = ("--checked", "--smp", str(cpus), "--timeout", "400", "--", t.program("stress-musl"), "60", str(cpus))
    status, output, errors = t.pagoda_run(*words)
    equal((status, output), (0, "stress: good\n"), f"status and output ({errors[:400]!r})")


def test_two_cpus(t):
    """As many as most machines of ours have."""
    minute(t, 2)


def test_four_cpus(t):
    """More than the host has, so that CPUs stop at the worst places."""
    minute(t, 4)
