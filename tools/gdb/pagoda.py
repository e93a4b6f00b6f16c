# SPDX-License-Identifier: MIT
"""pagoda.py - loads Pagoda's commands into GDB; `make gdb` does it by `-x`, elsewhere `source tools/gdb/pagoda.py` does."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import pg  # noqa: E402  pylint: disable=wrong-import-position

pg.load()
