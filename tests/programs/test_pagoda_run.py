# SPDX-License-Identifier: MIT
"""tools/pagoda-run: output, exit statuses, and what it says about wrong use."""

import os
import tempfile


def test_output_and_status(t):
    """A static program: its output, byte for byte, and its status."""
    equal(t.pagoda_run("--", t.program("run-musl"), "7")[:2], (7, "tab\there\nreturn\r\nno newline at the end"))


def test_dynamic(t):
    """A dynamic program brings its loader and its libraries along."""
    equal(t.pagoda_run("--", t.program("run-glibc"), "0")[:2], (0, "tab\there\nreturn\r\nno newline at the end"))


def test_signal(t):
    """128 plus the signal for a killed program."""
    equal(t.pagoda_run("--", t.program("run-musl"), "abort")[0], 134, "status after SIGABRT")
    equal(t.pagoda_run("--", t.program("run-musl"), "segv")[0], 139, "status after SIGSEGV")


@pagoda_only
def test_timeout(t):
    """124 when the time is over, with what came until then."""
    status, output, errors = t.pagoda_run("--timeout", "8", "--", t.program("run-musl"), "hang")
    equal((status, output), (124, "hanging\n"))
    equal(errors, "pagoda-run: timed out after 8 s\n", "standard error")


def test_panic(t):
    """125 when the kernel panics; the panic is on standard error, not in the output."""
    status, output, errors = t.pagoda_run("--", t.program("run-musl"), "panic")
    equal((status, output), (125, "panicking\n"))
    check("Kernel panic" in errors and errors.endswith("pagoda-run: kernel panic\n"), f"standard error is {errors!r}")


@pagoda_only
def test_order(t):
    """Standard output and standard error stay in order."""
    equal(t.pagoda_run("--", t.program("run-musl"), "order")[:2], (0, "out 1\nerr 2\nout 3\n"))


@pagoda_only
def test_binary_output(t):
    """Every byte value arrives unchanged."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bytes")
        with open(path, "wb") as file:
            file.write(bytes(range(256)) * 300)
        status, output, _ = t.pagoda_run("--file", f"{path}:/data/bytes", "--", t.program("run-musl"), "sum", "/data/bytes")
        equal((status, output), (0, f"{76800} bytes, sum {255 * 128 * 300}\n"))


@pagoda_only
def test_script(t):
    """A script brings its interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script")
        with open(path, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$# arguments: $*"\nexit 3\n')
        os.chmod(path, 0o755)
        equal(t.pagoda_run("--", path, "a", "b c")[:2], (3, "2 arguments: a b c\n"))


@pagoda_only
def test_stdin(t):
    """--stdin gives the program something to read."""
    equal(t.pagoda_run("--stdin", "-", "--", t.program("run-musl"), "upper", stdin=b"some text\n")[:2], (0, "SOME TEXT\n"))


def test_smp_and_memory(t):
    """--smp and --mem arrive."""
    status, output, _ = t.pagoda_run("--smp", "2", "--mem", "300M", "--", t.program("run-musl"), "machine")
    words = output.split()
    equal((status, words[0]), (0, "2"), "processors")
    check(200 < int(words[-2]) <= 300, f"memory is {words[-2]} MiB")


@pagoda_only
def test_usage(t):
    """One clear line for wrong use; nothing is booted."""
    for words, status in (([], 2), (["--nonsense"], 2), (["--smp", "x", "--", "true"], 2), (["--file", "x", "--", "true"], 2),
                          (["--", "/no/such/program"], 127), (["--", "/etc/passwd"], 126)):  # fmt: skip
        got, output, errors = t.pagoda_run(*words, linux=False)
        equal((got, output), (status, ""), f"result of {words}")
        check(errors.startswith("pagoda-run: ") and errors.count("\n") == 1, f"{words} says {errors!r}")
