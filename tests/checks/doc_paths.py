#!/usr/bin/env python3
"""Every path of the project that a Markdown file names, in backticks or as a link, exists."""

import re
from pathlib import Path

from project import ROOT, conclude, files, text_of

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
TICKS = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
# Looks like a path. Commands, globs, URLs and API routes do not.
PATH = re.compile(r"^[\w.][\w.+-]*(/[\w.+-]+)*/?$")
# A bare name counts when only this project can mean it: `tokenizer.json` is a name of the outside world.
ENDINGS = (".md", ".cpp", ".hpp", ".sh", ".py", ".cmake", ".js", ".mjs", ".css")


def expand(name):
    """`a_{x,y}.cpp` stands for two files."""
    match = re.match(r"^(.*)\{([^{}]+)\}(.*)$", name)
    return [match[1] + part + match[3] for part in match[2].split(",")] if match else [name]


def tops_of(root):
    return {path.parts[0] for path in files(root) if len(path.parts) > 1}


def names_in(markdown, tops):
    """The paths that a document names, as (name, is_link)."""
    prose = FENCE.sub("", markdown)
    for name in LINK.findall(prose):
        if "://" not in name and not name.startswith("mailto:"):
            yield name, True
    for quoted in TICKS.findall(prose):
        for name in expand(quoted.removeprefix("./")):
            inside = "/" in name and name.split("/")[0] in tops
            if PATH.match(name) and (inside or ("/" not in name and name.endswith(ENDINGS))):
                yield name, False


def exists(root, document, name, known):
    # A bare file name may stand for any file of that name: "`result.hpp`" in prose about one room.
    beside = document.parent / name
    return (root / name).exists() or (root / beside).exists() or ("/" not in name and name in known)


def check(root):
    documents = [path for path in files(root, ".md") if path.parts[0] not in ("examples",) and "golden" not in path.parts]
    tops = tops_of(root) | {"build"}
    known = {path.name for path in files(root)}
    looked_at, findings = 0, []
    for document in documents:
        for name, is_link in names_in(text_of(root, document), tops):
            if Path(name).parts[0] == "build":
                continue
            looked_at += 1
            if not exists(root, document, name, set() if is_link else known):
                findings.append(f"{document}: there is no `{name}`")
    return looked_at, findings


if __name__ == "__main__":
    conclude("paths in documents", *check(ROOT))
