# SPDX-License-Identifier: MIT
"""Forks, faults, mappings and exits on several CPUs, with mm_verify and the lock checker on.

A longer run: tools/pagoda-run --checked --smp 4 --timeout 4000 -- build/tests/programs/vmstress-musl SECONDS THREADS SEED
"""

from pagoda import build_dir

TARGETS = ("pagoda",)
CPUS = 2


def run(t, program, cpus, *arguments):
    """Runs a program of this folder on the checked kernel."""
    check((build_dir(True) / "pagoda.elf").exists(), "there is no checked kernel: run `make CHECKED=1 kernel`")
    words = ("--checked", "--smp", str(cpus), "--timeout", "400", "--", t.program(program + "-musl"))
    status, output, errors = t.pagoda_run(*words, *(str(word) for word in arguments))
    equal((status, output), (0, program + ": good\n"), f"status and output ({errors[:400]!r})")


def test_two_cpus(t):
    """A minute of processes and threads; as many CPUs as most machines of ours have."""
    run(t, "stress", 2, 60, 2)


def test_four_cpus(t):
    """More than the host has, so that CPUs stop at the worst places."""
    run(t, "stress", 4, 60, 4)


def test_one_space_two_cpus(t):
    """Threads of one address space change the same memory: stale translations would show."""
    run(t, "vmstress", 2, 40, 4, 7)


def test_one_space_four_cpus(t):
    """The same with more threads."""
    run(t, "vmstress", 4, 40, 8, 4)
