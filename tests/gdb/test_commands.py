# SPDX-License-Identifier: MIT
"""Each command below `pg` on user/tour, stopped in its child after the first write, and inside the kernel."""

import xml.etree.ElementTree

from pagoda import BUILD

# The parent is 3, the child 4: the guest's init and kthreadd were before them.
USER = """
pg program
pg break both_share
continue
## share
python
from pg import tasks
parent, child = sorted(task["pid"] for task in tasks.every() if task.text("comm") == "tour")
gdb.set_convenience_variable("parent", parent)
gdb.set_convenience_variable("child", child)
gdb.set_convenience_variable("page", int(gdb.parse_and_eval("memory")))
end
pg share $parent $child
pg diff $parent
pg diff $child
## drawn
python gdb.execute(f"pg svg {OUT}-shared.svg {parent} {child}")
## written
pg break child_has_written
continue
pg share $parent $child
## diff
pg diff $child
pg diff $child
## ps
pg ps
## task
pg task
pg task 1
## mm
pg mm
pg mm $parent
## vmas
pg vmas
pg vmas all
## pt
pg pt $page
pg pt $parent $page
pg pt &init_task
## page
pg page $page
pg page 0
pg page $pg_page($page)
pg page &init_task
pg page $pg_current()->stack
- pg page 0x7000000000
## at
pg at $page
## parent
pg at $parent $page
## text
pg at main
## hole
pg at 0x10000
## stack
pg at $pg_current()->mm->start_stack
## grow
pg at $pg_current()->mm->start_stack - 0x400000
## fresh
pg at $page+2*4096
## kernel
pg at $pg_current()
pg at $pg_current()->stack
pg at 0xffff800000000000
pg at &start_kernel
## slab
pg slab
pg slab mm_struct
pg slab $pg_current()
- pg slab no_such_cache
## owners
- pg slab mm_struct owners
## buddy
pg buddy
pg buddy 10
## files
pg files
## locks
pg locks
## log
pg log 2
## verify
pg verify
pg verify $parent
## broken
set variable $pg_mm($parent)->map_count = 99
python
from pg import mm, tables
def flip(bit):
    where, entry = tables.pte_of(mm.of(tasks.find(parent)), int(gdb.parse_and_eval("memory")) + 4096)
    gdb.selected_inferior().write_memory(where, (entry ^ bit).to_bytes(8, "little"))
    return entry >> 12 & 0xffffffffff
frame = flip(2)
refs = gdb.parse_and_eval(f"&$pg_page({frame})->_refcount.counter")
gdb.execute(f"set variable *(int *){int(refs):#x} = 1")
end
pg verify
python
flip(2)
gdb.execute(f"set variable *(int *){int(refs):#x} = 2")
end
## uffd
pg uffd
## printers
print $pg_current()
print *$pg_current()->mm
print $pg_mm($parent)
print *$pg_task($parent)->vmacache_vma
print init_task.tasks
print $pg_current()->mm->mm_rb
print $pg_current()->mm->mm_users
print *$pg_page($page)
print (pte_t){0x8000000000001867}
print (pmd_t){0x1067}
print (pte_t){0}
print (gfp_t)0x301
print (vm_fault_t)0x400
print $pg_per_cpu("runqueues", 0)->curr->pid
## help
help pg
## drawn2
python gdb.execute(f"pg svg {OUT}-written.svg {parent} {child}")
""".replace(
    "{OUT}", str(BUILD / "gdb/test")
)

KERNEL = """
break wp_page_copy if $pg_current()->pid > 2
continue
up
set $at = vmf->real_address
## locked
tbreak flush_tlb_page
continue
pg locks
pg verify
## entry
pg at $at
## checked
pg task
## other
thread 2
pg task
print $pg_current()
pg ps
"""


def user(t):
    """What GDB says of the tour's child after its first write."""
    (BUILD / "gdb").mkdir(exist_ok=True)
    return t.kept("user", USER, prog=TOUR)


def test_ps(t):
    """Parent, child, init."""
    said = user(t)["ps"]
    said.has(r"^ +1 +1 +0 S .* init +do_wait$", r"^ +3 +3 +1 [RS] .* tour", r"^\* +4 +4 +3 R .* tour$")
    said.has(r"^ +2 .* \[kthreadd\]")


