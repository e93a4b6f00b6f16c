# SPDX-License-Identifier: MIT
#
# pictures.gdb - draws user/tour and its child right after fork, and after the first write of one of them: `make pictures`.
pg program
python
from pg import source, tasks

def stop_at(tour, number):
    """Goes on to a marker of the sources, in a process that runs user/tour."""
    file, line = source.stops()[tour, number][0]
    gdb.execute(f'tbreak {file}:{line} if $_streq($pg_current()->comm, "tour")')
    gdb.execute("continue")

def draw(name):
    pids = " ".join(str(task["pid"]) for task in tasks.every() if task.text("comm") == "tour")
    gdb.execute(f"pg svg {source.ROOT}/docs/pictures/{name}.svg {pids}")

stop_at("fork", 8)
draw("fork-shared")
stop_at("cow", 6)
gdb.execute("frame function do_wp_page")
gdb.execute("finish")
draw("fork-written")
end
