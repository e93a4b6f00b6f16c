# SPDX-License-Identifier: MIT
"""`make replay`: a run is recorded, and GDB goes back in it: over a copy on write, to who wrote an entry or a field."""

SCRIPT = """
- pg who-wrote 0x401000
## start
pg program
monitor savevm program
## fault
pg break child_has_written
continue
python PAGE = int(gdb.parse_and_eval("memory")); gdb.set_convenience_variable("page", PAGE)
pg at $page
## writer
pg who-wrote $page
## before
reverse-stepi
pg at $page
## cleared
pg who-wrote $page
## forked
pg who-wrote $page
## field
pg who-wrote $pg_current()->mm->total_vm
## back
break copy_mm
reverse-continue
## forward
delete
pg break child_has_written
continue
pg at $page
## never
pg who-wrote &linux_banner
"""


def test_backwards(t):
    """From the child after its write back to the writer of its entry, before that, to the fork, and forward again."""
    said = t.gdb(SCRIPT, "--replay", prog=TOUR, args="look fork")
    said["start"].has(r"tour \(3\) is about to run its first instruction")
    said["fault"].has(r"child_has_written", r"granted by the entries rw-$")
    said["writer"].has(
        r"^the PTE of 0x7[0-9a-f]+ was last changed by tour \(4\), instruction \d+ of the recording:$",
        r"^  0x[f0-9a-f]+ <do_wp_page\+\d+>:",
        r"^#\d+ .*wp_page_copy",
        r"in asm_exc_page_fault",
        r"in write_byte",
    )
    said["before"].has(r"granted by the entries ---$", r"^  PTE\[\d+\] +0x0000000000000000 ")
    said["cleared"].has(r"was last changed by tour \(4\)", r"it holds 0x0 now", r"^#\d+ .*wp_page_copy")
    said["forked"].has(r"was last changed by tour \(3\)", r"copy_table", r"copy_process")
    said["field"].has(r"^\$pg_current\(\)->mm->total_vm was last changed by tour \(3\)", r"^#\d+ ")
    said["back"].has(r"Breakpoint \d+, copy_mm")
    said["forward"].has(r"child_has_written", r"granted by the entries rw-$")
    said["never"].has(r"^nobody has changed .* since the start of the recording$")
    said["start"].lacks("cannot")


def test_not_recorded(t):
    """Without a recording it says so."""
    said = t.gdb("## said\n- pg who-wrote 0x1000")
    said["said"].has(r"^nothing is replayed here.*`make replay PROG=path`$")
