#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration user/snapshot: a consistent copy of memory that is being written.
/usr/bin/snapshot
