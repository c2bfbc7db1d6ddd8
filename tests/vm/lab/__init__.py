# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine laboratory: real kernels, panicked in QEMU and looked at from outside.

README.md in the folder above says how the pieces fit; machine.py is where to start reading.
"""


class LabError(Exception):
    """Something went wrong in the laboratory; the message is for the person who runs it."""
