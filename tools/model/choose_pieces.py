"""Chooses the pieces of XLM-R's vocabulary that keep their row in the embedding table, by frequency.

    choose_pieces.py --tool build/model/tools/model/attune_model_tool --model FULL_MODEL \
        --data ../shared/data --packages DIR --opencc opencc --rows 48000 --out kept-pieces.txt

Reads only text that may be trained on (rows marked T in the data's catalogue) and Debian packages unpacked into DIR:
debian-handbook, debian-reference-zh-cn, debian-reference-zh-tw, dict-foldoc, wordnet-base, manpages-zh, wamerican. No
evaluation set is read. Chinese is counted in simplified and, through OpenCC, in traditional characters.

A piece is wanted for, in this order: Chinese text, English text, English words, the world's most frequent pieces,
other languages' text. The list ends at --rows, rarest last; pieces of one character are always kept (about 13,800).
"""
import argparse
import collections
import gzip
import html
import json
import math
import pathlib
import re
import subprocess

T_ROWS_EN = ["rerank-train/squad-sentences-en.jsonl.gz", "rerank-train/clapnq-en.jsonl.gz",
             "rerank-train/medquad-en.jsonl.gz", "rerank-train/pubmedqa-en.jsonl.gz",
             "rewrite/canard-train-en.jsonl.gz", "rewrite/qrecc-sample-en.jsonl.gz"]
T_ROWS_ZH = ["rerank-train/cmrc-train-zh.jsonl.gz"]


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("id", "lang"):
                yield from strings_in(item)


