#!/usr/bin/env python3
"""clang-tidy 16 finds nothing in our sources: names and a few checks that find real faults (.clang-tidy).

A source is checked again only when something that its answer depends on changed: itself, a header of ours that it
includes (the compiler's own dependency list says which), .clang-tidy, or the compile flags. Clean answers are
remembered by content in ~/.cache/attune/tidy, so that another checkout profits too.

    tidy.py BUILD_DIRECTORY [SOURCE...]
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from project import ROOT, conclude

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attune" / "tidy"
# Flags of GCC that clang does not know, and what only slows it down.
DROPPED = ("-fsanitize", "-fno-sanitize", "-fno-tree", "-Werror", "-W", "-g", "-O", "-fopenmp")


def dependencies_of(build):
    """{object file: [paths]} as ninja recorded them while compiling."""
    listed = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True)
    found, current = {}, None
    for line in listed.stdout.splitlines():
        if line.startswith("    "):
            found[current].append(line.strip())
        elif ": #deps" in line:
            current = line.split(":")[0]
            found[current] = []
    return found


def object_of(entry):
    words = shlex.split(entry["command"])
    return words[words.index("-o") + 1]


def flags_of(entry):
    words = shlex.split(entry["command"])
    kept, skip = [], False
    for word in words[1:]:
        if skip or word in ("-c",) or word.startswith(DROPPED):
            skip = False
        elif word == "-o":
            skip = True
        elif word != entry["file"] and not word.endswith(("ccache", "c++", "g++")):
            kept.append(word)
    return kept


class Tidy:
    def __init__(self, build):
        self.build = build
        self.entries = [
            entry for entry in json.loads((build / "compile_commands.json").read_text())
            if Path(entry["file"]).is_relative_to(ROOT) and not Path(entry["file"]).is_relative_to(build)
        ]
        self.dependencies = dependencies_of(build)
        version = subprocess.run(["clang-tidy-16", "--version"], capture_output=True, text=True, check=True).stdout
        self.common = version.encode() + (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()
        self.digests = {}

    def digest_of(self, path):
        if path not in self.digests:
            self.digests[path] = hashlib.sha256(path.read_bytes()).digest()
        return self.digests[path]

    def key_of(self, entry):
        """Names all that the answer for one source depends on; None while the compiler has not listed its headers."""
        listed = self.dependencies.get(object_of(entry))
        if listed is None:
            return None
        ours = sorted({path for name in listed if (path := (self.build / name).resolve()).is_relative_to(ROOT)})
        theirs = sorted({name for name in listed if name.startswith("/usr/")})
        state = hashlib.sha256(self.common)
        state.update(" ".join(flags_of(entry)).replace(str(ROOT), "").encode())
        for path in ours:
            state.update(str(path.relative_to(ROOT)).encode() + self.digest_of(path))
        for name in theirs:
            state.update(f"{name} {os.path.getsize(name) if os.path.exists(name) else 0}\n".encode())
        return state.hexdigest()

    def faults_of(self, entry):
        key = self.key_of(entry)
        remembered = CACHE / key if key else None
        if remembered and remembered.exists():
            return []
        command = ["clang-tidy-16", "--quiet", f"--header-filter=^{re.escape(str(ROOT))}/(include|src|tests)/",
                   entry["file"], "--", *flags_of(entry), "-w"]
        done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, check=False)
        faults = [line for line in done.stdout.splitlines() if re.search(r"(error|warning): ", line)]
        if done.returncode != 0 and not faults:
            faults = [f"{entry['file']}: clang-tidy failed: {done.stderr.strip()[:300]}"]
        if remembered and not faults:
            CACHE.mkdir(parents=True, exist_ok=True)
            remembered.touch()
        return faults


def main():
    if not shutil.which("clang-tidy-16"):
        sys.exit("clang-tidy-16 is not installed: tools/install_packages.sh test")
    tidy = Tidy(Path(sys.argv[1]).resolve())
    wanted = {str(Path(name).resolve()) for name in sys.argv[2:]}
    entries = [entry for entry in tidy.entries if not wanted or entry["file"] in wanted]
    # One source may be compiled into several programs (tests/main.cpp): once is enough.
    entries = list({entry["file"]: entry for entry in entries}.values())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = set()
        for lines in pool.map(tidy.faults_of, entries):
            # A header's fault comes up in every source that includes it.
            new = {fault.replace(f"{ROOT}/", "") for fault in lines} - faults
            for fault in sorted(new):
                print(fault, flush=True)
            faults |= new
    if faults:
        print(f"clang-tidy: {len(entries)} looked at, {len(faults)} faults")
        sys.exit(1)
    conclude("clang-tidy", len(entries), [])


if __name__ == "__main__":
    main()