def test_task(t):
    """The current task, which runs; init, which sleeps in a call."""
    said = user(t)["task"]
    said.has(
        r"^tour \(4\): struct task_struct 0xffff",
        r"^  process     4, parent tour \(3\)$",
        r"^  state       R: runs on CPU 0$",
        r"^init \(1\): ",
        r"^  state       S: sleeps, a signal wakes it$",
        r"^  in          wait4\(pid 0xffffffffffffffff, stat_addr 0x",
        r"^    0xffffffff[0-9a-f]+ do_wait \+ \d+$",
        r"^    0xffffffff[0-9a-f]+ (sys|kernel)_wait4",
    )


def test_mm(t):
    """Counts, layout, lock, TLB."""
    said = user(t)["mm"]
    said.has(
        r"^tour \(4\): struct mm_struct 0xffff",
        r"^  users       mm_users 1, mm_count 1$",
        r"^  areas       \d+, .* in all: data ",
        r"^  resident    .*: \d+ anon, \d+ file, \d+ shmem, 0 swap, 0 special$",
        r"^  mmap_lock   free$",
        r"^  TLB         generation \d+, loaded on CPU 0$",
        r"^  TLB         generation \d+, loaded on no CPU$",
        r"^  program     .*/build/user/tour$",
    )


def test_vmas(t):
    """One process and all."""
    said = user(t)["vmas"]
    said.has(r"^[0-9a-f]{12}-[0-9a-f]{12} r-xp [0-9a-f]{8} 0xffff[0-9a-f]+ .*/build/user/tour$", r"rw-p .* \[stack\]$")
    said.has(r"^init \(1\): mm ", r"^tour \(3\): mm ")


def test_pt(t):
    """The child's entry is writable, the parent's not yet again; the kernel's."""
    said = user(t)["pt"]
    said.has(
        r"in the tables of tour \(4\), PGD in frame 0x[0-9a-f]+\n(  P[GUM]D\[.*table in frame .* rwx user.*\n){3}"
        r"  PTE\[.* frame 0x[0-9a-f]+ rw- user accessed dirty",
        r"in the tables of tour \(3\), PGD in frame 0x[0-9a-f]+\n(  P[GUM]D\[.*\n){3}  PTE\[.* r-- user accessed dirty",
        r"in the tables of the kernel, PGD",
    )


def test_page(t):
    """A private page, firmware, a struct page, the kernel's image, a kernel stack, nothing."""
    said = user(t)["page"]
    said.has(
        r"^  use         anonymous memory$",
        r"^  flags       uptodate swapbacked anon anon_exclusive$",
        r"^  references  1 = 1 table entry$",
        r"^  mapped      at 0x7[0-9a-f]+ of tour \(4\): rw- user accessed dirty",
        r"^  use         reserved: firmware",
        r"^  use         kernel image",
        r"^  use         kernel stack of tour \(4\)",
        r"^nothing is mapped at 0x7000000000$",
    )


def test_at(t):
    """The join: the page that the child has written, and the same address in the parent."""
    said = user(t)["at"]
    said.has(
        r"^  area       7[0-9a-f]+-7[0-9a-f]+ rw-p ",
        r"^  rights     asked rw- \(mprotect may give rwx\), granted by the entries rw-$",
        r"^  table      PTE table of tour \(4\): pt_refs 1, 2 anon$",
        r"^  references 1 = 1 table entry$",
        r"^  sharers    none$",
        r"^  userfaultfd not registered$",
        r"^  TLB        generation \d+, loaded on CPU 0$",
        r"^  read       no fault: reads frame 0x",
        r"^  write      no fault: writes frame 0x",
        r"^  jump       page fault: SIGSEGV \(SEGV_ACCERR\): the page is there and may not be run$",
    )
    user(t)["parent"].has(r"granted by the entries r--$", r'^  write      page fault: do_wp_page, case "reuse": frame ')


