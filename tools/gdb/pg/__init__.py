# SPDX-License-Identifier: MIT
"""GDB's commands for Pagoda, all below `pg`.

kernel    reads variables, structures, lists, trees      source   constants and markers in the sources
words     bits in words                                  command  the prefix, and what commands have in common
tasks     pg ps, pg task                                 mm       pg mm, pg vmas
tables    pg pt                                          frames   pg page
at, fate  pg at, and what an access would do             share    pg share
diff      pg diff                                        verify   pg verify
slab      pg slab                                        buddy    pg buddy
files     pg files                                       locks    pg locks
log       pg log                                         uffd     pg uffd
tour      pg tour                                        tours    its texts
picture   pg svg                                         drawing  an SVG file
symbols   pg user-symbols, pg break, pg program          replay   pg who-wrote
printers  pretty-printers, $pg_current() and its kin     unwind   backtraces through entry.S
userbt    pg user-bt
"""

import gdb

from . import at, buddy, command, diff, files, frames, kernel, locks, log, mm, picture, printers, replay, share, slab
from . import symbols, tables, tasks, tour, uffd, unwind, userbt, verify

COMMANDS = (
    tasks.Ps, tasks.Task, mm.Mm, mm.Vmas, tables.Pt, frames.Page, at.At, diff.Diff, share.Share, slab.Slab, buddy.Buddy,
    locks.Locks, files.Files, log.Log, verify.Verify, uffd.Uffd, picture.Svg, tour.Walk, symbols.UserSymbols,
    symbols.Break, symbols.Program, userbt.UserBacktrace, replay.WhoWrote,
)  # fmt: skip


def load():
    """Makes GDB know all commands."""
    command.Pg()
    for one in COMMANDS:
        one()
    printers.register()
    unwind.register()
    gdb.events.cont.connect(mm.went_on)
    gdb.events.clear_objfiles.connect(kernel.forget)
    gdb.events.new_objfile.connect(kernel.forget)
    gdb.events.memory_changed.connect(mm.went_on)
