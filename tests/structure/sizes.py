#!/usr/bin/env python3
"""Files of at most 600 lines, functions of at most 80: longer ones are listed. A warning, not a failure. Usage: sizes.py [ROOT]"""
import re
import sys

import tree

FILE_LINES, FUNCTION_LINES = 600, 80

# (file, function or "") -> why it may be longer.
EXCEPTIONS = {}

_NOT_FUNCTION = re.compile(r"^\s*(inline\s+)?namespace\b|\b(class|struct|union|enum|extern)\b[^()]*$")
_NAME = re.compile(r"([A-Za-z_~][\w:~]*|operator\s*\S+)\s*\(")


def blank_out(text):
    """Comments, strings and preprocessor lines as spaces, so that braces and lines can be counted."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def functions(text):
    """(name, first line, lines) of each outermost function body."""
    text = blank_out(text)
    depth_of_function, stack, head = None, [], 0
    for at, c in enumerate(text):
        if c == "{":
            opening = text[head:at]
            if depth_of_function is None and ")" in opening and not _NOT_FUNCTION.search(opening) and "=" not in opening.split("(")[0]:
                depth_of_function = len(stack)
                name = _NAME.search(opening)
                start = text.count("\n", 0, head + len(opening) - len(opening.lstrip())) + 1
                described = (name.group(1) if name else "?", start)
            stack.append(at)
            head = at + 1
        elif c == "}":
            if stack:
                stack.pop()
            if depth_of_function is not None and len(stack) == depth_of_function:
                yield described[0], described[1], text.count("\n", 0, at) + 2 - described[1]
                depth_of_function = None
            head = at + 1
        elif c == ";":
            head = at + 1


def check(root):
    found = []
    for name in tree.files(root, tree.CODE + (".py",)):
        text = tree.read(root, name)
        if text.count("\n") > FILE_LINES and (name, "") not in EXCEPTIONS:
            found.append(f"{name}: {text.count(chr(10))} lines, more than {FILE_LINES}")
        if name.endswith(".py"):
            continue
        for function, line, lines in functions(text):
            if lines > FUNCTION_LINES and (name, function) not in EXCEPTIONS:
                found.append(f"{name}:{line}: {function} has {lines} lines, more than {FUNCTION_LINES}")
    return found


if __name__ == "__main__":
    for warning in check(tree.root_from_arguments()):
        print("warning:", warning)