def test_fate(t):
    """What accesses would do in code, in a hole, on and below the stack, in memory that was never touched."""
    said = user(t)
    said["text"].has(
        r"granted by the entries r-x$",
        r"^  references \d+ = 2 table entries \+ the page cache$",
        r"^  sharers    tour \(3\) at 0x[0-9a-f]+ r-x$",
        r"^  write      page fault: SIGSEGV \(SEGV_ACCERR\): the area is not writable$",
        r"^  jump       no fault: runs what stands in frame",
    )
    said["hole"].has(
        r"^  area       none; the next one begins at",
        r"^  read       page fault: no area is here, SIGSEGV \(SEGV_MAPERR\)$",
    )
    said["stack"].has(r"\[stack\]$")
    said["grow"].has(r"^  write      page fault: the stack at 0x[0-9a-f]+ grows down to here")
    said["fresh"].has(
        r'^  read       page fault: do_anonymous_page, case "zero": the zero page, read-only$',
        r'^  write      page fault: do_anonymous_page, case "anon": a new cleared page$',
    )


def test_at_kernel(t):
    """Kernel addresses: an object of a slab, a stack, nothing, code."""
    user(t)["kernel"].has(
        r"^  area       direct map, physical 0x[0-9a-f]+: object 0x[0-9a-f]+ of task_struct, in use",
        r"^  area       kernel stack of tour \(4\), 0x4000 below its top$",
        r"^  access     any access is a page fault in the kernel",
        r"^  area       kernel image: start_kernel",
    )


def test_share(t):
    """After fork all private pages are shared; after the write two are not: the child's page and its stack."""
    said = user(t)
    before = said["share"].has(
        r"^  7[0-9a-f]+-7[0-9a-f]+  2 pages    r-- here, r-- there: private memory, copied when written$"
    )
    after = said["written"].has(
        r"^  7[0-9a-f]+-7[0-9a-f]+  1 page     r-- here, r-- there: private memory, copied when written$"
    )
    said["written"].has(r"page cache of .*/build/user/tour", r"^  0 shared PTE tables$")
    if before[0] == after[0]:
        raise Failure("nothing changed")


def test_diff(t):
    """The child's first look, then what its write has changed, then nothing."""
    said = user(t)
    said["share"].has(r"^tour \(4\): remembered")
    said["diff"].has(
        r"^tour \(4\): \d+ changes$",
        r"^  entry 7[0-9a-f]+: frame 0x([0-9a-f]+) r-- .* -> frame 0x(?!\1)[0-9a-f]+ rw- user accessed dirty",
        r"^tour \(4\): nothing has changed$",
    )


def test_slab(t):
    """All caches, one, the object of an address, an unknown one, and who allocated."""
    said = user(t)
    said["slab"].has(
        r"^vm_area_struct +\d+ +\d+ +\d+ +\d+ +\d+  0xffff",
        r"^mm_struct: struct kmem_cache 0xffff",
        r"^  CPU 0 has \d+ ready, at most \d+$",
        r"^  in use: 3$",
        r"^object 0xffff[0-9a-f]+ of task_struct, in use",
        r"^there is no cache no_such_cache$",
    )
    if t.checked:
        said["owners"].has(r"^ +3  allocate_mm|^ +\d+  (mm_alloc|dup_mm|allocate_mm)")
    else:
        said["owners"].has(r"^owners are known to checked kernels only")


def test_memory(t):
    """Free blocks, open files, the log, userfaultfds."""
    said = user(t)
    said["buddy"].has(
        r"^[0-9.]+ MiB free of 1\d\d[0-9.]* MiB; ", r"^  +10  4 MiB +\d+ +\d+$", r"^frames 0x[0-9a-f]+00-0x[0-9a-f]+ff$"
    )
    said["files"].has(r"^ +0 rw +kept +0 +\d+  0xffff[0-9a-f]+  character device  /dev/ttyS0$", r"fifo")
    said["log"].has(r"^\[ +\d+\.\d+\] ")
    said["uffd"].has(r"^0 userfaultfds$")


def test_verify(t):
    """All rules hold, and no lock is held, while programs run."""
    said = user(t)
    said["verify"].has(r"^3 address spaces: all rules hold$", r"^1 address space: all rules hold$")
    said["locks"].has(r"^0 of \d+ locks are held$")


