#!/usr/bin/env python3
"""Kernels of every project and shipped pair compile for GPUs, and ask for no more than they did.

  budgets.py ROOT BIN [--all] [--only TEXT] [--architectures all|sm_80,...] [--compilers nvrtc,nvcc] [--write] [--jobs N]

ROOT: the source tree; BIN: the folder with `antidrome`. Without options: each project's own settings, NVRTC, sm_90 (what tests run).
With --all: every run configuration, shipped pair and loss; --only: those whose names have TEXT. nvcc's PTX and clang are further readers of each text.
Asked of every kernel: no warning, no spill, no local memory, no number in double precision, and registers and shared memory within
tests/cuda/budgets.json. --write puts the figures seen there, network by network: what was interrupted is not lost."""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

ARCHITECTURES = ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"]
SKIPPED = 77
# Without those that need exact mode, which has no kernels: a spike that makes its target fire at once.
PAIRS = [(neuron, synapse) for neuron in ("Lif", "Alif", "SoftResetLif", "RefractoryLif", "Qif", "AdEx", "Izhikevich")
         for synapse in ("ExpCurrent", "Alpha", "ExpConductance", "TsodyksMarkram", "LinearNmda", "Nmda", "two")]
PAIRS += [("CubaLif", "Pulse"), ("CubaAlif", "Pulse"), ("CobaLif", "two")]
LOSSES = ["sum", "sum_weigh_linear", "sum_weigh_exp", "sum_weigh_sigmoid", "sum_weigh_input", "avg_xentropy", "max", "first_spike_exp", "first_spike", "mean_square",
          "mean_square_of_a_signal", "last_voltage", "relative_first_spike", "first_spike_at_times", "every_spike", "spike_count"]
DOUBLE = re.compile(r"^\s*(?:@!?%p\d+\s+)?[a-z0-9.]+\.f64[. ]", re.M)


def networks(root, everything):
    """(name, model file, options) of every network, once each."""
    found, seen = [], set()
    for project in sorted(os.listdir(os.path.join(root, "userprojects"))):
        folder = os.path.join(root, "userprojects", project)
        runs = sorted(n for n in os.listdir(folder) if n.endswith(".toml")) if os.path.isdir(folder) else []
        for run in runs:
            with open(os.path.join(folder, run), "rb") as file:
                model = tomllib.load(file).get("model", {})
            if model.get("mode") == "exact" or not (everything or run == "run.toml" or len(runs) == 1):
                continue
            options = tuple(f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in sorted(model.get("set", {}).items()))
            key = (project, options)
            if key not in seen:
                seen.add(key)
                found.append((f"{project}/{run[:-5]}", os.path.join(folder, model.get("file", "model.cc")), options))
    if everything:
        shipped = os.path.join(root, "tests/check/shipped.cc")
        found += [(f"shipped/{n}_{s}", shipped, (f"neuron={n}", f"synapse={s}")) for n, s in PAIRS]
        losses = os.path.join(root, "tests/check/losses.cc")
        found += [(f"losses/{loss}{'_delayed' if delayed else ''}", losses, (f"loss={loss}", f"delayed={str(delayed).lower()}", "regularised=true")) for loss in LOSSES for delayed in (False, True)]
    return found


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def build(arguments, network, architectures, compiler, folder):
    """Resources of the kernels, and what is wrong."""
    name, model, options = network
    command = [os.path.join(arguments.bin, "antidrome"), "build", model, "--backend", "cuda", "--arch", ",".join(architectures), "--compiler", compiler, "-o", folder, "-q"]
    done = run(command + [word for o in options for word in ("--set", o)])
    if done.returncode:
        return [], [f"{name}: {compiler}: {(done.stderr or done.stdout).strip()}"]
    wrong = []
    with open(os.path.join(folder, "compile.log")) as file:
        if "warning" in (log := file.read()):
            wrong.append(f"{name}: {compiler} warns: {log[log.index('warning') - 80:][:300]}")
    with open(os.path.join(folder, "resources.json")) as file:
        resources = json.load(file)
    for k in resources:
        if k["spilled"] or k["stack"]:
            wrong.append(f"{name}: {k['kernel']} for {k['architecture']} by {compiler}: {k['spilled']} bytes spilled, {k['stack']} of local memory")
    return resources, wrong


