#!/usr/bin/env python3
# Is a recovery kit consistent? A second opinion, from the specification and Python's standard library alone.
"""usage: verify_kit.py KIT...            one verdict a kit: "consistent", or "inconsistent: reason"
       verify_kit.py --lines            kits from standard input, base64, one a line; one verdict a line
       ... --skip CHECK                 leaves a check out (tests of the tests only)

A consistent kit is one in which everything fits together. Whose kit it is, only a comparison with values from elsewhere
can tell. Exit codes: 0 every kit is consistent, 1 one is not, 2 wrong usage or a file that cannot be read."""

import sys

sys.dont_write_bytecode = True

import base64

import kit
from verdict import Inconsistent


def verdict(data, skip):
    try:
        kit.verify(data, skip)
    except Inconsistent as reason:
        return "inconsistent: " + str(reason)
    return "consistent"


def from_lines(lines):
    for line in lines:
        yield "", base64.b64decode(line.strip(), validate=True)


def from_files(paths):
    for path in paths:
        with open(path, "rb") as file:
            yield (path + ": " if len(paths) > 1 else ""), file.read()


def main(arguments):
    skip, paths, lines = set(), [], False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--lines":
            lines = True
        elif argument == "--skip":
            skip.add(next(rest, ""))
        else:
            paths.append(argument)
    if not skip <= set(kit.CHECKS) or lines == bool(paths) or any(path.startswith("-") for path in paths):
        print(__doc__, file=sys.stderr)
        return 2
    code = 0
    try:
        for name, data in from_lines(sys.stdin.buffer) if lines else from_files(paths):
            found = verdict(data, skip)
            print(name + found, flush=True)
            code = code if found == "consistent" else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
