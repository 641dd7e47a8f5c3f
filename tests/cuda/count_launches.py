#!/usr/bin/env python3
"""Instructions and cycles of the chain of every launch of a batch of 700-256-20, by the interpreter of PTX, against a stored baseline.

Usage: count_launches.py SOURCE BIN BASELINE [--update]

The interpreter counts the same every time. More than the baseline is a regression; less is a gain that the baseline has to learn
(--update), or the next regression would hide in it. Exit code 77: nothing to compile PTX with, or another compiler."""
import json
import os
import re
import shutil
import subprocess
import sys

SLACK = 0.01
SKIPPED = 77
LENGTH, EVENTS, BATCH = 200, 1580, 2


def compiler_version():
    nvcc = shutil.which("nvcc", path=os.environ.get("PATH", "") + ":/usr/local/cuda/bin")
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout if nvcc else ""
    found = re.search(r"release (\S+),", text)
    return "CUDA " + found.group(1) if found else ""


def count(source, folder):
    """Of each launch: warp-level instructions, and microseconds of the model."""
    command = [os.path.join(folder, "antidrome"), "plan", os.path.join(source, "userprojects/shd/model.cc"), "--config", os.path.join(source, "tests/cuda/activity.toml"),
               "--device-model", "h100", "--batch", str(BATCH), "--events", str(EVENTS), "--length", str(LENGTH)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "AD446" in done.stderr + done.stdout:
        print("SKIP: there is no CUDA toolkit")
        sys.exit(SKIPPED)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    launches = {}
    for line in done.stdout.splitlines():
        row = re.match(r"  (\w+) +\d+ +\d+ +(\d+) +[\d.]+ +\d+ +\d+% +\d+ +([\d.]+) +[\d.]+ +[\d.]+$", line)
        if row:
            launches[row.group(1)] = {"instructions": int(row.group(2)), "us": float(row.group(3))}
        chain = re.match(r"  (\w+) +([\d.]+): ", line)
        if chain and chain.group(1) in launches:
            launches[chain.group(1)]["cycles a step"] = float(chain.group(2))
    if "forward_trial" not in launches or "cycles a step" not in launches["forward_trial"]:
        sys.exit("no table of launches in:\n" + done.stdout)
    return launches


def differences(found, baseline):
    for kernel in sorted(found.keys() | baseline.keys()):
        for what in sorted(found.get(kernel, {}).keys() | baseline.get(kernel, {}).keys()):
            n, before = found.get(kernel, {}).get(what), baseline.get(kernel, {}).get(what)
            if n is None or before is None:
                yield f"{kernel}: {what} of {'the baseline' if n is None else 'this build'} alone"
            elif n > before * (1 + SLACK) + 0.2:
                yield f"{kernel}: {n} {what}, {100 * (n / before - 1):.1f} % more than the baseline's {before}: slower?"
            elif n < before * (1 - SLACK) - 0.2:
                yield f"{kernel}: {n} {what}, {100 * (1 - n / before):.1f} % less than the baseline's {before}: keep the gain, run with --update"


def main(source, folder, file, update):
    stored = json.load(open(file, encoding="utf-8")) if os.path.exists(file) else {}
    version = compiler_version()
    if not update and version != stored.get("compiler"):
        print(f"SKIP: the baseline was counted with {stored.get('compiler')}, this is {version or 'no compiler'}")
        return SKIPPED
    found = count(source, folder)
    for kernel, counts in found.items():
        print(kernel + ": " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    if update:
        with open(file, "w", encoding="utf-8") as out:
            json.dump({"compiler": version, "launches": found}, out, indent=1)
            out.write("\n")
        return 0
    wrong = list(differences(found, stored.get("launches", {})))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], "--update" in sys.argv[4:]))
