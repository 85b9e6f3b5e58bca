"""Writes tests/eval/fixture/rewriting/expected.json: what sacrebleu and rouge-score say of the rewrites beside it.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install sacrebleu==2.6.0 rouge-score==0.1.2
    /tmp/golden/bin/python tools/bench/rewriting_golden.py
    /tmp/golden/bin/python tools/bench/rewriting_golden.py ROWS.jsonl.gz PREDICTIONS.jsonl   (prints the measures of others)
"""
import gzip
import json
import pathlib
import re
import sys

from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "eval" / "fixture" / "rewriting"

# What mteval-v13a and its port do at the edges: numbers, stops in a row, entities, dashes, white space, other scripts.
TRICKY = [
    "What's U.S. GDP, in 1,000.5 dollars?", "a..b ...c.", "5.. 5., .5 ,5 5,", "3-4 and x-y, 2000-", "&quot;R&amp;D&lt;&gt;",
    "one\u3000two\u00a0three\u2003four\u200bfive", "Beyoncé’s “Lemonade”… 2.0", "<skipped>gone", "tab\there\nnext-\nline", "",
    " ", ".", ",", "-", "1-", "a.b.c", "[x]{y}(z)`~_^|\\/@#$%*+=:;!?", "ΣΑΣ İstanbul ẞ", "他说：3.5%，OK？", "it's 'so' it's",
]


class Words:
    """Runs of letters and digits of any script; rouge-score's own tokenizer drops what is not ASCII."""

    @staticmethod
    def tokenize(text):
        return re.findall(r"[^\W_]+", text.lower())


class Characters:
    @staticmethod
    def tokenize(text):
        return list("".join(text.lower().split()))


def read(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if str(path).endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


def measure(rows, written):
    spaced = rows[0]["lang"] != "zh"
    bleu = BLEU(lowercase=True, tokenize="13a" if spaced else "char")
    scorer = rouge_scorer.RougeScorer(["rougeL"], tokenizer=Words if spaced else Characters)
    own_tokens = rouge_scorer.RougeScorer(["rougeL"])
    said = [written[row["id"]] for row in rows]
    rouge = [scorer.score(row["rewrite"], text)["rougeL"].fmeasure for row, text in zip(rows, said)]
    made = {"bleu4": bleu.corpus_score(said, [[row["rewrite"] for row in rows]]).score / 100,
            "rouge_l": sum(rouge) / len(rouge)}
    if spaced:
        plain = [own_tokens.score(row["rewrite"], text)["rougeL"].fmeasure for row, text in zip(rows, said)]
        print("rouge-score with its own ASCII tokens:", sum(plain) / len(plain), file=sys.stderr)
    return made


def main():
    if len(sys.argv) == 3:
        rows = read(sys.argv[1])
        written = {entry["id"]: entry["rewrite"] for entry in read(sys.argv[2])}
        print(json.dumps(measure(rows, written)))
        return
    expected = {"tokens": [[text, " ".join(Tokenizer13a()(text.lower().rstrip()).split())] for text in TRICKY]}
    for language in ("en", "zh"):
        rows = read(FOLDER / f"{language}.jsonl")
        systems = {"raw": {row["id"]: row["query"] for row in rows}}
        for name in ("written", "poor"):
            systems[name] = {entry["id"]: entry["rewrite"] for entry in read(FOLDER / f"{language}.{name}.jsonl")}
        expected[language] = {name: measure(rows, written) for name, written in systems.items()}
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
