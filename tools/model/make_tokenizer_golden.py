"""Writes tests/tokenizer/golden: small tokenizer.json files and what PyPI `tokenizers` makes of a few dozen texts.

    make_tokenizer_golden.py --out tests/tokenizer/golden

The models are trained on the sentences below. A line of a .tsv is one of

    text        TEXT                    id:start:end …          without special tokens
    input:MAX   TEXT                    id:start:end:type …     with them, at most MAX tokens
    pair:MAX:STRATEGY   FIRST   SECOND  id:start:end:type …     or "error"

with "\\n", "\\t", "\\\\" and "\\xHH" for bytes that would not stand in a line. Offsets are bytes.
"""
import argparse
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from compare_tokenizer import Line, reference, tuples
from tokenizer_variants import LLAMA3, MAP, charsmap, train

SENTENCES = """The animal didn't cross the street because it was too tired.
Searching for documents: the engine reads a folder and answers questions with citations.
Attention looks at every word of a sentence, and each word at every other.
检索 系统 读取 文件夹 并 回答 问题 。 注意力 机制 。
東京で検索エンジンを作りました。ありがとうございます。
München, naïve café, résumé; 12,345.67 items at 09:30."""
TEXTS = [b"", b" ", b"\n\t ", b"The animal didn't cross the street.", b"the engine  reads\ta folder\n",
         "检索系统回答问题。".encode(), "東京で検索エンジン、ｶﾞｷﾞ".encode(), "mixed 检索 and 東京 search".encode(),
         "München naïve café résumé ÀÉÎ".encode(), "Mu\u0308nchen cafe\u0301 q\u0307\u0323 \u1e0b\u0323".encode(), "\u212b\u2126\uf900 각 각".encode(),
         "İstanbul ẞ ΑΣ ǅ".encode(), "ﬁﬂ ½ ① Ⅷ ㎏ ｗｗｗ".encode(), "👍🏽 👩‍👩‍👧 🇯🇵 1️⃣ a😀b".encode(), "it's they'Ve I'll 're".encode(),
         b"a\x00b\x01c\x7fd\x1b[0m", "zero\u200bwidth\ufeff \u00adsoft \u2028line".encode(), "a\u3000b\u00a0c\u2003d\u0085e".encode(),
         b"bad \xff\xfe bytes \xc3( \xe4\xbd", b"\xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf\x80", b"\xf0\x9f\x98 \xe6\xa4\x9c\xe7\xb4", b"[CLS] x [SEP]",
         b"<s>a</s> <mask> b<mask>", b"user@example.com C++ 12,345.67 2024-01-02", "³٣४ ४٥".encode(), b"word" * 30, b"x" * 100, b"x" * 101,
         "中" * 20, "…—“quoted” (¿qué?)".encode(), b"   leading and trailing   ", b"a\r\nb\r\n\r\nc", "ᢆa\u0487b \U00016a60".encode(), b"<0x41> ##ing"]
TEXTS = [text.encode() if isinstance(text, str) else text for text in TEXTS]
PAIRS = [("a", 6), ("The animal didn't cross the street because it was too tired.", 12), ("检索系统", 9), ("", 8)]


def escaped(data):
    return "".join({9: "\\t", 10: "\\n", 13: "\\x0D", 92: "\\\\"}.get(byte, chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}")
                   for byte in data)


def tokenizers():
    lines = SENTENCES.split("\n")
    bert = normalizers.BertNormalizer(lowercase=True)
    trainer = trainers.WordPieceTrainer(vocab_size=330, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False)
    tokenizer = train(models.WordPiece(unk_token="[UNK]"), trainer, lines, bert, pre_tokenizers.BertPreTokenizer())
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    yield "wordpiece", tokenizer

    trainer = trainers.UnigramTrainer(vocab_size=260, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer = train(models.Unigram(), trainer, lines, normalizers.Precompiled(charsmap(MAP)),
                      pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    yield "unigram", tokenizer
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    yield "unigram-nfkc", tokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], initial_alphabet=alphabet, show_progress=False)
    tokenizer = train(models.BPE(), trainer, lines, None, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    yield "bpe-roberta", tokenizer
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer = train(models.BPE(ignore_merges=True), trainer, lines, normalizers.NFC(), split)
    tokenizer.add_tokens([AddedToken("engine", single_word=True), AddedToken("x", rstrip=True, single_word=True)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    yield "bpe-llama3", tokenizer
    trainer = trainers.BpeTrainer(vocab_size=440, special_tokens=["<unk>", "<s>"] + [f"<0x{byte:02X}>" for byte in range(256)],
                                  show_progress=False, limit_alphabet=60)
    norm = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer = train(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainer, lines, norm)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 1)])
    yield "bpe-llama2", tokenizer
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False, limit_alphabet=50)
    norm = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    tokenizer = train(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"), trainer, lines, norm,
                      pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits(True)]))
    yield "bpe-clip", tokenizer


def answers(tokenizer):
    lines = [Line(text) for text in TEXTS]
    for line in lines:
        encoding = tokenizer.encode(line.text, add_special_tokens=False)
        yield ["text", escaped(line.data)], [(id, *line.span(offsets)) for id, offsets in zip(encoding.ids, encoding.offsets)]
    for line in lines[3:8]:
        yield ["input:9", escaped(line.data)], tuples(reference(tokenizer, 9, "longest_first", [line]), [line], True)
    for text, limit in PAIRS:
        for strategy in ("longest_first", "only_second", "only_first"):
            pair = Line(text.encode()), lines[4 + limit % 4]
            encoding = reference(tokenizer, limit, strategy, pair)
            tokenizer.no_truncation()
            yield ([f"pair:{limit}:{strategy}", *(escaped(line.data) for line in pair)],
                   None if encoding is None else tuples(encoding, pair, True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, tokenizer in tokenizers():
        tokenizer.save(str(options.out / f"{name}.json"), pretty=False)
        tokenizer = Tokenizer.from_file(str(options.out / f"{name}.json"))
        with open(options.out / f"{name}.tsv", "w", encoding="utf-8") as out:
            for asked, items in answers(tokenizer):
                found = "error" if items is None else " ".join(":".join(map(str, item)) for item in items)
                out.write("\t".join([*asked, found]) + "\n")


if __name__ == "__main__":
    main()
