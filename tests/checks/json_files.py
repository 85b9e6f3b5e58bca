#!/usr/bin/env python3
"""Every JSON file is JSON without repeated keys, and every schema's $ref leads to something."""

import json

from project import ROOT, conclude, files, text_of


def without_repeats(pairs):
    keys = [key for key, _ in pairs]
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise ValueError(f"repeated keys {sorted(repeated)}")
    return dict(pairs)


def references(value, pointer=""):
    """(where, target) of every $ref below `value`."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield pointer, value["$ref"]
        for key, inner in value.items():
            yield from references(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from references(inner, f"{pointer}/{number}")


def resolves(document, pointer):
    for part in [part for part in pointer.split("/") if part]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return False
    return True


def check(root):
    looked_at, findings, parsed = 0, [], {}
    for path in files(root, ".json"):
        # Documents that tests read on purpose, broken ones among them.
        if path.parts[0] == "examples" or "golden" in path.parts or "broken" in path.parts:
            continue
        looked_at += 1
        try:
            parsed[path] = json.loads((root / path).read_bytes(), object_pairs_hook=without_repeats)
        except ValueError as error:
            findings.append(f"{path}: {error}")
    for path, document in parsed.items():
        if path.parts[0] != "schemas":
            continue
        for where, target in references(document):
            file_name, _, pointer = target.partition("#")
            other = parsed.get(path.parent / file_name) if file_name else document
            if other is None or not resolves(other, pointer):
                findings.append(f"{path}{where}: $ref leads nowhere: {target}")
    return looked_at, findings


if __name__ == "__main__":
    conclude("JSON files", *check(ROOT))
