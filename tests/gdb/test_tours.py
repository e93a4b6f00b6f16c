# SPDX-License-Identifier: MIT
"""The guided walks: their stops are those of docs/reading-order.md, their markers are in the sources, they run to the end."""

import re
import sys

from pagoda import ROOT

sys.path.insert(0, str(ROOT / "tools/gdb/pg"))
import source  # noqa: E402  pylint: disable=wrong-import-position,import-error

ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| `([^`]+)` \|", re.MULTILINE)
SECTIONS = {
    "A fork": "fork",
    "A page fault": "fault",
    "A copy on write": "cow",
    "An mmap": "mmap",
    "A fault that a program resolves": "uffd",
    "Opening a file": "open",
}

MARKERS = """
python
from pg import source, tours
for (tour, number), places in sorted(source.stops().items()):
    for file, line in places:
        mark = gdb.Breakpoint(f"{file}:{line}", internal=True)
        lines = {where.source[1] for where in mark.locations}
        functions = sorted({where.function for where in mark.locations})
        print("marker", tour, number, "good" if lines == {line} else "no code in its line", *functions)
        mark.delete()
for name, stops in tours.TOURS.items():
    print("tour", name, len(stops))
end
"""


def document():
    """{(tour, stop): (function, file)} of docs/reading-order.md."""
    found = {}
    text = (ROOT / "docs/reading-order.md").read_text(encoding="utf-8")
    for title, body in re.findall(r"^## ([^\n]+) in \w+ stops\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        for number, function, file in ROW.findall(body):
            found[SECTIONS[title], int(number)] = function, file
    return found


def enclosing(path, line):
    """The function in whose body a line of a source is."""
    text = (ROOT / path).read_text(encoding="utf-8").splitlines()
    for number in range(line - 1, -1, -1):
        match = re.match(r"(?:SYM_FUNC_START\((\w+)\)|[a-z].*?\b(\w+)\()", text[number])
        if match and not text[number].endswith(";"):
            return match.group(1) or match.group(2)
    return None


def test_document(t):
    """Each stop of the document has its marker, in that file and that function, and each marker is in the document."""
    stops, wanted = source.stops(), document()
    missing = wanted.keys() ^ stops.keys()
    if missing:
        raise Failure(f"in the document or in the sources only: {sorted(missing)}")
    for key, (function, file) in wanted.items():
        if (file, function) not in {(path, enclosing(path, line)) for path, line in stops[key]}:
            raise Failure(f"{key}: the document says {function} in {file}, the marker is at {stops[key]}")


def test_markers(t):
    """Each marker stands in a line that has code, so that a breakpoint stops there and not elsewhere."""
    said = t.gdb("## markers\n" + MARKERS)["markers"]
    said.lacks(r"no code in its line", "Traceback")
    for tour, stops in {name: max(n for t, n in source.stops() if t == name) for name, _ in source.stops()}.items():
        said.has(rf"^tour {tour} {stops}$")


def tour(t, name, stops, *patterns, skip=(), args=""):
    """Walks a tour to its end."""
    said = t.gdb("## tour\n" + f"pg tour {name}\n" * stops, prog=TOUR, args=args)["tour"]
    for number in range(1, stops + 1):
        if number not in skip:
            said.has(rf"^--- {name}, stop {number} of \d: .* \(tour \(\d+\)\)$")
    said.has("The tour is over", *patterns)


def test_fork(t):
    """Nine stops, the last in the child."""
    tour(
        t,
        "fork",
        9,
        r"^ +in +fork\(\)$",
        r"^mmap_lock of tour \(\d+\) .*: held for writing by tour \(\d+\)$",
        r"rw- user .* -> frame .* r-- user",
        r"^tour \(\d+\) and tour \(\d+\) share \d+ pages$",
        r"r-- here, r-- there: private memory, copied when written",
    )


def test_fault(t):
    """Seven stops: a read of fresh memory, then a write to the zero page."""
    tour(
        t,
        "fault",
        7,
        r'^  read       page fault: do_anonymous_page, case "zero"',
        r"^  entry [0-9a-f]+: empty -> frame 0x[0-9a-f]+ r-- user .*special",
        r'^  write      page fault: do_wp_page, case "copy": .* it is the zero page$',
    )


def test_mmap(t):
    """Six stops of a call that populates."""
    tour(t, "mmap", 6, r"in +mmap\(addr 0x0, len 0x1000", r"^  \+ area [0-9a-f]+-[0-9a-f]+ rw-s .*letters", args="file")


def test_cow(t):
    """Seven stops: one copies, the other reuses."""
    tour(
        t,
        "cow",
        7,
        r'^  write      page fault: do_wp_page, case "copy": .* for 2 hold it$',
        r"^  references  3 = 2 table entries \+ 1 pin$",
        r"^PTL of frame .* held",
        r"^  entry [0-9a-f]+: frame .* r-- .* -> empty$",
        r"^  sharers    none$",
        r"^  references  1 = 1 table entry$",
    )


def test_uffd(t):
    """Nine stops, three of them in the monitor."""
    tour(
        t,
        "uffd",
        9,
        r"^  missing: [0-9a-f]+-[0-9a-f]+ rw-p",
        r"^  read       page fault: handle_userfault",
        r"^  tour \(\d+\) waits: fault \(read\) at 0x[0-9a-f]+, not yet read$",
        r"^  tour \(\d+\) waits: fault \(read\) at 0x[0-9a-f]+, read, not yet resolved$",
        r"watches: missing; tour \(\d+\) waits for this page$",
        args="uffd",
    )


def test_open(t):
    """Six of seven stops: the cache knows the name's directory, so nobody asks the file system."""
    tour(t, "open", 6, r"/tmp/letters", r"^#0  fd_install", skip=(5,), args="file")