def read_otherwise(arguments, network, folder):
    """No double numbers in the assembly of nvcc; clang takes the text."""
    name, wrong, kernels = network[0], [], os.path.join(folder, "kernels.cu")
    include = "-I" + os.path.join(arguments.root, "runtime/include")
    if nvcc := shutil.which("nvcc"):
        done = run([nvcc, "-std=c++20", "-O3", "-ptx", "-arch=sm_90", "-Werror", "all-warnings", include, "-o", "-", kernels])
        if done.returncode:
            wrong.append(f"{name}: nvcc: {done.stderr[:400]}")
        wrong += [f"{name}: a number in double precision: {m.group(0).strip()}" for m in list(DOUBLE.finditer(done.stdout))[:3]]
        if ".local" in done.stdout:
            wrong.append(f"{name}: local memory")
    if (clang := shutil.which("clang++-19")) and nvcc:
        toolkit = os.path.dirname(os.path.dirname(os.path.realpath(nvcc)))
        with tempfile.TemporaryDirectory() as missing:           # clang 19 asks for a header that CUDA 13 no longer has
            open(os.path.join(missing, "texture_fetch_functions.h"), "w").close()
            done = run([clang, "-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=sm_90", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-cuda-version",
                        "-Wno-unused-function", "-Wno-pass-failed", f"--cuda-path={toolkit}", "-I" + missing, include, kernels])
        if done.returncode:
            wrong.append(f"{name}: clang: {done.stderr[:400]}")
    return wrong


def check(arguments, network):
    with tempfile.TemporaryDirectory() as folder:
        resources, wrong = [], []
        for compiler in arguments.compilers.split(","):
            if compiler == "nvcc" and not shutil.which("nvcc"):
                continue
            architectures = ARCHITECTURES if arguments.architectures == "all" else arguments.architectures.split(",")
            more, bad = build(arguments, network, architectures, compiler, os.path.join(folder, compiler))
            wrong += bad
            resources += [{**k, "compiler": compiler} for k in more]
            if not bad:
                wrong += read_otherwise(arguments, network, os.path.join(folder, compiler)) if compiler == "nvrtc" else []
        return network[0], resources, wrong


def write(path, budgets):
    lines = ",\n".join(f" {json.dumps(n)}: {json.dumps(budgets[n])}" for n in sorted(budgets))
    with open(path + ".new", "w") as file:
        file.write("{\n" + lines + "\n}\n")
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("root")
    parser.add_argument("bin")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--architectures", default="sm_90")
    parser.add_argument("--compilers", default="nvrtc")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    probe = run([os.path.join(arguments.bin, "antidrome-kernels"), "--version"])
    if "without the CUDA toolkit" in probe.stdout:
        print("budgets: skipped, antidrome was built without the CUDA toolkit")
        return SKIPPED
    path = os.path.join(arguments.root, "tests/cuda/budgets.json")
    budgets = {}
    if os.path.exists(path):
        with open(path) as file:
            budgets = json.load(file)
    chosen = [n for n in networks(arguments.root, arguments.all) if arguments.only in n[0]]
    problems, kernels = 0, 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for name, resources, wrong in pool.map(lambda n: check(arguments, n), chosen):
            for k in resources:
                kernels += 1
                entry = budgets.setdefault(name, {}).get(k["kernel"])
                if arguments.write:
                    known = entry or [0, 0]
                    budgets[name][k["kernel"]] = [max(known[0], k["registers"]), max(known[1], k["shared"])]
                elif entry is None:
                    wrong.append(f"{name}: {k['kernel']} has no budget: budgets.py --all --write")
                elif k["registers"] > entry[0] or k["shared"] > entry[1]:
                    wrong.append(f"{name}: {k['kernel']} for {k['architecture']} by {k['compiler']} takes {k['registers']} registers and {k['shared']} bytes of shared memory; budget {entry[0]} and {entry[1]}")
            if arguments.write:
                write(path, budgets)
            problems += len(wrong)
            for line in wrong:
                print(line, flush=True)
    print(f"budgets: {kernels} kernels of {len(chosen)} networks, {problems} problem(s)" if problems else f"budgets: {kernels} kernels of {len(chosen)} networks, none beyond its budget")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
