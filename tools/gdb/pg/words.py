# SPDX-License-Identifier: MIT
"""Bits in words, sizes, tables: how things are said."""

import functools

from . import kernel, source

MM_TYPES = "include/pagoda/mm_types.h"
SCHED = "include/pagoda/sched.h"
PGTABLE = source.ARCH + "pgtable_types.h"
PAGE_H = source.ARCH + "page.h"

# What a bit of an entry is called where it is set; the names are those of asm/pgtable_types.h without _PAGE_.
PTE_WORDS = (
    ("USER", "user"), ("ACCESSED", "accessed"), ("DIRTY", "dirty"), ("GLOBAL", "global"), ("PWT", "write-through"),
    ("PCD", "uncached"), ("SPECIAL", "special"), ("UFFD_WP", "uffd-wp"), ("SOFT_DIRTY", "soft-dirty"),
)  # fmt: skip
SWP_TYPE_SHIFT = 59
TABLE_WORDS = (("USER", "user"), ("ACCESSED", "accessed"))


@functools.lru_cache(None)
def page_bit(name):
    """The value of _PAGE_NAME."""
    return source.defines(PGTABLE)["_PAGE_" + name]


@functools.lru_cache(None)
def vm_bit(name):
    """The value of VM_NAME."""
    return source.defines(MM_TYPES)["VM_" + name]


@functools.lru_cache(None)
def page_flag(name):
    """The value of PG_name as a mask."""
    return 1 << kernel.enum("PG_", "PG_locked")[name]


def swap_constant(name):
    """A constant of the entries that hold no frame."""
    return source.defines(source.ARCH + "pgtable_swap.h")[name]


def pfn_of(entry):
    """The frame number in an entry."""
    return (entry & source.defines(PGTABLE)["PTE_PFN_MASK"]) >> 12


def flags(value, names, none="none"):
    """The names of the set bits; what has no name stays a number."""
    said = []
    for name, bit in names.items():
        if bit and bit & (bit - 1) == 0 and value & bit:
            said.append(name.lower())
            value &= ~bit
    if value:
        said.append(f"{value:#x}")
    return " ".join(said) or none


def vm_flags(value):
    """The flags of an area."""
    skip = ("STACK", "NONE", "PKEY_SHIFT")
    names = {name: bit for name, bit in source.constants(MM_TYPES, "VM_").items() if not name.startswith("FAULT_")}
    key = value >> 32 & 15
    said = flags(value & ~(15 << 32), {name: bit for name, bit in names.items() if name not in skip})
    return said + (f" key {key}" if key else "")


def page_flags(value):
    """The flags of a struct page."""
    return flags(value, {name: 1 << bit for name, bit in kernel.enum("PG_", "PG_locked").items()})


def present(entry):
    """Whether an entry holds a frame; PROT_NONE ones do."""
    return bool(entry & (page_bit("PRESENT") | page_bit("PROTNONE")))


def is_swap(entry):
    """Whether it says where a page is that is not in memory."""
    return bool(entry) and not present(entry)


def rights(entry):
    """rwx of an entry of a table that the hardware uses."""
    if not entry & page_bit("PRESENT"):
        return "---"
    return f"r{'w' if entry & page_bit('RW') else '-'}{'-' if entry & page_bit('NX') else 'x'}"


def pte(entry):
    """A PTE in words."""
    if entry == 0:
        return "empty"
    if not present(entry):
        if entry >> SWP_TYPE_SHIFT == swap_constant("SWP_PTE_MARKER"):
            return "marker: no page, write-protected for a userfaultfd"
        return f"swap entry: type {entry >> SWP_TYPE_SHIFT}, offset {entry >> 12 & (1 << 47) - 1:#x}"
    words = [f"frame {pfn_of(entry):#x}", "no access (PROT_NONE)" if rights(entry) == "---" else rights(entry)]
    for name, said in PTE_WORDS:
        if entry & page_bit(name) and not (name == "GLOBAL" and not entry & page_bit("PRESENT")):
            words.append(said)
    if entry >> 59 & 15:
        words.append(f"key {entry >> 59 & 15}")
    return " ".join(words)


def upper(entry):
    """An entry of a PGD, PUD or PMD in words."""
    if entry == 0:
        return "empty"
    if not entry & page_bit("PRESENT"):
        return f"not present, {entry:#x}"
    if entry & page_bit("PSE"):
        return "large page: " + pte(entry)
    words = [f"table in frame {pfn_of(entry):#x}", rights(entry)]
    words += [said for name, said in TABLE_WORDS if entry & page_bit(name)]
    return " ".join(words)


def letters(value):
    """rwxp of an area's flags, as /proc/PID/maps writes them."""
    said = "".join(c if value & vm_bit(name) else "-" for c, name in (("r", "READ"), ("w", "WRITE"), ("x", "EXEC")))
    return said + ("s" if value & vm_bit("MAYSHARE") else "p")


def size(count):
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:g} {unit}" if count == int(count) else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def many(count, what, plural=""):
    """`1 page`, `2 pages`."""
    return f"{count} {what}" if count == 1 else f"{count} {plural or what + 's'}"


def runs(rows, same=lambda a, b: a == b):
    """Joins (address, thing) rows of neighbouring pages with the same thing to (start, end, thing)."""
    start = end = thing = None
    for address, now in rows:
        if start is not None and address == end and same(thing, now):
            end += 4096
            continue
        if start is not None:
            yield start, end, thing
        start, end, thing = address, address + 4096, now
    if start is not None:
        yield start, end, thing
