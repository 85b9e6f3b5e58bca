#!/usr/bin/env python3
"""A room includes and links only the rooms that ARCHITECTURE.md's table grants it, and a third-party library stays in
the room that wraps it."""

import re
import sys

from project import ROOT, conclude, files, text_of

# Where headers of a library that we wrap may be included. A prefix of the header's name → rooms.
CONFINED = {
    "unicode/": {"text", "tokenizer"},
    "opencc/": {"text"},
    "opencc.h": {"text"},
    "libstemmer": {"text"},
    "sqlite3": {"store"},
    "faiss/": {"index"},
    "hwy/": {"nn"},
    "boost/": {"server"},
    "cmark-gfm": {"reader"},
    "gumbo": {"reader"},
    "zip.h": {"reader"},
    "pugixml": {"reader"},
    "CLI/": {"cli"},
    "openssl/": {"core"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\|\s*`(\w+)`\s*\|.*\|\s*([^|]+?)\s*\|\s*$", re.MULTILINE)


def rooms_table(architecture):
    """{room: rooms that it may use}, in the order of the table. Raises ValueError when the table names no room."""
    table = {}
    for match in ROW.finditer(architecture):
        room, grants = match.groups()
        above = list(table)
        if grants in ("all above", "everything"):
            allowed = set(above)
        else:
            named = {name.strip(" `") for name in grants.split(",")} - {"–", "-"}
            unknown = named - set(above)
            if unknown:
                raise ValueError(f"ARCHITECTURE.md: `{room}` may use {sorted(unknown)}, which no row above it names")
            allowed = named | ({"core"} if room != "core" else set())
        table[room] = allowed
    if not table:
        raise ValueError("ARCHITECTURE.md: no table of rooms was found")
    return table


def room_of_header(name, table):
    """The room that an include path belongs to, or None for a header of somebody else."""
    parts = name.split("/")
    if parts[0] == "attune" and len(parts) > 1:
        return parts[1].removesuffix(".hpp")
    return parts[0] if len(parts) > 1 and parts[0] in table else None


def place_of(path):
    """(kind, room): where a source file stands."""
    parts = path.parts
    if parts[:2] == ("include", "attune"):
        return "public header", parts[2].removesuffix(".hpp")
    if parts[0] == "src":
        return "source", parts[1]
    if parts[1] in ("fuzz", "bench"):
        return "probe", ""
    return "test", parts[1] if len(parts) > 2 else ""


def check_include(root, path, header, table):
    kind, room = place_of(path)
    if kind == "probe":
        return None  # fuzzers and benchmarks look into any room, from outside
    if kind == "test" and (root / "tests" / header).exists():
        return None  # what tests share
    used = room_of_header(header, table)
    if used is not None:
        if used not in table:
            return f"{path}: <{header}>: `{used}` is not in the table of rooms"
        above = list(table)[: list(table).index(room)] if room in table else list(table)
        allowed = (set(above) if kind == "test" else table[room]) | {room}
        if used not in allowed:
            return f"{path}: `{room}` may not use `{used}` ({header})"
        if used != room and not header.startswith("attune/") and room != "fuzz":  # targets reach into several rooms
            return f"{path}: {header} is a private header of `{used}`"
        return None
    for prefix, rooms in CONFINED.items():
        if header.startswith(prefix) and room not in rooms:
            return f"{path}: {header} belongs into {', '.join(sorted(rooms))} only"
    if kind == "public header" and "/" in header or kind == "public header" and "." in header:
        return f"{path}: a public header shows {header}; only the standard library and attune/ may appear there"
    if header.startswith("doctest") and kind != "test":
        return f"{path}: {header} is for tests"
    return None


def wrong_rows(root, architecture):
    """A room without sources is marked as such, and only such a room."""
    for match in ROW.finditer(architecture):
        built = (root / "src" / match[1] / "CMakeLists.txt").exists()
        if built == ("not there yet" in match[0]):
            yield f"ARCHITECTURE.md: `{match[1]}` is " + ("there" if built else "not there yet") + "; the table says otherwise"


def check(root):
    architecture = text_of(root, "ARCHITECTURE.md")
    table = rooms_table(architecture)
    findings = list(wrong_rows(root, architecture))
    sources = files(root, ".cpp", ".hpp", ".h", under=("src/", "include/attune/", "tests/"))
    for path in sources:
        kind, room = place_of(path)
        if kind not in ("test", "probe") and room not in table:
            findings.append(f"{path}: `{room}` is not in the table of rooms")
            continue
        for header in INCLUDE.findall(text_of(root, path)):
            finding = check_include(root, path, header, table)
            if finding:
                findings.append(finding)
    for path in files(root, "CMakeLists.txt", under=("src/",)):
        room = path.parts[1]
        for linked in re.findall(r"attune::(\w+)", text_of(root, path)):
            if linked != room and linked not in table.get(room, set()) and linked != "attune":
                findings.append(f"{path}: `{room}` may not link `{linked}`")
    return len(sources), findings


if __name__ == "__main__":
    try:
        conclude("layers", *check(ROOT))
    except ValueError as error:
        sys.exit(str(error))
