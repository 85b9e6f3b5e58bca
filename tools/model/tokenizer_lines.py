"""Lines to compare tokenizers on: texts of the data folder, and what texts seldom hold but must not break anything.

Each line is bytes, because some are no valid UTF-8.
"""
import gzip
import itertools
import json
import random

from choose_pieces import rows

FILES = ["rerank-train/squad-sentences-en.jsonl.gz", "rerank-train/cmrc-train-zh.jsonl.gz",
         "rerank-train/clapnq-en.jsonl.gz", "rerank-train/medquad-en.jsonl.gz", "rewrite/zh-dialogue-train.jsonl.gz",
         "rerank-train/qbqtc-zh.jsonl.gz", "translate/tatoeba-zh-en.jsonl.gz", "rewrite/canard-train-en.jsonl.gz"]
JAPANESE = ("私 は が を に へ 今日 東京 日本語 の と も です ます した ください ありがとう カタカナ ﾊﾝｶｸ ｶﾞｷﾞｸﾞ ひらがな 検索 "
            "エンジン データベース 食べる 行きました 「 」 、 。 ー ヴァイオリン が ぎ ぱ 東京都 ㍿ ㌔ ① ２０２４年 ｗｗｗ 々 〆 ゟ").split()
EMOJI = ("😀 😂 👍🏽 👩‍👩‍👧‍👦 👨🏿‍🚀 🏳️‍🌈 🇯🇵 🇨🇳🇺🇸 1️⃣ #️⃣ ❤️ ☺︎ 🤷🏻‍♀️ 🧑‍💻 🫠 🫨 🪿 ✈︎ ©️ ™ 🅰️ 🀄 🃏 👁️‍🗨️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ⌚ ⏳").split()
SPECIAL = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<s>", "</s>", "<unk>", "<mask>", "<pad>", "##ing", "▁", "▁the",
           "Ġthe", "<0x41>", "don't", "I'll", "they'Ve", "'s", "  ", " \n", "\r\n", "\t", "\u3000", "\u00a0", "\u2003",
           "\u2028", "\u0085", "x" * 150, "İstanbul", "ẞß", "ΑΣ", "ﬁﬂ", "½²", "①Ⅷ", "٣٤", "…", "a\u200bb", "\ufeff", "\u00ad"]
WORDS = "the search engine and München naïve resume 检索 系统 answer 12,345.67 C++ e-mail user@example.com über".split()


def data_lines(data, count, generator):
    groups = [list(dict.fromkeys(itertools.islice(rows(data / name), 60_000))) for name in FILES]
    with gzip.open(data / "text/2wiki-paragraphs-en.json.gz", "rt", encoding="utf-8") as file:
        groups.append([row["text"] for row in json.load(file)])
    with gzip.open(data / "lexicon/cedict_1_0_ts_utf-8_mdbg.txt.gz", "rt", encoding="utf-8") as file:
        groups.append([line for line in file if not line.startswith("#")])
    share = count // len(groups) + 1
    lines = [line for group in groups for line in generator.sample(group, min(share, len(group)))]
    # Neighbours glued together: two languages in one line, several spaces, tabs, full width.
    return lines + [f"  {a}\u3000 {b}\t" for a, b in zip(lines[:1000], reversed(lines))]


def characters(generator, ranges, count):
    return "".join(chr(generator.randint(*generator.choice(ranges))) for _ in range(count))


def mixed(generator, make):
    parts = [generator.choice([make, make, lambda: generator.choice(WORDS), lambda: generator.choice(SPECIAL)])()
             for _ in range(generator.randint(1, 8))]
    return generator.choice(["", " ", " "]).join(parts)


MARKS = [(0x300, 0x36F), (0x483, 0x489), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F), (0x93A, 0x94F), (0xE31, 0xE4E),
         (0xF71, 0xF84), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0x302A, 0x302F), (0x3099, 0x309A)]
LETTERS = [(0x41, 0x7A), (0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x5D0, 0x5EA), (0x620, 0x64A), (0x904, 0x939),
           (0xE01, 0xE30), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x3041, 0x30FF), (0xAC00, 0xD7A3), (0xFB00, 0xFEFF)]
CONTROL = [(0, 0x1F), (0x7F, 0x9F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFFF9, 0xFFFB), (0xE000, 0xE010)]
ANY = [(0x20, 0x2FF), (0x300, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x3FFFF), (0xE0000, 0x10FFFF)]


def accented(generator):
    return "".join(characters(generator, LETTERS, 1) + characters(generator, MARKS, generator.randint(0, 4))
                   for _ in range(generator.randint(1, 5)))


def broken(generator, line):
    line = bytearray(line.encode())
    for _ in range(generator.randint(1, 6)):
        at = generator.randint(0, len(line))
        if generator.random() < 0.5:
            line[at:at + generator.randint(1, 3)] = b""
        else:
            line[at:at] = generator.choice([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xbd",
                                            b"\xf0\x9f\x98", b"\x80", b"\xc3", bytes([generator.randint(128, 255)])])
    return bytes(line)


def make_lines(data, count, seed=20240601):
    """About `count` lines: six parts in ten from `data`, the rest generated."""
    generator = random.Random(seed)
    lines = data_lines(data, count * 6 // 10, generator)
    share = count // 15
    makers = [lambda: "".join(generator.choices(JAPANESE, k=generator.randint(1, 6))),
              lambda: "".join(generator.choices(EMOJI, k=generator.randint(1, 4))),
              lambda: accented(generator),
              lambda: characters(generator, CONTROL, generator.randint(1, 4)) + generator.choice(WORDS),
              lambda: characters(generator, ANY, generator.randint(1, 6))]
    generated = [mixed(generator, make) for make in makers for _ in range(share)]
    malformed = [broken(generator, line[:200]) for line in generator.choices(lines + generated, k=share)]
    edges = ["", " ", "\n", *SPECIAL, "a" * 99 + " " + "a" * 100 + " " + "a" * 101, "検" * 300]
    return [line.encode() for line in lines + generated + edges] + malformed
