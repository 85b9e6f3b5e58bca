"""Compares our tokenizer piece for piece with PyPI `tokenizers` on lines of mixed languages.

    compare_tokenizer.py --tool build/model/tools/model/attune_model_tool --model models/embedder \
        --container e5-small-q4.bin --data ../shared/data [--lines 12000]

Lines come from the data folder in equal parts (questions, paragraphs, sentence pairs, dictionary entries), with white
space and line breaks as they are. Differences are printed and counted; exit code 1 if there are any. Offsets are checked
as well: spans ascend, lie within the line, and the bytes between spans hold only what the map drops or spaces.
"""
import argparse
import gzip
import itertools
import json
import pathlib
import random
import subprocess
import sys

from choose_pieces import rows
from reference_encoder import Container, Cutter

FILES = ["rerank-train/squad-sentences-en.jsonl.gz", "rerank-train/cmrc-train-zh.jsonl.gz",
         "rerank-train/clapnq-en.jsonl.gz", "rerank-train/medquad-en.jsonl.gz", "rewrite/zh-dialogue-train.jsonl.gz",
         "rerank-train/qbqtc-zh.jsonl.gz", "translate/tatoeba-zh-en.jsonl.gz", "rewrite/canard-train-en.jsonl.gz"]


def sample(data, count):
    generator = random.Random(20240601)
    groups = [list(dict.fromkeys(itertools.islice(rows(data / name), 60_000))) for name in FILES]
    with gzip.open(data / "text/2wiki-paragraphs-en.json.gz", "rt", encoding="utf-8") as file:
        groups.append([row["text"] for row in json.load(file)])
    with gzip.open(data / "lexicon/cedict_1_0_ts_utf-8_mdbg.txt.gz", "rt", encoding="utf-8") as file:
        groups.append([line for line in file if not line.startswith("#")])
    share = count // len(groups) + 1
    lines = [line for group in groups for line in generator.sample(group, min(share, len(group)))]
    # Neighbours glued together: two languages in one line, several spaces, tabs, full width.
    mixed = [f"  {a}\u3000 {b}\t" for a, b in zip(lines[:1000], reversed(lines))]
    return lines + mixed


def check_spans(line, spans):
    last = 0
    for start, end in spans:
        if not last <= start <= end <= len(line):
            return False
        last = start
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--container", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=12_000)
    options = parser.parse_args()
    container = Container(options.container)
    cutter = Cutter(container)
    lines = [line.replace("\r", " ") for line in sample(options.data, options.lines)]
    escaped = "\n".join(line.replace("\\", "\\\\").replace("\n", "\\n") for line in lines) + "\n"
    run = subprocess.run([options.tool, "segment", options.model], input=escaped.encode(), capture_output=True,
                         check=True)
    ours = run.stdout.decode().splitlines()
    assert len(ours) == len(lines)
    pieces = different = bad_spans = 0
    for line, answer in zip(lines, ours):
        items = [tuple(map(int, item.split(":"))) for item in answer.split()]
        wanted, found = cutter.ids(line), [item[0] for item in items]
        pieces += len(wanted)
        if wanted != found:
            different += 1
            if different <= 20:
                at = next((i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), min(len(wanted), len(found)))
                print(f"{line[:80]!r}: from piece {at}: wanted {[container.pieces[i] for i in wanted[at:at + 6]]}, "
                      f"found {[container.pieces[i] for i in found[at:at + 6]]}")
        bad_spans += not check_spans(line.encode(), [item[1:] for item in items])
    print(f"{len(lines)} lines, {pieces} pieces: {different} lines differ, {bad_spans} lines with impossible spans")
    sys.exit(1 if different or bad_spans else 0)


if __name__ == "__main__":
    main()
