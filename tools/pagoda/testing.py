# SPDX-License-Identifier: MIT
"""How tests are counted, told and kept; groups of them at the same time; programs that share one boot."""

import fnmatch
import importlib.util
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import BUILD, ROOT, guest, qemu

RESULTS = BUILD / "test-results"
LINE = re.compile(r"^(?:\[ *[0-9.]+\] )?(ok|not ok|skip) +(.*)$")


class Report:
    """All results of one run of tests/run. Several threads add to it."""

    def __init__(self, pattern="", verbose=False):
        self.pattern = pattern
        self.verbose = verbose
        self.rows = []
        self.lock = threading.Lock()

    def wants(self, name):
        """Whether the pattern picks this test: part of the name, or a shell pattern."""
        return not self.pattern or fnmatch.fnmatch(name, f"*{self.pattern}*")

    def add(self, group, program, verdict, title, why="", seconds=None):
        """Counts one result; verdict is ok, not ok or skip."""
        with self.lock:
            self.rows.append((group, program, verdict, title, why))
            if verdict == "not ok" or self.verbose:
                text = f"{verdict} {group}: {program}: {title}"
                text += f": {why}" if why else ""
                print(text + (f" ({seconds:.1f} s)" if seconds is not None else ""), flush=True)

    def count(self, verdict, group=None):
        """How many results have that verdict."""
        return sum(1 for row in self.rows if row[2] == verdict and group in (None, row[0]))

    def group_done(self, group, seconds):
        """Tells how a group went and keeps its rows, for tools/gen-contract and for reading."""
        with self.lock:
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


@dataclass
class Group:
    """Tests that run one after the other: `run(report)` runs them, on a machine that keeps `cpus` of our CPUs busy."""

    name: str
    cpus: int
    run: Callable


class Lanes:
    """Runs groups at the same time, as long as there is a CPU of this machine for each processor of the guests."""

    def __init__(self, report):
        self.report = report
        self.free = self.cpus = min(len(os.sched_getaffinity(0)), 8)
        self.changed = threading.Condition()
        self.error = None

    def run(self, groups):
        """Runs all of them: those that need one CPU first, the others when these leave room."""
        threads = []
        try:
            for group in sorted(groups, key=lambda group: group.cpus):
                need = min(group.cpus, self.cpus)
                with self.changed:
                    self.changed.wait_for(lambda need=need: self.free >= need or self.error)
                    if self.error:
                        break
                    self.free -= need
                threads.append(threading.Thread(target=self._one, args=(group, need), daemon=True))
                threads[-1].start()
            with self.changed:
                self.changed.wait_for(lambda: self.free == self.cpus or self.error)
            if self.error:
                raise self.error
        finally:
            qemu.kill_all()

    def _one(self, group, need):
        clock = Clock()
        try:
            group.run(self.report)
            self.report.group_done(group.name, clock.seconds)
        except BaseException as error:  # pylint: disable=broad-except; the main thread raises it again
            self.error = error
        with self.changed:
            self.free += need
            self.changed.notify_all()


class Batch:
    """Programs that run one after the other in as few boots as their crashes allow."""

    def __init__(self, group, machine, make_root, limit=120):
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
    """Words for an end that is not exit status 0, or with a warning; empty else."""
    if end.tainted:
        return f"the kernel warned (tainted {end.tainted}); `tools/pagoda-run --append loglevel=7` shows it"
    if end.how == "exit":
        return f"exit status {end.number}" if end.number else ""
    return {
        "signal": f"killed by signal {end.number}",
        "timeout": f"not done after {end.number} s",
        "error": f"fork failed with errno {end.number}",
    }[end.how]


def load(path, **names):
    """A Python module made from this file, with `names` known to it."""
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
