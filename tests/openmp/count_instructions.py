#!/usr/bin/env python3
"""Instructions and cache misses of the hot kernels, counted by callgrind, against a stored baseline.

Usage: count_instructions.py PROGRAM FOLDER BASELINE [--update]

A simulator of a processor counts the same every time, whatever else the machine does. More than the baseline is a regression; less
is a gain that the baseline has to learn (--update), or the next regression would hide in it. Exit code 77: nothing to count with."""
import json
import os
import re
import shutil
import subprocess
import sys

KERNELS = ["lif", "lif_mixed", "conductance", "own_delays"]
# Share of the baseline that a count may differ by: the linker and the place of arrays move a few instructions and more misses.
SLACK = {"instructions": 0.02, "first-level misses": 0.06, "second-level misses": 0.10}
CACHES = ["--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64"]
SKIPPED = 77


def compiler_version():
    text = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout
    return "g++ " + text.split(".")[0].strip()


def count(program, folder, kernel):
    """What happens inside a simulator's run()."""
    out = os.path.join(folder, kernel + ".callgrind")
    command = ["valgrind", "--tool=callgrind", "--cache-sim=yes", *CACHES, f"--callgrind-out-file={out}", "--collect-atstart=no",
               "--toggle-collect=antidrome::simulator::(anonymous namespace)::run(void*, antidrome_batch const*)", program, "run", folder, kernel]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    text = open(out, encoding="utf-8").read()
    names = re.search(r"^events: (.*)$", text, re.M).group(1).split()
    values = dict(zip(names, map(int, re.search(r"^(?:totals|summary): (.*)$", text, re.M).group(1).split())))
    return {"instructions": values["Ir"], "first-level misses": values["D1mr"] + values["D1mw"], "second-level misses": values["DLmr"] + values["DLmw"]}


def differences(found, baseline):
    for kernel, counts in found.items():
        for what, n in counts.items():
            before = baseline.get(kernel, {}).get(what)
            if before is None:
                yield f"{kernel}: no baseline of {what}"
            elif n > before * (1 + SLACK[what]) + 200:
                yield f"{kernel}: {n} {what}, {100 * (n / before - 1):.1f} % more than the baseline's {before}: slower?"
            elif n < before * (1 - SLACK[what]) - 200:
                yield f"{kernel}: {n} {what}, {100 * (1 - n / before):.1f} % fewer than the baseline's {before}: keep the gain, run with --update"


def main(program, folder, file, update):
    if not shutil.which("valgrind"):
        print("SKIP: valgrind is not installed")
        return SKIPPED
    stored = json.load(open(file, encoding="utf-8")) if os.path.exists(file) else {}
    if compiler_version() != stored.get("compiler", compiler_version()):
        print(f"SKIP: the baseline was counted with {stored['compiler']}, this is {compiler_version()}")
        return SKIPPED
    os.makedirs(folder, exist_ok=True)
    subprocess.run([program, "build", folder], check=True)
    found = {kernel: count(program, folder, kernel) for kernel in KERNELS}
    for kernel, counts in found.items():
        print(kernel + ": " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    if update:
        json.dump({"compiler": compiler_version(), "kernels": found}, open(file, "w", encoding="utf-8"), indent=2)
        return 0
    wrong = list(differences(found, stored.get("kernels", {})))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], "--update" in sys.argv[4:]))
