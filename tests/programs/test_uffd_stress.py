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
