#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer may include what lies below it, and a breach does not compile.

usage: layers.py ROOTS COMPILER LAYER:BELOW,BELOW... ...
ROOTS holds one include root a layer, as meson.build gives them to each layer's compile line.
"""
import os
import subprocess
import sys


def compiles(compiler, roots, layer, below, header):
    paths = ['-iquote' + os.path.join(roots, name) for name in [layer, *below]]
    done = subprocess.run([compiler, '-std=gnu11', '-fsyntax-only', *paths, '-x', 'c', '-'],
                          input=f'#include "{header}"\nint unused;\n', text=True,
                          stderr=subprocess.PIPE)
    return done.returncode == 0


def main():
    roots, compiler, *table = sys.argv[1:]
    layers = {}
    for entry in table:
        name, _, below = entry.partition(':')
        layers[name] = [b for b in below.split(',') if b]
    headers = {}
    for name in layers:
        folder = os.path.join(roots, name, name)
        own = [h for h in sorted(os.listdir(folder)) if h.endswith('.h')] if os.path.isdir(folder) else []
        if own:
            headers[name] = f'{name}/{own[0]}'
    passed = failed = 0
    for layer, below in layers.items():
        for other, header in headers.items():
            allowed = other == layer or other in below
            if compiles(compiler, roots, layer, below, header) == allowed:
                passed += 1
            else:
                failed += 1
                print(f'{layer} including {header}: should {"" if allowed else "not "}compile')
        # A relative path would walk around the include roots.
        folder = os.path.join(roots, layer, layer)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(('.c', '.h')):
                with open(os.path.join(folder, name), encoding='utf-8') as source:
                    if '#include "..' in source.read():
                        failed += 1
                        print(f'{layer}/{name}: includes by a relative path')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


sys.exit(main())
