#!/usr/bin/env python3
"""No file names a place that exists on one machine only. Usage: portable_paths.py [ROOT]"""
import re
import sys

import tree

_PRIVATE = re.compile(r"(?<![\w.$}~/-])/(?:work|home|root|mnt|Users)/[\w.]|file:///")
_BINARY = (".png", ".gz", ".h5", ".pdf", ".xz")


def check(root):
    problems = []
    for name in tree.files(root):
        if name.endswith(_BINARY) or name == "tests/structure/portable_paths.py":
            continue
        for number, line in enumerate(tree.read(root, name).splitlines(), 1):
            if _PRIVATE.search(line):
                problems.append(f"{name}:{number}: {line.strip()[:100]}")
    return problems


if __name__ == "__main__":
    sys.exit(tree.report("portable paths", check(tree.root_from_arguments()), "Write paths relative to the project, or take them as options."))
