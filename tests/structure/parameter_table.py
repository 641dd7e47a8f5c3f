#!/usr/bin/env python3
"""What docs/eventprop-parameters.md names exists. Of each row, in the column `here`: a key `section.key` is read by the runtime and documented,
`model.set.x` is an option of a model file, `Struct` and `Struct.member` are those of the library, `antidrome command --option` is of the command line,
other words are of the language or a parameter in quotes. In the column `test`: the file has a test of that name. Usage: parameter_table.py [ROOT]"""
import os
import re
import sys

import tree

PAGE = "docs/eventprop-parameters.md"
SECTIONS = ("model", "data", "trial", "train", "record", "output", "augment")
_STRUCT = re.compile(r"^struct (\w+) \{(.*?)^\};", re.M | re.S)
_MEMBER = re.compile(r"\b(?:param|weight|state|count) ([^;(){}]*(?:\([^)]*\)[^;(){}]*)*);")


def texts(root, folders, suffixes):
    return "\n".join(tree.read(root, n) for n in tree.files(root, suffixes) if n.startswith(folders))


class Project:
    """What a cell may name, read once."""

    def __init__(self, root):
        self.root = root
        self.reader = texts(root, ("runtime/train/", "runtime/data/"), (".cpp", ".hpp"))
        self.commands = texts(root, ("runtime/cli/",), (".cpp",))
        self.pages = texts(root, ("docs/configuration.md", "docs/data.md", "docs/training.md"), (".md",))
        self.models = texts(root, ("userprojects/",), (".cc",))
        self.language = texts(root, ("models/include/antidrome/", "docs/language.md"), (".h", ".md"))
        self.structs = {name: {re.match(r"\w+", m.strip()).group() for line in _MEMBER.findall(body) for m in line.split(",") if re.match(r"\w", m.strip())}
                        for name, body in _STRUCT.findall(texts(root, ("models/include/antidrome/",), (".h",)))}

    def missing(self, name):
        """Why `name` does not exist, or None."""
        first, _, rest = name.partition(".")
        if name.startswith("antidrome "):
            words = name.split()[1:]
            return next((f"the command line has no '{w}'" for w in words if not re.search(rf'[",]{re.escape(w)}[",]', self.commands)), None)
        if name.startswith("model.set."):
            return None if f'"{rest[4:]}"' in self.models else f"no model file in userprojects has the option '{rest[4:]}'"
        if first in SECTIONS and rest:
            if f'"{rest}"' not in self.reader:
                return f"nothing reads the key '{rest}'"
            return None if re.search(rf"`(?:{rest}(?: =[^`]*)?|\[{first}\.{rest}\])`", self.pages) else f"the key '{rest}' is not documented"
        if first in self.structs:
            return None if not rest or rest in self.structs[first] else f"'{first}' has no member '{rest}'"
        if re.fullmatch(r"[A-Z]\w*\.\w+", name):
            return f"the library has no struct '{first}'"
        return None

    def missing_test(self, cell):
        if cell == "-":
            return None
        file, _, name = cell.partition(": ")
        path = os.path.join("tests", file)
        if not os.path.isfile(os.path.join(self.root, path)):
            return f"there is no {path}"
        found = re.search(rf"^TEST(?:_F|_P)?\(\w+, {re.escape(name)}\)", tree.read(self.root, path), re.M)
        return None if found else f"{path} has no test '{name}'"


def rows(text):
    """(line, what the columns hold) of every row of five columns but the heads."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] != "there" and not set(cells[0]) <= {"-"}:
            yield number, cells


def check(root):
    if not os.path.isfile(os.path.join(root, PAGE)):
        return [f"{PAGE} is not there"]
    project, problems = Project(root), []
    for number, (there, _, here, _, test) in rows(tree.read(root, PAGE)):
        names = re.findall(r"`([^`]+)`", here)
        found = [project.missing(n) for n in names] + [project.missing_test(test)]
        if not names and not here.startswith("none"):
            found.append("names nothing, and does not say 'none' and why")
        problems += [f"{PAGE}:{number}: {there}: {why}" for why in found if why]
    return problems


if __name__ == "__main__":
    sys.exit(tree.report("parameter table", check(tree.root_from_arguments()), "Mend the row, or the key that it names."))
