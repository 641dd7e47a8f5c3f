#!/usr/bin/env python3
"""Links between pages lead somewhere. Usage: links.py [ROOT]"""
import os
import re
import sys

import tree

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def check(root):
    problems = []
    for page in tree.files(root, (".md",)):
        for target in _LINK.findall(_CODE.sub("", tree.read(root, page))):
            if "://" not in target and not os.path.exists(os.path.join(root, os.path.dirname(page), target)):
                problems.append(f"{page}: link to {target}, which does not exist")
    return problems


if __name__ == "__main__":
    sys.exit(tree.report("links", check(tree.root_from_arguments()), "Mend the link."))
