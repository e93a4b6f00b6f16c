#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration user/forkwatch: one monitor for a program and its descendants.
/usr/bin/forkwatch
