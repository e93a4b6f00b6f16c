# SPDX-License-Identifier: MIT
"""The kernel's log: `pg log`."""

from . import kernel
from .command import Command, at_most, number

RECORD = "struct log_record"


def lines():
    """The lines of the ring in kernel/printk.c, oldest first."""
    base, index = kernel.address("log_buf"), kernel.var("first_idx")
    text = kernel.layout(RECORD, "text")[0]
    for _ in range(kernel.var("next_seq") - kernel.var("first_seq")):
        record = kernel.Struct(base + index, RECORD)
        if record["len"] == 0:  # the ring wraps here
            index = 0
            record = kernel.Struct(base, RECORD)
        data = kernel.memory(record.address + text, record["text_len"]) if record["text_len"] else b""
        yield f"[{record['ts_ns'] / 1e9:12.6f}] {data.decode(errors='replace')}"
        index += record["len"]


class Log(Command):
    """pg log [N]: the kernel's log, or its last N lines; also what no console showed."""

    NAME = "log"
    NEEDS_TASKS = False

    def show(self, argv):
        at_most(argv, 1, "pg log [N]")
        found = list(lines())
        print("\n".join(found[-number(argv[0]) :] if argv else found))
