#!/usr/bin/env python3
"""Is the rewriter's alignment faithful? Deletes the history's words that a restored word points to, and asks again.

  tools/eval/faithfulness.py FILE.jsonl.gz [--attune build/release/attune]

FILE has rows {id, history, query}. For each restored word (a span copied out of the history) histories are put behind the
same question: without the place that was written down; without the places that its attention names (a weight of 0.01 or
more); and, for comparison, without another word of the same length, which says something else. A word has changed when the new rewrite no longer copies
it. Prints the shares as JSON.
"""
import argparse
import gzip
import json
import random
import subprocess
import sys


LEAST_WEIGHT = 0.01


def rewrite(attune, rows):
    """The answers of attune rewrite --batch to rows of (history, query)."""
    lines = "".join(json.dumps({"history": history, "query": query}, ensure_ascii=False) + "\n" for history, query in rows)
    done = subprocess.run([attune, "rewrite", "--batch", "-"], input=lines, text=True, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def without(turn, start, end):
    """A turn without some of its bytes."""
    raw = turn.encode()
    return (raw[:start] + raw[end:]).decode()


def other_word(history, said, chance):
    """(turn, first, last character) of a stretch of letters as long as `said` that shares no character with it."""
    places = []
    for index, turn in enumerate(history):
        for first in range(len(turn) - len(said) + 1):
            word = turn[first : first + len(said)]
            if all(c.isalnum() and c not in said for c in word):
                places.append((index, first, first + len(said)))
    return chance.choice(places) if places else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--attune", default="build/release/attune")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    opened = gzip.open if given.file.endswith(".gz") else open
    with opened(given.file, "rt", encoding="utf-8") as lines:
        rows = [(row["history"], row["query"]) for row in map(json.loads, lines)]
    chance = random.Random(given.seed)
    asked, restored = {"written_down": [], "pointed_at": [], "another_word": []}, {}
    for kind in asked:
        restored[kind] = []
    for (history, query), answer in zip(rows, rewrite(given.attune, rows), strict=True):
        for span in answer["copied"]:
            said, turn = span["said"], span["turn"]
            cut = {"written_down": list(history), "pointed_at": list(history)}
            cut["written_down"][turn] = without(history[turn], span["source"]["start"], span["source"]["end"])
            places = {(turn, span["source"]["start"], span["source"]["end"])}
            places.update(
                (place["turn"], place["source"]["start"], place["source"]["end"])
                for place in span["also"]
                if place["weight"] >= LEAST_WEIGHT
            )
            for place_turn, start, end in sorted(places, reverse=True):
                cut["pointed_at"][place_turn] = without(cut["pointed_at"][place_turn], start, end)
            other = other_word(history, said, chance)
            if other:
                cut["another_word"] = list(history)
                index, first, last = other
                cut["another_word"][index] = history[index][:first] + history[index][last:]
            for kind, changed in cut.items():
                asked[kind].append((changed, query))
                restored[kind].append(span["text"])
    report = {}
    for kind, questions in asked.items():
        answers = rewrite(given.attune, questions)
        changed = sum(
            word not in [span["text"] for span in answer["copied"]]
            for word, answer in zip(restored[kind], answers, strict=True)
        )
        report[kind] = {"words": len(questions), "changed": round(changed / max(1, len(questions)), 4)}
    json.dump(report, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
