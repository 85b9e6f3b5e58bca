"""Chooses the pieces of XLM-R's vocabulary that keep their row in the embedding table, by frequency.

    choose_pieces.py --tool build/model/tools/model/attune_model_tool --model FULL_MODEL \
        --data ../shared/data --packages DIR --opencc opencc --out kept-pieces.txt

Reads only text that may be trained on (rows marked T in the data's catalogue) and Debian packages unpacked into DIR:
debian-handbook, debian-reference-zh-cn, debian-reference-zh-tw, dict-foldoc, wordnet-base, manpages-zh, wamerican. No
evaluation set is read. Chinese is counted in simplified and, through OpenCC, in traditional characters.

These keep their row: every piece of one character (about 13,800, all scripts), every piece with a Han character, every
word of the word list that is one piece, the --frequent most probable pieces of all hundred languages, and the
--used pieces of several characters that Chinese or English text uses most often.
"""
import argparse
import collections
import gzip
import html
import json
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
    parser.add_argument("--used", type=int, default=34_172)
    parser.add_argument("--frequent", type=int, default=12_000)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()

    pieces = pieces_of(options.model)
    zh_texts = list(chinese(options.data, options.packages))
    zh = count(options, zh_texts) + count(options, traditional(options.opencc, zh_texts))
    en = count(options, english(options.data, options.packages))
    words = set((options.packages / "usr/share/dict/american-english").read_text().split())
    words |= {word.capitalize() for word in words}

    single = {i for i, piece in enumerate(pieces) if len(piece) == 1}
    ranked = sorted((i for i in range(len(pieces)) if i not in single), key=lambda i: (-max(zh[i], en[i]), i))
    used = set(ranked[:options.used])
    han = {i for i, piece in enumerate(pieces) if any("\u4e00" <= character <= "\u9fff" for character in piece)}
    listed = {i for i, piece in enumerate(pieces) if piece[0] == "\u2581" and piece[1:] in words}
    kept = single | used | han | listed | set(range(options.frequent))
    print(f"one character {len(single)}, Han {len(han)}, words {len(listed)}, used {len(used)} (at least "
          f"{max(zh[ranked[options.used - 1]], en[ranked[options.used - 1]])} times), together {len(kept)}")
    for name, counts in (("Chinese", zh), ("English", en)):
        lost = sum(times for i, times in counts.items() if i not in kept)
        print(f"  {name}: {lost / sum(counts.values()):.5f} of the pieces read lose their row")
    options.out.write_text("".join(pieces[i] + "\n" for i in sorted(kept - single)), encoding="utf-8")


if __name__ == "__main__":
    main()
