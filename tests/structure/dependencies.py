#!/usr/bin/env python3
"""Arrows between folders point one way (docs/design.md, "The folders"). Usage: dependencies.py [ROOT]"""
import sys

import tree

ABI = "runtime/include"

# folder -> the folders it may include besides itself. The longest matching prefix decides. A folder that is not listed may
# include nothing of ours, so a new one has to be placed here and in docs/design.md.
MAY_USE = {
    "models": [],
    "codegen/diagnostics": [],
    "codegen/ir": ["codegen/diagnostics"],
    "codegen/passes": ["codegen/ir", "codegen/diagnostics"],
    "codegen/kernel_ir": ["codegen/passes", "codegen/ir", "codegen/diagnostics"],
    "codegen/frontend": ["codegen/ir", "codegen/diagnostics", "models"],      # it shares the records that network() fills in
    "codegen/check": ["codegen/passes", "codegen/ir", "codegen/diagnostics", "backends/reference"],
    "codegen/driver": ["codegen", "backends/openmp/emit", "backends/cuda/emit"],
    "backends/text": ["codegen/ir", "codegen/diagnostics"],                    # a kernel's formulas are expressions
    "backends/openmp/emit": ["backends/text", "codegen/kernel_ir", "codegen/ir"],
    "backends/cuda/emit": ["backends/text", "codegen/kernel_ir", "codegen/ir"],
    "backends/openmp/device": [ABI],
    "backends/cuda/device": ["backends/cuda/emulator", "backends/cuda/ptx", ABI],
    "backends/cuda/compile": ["backends/cuda/emulator", ABI],
    "backends/cuda/emulator": [ABI],                                           # what kernel text is compiled with lies there
    "backends/cuda/ptx": ["backends/cuda/emulator"],                           # the traffic of a request is counted there
    "backends/reference": ["codegen/ir", "codegen/diagnostics", ABI],
    "runtime": ["codegen/diagnostics"],        # how a mistake is told; nothing of the generator itself
    "runtime/ranks": ["runtime/session", "codegen/diagnostics", ABI],          # processes that share batches
    "runtime/audio": ["runtime/data", "codegen/diagnostics", ABI],   # sound to spikes; training knows nothing of it
    "userprojects": ["models"],
    "docs": ["models"],
    "tests": ["codegen", "backends", "runtime", "models", "userprojects"],
}

# What only one folder may include, by the start of the spelling.
RESERVED = {
    "clang/": ["codegen/frontend"],
    "llvm/": ["codegen/frontend"],
    "clang-c/": ["codegen/frontend"],
    "cuda": ["backends/cuda/device", "backends/cuda/compile", "runtime/ranks/nccl", "tests/cuda"],   # there for a stand-in of its runtime library
    "nccl": ["runtime/ranks/nccl"],
    "mpi.h": ["runtime/ranks/mpi"],
    "nvrtc": ["backends/cuda/compile"],
    "hdf5": ["runtime", "tests"],
    "H5": ["runtime", "tests"],
    "sndfile": ["runtime/audio", "tests"],
    "fftw3": ["runtime/audio"],
    "CLI/": ["runtime", "codegen/driver", "backends/cuda/compile"],
}


def inside(name, folder):
    return name == folder or name.startswith(folder + "/")


def layer_of(name):
    """The entry of MAY_USE that `name` lies in, or None."""
    return max((f for f in MAY_USE if inside(name, f)), key=len, default=None)


def forbidden_includes(root):
    for name in tree.files(root, tree.CODE):
        layer = layer_of(name)
        for spelling, target in tree.includes(root, name):
            if target is None:
                for start, folders in RESERVED.items():
                    if spelling.startswith(start) and not any(inside(name, f) for f in folders):
                        yield f"{name}: includes <{spelling}>, which belongs to {' and '.join(folders)}"
            elif layer is None:
                yield f"{name}: includes {target}, but its folder has no place in the dependency table"
            elif not inside(target, layer) and not any(inside(target, f) for f in MAY_USE[layer]):
                yield f"{name}: includes {target}; {layer} may use {' '.join(MAY_USE[layer]) or 'nothing'}"


def cycles(root):
    """Cycles of includes between files, each reported once."""
    graph = {n: sorted({t for _, t in tree.includes(root, n) if t and t != n}) for n in tree.files(root, tree.CODE)}
    done, found = set(), []

    def visit(name, path):
        if name in path:
            found.append(" -> ".join(path[path.index(name):] + [name]))
            return
        if name in done:
            return
        for target in graph.get(name, []):
            visit(target, path + [name])
        done.add(name)

    for name in graph:
        visit(name, [])
    return [f"cycle: {c}" for c in found]


def check(root):
    return list(forbidden_includes(root)) + cycles(root)


if __name__ == "__main__":
    sys.exit(tree.report("dependencies", check(tree.root_from_arguments()),
                         "Move the code, or change the table here and in docs/design.md."))
