# SPDX-License-Identifier: MIT
"""Memory that monitors fill while others touch it and pull it away, on the kernel that checks itself."""

from pagoda import build_dir

TARGETS = ("pagoda",)
CPUS = 4


def test_four_cpus(t):
    """20 seconds; `pagoda-run --checked --smp 4 -- build/tests/programs/uffd_stress-musl 600 SEED` for longer."""
    check((build_dir(True) / "pagoda.elf").exists(), "there is no checked kernel: run `make CHECKED=1 kernel`")
    program = t.program("uffd_stress-musl")
    status, output, errors = t.pagoda_run("--checked", "--smp", "4", "--timeout", "300", "--", program, "20", "7")
    equal((status, output), (0, "uffd_stress: good\n"), f"status and output ({errors[:400]!r})")


def test_meetings(t):
    """2000 faults of each kind that meet their answers; Linux 6.1 loses a wake-up of `unprotect` now and then."""
    program = t.program("uffd_meet-musl")
    status, output, errors = t.pagoda_run("--checked", "--smp", "2", "--timeout", "300", "--", program, "2000")
    kinds = [line.split(":")[0] for line in output.splitlines()]
    check(status == 0 and kinds == ["copy", "unprotect", "continue", "uffd_meet"], f"{output!r} ({errors[:400]!r})")
