#!/usr/bin/env python3
"""Turns rewritten conversations into a data set for `attune train gate`: which passage answers each question.

In files of rewrites (JSON lines id, history, query, rewrite; ids end in "-<turn>") the answer to a question stands in
the history of the next row of its conversation. All answers together are the passages to search, and a question's own
answer is the relevant one. Each question is there twice: with its own history, and as a person rewrote it with the
history of another conversation, which it does not need.

    tools/train/conversation_sets.py OUT FILE.jsonl.gz...
"""

import gzip
import json
import pathlib
import sys
from collections import defaultdict


def read_rows(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def conversations(rows):
    """Rows by conversation, in the order of their turns."""
    grouped = defaultdict(list)
    for row in rows:
        name, _, turn = row["id"].rpartition("-")
        grouped[name].append((int(turn), row))
    return {name: [row for _, row in sorted(turns, key=lambda pair: pair[0])] for name, turns in grouped.items()}


def answered(rows):
    """Each row of a conversation with its answer, where a later row tells it."""
    longest = max(rows, key=lambda row: len(row["history"]))["history"]
    for row in rows:
        place = len(row["history"]) + 1
        if place < len(longest) and longest[place - 1] == row["query"] and longest[place].strip():
            yield row, longest[place]


def main():
    out = pathlib.Path(sys.argv[1])
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    passages, found = {}, []
    for name in sys.argv[2:]:
        for rows in conversations(read_rows(pathlib.Path(name))).values():
            for row, answer in answered(rows):
                if len(answer) > 40:
                    found.append((row, passages.setdefault(answer, f"d{len(passages)}")))
    with (
        open(out / "corpus.jsonl", "w", encoding="utf-8") as corpus,
        open(out / "queries.jsonl", "w", encoding="utf-8") as queries,
        open(out / "conversations.jsonl", "w", encoding="utf-8") as histories,
        open(out / "qrels" / "test.tsv", "w", encoding="utf-8") as qrels,
    ):
        for text, name in passages.items():
            corpus.write(json.dumps({"_id": name, "title": "", "text": text}, ensure_ascii=False) + "\n")
        qrels.write("query-id\tcorpus-id\tscore\n")
        for number, (row, passage) in enumerate(found):
            stranger = found[(number + len(found) // 2) % len(found)][0]
            for kind, text, history in (
                ("own", row["query"], row["history"]),
                ("stranger", row["rewrite"], stranger["history"]),
            ):
                if not history or (kind == "stranger" and number % 4 != 0):
                    continue
                name = f"{kind}-{number}"
                queries.write(json.dumps({"_id": name, "text": text}, ensure_ascii=False) + "\n")
                histories.write(json.dumps({"id": name, "history": history}, ensure_ascii=False) + "\n")
                qrels.write(f"{name}\t{passage}\t1\n")


if __name__ == "__main__":
    main()
