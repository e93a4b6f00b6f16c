# SPDX-License-Identifier: MIT
#
# pictures.gdb - draws user/tour and its child, before and after the first write: `make pictures`.
pg program
pg break both_share
continue
python
from pg import source, tasks
PIDS = " ".join(str(task["pid"]) for task in tasks.every() if task.text("comm") == "tour")
def draw(name):
    gdb.execute(f"pg svg {source.ROOT}/docs/pictures/{name}.svg {PIDS}")
draw("fork-shared")
end
pg break child_has_written
continue
python draw("fork-written")
