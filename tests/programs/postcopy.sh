#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration user/postcopy: a computation moves to another process before its memory does.
/usr/bin/postcopy
