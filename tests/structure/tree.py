"""The source tree as the checks see it: which files there are, and who includes whom."""
import os
import re
import subprocess
import sys

CODE = (".h", ".hpp", ".cc", ".cpp", ".cu", ".cuh", ".def")
HEADERS = (".h", ".hpp", ".cuh")
INCLUDE_ROOTS = ("", "runtime/include", "models/include")   # what -I names, relative to the root

_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


def files(root, suffixes=None):
    """Every file of the project, sorted, relative to `root`: what git knows or would take in, else the whole folder."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True) \
        if os.path.exists(os.path.join(root, ".git")) and _has_git() else None
    if listed is not None and listed.returncode == 0:
        names = [n for n in listed.stdout.splitlines() if os.path.isfile(os.path.join(root, n))]
    else:
        names = list(_walk(root))
    return sorted(n for n in names if suffixes is None or n.endswith(suffixes))


def _has_git():
    return any(os.access(os.path.join(p, "git"), os.X_OK) for p in os.environ.get("PATH", "").split(os.pathsep))


def _walk(root):
    for folder, inside, names in os.walk(root):
        inside[:] = [d for d in inside if not d.startswith("build") and d not in (".git", "runs", "__pycache__")]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def includes(root, name):
    """(spelling, project file or None) of each #include in `name`. None: not ours."""
    for quoted, angled in _INCLUDE.findall(read(root, name)):
        spelling = quoted or angled
        places = [os.path.dirname(name)] if quoted else []
        for place in places + list(INCLUDE_ROOTS):
            path = os.path.normpath(os.path.join(place, spelling))
            if os.path.isfile(os.path.join(root, path)):
                yield spelling, path
                break
        else:
            yield spelling, None


def report(check, problems, remedy):
    """Prints the problems and gives the exit status of a check."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{check}: {len(problems)} problem(s). {remedy}")
        return 1
    print(f"{check}: ok")
    return 0


def root_from_arguments():
    return os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", ".."))
