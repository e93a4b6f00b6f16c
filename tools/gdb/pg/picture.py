# SPDX-License-Identifier: MIT
"""`pg svg`: address spaces, their page tables and the frames that they share, as a picture.

In the middle stand the frames; to the left and to the right the processes, each with its areas and its tables. Neighbouring
pages that are alike in all processes are one box. A line from a table to a frame is an entry: its colour says what it grants.
"""

import os

import gdb

from . import frames, kernel, mm, tables, tasks, words
from .command import Command, number
from .drawing import Drawing

AREA, LEVEL, FRAME, GAP, ROW = 252, 66, 196, 26, 38
WRITE, READ, NONE = "#1a7f37", "#bc4c00", "#8c959f"
FILLS = {"own": "#ddf4ff", "shared": "#ffd8a8", "cache": "#eaeef2", "zero": "#ffffff", "table": "#fff8c5"}
JOIN = 4  # so many alike anonymous pages in a row become one box


class Side:
    """A process: its areas, and its pages by address."""

    def __init__(self, task):
        self.task, self.space = task, mm.of(task)
        self.name = tasks.name(task)
        self.areas = list(mm.areas(self.space))
        self.pages = {}  # address: (frame, rights, frame of the PTE table)
        self.above = {}  # frame of a table: that of the table above it; the PGD has none
        self.levels = {tables.root(self.space): 0}
        for start, pfn, above, table in tables.user_tables(self.space):
            self.path(start)
            for index, entry in enumerate(table):
                if words.present(entry):
                    both = entry if above & words.page_bit("RW") else entry & ~words.page_bit("RW")
                    self.pages[start + index * 4096] = words.pfn_of(entry), words.rights(both), pfn

    def path(self, address):
        """Notes the tables on the way to an address."""
        upper = tables.root(self.space)
        for level, (_, _, _, entry) in enumerate(list(tables.walk(upper, address))[:3]):
            lower = words.pfn_of(entry)
            self.above[lower], self.levels[lower] = upper, level + 1
            upper = lower

    def area_of(self, address):
        """The number of the area of an address, or None."""
        for index, vma in enumerate(self.areas):
            if vma["vm_start"] <= address < vma["vm_end"]:
                return index
        return None


class Group:
    """Frames that are alike: each process maps them, in a row, by the same table and with the same rights."""

    def __init__(self, pfn, uses, kind, said):
        self.pfns, self.uses, self.kind, self.said = [pfn], uses, kind, said

    def takes(self, pfn, uses, kind, said):
        """Whether the frame can join; if so, it does."""
        alike = kind == self.kind and said == self.said and uses.keys() == self.uses.keys()
        for side, (address, rights, table) in uses.items() if alike else ():
            first, first_rights, first_table = self.uses[side]
            alike = alike and (address, rights, table) == (first + 4096 * len(self.pfns), first_rights, first_table)
        if alike:
            self.pfns.append(pfn)
        return alike


def kind_of(pfn, count):
    """(kind, words) of a frame that so many of the drawn processes map."""
    page = frames.page(pfn)
    if pfn == kernel.var("zero_pfn"):
        return "zero", "the zero page"
    if frames.has_flag(page, "anon"):
        return ("shared" if count > 1 else "own"), words.many(page["_refcount.counter"], "reference")
    if page["mapping"]:
        return "cache", os.path.basename(frames.cache_place(page).split(" of ", 1)[1].split(", offset")[0])
    return "cache", "special memory"


def collect(sides):
    """The groups of all frames that the processes map, by address from the top."""
    found = {}
    for index, side in enumerate(sides):
        for address, (pfn, rights, table) in side.pages.items():
            found.setdefault(pfn, {}).setdefault(index, (address, rights, table))
    rows = sorted(found.items(), key=lambda row: min(use[0] for use in row[1].values()))
    groups, last = [], {}
    for pfn, uses in rows:
        kind, said = kind_of(pfn, len(uses))
        key = kind, said, tuple(sorted(uses))  # other processes may have other pages in between
        if key not in last or not last[key].takes(pfn, uses, kind, said):
            last[key] = Group(pfn, uses, kind, said)
            groups.append(last[key])
    return list(split_short(groups))[::-1]


def split_short(groups):
    """Few private pages in a row stand each for itself: they are what one wants to see."""
    for group in groups:
        if group.kind in ("cache", "zero") or len(group.pfns) > JOIN:
            yield group
            continue
        for index, pfn in enumerate(group.pfns):
            uses = {side: (at + index * 4096, rights, table) for side, (at, rights, table) in group.uses.items()}
            yield Group(pfn, uses, group.kind, group.said)


