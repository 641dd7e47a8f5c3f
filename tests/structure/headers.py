#!/usr/bin/env python3
"""Every header compiles alone. Usage: headers.py ROOT COMPILER [INCLUDE FOLDERS...]

A header that some source file includes first has been compiled alone by the build, and is not compiled again. A header whose
first lines say "Included by other.h" is a part of that one."""
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import tree

# The vector layer adapts to the compiler's target: every width and precision is tried, whatever this machine is.
VARIANTS = {"runtime/include/antidrome/lanes.h": [[f"-march={march}", f"-DANTIDROME_REAL={real}"]
                                                  for march in ("x86-64", "x86-64-v3", "x86-64-v4") for real in ("float", "double")]} \
    if platform.machine() == "x86_64" else {}
# Headers of kernels compile as CUDA, or for the emulator as C++.
VARIANTS |= {f"runtime/include/antidrome/{name}.h": [["-DANTIDROME_EMULATED", "-Wno-unknown-pragmas", f"-DANTIDROME_REAL={real}"] for real in ("float", "double")]
             for name in ("device", "device_math", "device_spikes", "device_batch")}

_PART = re.compile(r"Included\s+(?://\s*)?by\s+(?://\s*)?([\w/]+\.hp*)\b")


def is_part(root, name):
    """True when the header says whose part it is, and that one does include it."""
    owner = _PART.search("\n".join(tree.read(root, name).split("\n", 4)[:4]))
    path = os.path.join(os.path.dirname(name), owner.group(1)) if owner else None
    return bool(path) and os.path.isfile(os.path.join(root, path)) and name in [target for _, target in tree.includes(root, path)]


def compiled_by_the_build(root):
    """Headers that are the first include of a source file."""
    firsts = (next(tree.includes(root, n), (None, None))[1] for n in tree.files(root, (".cpp",)) if not n.startswith("tests/"))
    return {first for first in firsts if first}


def compile_alone(root, compiler, folders, name, flags):
    """The compiler's complaint, or an empty string."""
    language = "c" if name.endswith("/abi.h") else "c++"         # the ABI is read by C compilers too
    standard = "-std=c11" if language == "c" else "-std=c++20"
    command = [compiler, standard, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", *flags, "-x", language, "-"]
    command += [f"-I{os.path.join(root, r)}" for r in tree.INCLUDE_ROOTS] + [f"-isystem{f}" for f in folders]
    done = subprocess.run(command, input=f'#include "{os.path.join(root, name)}"\n', capture_output=True, text=True)
    return f"{' '.join([name] + flags)} does not compile alone:\n{done.stderr}" if done.returncode else ""


def check(root, compiler, folders):
    known = compiled_by_the_build(root)
    names = [n for n in tree.files(root, tree.HEADERS) if not n.startswith("tests/") and n not in known and not is_part(root, n)]
    jobs = [(n, flags) for n in names for flags in VARIANTS.get(n, [[]])]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [text for text in pool.map(lambda job: compile_alone(root, compiler, folders, *job), jobs) if text]


if __name__ == "__main__":
    sys.exit(tree.report("headers", check(os.path.abspath(sys.argv[1]), sys.argv[2], sorted(set(sys.argv[3:]) - {"", "/usr/include"})),
                         "Add the includes that the header itself needs."))
