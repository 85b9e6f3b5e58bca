"""Writes small tokenizer.json files that use, between them, every normaliser, pre-tokenizer, model and post-processor
that we read, so that compare_tokenizer.py can hold each against PyPI `tokenizers`.

    tokenizer_variants.py --data ../shared/data --out DIR

Models are trained on a few thousand lines of the data folder. Those named `probe-…` spell the normalised text byte by
byte, so that comparing ids compares what a normaliser makes of a text.
"""
import argparse
import pathlib
import random
import struct

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer_lines import data_lines

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
MAP = {"\u2460": "1", "\uff21": "A", "\u00bd": "1/2", "\u3000": " ", "\t": " ", "\u200b": "", "e\u0301": "\u00e9", "e": "e",
       "\u304b\u3099": "\u304c", "\u338f": "kg", "\u00ad": "", "\ufb01": "fi", "\u0915\u093c": "\u0958", "\u2026": "..."}


def charsmap(entries):
    """A SentencePiece charsmap: a double-array trie, then the texts."""
    texts, keys = b"", {}
    for key, text in sorted(entries.items()):
        keys[key.encode()] = len(texts)
        texts += text.encode() + b"\0"
    units, used = [0] * 65536, {0}

    def place(node, prefix):
        labels = sorted({key[len(prefix)] for key in keys if key.startswith(prefix) and len(key) > len(prefix)})
        slots = ([0] if prefix in keys else []) + labels
        # Small offsets take 21 bits; children's places differ from the offset in their last byte alone.
        offset = next(base for base in range(1, 65536) if not used & {node ^ base ^ slot for slot in slots}
                      and node ^ base ^ max(slots) < 65536)
        units[node] |= offset << 10
        used.update(node ^ offset ^ slot for slot in slots)
        if prefix in keys:
            units[node] |= 1 << 8
            units[node ^ offset] = keys[prefix] | 1 << 31
        for label in labels:
            units[node ^ offset ^ label] |= label
        for label in labels:
            place(node ^ offset ^ label, prefix + bytes([label]))

    place(0, b"")
    count = (max(used) | 255) + 1  # a reader steps anywhere within a block of 256
    blob = struct.pack(f"<{count}I", *units[:count])
    return struct.pack("<I", len(blob)) + blob + texts


def train(model, trainer, lines, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def byte_level(lines):
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=3000, special_tokens=specials, initial_alphabet=alphabet, show_progress=False)
    tokenizer = train(models.BPE(), trainer, lines, None, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    yield "bpe-roberta", tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True, add_prefix_space=True),
                                                    processors.BertProcessing(("</s>", 2), ("<s>", 0))])
    tokenizer.normalizer = normalizers.NFC()
    yield "bpe-prefix-space", tokenizer
    trainer = trainers.BpeTrainer(vocab_size=3000, initial_alphabet=alphabet, show_progress=False)
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = train(models.BPE(ignore_merges=True), trainer, lines, None, split)
    tokenizer.add_tokens([AddedToken("search", single_word=True, normalized=False), AddedToken(" Engine", rstrip=True)])
    yield "bpe-llama3", tokenizer


def other_bpe(lines):
    trainer = trainers.BpeTrainer(vocab_size=2500, special_tokens=["<unk>", "<s>", "</s>"] +
                                  [f"<0x{byte:02X}>" for byte in range(256)], show_progress=False, limit_alphabet=400)
    norm = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer = train(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainer, lines, norm)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 1)])
    yield "bpe-llama2", tokenizer
    norm = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    trainer = trainers.BpeTrainer(vocab_size=2500, special_tokens=["<unk>"], end_of_word_suffix="</w>",
                                  show_progress=False, limit_alphabet=600)
    for fuse in (True, False):
        tokenizer = train(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=fuse), trainer, lines, norm,
                          pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)]))
        yield f"bpe-clip-{'fused' if fuse else 'single'}", tokenizer
    trainer = trainers.BpeTrainer(vocab_size=2500, continuing_subword_prefix="##", show_progress=False, limit_alphabet=300)
    yield "bpe-prefix-no-unknown", train(models.BPE(continuing_subword_prefix="##"), trainer, lines, None,
                                         pre_tokenizers.WhitespaceSplit())


def unigrams(lines):
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    precompiled = normalizers.Precompiled(charsmap(MAP))
    trainer = trainers.UnigramTrainer(vocab_size=8000, special_tokens=specials, unk_token="<unk>", show_progress=False)
    tokenizer = train(models.Unigram(), trainer, lines, normalizers.Sequence([precompiled, normalizers.NFKC()]),
                      pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=True)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>",
                                                             [("<s>", 0), ("</s>", 2)])
    yield "unigram-xlmr", tokenizer
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.Strip(left=False, right=True),
                                                 normalizers.Replace(Regex(" {2,}"), "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B:1 </s>:1", [("</s>", 2)])
    yield "unigram-t5", tokenizer


def split_variants(lines):
    trainer = trainers.WordPieceTrainer(vocab_size=3000, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    tokenizer = train(models.WordPiece(unk_token="[UNK]"), trainer, lines, normalizers.BertNormalizer(lowercase=False),
                      pre_tokenizers.BertPreTokenizer())
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    yield "wordpiece-cased", tokenizer
    bert = normalizers.Sequence([normalizers.BertNormalizer(clean_text=False, strip_accents=True, lowercase=True),
                                 normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip()])
    tokenizer.normalizer = bert
    pre = pre_tokenizers
    for name, splitter in {
            "punctuation": pre.Punctuation("merged_with_previous"), "punctuation-next": pre.Punctuation("merged_with_next"),
            "contiguous": pre.Punctuation("contiguous"), "digits": pre.Digits(False), "delimiter": pre.CharDelimiterSplit("e"),
            "invert": pre.Split(Regex(r"[a-z]+|\d"), "removed", invert=True), "literal": pre.Split("th", "merged_with_next"),
            "word": pre.Whitespace(), "sequence": pre.Sequence([pre.WhitespaceSplit(), pre.Punctuation(), pre.Digits(True)]),
            "metaspace-never": pre.Metaspace("_", prepend_scheme="never")}.items():
        tokenizer.pre_tokenizer = splitter
        yield f"wordpiece-{name}", tokenizer
    words = trainers.WordLevelTrainer(vocab_size=2000, special_tokens=["<unk>"], show_progress=False)
    yield "wordlevel", train(models.WordLevel(unk_token="<unk>"), words, lines, normalizers.NFD(), pre.Whitespace())


def probes():
    alphabet = {character: index for index, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bert = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    made = {name: normalizers.BertNormalizer(**{**bert, name: True}) for name in bert}
    made |= {name.lower(): getattr(normalizers, name)()
             for name in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Strip", "Lowercase", "StripAccents", "ByteLevel")}
    made["precompiled"] = normalizers.Precompiled(charsmap(MAP))
    for name, normalizer in made.items():
        tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, spell
        yield f"probe-{name}", tokenizer
    for name, pattern in {"letters": r"\p{L}", "numbers": r"\p{N}", "space": r"\s", "word": r"\w", "lines": r"^.|\d$"}.items():
        tokenizer = Tokenizer(models.WordLevel(vocab={"<unk>": 0}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
        yield f"probe-{name}", tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = data_lines(options.data, 4000, random.Random(7))
    for maker in (byte_level, other_bpe, unigrams, split_variants):
        for name, tokenizer in maker(lines):
            tokenizer.save(str(options.out / f"{name}.json"))
    for name, tokenizer in probes():
        tokenizer.save(str(options.out / f"{name}.json"))


if __name__ == "__main__":
    main()