# ---- the layout -----------------------------------------------------------------------------------------------------


def spread(wanted, height, top):
    """Places of boxes that want to be at certain heights, in that order, without overlap."""
    places, free = {}, top
    for key, y in sorted(wanted.items(), key=lambda row: row[1]):
        places[key] = max(y, free)
        free = places[key] + height
    return places


class Picture:
    """The drawing of some processes."""

    def __init__(self, sides):
        self.sides = sides
        self.groups = collect(sides)
        self.top = 96
        self.half = AREA + 4 * (LEVEL + GAP) + GAP
        left, right = sum(1 for i in range(len(sides)) if i % 2 == 0), len(sides) // 2
        self.middle = 30 + self.half + GAP if left else 30
        self.drawing = Drawing(self.middle + FRAME + (self.half + GAP if right else 0) + 30)
        self.rows = {}  # group: y

    def draw(self):
        """All of it."""
        self.heading()
        for index, group in enumerate(self.groups):
            self.rows[group] = self.top + index * ROW
            self.frame(group, self.rows[group])
        bottoms = {0: self.top, 1: self.top}
        for index, side in enumerate(self.sides):
            bottoms[index % 2] = self.side(index, side, bottoms[index % 2]) + 40
        self.legend()

    def heading(self):
        """What is to be seen."""
        names = " and ".join(side.name for side in self.sides)
        shared = sum(len(group.pfns) for group in self.groups if group.kind == "shared")
        cache = sum(len(group.pfns) for group in self.groups if group.kind == "cache" and len(group.uses) > 1)
        said = f"{shared} private frames are shared until somebody writes, {cache} frames of files are shared"
        if len(self.sides) == 1:
            said = f"{sum(len(group.pfns) for group in self.groups)} frames"
        self.title = f"Address spaces, page tables and frames of {names}"
        self.drawing.words(30, 34, self.title, "title")
        self.drawing.words(30, 54, said, "small")
        self.drawing.words(self.middle + FRAME / 2, self.top - 14, "frames", "head", "middle")

    def frame(self, group, y):
        """The box of a group."""
        count = len(group.pfns)
        name = f"frame {group.pfns[0]:#x}" if count == 1 else f"{count} frames, {group.pfns[0]:#x}..."
        tip = ", ".join(f"{pfn:#x}" for pfn in group.pfns)
        if count > 1:
            self.drawing.box(self.middle + 4, y + 4, FRAME, ROW - 8, FILLS[group.kind])
        thick = 2.5 if group.kind == "shared" else 1
        self.drawing.box(self.middle, y, FRAME, ROW - 8, FILLS[group.kind], tip=tip, thick=thick)
        self.drawing.words(self.middle + 8, y + 13, name)
        at = min(address for address, _, _ in group.uses.values())
        self.drawing.words(self.middle + 8, y + 25, f"at {at:x}, {group.said}"[:36], "small")

    def side(self, index, side, top):
        """A process; returns where it ends."""
        left = index % 2 == 0
        x = 30 if left else self.middle + FRAME + GAP * 2 + 4 * (LEVEL + GAP)
        self.drawing.words(x + (0 if left else AREA), top - 14, side.name, "head", "start" if left else "end")
        tables_ = self.tables(index, side, top, left)
        return max(self.areas(index, side, top, left, x, tables_), max(tables_.values(), default=top) + ROW)

    def level_x(self, level, left):
        """Where the tables of a level stand: those of entries next to the frames."""
        inward = 30 + AREA + GAP + level * (LEVEL + GAP)
        return inward if left else self.middle + FRAME + GAP + (3 - level) * (LEVEL + GAP)

    def tables(self, index, side, top, left):
        """The tables of all levels and the lines between them; returns their heights."""
        wanted = {}
        for group, y in self.rows.items():
            if index in group.uses:
                wanted.setdefault(group.uses[index][2], []).append(y)
        places = {}
        for level in (3, 2, 1, 0):
            here = {pfn: sum(ys) / len(ys) for pfn, ys in wanted.items() if side.levels[pfn] == level}
            empty = {pfn for pfn, at in side.levels.items() if at == level and pfn not in here}
            here.update((pfn, top) for pfn in empty)
            placed = spread(here, ROW, top)
            places.update(placed)
            for pfn, y in placed.items():
                if pfn in side.above:
                    wanted.setdefault(side.above[pfn], []).append(y)
            self.level(level, placed, left, top)
        for pfn, y in places.items():
            if pfn in side.above:
                self.link(places[side.above[pfn]], y, side.levels[pfn], left)
        for group, y in self.rows.items():
            if index in group.uses:
                self.entry(group, y, places[group.uses[index][2]], group.uses[index], left)
        return places

    def level(self, level, placed, left, top):
        """The boxes of one level."""
        x = self.level_x(level, left)
        self.drawing.words(x + LEVEL / 2, top - 6, tables.LEVELS[level][0], "level", "middle")
        for pfn, y in placed.items():
            page = frames.page(pfn)
            shared = level == 3 and page["pt_refs"] > 1
            tip = frames.table_words(pfn, page) if level == 3 else f"{tables.LEVELS[level][0]} in frame {pfn:#x}"
            fill = FILLS["shared"] if shared else FILLS["table"]
            self.drawing.box(x, y, LEVEL, ROW - 10, fill, tip=tip, thick=2.5 if shared else 1)
            self.drawing.words(x + LEVEL / 2, y + (12 if level == 3 else 18), f"{pfn:#x}", "", "middle")
            if level == 3:
                self.drawing.words(x + LEVEL / 2, y + 23, words.many(page["pt_refs"], "user"), "small", "middle")

    def link(self, above, below, level, left):
        """From a table to the one below it."""
        one, two = self.level_x(level - 1, left), self.level_x(level, left)
        ends = (one + LEVEL, two) if left else (one, two + LEVEL)
        self.drawing.curve(ends[0], above + (ROW - 10) / 2, ends[1], below + (ROW - 10) / 2, "#9a8700")

    def entry(self, group, y, table_y, use, left):
        """From a PTE table to a frame."""
        address, rights, _ = use
        colour = WRITE if "w" in rights else READ if "r" in rights else NONE
        ends = (self.level_x(3, left) + LEVEL, self.middle) if left else (self.level_x(3, left), self.middle + FRAME)
        tip = f"{address:#x} {rights}"
        self.drawing.curve(ends[0], table_y + (ROW - 10) / 2, ends[1], y + (ROW - 8) / 2, colour, tip)

    def areas(self, index, side, top, left, x, tables_):
        """The areas, high addresses at the top, each with a dotted line to its tables."""
        height, y = 44, top
        for vma in reversed(side.areas):
            start, end = vma["vm_start"], vma["vm_end"]
            here = [page for address, page in side.pages.items() if start <= address < end]
            name = os.path.basename(mm.area_name(side.space, vma)) or "anonymous"
            rights = words.letters(vma["vm_flags"])
            self.drawing.box(x, y, AREA, height - 6, "#f6f8fa", tip=words.vm_flags(vma["vm_flags"]))
            self.drawing.words(x + 8, y + 15, f"{name[:22]}  {rights}")
            self.drawing.words(x + 8, y + 30, f"{start:x}-{end:x}, {len(here)}/{(end - start) // 4096} pages", "small")
            for pfn in {page[2] for page in here}:
                ends = (x + AREA, self.level_x(3, left)) if left else (x, self.level_x(3, left) + LEVEL)
                self.drawing.curve(
                    ends[0], y + (height - 6) / 2, ends[1], tables_[pfn] + (ROW - 10) / 2, "", dotted=True
                )
            y += height
        return y

    def legend(self):
        """What colours mean."""
        y, x = self.drawing.height + 34, 30

        def room(said):
            nonlocal x, y
            if x > 30 and x + 60 + 7.2 * len(said) > self.drawing.width:
                y, x = y + 24, 30

        for fill, said in (
            ("own", "private frame of one process"),
            ("shared", "shared until written (copy on write)"),
            ("cache", "frame of a file's page cache"),
            ("table", "page table"),
        ):
            room(said)
            self.drawing.box(x, y, 20, 14, FILLS[fill], thick=2.5 if fill == "shared" else 1)
            self.drawing.words(x + 26, y + 12, said)
            x += 44 + 7.2 * len(said)
        for colour, said in ((WRITE, "entry that may write"), (READ, "entry that may only read")):
            room(said)
            self.drawing.curve(x, y + 8, x + 30, y + 8, colour)
            self.drawing.words(x + 36, y + 12, said)
            x += 54 + 7.2 * len(said)


class Svg(Command):
    """pg svg FILE [PID...]: draws address spaces, page tables and frames of the processes (of the current one without PID)
    into FILE, one self-contained SVG: what they share, and what they do not share any more."""

    NAME = "svg"
    COMPLETE = gdb.COMPLETE_FILENAME

    def show(self, argv):
        if not argv:
            raise gdb.GdbError("where to? pg svg FILE [PID...]")
        chosen = [tasks.find(number(word, "a PID")) for word in argv[1:]] or [tasks.current()]
        picture = Picture([Side(task) for task in chosen])
        picture.draw()
        picture.drawing.write(argv[0], picture.title)
        print(f"{argv[0]}: {picture.title}")
