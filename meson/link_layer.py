#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes ROOTS/NAME/NAME a link to SRC/NAME: the include root of one layer."""
import os
import sys

roots, src, name = sys.argv[1:]
target, link = os.path.join(src, name), os.path.join(roots, name, name)
os.makedirs(os.path.dirname(link), exist_ok=True)
if not os.path.islink(link) or os.readlink(link) != target:
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(target, link)