def rows(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from strings_in(json.loads(line))


def page(path):
    text = path.read_bytes()
    text = gzip.decompress(text) if path.suffix == ".gz" else text
    text = text.decode("utf-8", "replace")
    if ".html" in path.name:
        text = re.sub(r"(?is)<(script|style).*?</\1>", " ", text)
        text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    else:
        text = re.sub(r"(?m)^[.'].{0,3}|\\f.|\\-|\\&", " ", text)
    return [line for line in text.splitlines() if line.strip()]


def pages(folder, pattern):
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            yield from page(path)


def english(data, packages):
    for name in T_ROWS_EN:
        yield from rows(data / name)
    with gzip.open(data / "text/2wiki-paragraphs-en.json.gz", "rt", encoding="utf-8") as file:
        yield from strings_in(json.load(file))
    with gzip.open(data / "translate/tatoeba-zh-en.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["en"] for line in lines)
    for line in cedict(data):
        yield line.split("/", 1)[1].replace("/", " ")
    yield from pages(packages / "usr/share/doc/debian-handbook/html/en-US", "*.html")
    for part in ("noun", "verb", "adj", "adv"):
        for line in (packages / f"usr/share/wordnet/data.{part}").read_text(errors="replace").splitlines():
            if "|" in line:
                yield line.split("|", 1)[1]
                yield " ".join(re.findall(r"[A-Za-z_'-]{2,}", line.split("|")[0])).replace("_", " ")
    with gzip.open(packages / "usr/share/dictd/foldoc.dict.dz", "rt", encoding="utf-8", errors="replace") as lines:
        yield from lines


def cedict(data):
    with gzip.open(data / "lexicon/cedict_1_0_ts_utf-8_mdbg.txt.gz", "rt", encoding="utf-8") as lines:
        yield from (line.strip() for line in lines if not line.startswith("#") and "/" in line)


def chinese(data, packages):
    for name in T_ROWS_ZH:
        yield from rows(data / name)
    with gzip.open(data / "translate/tatoeba-zh-en.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["zh"] for line in lines)
    yield from pages(packages / "usr/share/doc/debian-handbook/html/zh-CN", "*.html")
    yield from pages(packages / "usr/share/doc/debian-handbook/html/zh-TW", "*.html")
    yield from pages(packages / "usr/share/debian-reference", "*.zh-*.html")
    yield from pages(packages / "usr/share/man/zh_CN", "*.gz")
    yield from pages(packages / "usr/share/man/zh_TW", "*.gz")
    for line in cedict(data):
        traditional, simplified = line.split(" ")[:2]
        yield f"{traditional} {simplified}"
    with gzip.open(data / "lexicon/zh-wordnet/wn-data-cmn.tab.gz", "rt", encoding="utf-8") as lines:
        yield from (line.split("\t")[-1].strip() for line in lines)


def others(packages):
    for folder in sorted((packages / "usr/share/doc/debian-handbook/html").iterdir()):
        if folder.name not in ("en-US", "zh-CN", "zh-TW"):
            yield folder.name, list(pages(folder, "*.html"))


def traditional(opencc, texts):
    lines = "\n".join(text.replace("\n", " ") for text in texts)
    run = subprocess.run([opencc, "-c", "s2twp"], input=lines.encode(), capture_output=True, check=True)
    return run.stdout.decode().splitlines()


def count(options, texts):
    """How often each full id is used."""
    lines = "\n".join(text.replace("\\", " ").replace("\r", " ").replace("\n", " ") for text in texts) + "\n"
    run = subprocess.run([options.tool, "segment", options.model], input=lines.encode(), capture_output=True, check=True)
    counts = collections.Counter()
    for line in run.stdout.decode().splitlines():
        counts.update(int(item.split(":", 1)[0]) for item in line.split())
    return counts


def pieces_of(model):
    data = (pathlib.Path(model) / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])

    def tensor(name):
        start, end = header[name]["data_offsets"]
        return data[8 + length + start:8 + length + end]

    blob, pieces, start = tensor("tokenizer.piece_bytes"), [], 0
    for size in tensor("tokenizer.piece_sizes"):
        pieces.append(blob[start:start + size].decode())
        start += size
    return pieces


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--packages", required=True, type=pathlib.Path)
    parser.add_argument("--opencc", default="opencc")
    parser.add_argument("--rows", required=True, type=int)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()

    pieces = pieces_of(options.model)
    zh_texts = list(chinese(options.data, options.packages))
    zh = count(options, zh_texts) + count(options, traditional(options.opencc, zh_texts))
    en = count(options, english(options.data, options.packages))
    words = (options.packages / "usr/share/dict/american-english").read_text().split()
    listed = count(options, words + [word.capitalize() for word in words])
    other = collections.Counter()  # the share within its own language, best language counts
    for _, texts in others(options.packages):
        counts = count(options, texts)
        total = sum(counts.values())
        for full_id, times in counts.items():
            other[full_id] = max(other[full_id], times / total * 100_000 if times > 1 else 0)

    def value(full_id):
        """Larger is kept first. Scales: one use in Chinese or English text counts as much as being among the 12,000
        most frequent pieces of XLM-R's hundred languages."""
        return max(2 + math.log1p(zh[full_id]) if zh[full_id] else 0, 2 + math.log1p(en[full_id]) if en[full_id] else 0,
                   2.5 if full_id < 12_000 else 0, 2 if listed[full_id] else 0,
                   min(2.0, 0.5 + math.log1p(other[full_id]) / 2) if other[full_id] else 0)

    single = {i for i, piece in enumerate(pieces) if len(piece) == 1}
    ranked = sorted((i for i in range(len(pieces)) if i not in single), key=lambda i: (-value(i), i))
    kept = [i for i in ranked if value(i) > 0][:max(0, options.rows - len(single))]
    print(f"used in Chinese {len(zh)}, English {len(en)}, word list {len(listed)}, other languages {len(other)}, "
          f"in any {sum(value(i) > 0 for i in range(len(pieces)))}; one character {len(single)}; "
          f"kept {len(kept) + len(single)}; least value {value(kept[-1]):.2f}")
    for name, counts in (("Chinese", zh), ("English", en), ("others", other)):
        keep = set(kept) | single
        total = sum(counts.values())
        print(f"  {name}: {1 - sum(v for k, v in counts.items() if k in keep) / total:.5f} of uses lose their row")
    options.out.write_text("".join(pieces[i] + "\n" for i in sorted(kept)), encoding="utf-8")


if __name__ == "__main__":
    main()
