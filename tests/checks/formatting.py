#!/usr/bin/env python3
"""C++ is laid out as clang-format 16 lays it out, and shell scripts pass shellcheck."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from project import ROOT, conclude, files, text_of


def faults_of(command, root):
    """The first lines that `command` prints, if it fails."""
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[:8] or [f"{' '.join(command)}: exit code {done.returncode}"]


def is_shell(root, path):
    return path.suffix == ".sh" or (path.suffix == "" and text_of(root, path)[:40].startswith("#!/usr/bin/env bash"))


def check(root):
    sources = files(root, ".cpp", ".hpp", ".h", under=("src/", "include/", "tests/", "tools/"))
    scripts = [path for path in files(root, under=("tools/", ".ci/", "tests/")) if is_shell(root, path)]
    commands = [["clang-format-16", "--dry-run", "-Werror", str(path)] for path in sources]
    # SC2317 takes functions that are called by name for dead code.
    commands += [["shellcheck", "-x", "-e", "SC2317", str(path)] for path in scripts]
    absent = [tool for tool in ("clang-format-16", "shellcheck") if not shutil.which(tool)]
    if absent:
        return len(commands), [f"{tool} is not installed: tools/install_packages.sh test" for tool in absent]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda command: faults_of(command, root), commands)
    return len(commands), [line for lines in found for line in lines]


if __name__ == "__main__":
    conclude("formatting", *check(ROOT))
