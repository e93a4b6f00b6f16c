# SPDX-License-Identifier: MIT
"""Open files: `pg files`."""

import gdb

from . import kernel, mm, source, tasks
from .command import Command, at_most

KINDS = {1: "fifo", 2: "character device", 4: "directory", 6: "block device", 8: "file", 10: "link", 12: "socket"}
FS = "include/pagoda/fs.h"


def of(task):
    """(descriptor, file, whether exec closes it) of each open file."""
    files = task.go("files", "struct files_struct")
    if files is None:
        raise gdb.GdbError(f"task {tasks.name(task)} has no files")
    table = files.go("fdt", "struct fdtable")
    count = table["max_fds"]
    marks = kernel.words_at(table["close_on_exec"], (count + 63) // 64)
    for number, where in enumerate(kernel.words_at(table["fd"], count)):
        if where:
            yield number, kernel.Struct(where, "struct file"), bool(marks[number // 64] >> number % 64 & 1)


def pipe(inode):
    """Words for a pipe, which has no name."""
    data = inode.go("i_pipe", "struct pipe_inode_info") if inode["i_mode"] >> 12 == 1 else None
    if data is None:
        return f"inode {inode['i_ino']}"
    full = data["head"] - data["tail"]
    return f"pipe {inode['i_ino']}: {full} of {data['ring_size']} slots full; struct pipe_inode_info {data.address:#x}"


class Files(Command):
    """pg files [PID]: the open files of a process: descriptor, mode, position, references, path."""

    NAME = "files"

    def show(self, argv):
        at_most(argv, 1, "pg files [PID]")
        task = tasks.chosen(argv[0] if argv else None)
        print(f"{tasks.name(task)}: struct files_struct {task['files']:#x}")
        print("   fd mode exec   position refs  struct file         kind              path")
        modes = source.defines(FS)
        for number, file, closed in of(task):
            mode = "".join(
                c if file["f_mode"] & modes[name] else "-" for c, name in (("r", "FMODE_READ"), ("w", "FMODE_WRITE"))
            )
            inode = file.go("f_inode", "struct inode")
            kind = KINDS.get(inode["i_mode"] >> 12, "anonymous") if inode else "?"
            print(
                f"{number:5} {mode}   {'shut' if closed else 'kept'} {file['f_pos']:10} {file['f_count.counter']:4}  "
                f"{file.address:#x}  {kind:17} {mm.path(file) or pipe(inode)}"
            )
