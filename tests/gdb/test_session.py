# SPDX-License-Identifier: MIT
"""`make gdb` itself: the first instruction, breakpoints early and late, programs and their symbols, backtraces."""

SHELL = """
## early
- pg log
- pg ps
tbreak *((unsigned long)&boot_start_pvh - 0xffffffff80000000)
continue
## boot
break start_kernel
continue
bt
break do_exit if current_task->mm != 0
continue
## tasks
pg ps
## areas
pg vmas
## log
pg log
- pg vmas 99999
"""


def test_shell(t):
    """A session at the first process of the shell's initramfs that ends; before that, from the very first instruction."""
    said = t.gdb(SHELL)
    said["start"].has(r"^0x0*fff0 in")
    said["early"].has("the kernel has no tasks yet", r"breakpoint 1, 0x0*100020 in")
    said["boot"].has(r"Breakpoint 2, start_kernel", r"#1 .* in x86_64_start_kernel", r"Breakpoint 3, do_exit")
    said["tasks"].has(
        r"^ +1 +1 +0 S +0 +\d+ +0xffff[0-9a-f]+ +init +do_wait$",
        r"^ +2 +2 +0 . +0 +- +0xffff[0-9a-f]+ +\[kthreadd\] +kthreadd$",
        r"^\* +\d+ +\d+ +\d+ R +0 +\d+ +0xffff[0-9a-f]+",
    )
    said["areas"].has(
        r"^[0-9a-f]{12}-[0-9a-f]{12} r-xp [0-9a-f]+ 0xffff[0-9a-f]+ /bin/busybox$",
        r"^[0-9a-f]{12}-[0-9a-f]{12} rw-p 00000000 0xffff[0-9a-f]+ \[stack\]$",
    )
    said["log"].has(r"^\[ +0\.\d+\] Freeing initramfs memory", "there is no task 99999")


DYNAMIC = """
## program
pg program
break sys_exit_group if $pg_current()->pid > 2
continue
## symbols
pg user-symbols
pg vmas
"""


def test_dynamic(t):
    """A program of this machine with a loader and libraries, all of them where chance has put them."""
    said = t.gdb(DYNAMIC, prog="/bin/true")
    said["program"].has(r"symbols of .*/true, moved by 0x5", r"symbols of .*ld-linux-x86-64.so.2, moved by 0x7")
    said["symbols"].has(r"symbols of .*libc.so.6, moved by 0x7", r"r-xp .*/true$", r"r-xp .*libc.so.6$")


PROGRAM = """
## program
pg program
## main
pg break main
continue
bt
pg break map_memory
continue
tbreak sys_mmap
continue
## kernel
bt
finish
## back
python
for _ in range(40):
    gdb.execute("stepi", to_string=True)
    if int(gdb.parse_and_eval("$cs")) & 3:
        break
end
bt
## into
pg break write_byte
continue
python
for _ in range(8):
    gdb.execute("stepi", to_string=True)
    if not int(gdb.parse_and_eval("$cs")) & 3:
        break
end
p/x $cs
bt
pg user-bt
tbreak do_wp_page
continue
up
pg user-bt
info registers rip
finish
## shared
info breakpoints
pg user-symbols
pg user-symbols off
- info symbol main
"""


def test_program(t):
    """A program of one's own: symbols at exec, breakpoints in it, into the kernel by a call and back, and by a fault."""
    said = t.gdb(PROGRAM, prog=TOUR)
    said["program"].has(r"symbols of .*/build/user/tour", r"tour \(\d+\) is about to run its first instruction")
    said["main"].has(
        r"Breakpoint \d+, main \(", r"#0 .*main \(argc=1", r"Breakpoint \d+, map_memory", r"breakpoint \d+, sys_mmap"
    )
    said["kernel"].has(r"#0 +sys_mmap", r"in entry_SYSCALL_64 \(\) at arch/x86_64/entry.S", r"^#2 .* in mmap")
    said["back"].has(r"^#0 .* in mmap")
    said["back"].lacks("#1 .*entry_SYSCALL_64")
    said["into"].has(r"Breakpoint \d+, write_byte", r"= 0x10$", r"#0 .*asm_exc_page_fault", r"#1 .* in write_byte \(")
    said["into"].has(
        r"^#0 .*write_byte \((.|\n)*^#1 .* look \((.|\n)*^#\d .* main \((.|\n)*^#0 .*write_byte \((.|\n)*main \("
    )
    said["into"].has(r"^rip .* <handle_(pte|mm)_fault\+\d+>$")
    said["shared"].has(r"symbols of .*/build/user/tour", r"No symbol .*main")
