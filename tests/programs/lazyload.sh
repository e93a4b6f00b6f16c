#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration user/lazyload: memory that is read from a file, page by page, as the program looks at it.
/usr/bin/lazyload
