"""The project as the checks see it: which files it has, and how a check says what it found."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(root, *suffixes, under=("",)):
    """Paths relative to `root` of the files that belong to the project (not ignored ones), sorted."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = {name for name in listed.stdout.decode().split("\0") if name}
    else:  # a source archive without git
        names = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        names = {name for name in names if not name.startswith("build/")}
    return sorted(
        Path(name) for name in names
        if (not suffixes or name.endswith(suffixes)) and name.startswith(tuple(under)) and (root / name).is_file())


def text_of(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def conclude(name, looked_at, findings):
    """Prints the findings and ends the program: 1 if there are any, or if the check found nothing to look at."""
    for finding in findings:
        print(finding)
    if not looked_at:
        print(f"{name}: there was nothing to look at, so nothing was checked")
        sys.exit(1)
    print(f"{name}: {looked_at} looked at, {len(findings)} faults")
    sys.exit(1 if findings else 0)
