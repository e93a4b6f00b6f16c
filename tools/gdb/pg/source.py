# SPDX-License-Identifier: MIT
"""What the sources say that debug information does not: constants of headers, names of system calls, the tours' stops."""

import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]

ARCH = "arch/x86_64/include/asm/"
NUMBER = re.compile(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b")
DEFINE = re.compile(r"^#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+(.+)$", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STOP = re.compile(r"/\* stop: ([a-z0-9, -]+?)(?:;[^*]*)? \*/")


@functools.lru_cache(None)
def defines(header):
    """{name: number} of the constants that a header defines by expressions of numbers and of each other."""
    text = COMMENT.sub("", (ROOT / header).read_text(encoding="utf-8")).replace("\\\n", " ")
    found = {"PAGE_SHIFT": 12}
    waiting = DEFINE.findall(text)
    for _ in range(3):  # a constant may stand above those it is made of
        waiting = [row for row in waiting if not _define(found, *row)]
    return found


def _define(found, name, expression):
    """Works one out; False when it is made of something unknown."""
    expression = NUMBER.sub(r"\1", expression)
    expression = re.sub(r"_BITULL?\(", "(1 << ", expression)
    expression = re.sub(r"_AC\(([^,]+),[^)]*\)", r"(\1)", expression)
    if not re.fullmatch(r"[\w\s()|&~<>+*-]+", expression):
        return False
    try:
        value = eval(expression, {"__builtins__": {}}, found)  # pylint: disable=eval-used; only names and operators
    except (NameError, SyntaxError, TypeError):
        return False
    if isinstance(value, int):
        found[name] = value
    return True


def constants(header, prefix):
    """{name without prefix: number} of the constants of a header that begin so."""
    return {name[len(prefix) :]: value for name, value in defines(header).items() if name.startswith(prefix)}


@functools.lru_cache(None)
def syscalls():
    """{number: (name, [name of each argument])} from the table of system calls."""
    found = {}
    for line in (ROOT / "kernel/syscall.tbl").read_text(encoding="utf-8").splitlines():
        words = line.split("\t")
        if len(words) >= 5 and words[0].isdigit():
            args = [] if words[4].strip() == "void" else [re.findall(r"\w+", arg)[-1] for arg in words[4].split(",")]
            found[int(words[0])] = (words[2], args)
    return found


def stops():
    """{(tour, number): [(file, line)]} of the markers `/* stop: fork-3 */` in the sources."""
    found = {}
    for folder in ("arch", "kernel", "mm", "fs", "include"):
        for path in sorted((ROOT / folder).rglob("*.[chS]")):
            text = path.read_text(encoding="utf-8")
            for match in STOP.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                for name in match.group(1).split(", "):
                    tour, _, number = name.partition("-")
                    found.setdefault((tour, int(number)), []).append((str(path.relative_to(ROOT)), line))
    return found
