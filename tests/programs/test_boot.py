# SPDX-License-Identifier: MIT
"""Ways to boot: through GRUB under BIOS and UEFI, with little and with much memory, with one to four CPUs; and a panic."""

import os
import re

from pagoda import build_dir, qemu

TARGETS = ("pagoda",)


def iso(t, **options):
    """A machine that boots build/pagoda.iso."""
    image = build_dir(t.checked) / "pagoda.iso"
    check(image.exists(), f"{image} is not there: run `make`")
    return qemu.Machine(iso=os.fspath(image), **options)


def works(t, machine, cpus):
    """Boots to the prompt, runs programs, powers off."""
    shell = t.boot(machine)
    equal(shell.run("nproc"), (f"{cpus}\n", 0), "nproc")
    equal(shell.run("echo a b | tr ' ' '\\n' | wc -l"), ("2\n", 0))
    output, _ = shell.run("sed -n 's/^MemTotal: *//p' /proc/meminfo")
    shell.line("poweroff -f")
    equal(shell.wait_end(), 0, "QEMU's exit status")
    return int(output.split()[0])


def test_iso_bios(t):
    """GRUB under SeaBIOS."""
    works(t, iso(t, mem="128M"), 1)


def test_iso_uefi(t):
    """GRUB under OVMF."""
    works(t, iso(t, mem="256M", smp=2, uefi=True), 2)


def test_memory_16m(t):
    """The smallest machine."""
    total = works(t, t.machine(mem="16M"), 1)
    check(total < 16384, f"MemTotal is {total} kB on a machine of 16 MiB")


def test_memory_8g(t):
    """Memory on both sides of the hole below 4 GiB."""
    total = works(t, t.machine(mem="8G", smp=2), 2)
    check(total > 7_900_000, f"MemTotal is {total} kB on a machine of 8 GiB")


def test_four_cpus(t):
    """All processors that QEMU offers."""
    works(t, t.machine(smp=4), 4)


def test_maxcpus(t):
    """maxcpus= keeps processors off."""
    works(t, t.machine(smp=2, append="maxcpus=1"), 1)


def test_mem_option(t):
    """mem= hides memory."""
    total = works(t, t.machine(append="mem=64M"), 1)
    check(total < 65536, f"MemTotal is {total} kB with mem=64M")


def test_memory_used_after_boot(t):
    """At most 8 MiB used after boot, the initramfs aside, on a machine of 64 MiB."""
    shell = t.boot(t.machine(mem="64M"))
    output, _ = shell.run("cat /proc/meminfo")
    info = {line.split(":")[0]: int(line.split()[1]) for line in output.splitlines() if len(line.split()) > 1}
    output, _ = shell.run("du -skx / | cut -f1")
    used = 65536 - info["MemFree"] - int(output)
    check(used <= 8192, f"{used} kB of 64 MiB are used after boot")


def test_prompt_time(t):
    """The prompt is there within two seconds of guest time."""
    shell = t.boot()
    output, _ = shell.run("cut -d' ' -f1 /proc/uptime")
    check(float(output) < 2, f"uptime at the prompt is {output.strip()} s")


def test_typed_ahead(t):
    """What is typed before the kernel looks at the serial port reaches the shell whole."""
    console = Console(t.machine())
    try:
        console.process.write(b"echo typed''-ahead\n")
        console.expect("^typed-ahead\r")
    finally:
        console.close()


def test_command_line(t):
    """/proc/cmdline shows the words; init= and words after -- reach the program."""
    shell = t.boot(t.machine(append="some=word"))
    output, _ = shell.run("cat /proc/cmdline")
    check("some=word" in output.split(), f"/proc/cmdline is {output!r}")


def test_panic(t):
    """When PID 1 ends the kernel panics, says so with registers and a backtrace, and ends QEMU with the agreed status."""
    console = Console(t.machine(append="rdinit=/bin/true loglevel=7"))
    try:
        equal(console.wait_end(), qemu.PANIC_STATUS, "QEMU's exit status")
    finally:
        console.close()
    check(re.search(r"^(\[.*\] )?Kernel panic.*init", console.seen, re.MULTILINE), "no line `Kernel panic ... init`")
    check("do_exit" in console.seen, "the backtrace does not name do_exit")
