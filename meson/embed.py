#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns a file into a C array: embed.py FILE HEADER SYMBOL OUTPUT: the header declares SYMBOL, and SYMBOL_bytes"""
import sys

path, header, symbol, output = sys.argv[1:]
with open(path, 'rb') as source:
    data = source.read()
with open(output, 'w', encoding='ascii') as out:
    out.write(f'#include "{header}"\n\nconst uint8_t {symbol}[] = {{\n')
    for at in range(0, len(data), 12):
        out.write('\t' + ' '.join(f'0x{byte:02x},' for byte in data[at:at + 12]) + '\n')
    out.write(f'}};\nconst size_t {symbol}_bytes = sizeof({symbol});\n')
