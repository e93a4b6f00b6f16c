# SPDX-License-Identifier: MIT
"""`pg tour`: guided walks that stop at the stops of docs/reading-order.md.

The stops are markers in the sources, `/* stop: fork-3 */`, so a function that moves takes its stop along. tours.py says what
is told at each. A tour follows one task (and its child, where the path leads there); other tasks run on.
"""

import textwrap

import gdb

from . import diff, source, symbols, tasks, tours
from .command import Command


class StopBreakpoint(gdb.Breakpoint):
    """At a marker; stops only for the task that the tour follows."""

    def __init__(self, place, tour, index):
        super().__init__(f"{place[0]}:{place[1]}", internal=True)
        self.silent, self.tour, self.index = True, tour, index

    def stop(self):
        """Called by GDB."""
        task = tasks.current()
        try:
            here = task["mm"] and self.tour.follows(task, self.index)
        except (gdb.error, gdb.GdbError, KeyError) as error:
            self.tour.trouble = error  # GDB would only print it; it is told where the tour is told
            here = True
        if here:
            self.tour.reached = self.index
        return bool(here)


class Tour:
    """A walk that is under way."""

    def __init__(self, name):
        self.name, self.stops = name, tours.TOURS[name]
        self.places = source.stops()
        self.done = 0  # stops so far
        self.reached = self.trouble = None
        self.seen = tours.Seen()  # what the stops remember of each other
        self.alive = True

    def follows(self, task, index):
        """Whether the task is the one at this stop."""
        stop = self.stops[index]
        if self.seen.task is None:
            return self.wanted(task) and stop.when(self.seen, task)
        mine = {"same": task["pid"] == self.seen.task, "child": task["tgid"] != self.seen.tgid and self.is_child(task)}
        mine["family"] = task["tgid"] == self.seen.tgid or self.is_child(task)
        return mine[stop.who] and stop.when(self.seen, task)

    def is_child(self, task):
        """Whether its parent is the task of the tour."""
        parent = task.go("real_parent", tasks.TASK)
        return parent is not None and parent["tgid"] == self.seen.tgid

    @staticmethod
    def wanted(task):
        """The program of `make gdb PROG=`; without one, any process but init."""
        path = symbols.PROGRAM["path"]
        return symbols.runs(task, path) if path else task["pid"] > 1

    def over(self):
        """Whether the last stop has been shown."""
        return self.done == len(self.stops)

    def go(self):
        """Runs to the next stop and shows it."""
        ahead = [self.done]
        while self.stops[ahead[-1]].optional and ahead[-1] + 1 < len(self.stops):
            ahead.append(ahead[-1] + 1)
        marks = []
        for index in ahead:
            places = self.places.get((self.name, index + 1))
            if not places:
                raise gdb.GdbError(f"no source has the marker `stop: {self.name}-{index + 1}`")
            marks += [StopBreakpoint(place, self, index) for place in places]
        self.reached = None
        self.alive = True
        gdb.events.stop.connect(self.stopped)
        try:
            gdb.execute("continue", to_string=True)
            self.alive = self.alive and bool(gdb.selected_inferior().pid)
        except gdb.error:  # QEMU has gone with its connection
            self.alive = False
        finally:
            gdb.events.stop.disconnect(self.stopped)
            for mark in marks:
                if mark.is_valid():
                    mark.delete()
        if not self.alive:
            print(f"The machine has ended before stop {self.done + 1} of the tour.")
            self.done = len(self.stops)
        elif self.reached is None:
            print(f"Something else has stopped the machine; `pg tour {self.name}` goes on.")
        elif self.trouble:
            trouble, self.trouble = self.trouble, None
            raise gdb.GdbError(f"stop {self.reached + 1}: {trouble!r}")
        else:
            self.show(self.reached)

    def stopped(self, event):
        """QEMU stops with SIGQUIT when the machine powers off or resets."""
        if isinstance(event, gdb.SignalEvent) and event.stop_signal == "SIGQUIT":
            self.alive = False

    def show(self, index):
        """What is told at a stop, and shown."""
        stop, task = self.stops[index], tasks.current()
        self.done = index + 1
        if self.seen.task is None:
            self.seen.task, self.seen.tgid = task["pid"], task["tgid"]
        stop.note(self.seen, task)
        places = self.places[self.name, index + 1]
        where = f"{gdb.selected_frame().name()}, {places[0][0]}" + (f":{places[0][1]}" if len(places) == 1 else "")
        print(f"\n--- {self.name}, stop {self.done} of {len(self.stops)}: {where} ({tasks.name(task)})")
        print(textwrap.fill(stop.text, 100, initial_indent="    ", subsequent_indent="    ") + "\n")
        for command in stop.views(self.seen, task):
            print(f"(gdb) {command}")
            gdb.execute(command)
        self.differences(task)
        if self.over():
            print(f"The tour is over; docs/reading-order.md has it as a table. `pg tour {self.name}` begins again.")
        else:
            print(f"Enter, or `pg tour {self.name}`, goes on to stop {self.done + 1}; look around as long as you like.")

    def differences(self, task):
        """What has changed in the address space since the last stop at which it was looked at."""
        space = tasks.mm_of(task)
        found = diff.changes(space) if space else None
        if found:
            print(f"Since the last stop in the address space of {tasks.name(task)}:")
            for line in found:
                print("  " + line)


UNDER_WAY = {}


class Walk(Command):
    """pg tour [NAME|end]: a guided walk: NAME begins it, or goes on to its next stop; `end` gives it up; alone it lists them.

    A tour follows the program of `make gdb PROG=`, or the first process that comes by. build/user/tour passes all stops.
    """

    NAME = "tour"
    NEEDS_TASKS = False

    def show(self, argv):
        if argv == ["end"]:
            UNDER_WAY.clear()
            diff.LAST.clear()
            return
        if len(argv) != 1 or argv[0] not in tours.TOURS:
            self.list()
            if argv:
                raise gdb.GdbError("there is no such tour")
            return
        tour = UNDER_WAY.get(argv[0])
        if tour is None or tour.over():
            UNDER_WAY.clear()
            tour = UNDER_WAY[argv[0]] = Tour(argv[0])
        tour.go()

    @staticmethod
    def list():
        """What there is."""
        for name, stops in tours.TOURS.items():
            under_way = UNDER_WAY.get(name)
            where = f", at stop {under_way.done}" if under_way and not under_way.over() else ""
            print(f"pg tour {name:6} {tours.TITLES[name]}, {len(stops)} stops{where}")
