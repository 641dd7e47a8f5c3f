#!/usr/bin/env python3
"""Every header compiles alone. Usage: headers.py ROOT COMPILER [INCLUDE FOLDERS...]"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import tree


def compile_alone(root, compiler, folders, name):
    """The compiler's complaint, or an empty string."""
    language = "c" if name.endswith("/abi.h") else "c++"         # the ABI is read by C compilers too
    standard = "-std=c11" if language == "c" else "-std=c++20"
    command = [compiler, standard, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-x", language, "-"]
    command += [f"-I{os.path.join(root, r)}" for r in tree.INCLUDE_ROOTS] + [f"-isystem{f}" for f in folders]
    done = subprocess.run(command, input=f'#include "{os.path.join(root, name)}"\n', capture_output=True, text=True)
    return f"{name} does not compile alone:\n{done.stderr}" if done.returncode else ""


def check(root, compiler, folders):
    names = [n for n in tree.files(root, tree.HEADERS) if not n.startswith("tests/")]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [text for text in pool.map(lambda n: compile_alone(root, compiler, folders, n), names) if text]


if __name__ == "__main__":
    sys.exit(tree.report("headers", check(os.path.abspath(sys.argv[1]), sys.argv[2], sorted(set(sys.argv[3:]) - {"", "/usr/include"})),
                         "Add the includes that the header itself needs."))