def test_broken(t):
    """A count, an entry and a reference that GDB has made wrong are found."""
    user(t)["broken"].has(
        r"^tour \(3\): map_count at ",
        r"^frame 0x[0-9a-f]+ has 1 references and 2 mappings$",
        r"^3 address spaces: \d rules are broken$",
    )


def test_printers(t):
    """Entries, tasks, address spaces, areas, pages, lists, trees in words."""
    user(t)["printers"].has(
        r"= 0xffff[0-9a-f]+ <task tour \(4\)>$",
        r"= mm of tour \(4\), \d+ areas = \{$",
        r"= 0xffff[0-9a-f]+ <mm of tour \(3\), \d+ areas>$",
        r"= area [0-9a-f]+-[0-9a-f]+ [rwxps-]{4} .* = \{$",
        r"vm_flags = 0x[0-9a-f]+ <.*mayread.*>",
        r"= list of 4, or a node of one; next 0x",
        r"= tree of \d+, root 0xffff",
        r"^\$\d+ = 1$",
        r"= frame 0x[0-9a-f]+, 1 references, flags uptodate swapbacked anon anon_exclusive = \{$",
        r"= 0x8000000000001867 <frame 0x1 rw- user accessed dirty soft-dirty>$",
        r"= 0x1067 <table in frame 0x1 rwx user accessed>$",
        r"= 0x0 <empty>$",
        r"= 0x301 <direct_reclaim movable fs>$",
        r"= 0x400 <retry>$",
        r"^\$\d+ = 4$",
    )


def test_help(t):
    """Every command has help."""
    said = user(t)["help"]
    for (
        name
    ) in "ps task mm vmas pt page at diff share slab buddy uffd locks files log verify svg tour break program".split():
        said.has(rf"^pg {name} -- pg {name}\b.*[a-z]")
    for name in ("user-symbols", "user-bt", "who-wrote"):
        said.has(rf"^pg {name} -- pg {name}\b.*[a-z]")
    said.lacks("This command is not documented")


def test_pictures(t):
    """The pictures parse, hold both processes, and show that the write has unshared something."""
    user(t)
    shared = []
    for name in ("shared", "written"):
        root = xml.etree.ElementTree.parse(BUILD / f"gdb/test-{name}.svg").getroot()
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        for wanted in ("tour (3)", "tour (4)", "frames", "PGD", "PTE", "[stack]  rw-p", "page table"):
            if wanted not in texts:
                raise Failure(f"test-{name}.svg lacks {wanted!r}: it has {texts}")
        shared.append(sum(1 for text in texts if text.endswith("2 references")))
    if not shared[0] > shared[1] > 0:
        raise Failure(f"{shared[0]} shared private frames before the write, {shared[1]} after it")


def test_inside(t):
    """Stopped in a fault, with locks held, on two CPUs."""
    said = t.gdb(KERNEL, smp=2)
    said["locked"].has(
        r"^mmap_lock of .* \(rw_semaphore 0xffff[0-9a-f]+\): held by 1 reader",
        r"^PTL of frame 0x[0-9a-f]+ of .* \(spinlock 0xffff[0-9a-f]+\): held",
    )
    said["entry"].has(r"^  PTE\[\d+\] +0x0000000000000000 .*: empty$")
    said["other"].has(r"^  state       ", r"= 0xffff[0-9a-f]+ <task .* \(\d+\)>", r"^\* ")
    if t.checked:
        said["checked"].has(r"^  holds       0xffff")


def test_running(t):
    """GDB stops a machine that runs, wherever it is, looks, and lets it go on."""
    with t.running(smp=2) as (shell, attach):
        shell.run("sleep 1000 & sleep 1001 & true")
        said = attach("## ps\npg ps\n## vmas\npg vmas all\n## verify\npg verify\n## locks\npg locks\n## slab\npg slab")
        said["ps"].has(r"^ +\d+ +\d+ +\d+ S .* sleep +\w*nanosleep", r"^ +\d+ .* sh ")
        said["vmas"].has(r"^sleep \(\d+\): mm ", r"/bin/busybox$")
        said["verify"].has(r"all rules hold|is being changed now")
        said["slab"].has(r"^dentry ")
        out, status = shell.run("echo still here")
        if (out, status) != ("still here\n", 0):
            raise Failure(f"the shell says {out!r}")
