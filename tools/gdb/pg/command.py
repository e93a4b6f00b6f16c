# SPDX-License-Identifier: MIT
"""The prefix `pg`, and what its commands have in common."""

import gdb

from . import kernel


EARLY = "the kernel has no tasks yet: `break kernel_init`, `continue`, or go further"


class Pg(gdb.Command):
    """Shows Pagoda's structures while the machine stands still; `help pg` lists what there is.

    Addresses and numbers may be expressions, as in `pg at &page[8]`. docs/debugging.md tells how to use all this."""

    def __init__(self):
        super().__init__("pg", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class Command(gdb.Command):
    """A command below `pg`: NAME, and show(words), which prints and may raise gdb.GdbError."""

    NAME = ""
    NEEDS_TASKS = True
    COMPLETE = gdb.COMPLETE_NONE

    def __init__(self):
        super().__init__("pg " + self.NAME, gdb.COMMAND_DATA, self.COMPLETE)

    def invoke(self, argument, from_tty):
        """Called by GDB."""
        if self.NEEDS_TASKS and not kernel.running():
            raise gdb.GdbError(EARLY)
        try:
            self.show(gdb.string_to_argv(argument))
        except gdb.MemoryError as error:
            raise gdb.GdbError(
                f"stopped at something that cannot be read: {error}" if kernel.running() else EARLY
            ) from None

    def show(self, argv):
        """Prints."""
        raise NotImplementedError


# Things whose name stands for their place.
ADDRESSED = (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION)


def number(word, what="a number"):
    """The value of an expression."""
    try:
        value = gdb.parse_and_eval(word)
        if value.type.strip_typedefs().code in ADDRESSED and value.address is not None:
            value = value.address
        return int(value) & (2**64 - 1)
    except (gdb.error, ValueError) as error:
        raise gdb.GdbError(f"{word}: this should be {what}: {error}") from None


def at_most(words, count, usage):
    """Complains of too many words."""
    if len(words) > count:
        raise gdb.GdbError(f"too many words: {usage}")
