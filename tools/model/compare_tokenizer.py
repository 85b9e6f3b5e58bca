"""Compares our tokenizer with PyPI `tokenizers`, ids and offsets, on lines of mixed languages and of broken bytes.

    compare_tokenizer.py --tool build/model/tools/model/attune_model_tool --data ../shared/data \
        --tokenizer tokenizer.json [--lines 50000]
    compare_tokenizer.py --tool … --data … --container e5-small-q4.bin --model FULL_MODEL   (every piece kept)

The first form also compares the special tokens and types of single texts and of pairs, with three truncations; with
--characters the lines are every character there is instead. tokenizer_variants.py makes files that use everything.
Differences are printed and counted; exit code 1 if there are any. Needs `tokenizers`, and numpy for the container.
"""
import argparse
import codecs
import pathlib
import random
import subprocess
import sys

from tokenizers import Tokenizer

from tokenizer_lines import make_lines

BATCH = 2000


class Line:
    """Bytes, as the reference reads them, and where each character's bytes begin and end."""

    def __init__(self, data):
        self.data, malformed = data, []

        def record(error):
            malformed.append((error.start, error.end))
            return "\ufffd", error.end

        codecs.register_error("record", record)
        self.text = data.decode("utf-8", "record")
        assert self.text == data.decode("utf-8", "replace")
        if len(self.text) == len(data):
            self.places = range(len(data) + 1)
            return
        ends = dict(malformed)
        self.places = [0]
        for character in self.text:
            at = self.places[-1]
            self.places.append(ends[at] if at in ends else at + len(character.encode()))

    def span(self, offsets):
        return self.places[offsets[0]], self.places[offsets[1]]

    def escaped(self):
        return self.data.replace(b"\\", b"\\\\").replace(b"\n", b"\\n") + b"\n"


def ask(tool, arguments, lines):
    run = subprocess.run([tool, *arguments], input=b"".join(line.escaped() for line in lines), capture_output=True)
    if run.returncode != 0:
        sys.exit(run.stderr.decode())
    for answer in run.stdout.decode().splitlines():
        yield "error" if answer == "error" else [tuple(map(int, item.split(":"))) for item in answer.split()]


class Tally:
    def __init__(self, name):
        self.name, self.lines, self.pieces, self.different = name, 0, 0, 0

    def add(self, text, wanted, found):
        self.lines += 1
        self.pieces += len(wanted)
        if wanted == found:
            return
        self.different += 1
        if self.different <= 12:
            at = next((i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), min(len(wanted), len(found)))
            print(f"  {text[:90]!r}: from piece {at}: wanted {wanted[at:at + 4]}, found {found[at:at + 4]}")

    def report(self):
        print(f"{self.name}: {self.lines} lines, {self.pieces} pieces: {self.different} lines differ", flush=True)
        return self.different


def tuples(encoding, lines, with_types):
    items = []
    for index, offsets in enumerate(encoding.offsets):
        sequence = encoding.token_to_sequence(index) if encoding.special_tokens_mask[index] == 0 else None
        span = (0, 0) if sequence is None else lines[sequence].span(offsets)
        items.append((encoding.ids[index], *span, *([encoding.type_ids[index]] if with_types else [])))
    return items


def compare_texts(options, tokenizer, lines):
    tally = Tally(f"{options.tokenizer.name}: texts")
    answers = ask(options.tool, ["tokenize", options.tokenizer], lines)
    for start in range(0, len(lines), BATCH):
        batch = lines[start:start + BATCH]
        for line, encoding in zip(batch, tokenizer.encode_batch([line.text for line in batch], add_special_tokens=False)):
            wanted = [(id, *line.span(offsets)) for id, offsets in zip(encoding.ids, encoding.offsets)]
            tally.add(line.text, wanted, next(answers))
    return tally.report()


def reference(tokenizer, limit, strategy, texts):
    tokenizer.enable_truncation(limit, strategy=strategy)
    try:
        return tokenizer.encode(*[line.text for line in texts])
    except BaseException as error:  # a panic of the reference is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return None


def compare_inputs(options, tokenizer, lines):
    different = 0
    for limit, strategy in ((24, "longest_first"), (61, "longest_first"), (61, "only_second"), (40, "only_first")):
        tally = Tally(f"{options.tokenizer.name}: pairs, at most {limit}, {strategy}")
        answers = ask(options.tool, ["pairs", options.tokenizer, str(limit), strategy], lines)
        for pair in zip(lines[::2], lines[1::2]):
            encoding = reference(tokenizer, limit, strategy, pair)
            wanted = "error" if encoding is None else tuples(encoding, pair, True)
            tally.add(" | ".join(line.text for line in pair), wanted, next(answers))
        different += tally.report()
    tally = Tally(f"{options.tokenizer.name}: texts with special tokens, at most 32")
    answers = ask(options.tool, ["input", options.tokenizer, "32"], lines)
    for line in lines:
        encoding = reference(tokenizer, 32, "longest_first", [line])
        tally.add(line.text, tuples(encoding, [line], True), next(answers))
    return different + tally.report()


def compare_container(options, lines):
    from reference_encoder import Container, Cutter
    cutter = Cutter(Container(options.container))
    tally = Tally("XLM-R before pruning: texts")
    for line, found in zip(lines, ask(options.tool, ["segment", options.model], lines)):
        wanted = [(id, *line.span(offsets)) for id, offsets in cutter.pieces(line.text)]
        tally.add(line.text, wanted, found)
    return tally.report()


def every_character():
    """Each character behind a letter and between marks of two classes; of the largest blocks only the ends."""
    blocks = [(0, 0x4E20), (0x9FE0, 0xAC20), (0xD780, 0xD800), (0xE000, 0xE010), (0xF8F0, 0x17010), (0x187E0, 0x1F000 + 0xFFF),
              (0x20000, 0x20010), (0x2A6D0, 0x2A710), (0x2B730, 0x2B750), (0x2B810, 0x2B830), (0x2CE90, 0x2CEC0),
              (0x2EBD0, 0x2EE70), (0x2F800, 0x2FA20), (0x31340, 0x31360), (0x323A0, 0x323C0), (0xE0000, 0xE0200)]
    every = [chr(code) for first, end in blocks for code in range(first, end)]
    return ["".join(f"a{c}\u0334\u0301{c}\u0327 " for c in every[at:at + 16]).encode() for at in range(0, len(every), 16)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path)
    parser.add_argument("--container")
    parser.add_argument("--model")
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=3_000)
    parser.add_argument("--characters", action="store_true")
    options = parser.parse_args()
    lines = [Line(line) for line in (every_character() if options.characters else
                                     make_lines(options.data, options.lines))]
    different = 0
    if options.container:
        different += compare_container(options, lines)
    if options.tokenizer:
        tokenizer = Tokenizer.from_file(str(options.tokenizer))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        different += compare_texts(options, tokenizer, lines)
        different += compare_inputs(options, tokenizer, random.Random(1).sample(lines, min(2 * options.pairs, len(lines))))
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
