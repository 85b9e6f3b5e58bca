"""What the engines are given to read."""
import gzip
import json


def fixed_pairs(vocabulary):
    """What `attune bench` makes up: 64 sequences of 128 ids, all of type 0."""
    rows, state = [], 1
    for _ in range(64):
        ids = []
        for _ in range(128):
            state = (state * 1664525 + 1013904223) % 2**32
            ids.append(state % vocabulary)
        rows.append((ids, [0] * 128))
    return rows


def real_pairs(shared, queries):
    folder = shared / "data" / "retrieval" / "trec-dl19-pool"
    texts = {}
    for line in gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8"):
        entry = json.loads(line)
        texts[entry["_id"]] = " ".join(entry["text"].split())
    opened = gzip.open if (folder / "queries.jsonl").read_bytes()[:2] == b"\x1f\x8b" else open
    asked = {}
    for line in opened(folder / "queries.jsonl", "rt", encoding="utf-8"):
        entry = json.loads(line)
        asked[entry["_id"]] = entry["text"]
    pairs, seen = [], {}
    for line in gzip.open(folder / "runs" / "bm25.trec.gz", "rt"):
        query, _, document, rank = line.split()[:4]
        if query in asked and document in texts and seen.setdefault(query, len(seen)) < queries and int(rank) <= 100:
            pairs.append((asked[query], texts[document]))
    return pairs
