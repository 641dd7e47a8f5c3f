#!/usr/bin/env python3
"""What docs/eventprop-parameters.md names exists. Of each row, in the column `here`: a key `section.key` is read by the runtime and documented,
`model.set.x` is an option of a model file, `Struct` and `Struct.member` are those of the library, `antidrome command --option` is an option of that command,
other words are of the language or a parameter in quotes. In the column `default here`: numbers of members and of keys are those of the library and of the pages, where all are given.
In the column `test`: the file has a test of that name. Usage: parameter_table.py [ROOT]"""
import os
import re
import sys

import tree

PAGE = "docs/eventprop-parameters.md"
SECTIONS = ("model", "data", "trial", "train", "record", "output", "augment")
_STRUCT = re.compile(r"^struct (\w+) \{(.*?)^\};", re.M | re.S)
_NUMBER = re.compile(r"-?\d[\d.]*(?:e-?\d+)?")
_MEMBER = re.compile(r"\b(?:param|weight|state|count) ([^;(){}]*(?:\([^)]*\)[^;(){}]*)*);")


def texts(root, folders, suffixes):
    return "\n".join(tree.read(root, n) for n in tree.files(root, suffixes) if n.startswith(folders))


class Project:
    """What a cell may name, read once."""

    def __init__(self, root):
        self.root = root
        self.reader = texts(root, ("runtime/train/", "runtime/data/"), (".cpp", ".hpp"))
        self.pages = texts(root, ("docs/configuration.md", "docs/data.md", "docs/training.md"), (".md",))
        self.models = texts(root, ("userprojects/",), (".cc",))
        self.language = texts(root, ("models/include/antidrome/", "docs/language.md"), (".h", ".md"))
        self.structs = {name: {re.match(r"\w+", m.strip()).group(): m.partition("=")[2].strip() for line in _MEMBER.findall(body) for m in line.split(",") if re.match(r"\w", m.strip())}
                        for name, body in _STRUCT.findall(texts(root, ("models/include/antidrome/",), (".h",)))}
        self.documented = {}                                       # key -> default, of the tables `key | meaning | default`
        for keys, default in re.findall(r"^\| (`[a-z][^|]*`) \|.*\| ([^|]*) \|$", self.pages, re.M):
            keys, defaults = re.findall(r"`(\w+)`", keys), [d.strip() for d in default.split(",")]
            self.documented.update(zip(keys, defaults if len(defaults) == len(keys) else [""] * len(keys)))

    def missing(self, name):
        """Why `name` does not exist, or None."""
        first, _, rest = name.partition(".")
        if name.startswith("antidrome "):
            command, *options = name.split()[1:]
            file = f"runtime/cli/command_{command.replace('-', '_')}.cpp"
            if not os.path.isfile(os.path.join(self.root, file)):
                return f"there is no command '{command}'"
            shared = [t.replace(".hpp", ".cpp") for _, t in tree.includes(self.root, file) if t and t.startswith("runtime/cli/")]   # options of several commands
            text = "\n".join(tree.read(self.root, f) for f in [file, *shared] if os.path.isfile(os.path.join(self.root, f)))
            return next((f"the command '{command}' has no '{w}'" for w in options if not re.search(rf'[",]{re.escape(w)}[",]', text)), None)
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

    def default(self, name):
        """The number that a member or a key has by default, or None where it is not a number or not known."""
        first, _, rest = name.partition(".")
        text = self.structs.get(first, {}).get(rest, "") if first in self.structs else self.documented.get(rest, "") if first in SECTIONS else ""
        number = _NUMBER.match(text)
        return float(number.group()) if number else None

    def wrong_defaults(self, names, cell):
        """Numbers of the cell that are not those of the names, where there is one for each."""
        told, known = [c.split(":")[0].strip() for c in cell.split(",")], [self.default(n) for n in names]
        if len(told) != len(names):
            return None
        wrong = [f"{n} is {k:g}, not {t}" for n, t, k in zip(names, told, known) if k is not None and _NUMBER.match(t) and float(_NUMBER.match(t).group()) != k]
        return "; ".join(wrong) or None

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
    for number, (there, _, here, default, test) in rows(tree.read(root, PAGE)):
        names = re.findall(r"`([^`]+)`", here)
        found = [project.missing(n) for n in names] + [project.missing_test(test), project.wrong_defaults(names, default)]
        if not names and not here.startswith("none"):
            found.append("names nothing, and does not say 'none' and why")
        problems += [f"{PAGE}:{number}: {there}: {why}" for why in found if why]
    return problems


if __name__ == "__main__":
    sys.exit(tree.report("parameter table", check(tree.root_from_arguments()), "Mend the row, or the key that it names."))
