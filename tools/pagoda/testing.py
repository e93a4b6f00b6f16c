# SPDX-License-Identifier: MIT
"""How tests are counted, told and kept; and batches of test programs that share one boot."""

import fnmatch
import importlib.util
import re
import time

from . import BUILD, ROOT, guest

RESULTS = BUILD / "test-results"
LINE = re.compile(r"^(?:\[ *[0-9.]+\] )?(ok|not ok|skip) +(.*)$")


class Report:
    """All results of one run of tests/run."""

    def __init__(self, pattern="", verbose=False):
        self.pattern = pattern
        self.verbose = verbose
        self.rows = []

    def wants(self, name):
        """Whether the pattern picks this test: part of the name, or a shell pattern."""
        return not self.pattern or fnmatch.fnmatch(name, f"*{self.pattern}*")

    def add(self, group, program, verdict, title, why=""):
        """Counts one result; verdict is ok, not ok or skip."""
        self.rows.append((group, program, verdict, title, why))
        if verdict == "not ok" or self.verbose:
            text = f"{verdict} {group}: {program}: {title}"
            print(f"{text}: {why}" if why else text, flush=True)

    def count(self, verdict, group=None):
        """How many results have that verdict."""
        return sum(1 for row in self.rows if row[2] == verdict and group in (None, row[0]))

    def group_done(self, group, seconds):
        """Tells how a group went and keeps its rows, for tools/gen-contract and for reading."""
        rows = [row for row in self.rows if row[0] == group]
        if not rows:
            return
        print(f"  {group}: {self.summary(group)} in {seconds:.1f} s", flush=True)
        RESULTS.mkdir(parents=True, exist_ok=True)
        if self.pattern:
            return
        with open(RESULTS / (group.replace(" ", "-") + ".txt"), "w", encoding="utf-8") as file:
            for _, program, verdict, title, why in rows:
                file.write("\t".join((verdict, program, title, why)).replace("\n", " ") + "\n")

    def summary(self, group=None):
        """The counts as text."""
        text = f"{self.count('ok', group)} passed, {self.count('not ok', group)} failed"
        skipped = self.count("skip", group)
        return f"{text}, {skipped} skipped" if skipped else text


def parse(report, group, program, text):
    """Adds a result for each `ok`, `not ok` and `skip` line; returns how many there were, and how many failed."""
    lines = failed = 0
    for line in text.splitlines():
        match = LINE.match(line.strip("\r"))
        if not match:
            continue
        verdict, rest = match.groups()
        title, why = rest, ""
        if verdict == "not ok":
            title, _, why = rest.partition(": ")
            failed += 1
        elif verdict == "skip":
            title, _, why = rest.partition(" ")
        report.add(group, program, verdict, title, why)
        lines += 1
    return lines, failed


class Batch:
    """Programs that run one after the other in as few boots as their crashes allow."""

    def __init__(self, group, machine, make_root, limit=60):
        self.group = group
        self.machine = machine
        self.make_root = make_root
        self.limit = limit

    def run(self, programs):
        """Runs {name: argv}; yields (name, output, End or None, why). After a crash the rest gets a new boot."""
        left = dict(programs)
        log_path = RESULTS / (self.group.replace(" ", "-") + ".log")
        RESULTS.mkdir(parents=True, exist_ok=True)
        log_path.unlink(missing_ok=True)
        while left:
            names = list(left)
            output = {name: b"" for name in names}

            def take(index, data, names=names, output=output):
                output[names[index]] += data

            jobs = [guest.Job(list(left[name]), self.limit) for name in names]
            with open(log_path, "ab") as log:
                session = guest.Session(self.make_root(), jobs, take, log)
                result = session.run(self.machine(), 60 + self.limit + 10 * len(jobs))
            for index, name in enumerate(names):
                end = session.ends.get(index)
                if end:
                    left.pop(name)
                    yield name, output[name].decode(errors="replace"), end, ""
            if result == "done" and not left:
                return
            culprit = names[session.current] if session.current is not None else next(iter(left), None)
            why = {"panic": "the kernel panicked", "timeout": "the guest hung"}.get(result, session.note or result)
            if session.panic:
                why += ": " + session.panic.decode(errors="replace").strip().splitlines()[0][:160]
            if culprit is None:
                culprit = "(shutdown)"
            text = output.get(culprit, b"").decode(errors="replace")
            left.pop(culprit, None)
            yield culprit, text, None, f"{why} (see {log_path.relative_to(ROOT)})"


def describe(end):
    """Words for an end that is not exit status 0; empty for that."""
    if end.how == "exit":
        return f"exit status {end.number}" if end.number else ""
    return {
        "signal": f"killed by signal {end.number}",
        "timeout": f"not done after {end.number} s",
        "error": f"fork failed with errno {end.number}",
    }[end.how]


def load(path, **names):
    """The Python module in this file, with `names` known to it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    vars(module).update(names)
    spec.loader.exec_module(module)
    return module


class Clock:
    """Seconds since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    @property
    def seconds(self):
        """Now."""
        return time.monotonic() - self.start
