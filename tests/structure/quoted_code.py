#!/usr/bin/env python3
"""Code that a page quotes is the code of the file it names: a block after `<!-- from FILE -->` must stand in FILE, FILE being
relative to the page. Usage: quoted_code.py [ROOT]"""
import os
import re
import sys

import tree

_QUOTE = re.compile(r"<!-- from (\S+) -->\n```\w*\n(.*?)```", re.S)


def check(root):
    problems = []
    for page in tree.files(root, (".md",)):
        for source, code in _QUOTE.findall(tree.read(root, page)):
            path = os.path.normpath(os.path.join(os.path.dirname(page), source))
            if not os.path.isfile(os.path.join(root, path)):
                problems.append(f"{page}: quotes {path}, which does not exist")
            elif code not in tree.read(root, path):
                problems.append(f"{page}: a block that begins with '{code.splitlines()[0]}' is not what {path} says")
    return problems


if __name__ == "__main__":
    sys.exit(tree.report("quoted code", check(tree.root_from_arguments()), "Copy the block from the file again."))
