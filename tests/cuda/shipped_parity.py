#!/usr/bin/env python3
"""Kernels of every project, shipped pair and loss, run on this processor, agree with the reference interpreter: spikes exactly, gradients to rounding.

  shipped_parity.py ROOT BIN [--all] [--device emulated|checked|interpreted] [--order N] [--only TEXT] [--jobs N]

ROOT: the source tree; BIN: the folder with `antidrome`. Without --all: each project's own settings."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

from budgets import networks

REST = {"AdEx": "-70", "Izhikevich": "-65", "CobaLif": "-55"}     # the loss is of order one, so that differences resolve it
STRENGTH = {"TsodyksMarkram": "10"}                              # of weights, where the shipped ones leave the network silent
SILENT = {"delays/run"}                                          # its outputs have no threshold
EVENTS = {"shipped": 30, "losses": 15, "shd": 20, "ssc": 20, "mnist": 3, "smnist": 20, "dvs_gesture": 20}


def check(arguments, network):
    name, model, options = network
    kind, _, which = name.partition("/")
    if kind == "shipped":
        neuron, synapse = which.split("_")
        options += tuple(f"{key}={value[of]}" for key, value, of in (("rest", REST, neuron), ("strength", STRENGTH, synapse)) if of in value)
    words = [word for o in options for word in ("--set", o)]
    # what watches every access or interprets instructions gets shorter trials, as dense with events, and longer ones where nothing fired
    batch, steps = (3, 150) if arguments.device == "emulated" or kind in ("shipped", "losses") else (2, 40)
    while True:
        rate = f"{EVENTS.get(kind, 10) * steps / 150:.3g}"
        command = [os.path.join(arguments.bin, "antidrome"), "check", model, "--parity-only", "--backend", "cuda", "--device", arguments.device, "--batch", str(batch), "--steps", str(steps), "--dt", "1", "--rate", rate]
        done = subprocess.run(command + words, capture_output=True, text=True, env={**os.environ, "ANTIDROME_ORDER": str(arguments.order)})
        spikes = re.search(r"spikes: reference (\d+)", done.stdout)
        if steps >= 150 or name in SILENT or not spikes or int(spikes.group(1)):
            break
        steps *= 2
    differences = [float(difference) / float(largest) for largest, difference in re.findall(r"largest ([0-9.e+-]+), largest difference ([0-9.e+-]+)", done.stdout) if float(largest)]
    line = f"{name}: {spikes.group(1) if spikes else '?'} spikes, gradients differ by {max(differences, default=0):.1e}"
    good = done.returncode == 0 and spikes and (int(spikes.group(1)) > 0 or name in SILENT)
    return good, line if good else f"{line}\n{' '.join(command + words)}\n{done.stdout}{done.stderr}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("root")
    parser.add_argument("bin")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--device", default="emulated", choices=["emulated", "checked", "interpreted"])
    parser.add_argument("--order", type=int, default=0, help="checked: seed of the order of blocks and threads; 0: in order")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    chosen = [n for n in networks(arguments.root, arguments.all) if arguments.only in n[0]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for good, line in pool.map(lambda n: check(arguments, n), chosen):
            failed += not good
            print(line, flush=True)
    print(f"shipped_parity: {len(chosen)} networks, {failed} differ" if failed else f"shipped_parity: {len(chosen)} networks agree with the reference")
    return failed > 0 or not chosen


if __name__ == "__main__":
    sys.exit(main())
