#!/usr/bin/env python3
"""Sources stop at 400 lines, tests at 600, scripts at 200, ARCHITECTURE.md at 200; a model at 35 MB, other files at 2 MB."""

from project import ROOT, conclude, files, text_of

# (below these folders, with these endings, at most so many lines); the first that fits counts.
LIMITS = (
    (("ARCHITECTURE.md",), (".md",), 200),
    (("tests/checks/", "tools/", ".ci/"), (".py", ".sh", "run"), 200),
    (("tests/",), (".cpp", ".hpp", ".h", ".mjs", ".js", ".py"), 600),
    (("src/", "include/", "web/"), (".cpp", ".hpp", ".h", ".js", ".mjs", ".css", ".html"), 400),
    (("cmake/", "CMakeLists.txt", "src/", "tests/"), (".cmake", "CMakeLists.txt"), 200),
)
MODEL_BYTES = 35_000_000
OTHER_BYTES = 2_000_000


def check(root):
    looked_at, findings = 0, []
    for path in files(root):
        name = path.as_posix()
        size, most = (root / path).stat().st_size, MODEL_BYTES if name.startswith("models/") else OTHER_BYTES
        if size > most:
            findings.append(f"{name}: {size} bytes, the limit is {most}")
        for under, endings, limit in LIMITS:
            if name.startswith(under) and name.endswith(endings):
                looked_at += 1
                lines = text_of(root, path).count("\n")
                if lines > limit:
                    findings.append(f"{name}: {lines} lines, the limit is {limit}")
                break
    return looked_at, findings


if __name__ == "__main__":
    conclude("file sizes", *check(ROOT))
