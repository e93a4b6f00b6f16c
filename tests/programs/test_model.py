# SPDX-License-Identifier: MIT
"""The model's random programs on Pagoda and on Linux: their traces must be equal (docs/model.md).

More of them: tests/model/traces FIRST COUNT
"""

import subprocess

from pagoda import ROOT

TARGETS = ("pagoda",)


def test_traces(t):
    """Results, errnos, signals, /proc/self/maps and bytes of some hundred programs."""
    command = [ROOT / "tests/model/traces", "1", "200"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=1300, check=False)
    equal((result.returncode, result.stdout.splitlines()[:1]), (0, ["200 programs, 0 differ"]), result.stdout[-600:])


def test_checked(t):
    """Others, on the kernel that checks itself."""
    command = [ROOT / "tools/pagoda-run", "--checked", "--timeout", "600", "--", ROOT / "build/tests/model/guest"]
    result = subprocess.run(command + ["5001", "100"], capture_output=True, text=True, timeout=700, check=False)
    equal((result.returncode, len(result.stdout.splitlines())), (0, 100), result.stderr[-400:])
