#!/usr/bin/env python3
"""Simulators of several kinds compile for an aarch64 processor, without a warning but of names that a phase does not use.

Usage: cross_compile.py GENERATOR ROOT

GENERATOR: antidrome-gen. Exit code 77: there is no aarch64-linux-gnu-g++. Nothing is run: this machine has another processor."""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

COMPILER = "aarch64-linux-gnu-g++"
FLAGS = ["-std=c++20", "-O3", "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-unused", "-Wno-unused-parameter", "-Wno-unused-but-set-variable", "-Werror"]
SKIPPED = 77
# model file, precision, mode, options: rows in halves, exact crossings, delays of single synapses, exponentials, means over the batch
SIMULATORS = [
    ("userprojects/shd/model.cc", "float", "grid", []),
    ("userprojects/shd/model.cc", "mixed", "grid", []),
    ("userprojects/shd/model.cc", "double", "grid", ["delays=true"]),
    ("userprojects/yinyang/model.cc", "float", "exact", ["loss=first_spike"]),
    ("tests/check/shipped.cc", "float", "grid", ["neuron=AdEx", "synapse=two"]),
    ("tests/check/losses.cc", "float", "grid", ["loss=avg_xentropy", "delayed=true", "regularised=true"]),
]


def compile_one(generator, root, simulator):
    model, precision, mode, options = simulator
    name = f"{model} ({', '.join([precision, mode, *options])})"
    with tempfile.TemporaryDirectory() as folder:
        generate = [generator, "generate", os.path.join(root, model), "--backend", "openmp", "--precision", precision, "--mode", mode, "-o", folder]
        translate = [COMPILER, *FLAGS, "-I" + os.path.join(root, "runtime/include"), os.path.join(folder, "simulator.cc"), "-o", os.path.join(folder, "simulator.so")]
        for command in (generate + [word for o in options for word in ("--set", o)], translate):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"{name}: {' '.join(command)}\n{(done.stderr or done.stdout)[:600]}"
    return None


def main(generator, root):
    if not shutil.which(COMPILER):
        print(f"SKIP: {COMPILER} is not installed")
        return SKIPPED
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        wrong = [w for w in pool.map(lambda s: compile_one(generator, root, s), SIMULATORS) if w]
    print("\n".join(wrong) or f"{len(SIMULATORS)} simulators compile for aarch64")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
