#!/usr/bin/env python3
"""Every diagnostic code has a page in docs/errors and a test that mentions it; no page or test is about a code that is gone.
Usage: error_codes.py [ROOT] [--update]     --update rewrites the list in docs/errors/README.md"""
import os
import re
import sys

import tree

SOURCES = ("codegen/", "backends/", "runtime/", "models/")
INDEX = "docs/errors/README.md"
BEGIN, END = "<!-- list of codes: error_codes.py --update -->", "<!-- end of list -->"

_COMMENT = re.compile(r"//[^\n]*")
_IN_SOURCE = re.compile(r'"(AD\d{3})\b')
_ANYWHERE = re.compile(r"\bAD(?!\d99)\d{3}\b")     # AD199, AD299, …: what a test may say in the name of a program that it imitates
_PAGE = re.compile(r"docs/errors/(AD\d{3})\.md$")


def collect(root):
    """code -> files, for sources, pages and tests."""
    raised, pages, tested = {}, {}, {}
    for name in tree.files(root):
        page = _PAGE.match(name)
        if page:
            pages.setdefault(page.group(1), []).append(name)
        elif name.startswith(SOURCES) and name.endswith(tree.CODE):
            for code in _IN_SOURCE.findall(_COMMENT.sub("", tree.read(root, name))):
                raised.setdefault(code, []).append(name)
        elif name.startswith("tests/") and not name.startswith("tests/structure/"):
            for code in _ANYWHERE.findall(tree.read(root, name) + name):
                tested.setdefault(code, []).append(name)
    return raised, pages, tested


def title(root, page):
    """The page's first line without the code: '# AD101: a model needs …' -> 'a model needs …'."""
    first = tree.read(root, page).split("\n", 1)[0]
    return re.sub(r"^#\s*AD\d{3}\W*", "", first).strip()


def index_list(root):
    _, pages, _ = collect(root)
    lines = [f"* [{code}]({code}.md) {title(root, pages[code][0])}" for code in sorted(pages)]
    return "\n".join([BEGIN] + lines + [END])


def with_list(root, text):
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: index_list(root), text, flags=re.S)


def check(root):
    raised, pages, tested = collect(root)
    problems = [f"{code}: used in {raised[code][0]}, but docs/errors/{code}.md is missing" for code in sorted(set(raised) - set(pages))]
    problems += [f"{code}: used in {raised[code][0]}, but no test mentions it" for code in sorted(set(raised) - set(tested))]
    problems += [f"{pages[code][0]}: no source uses {code}" for code in sorted(set(pages) - set(raised))]
    problems += [f"{tested[code][0]}: tests {code}, which no source uses" for code in sorted(set(tested) - set(raised))]
    problems += [f"{pages[code][0]}: the first line is not '# {code}: what it means'" for code in sorted(pages)
                 if not re.match(rf"# {code}: \S", tree.read(root, pages[code][0]))]
    if os.path.isfile(os.path.join(root, INDEX)) and with_list(root, tree.read(root, INDEX)) != tree.read(root, INDEX):
        problems.append(f"{INDEX}: the list is out of date; run tests/structure/error_codes.py --update")
    return problems


if __name__ == "__main__":
    update = "--update" in sys.argv
    sys.argv = [a for a in sys.argv if a != "--update"]
    ROOT = tree.root_from_arguments()
    if update:
        content = with_list(ROOT, tree.read(ROOT, INDEX))
        with open(os.path.join(ROOT, INDEX), "w", encoding="utf-8") as out:
            out.write(content)
    sys.exit(tree.report("error codes", check(ROOT), "A code, its page and its test come and go together."))
