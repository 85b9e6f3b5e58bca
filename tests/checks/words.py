#!/usr/bin/env python3
"""No promise for later in the code, no path of one machine anywhere."""

import re

from project import ROOT, conclude, files, text_of

# Spelled in pieces so that this file passes its own check.
PROMISES = re.compile("|".join((r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX" + r"XX\b", r"\bHA" + r"CK\b")))
MACHINE = re.compile(r"(^|[^\w.])/(wo" + r"rk|fa" + r"rm)/")
CODE = (".cpp", ".hpp", ".h", ".js", ".mjs", ".css", ".html", ".sh", ".py", ".cmake", ".txt", ".json", ".yml", ".md")
# Data that quotes the world: documents in it may say anything.
DATA = ("examples/", "tests/golden/", "tests/data/", "models/")


def check(root):
    looked_at, findings = 0, []
    for path in files(root, *CODE):
        if path.as_posix().startswith(DATA):
            continue
        looked_at += 1
        for number, line in enumerate(text_of(root, path).splitlines(), 1):
            for fault in (PROMISES.search(line), MACHINE.search(line)):
                if fault:
                    findings.append(f"{path}:{number}: {fault.group(0).strip()}: {line.strip()[:100]}")
    return looked_at, findings


if __name__ == "__main__":
    conclude("stray words", *check(ROOT))
