"""An independent reference for the tokenizer and the encoder: reads the package's container with numpy, cuts text with
PyPI `tokenizers`, runs the network in FP32 (matrix products in FP64), and shares no code with the product.

    reference_encoder.py --container e5-small-q4.bin vectors --out tests/embed/golden/vectors.tsv < texts
    reference_encoder.py --container e5-small-q4.bin pieces --out tests/model/golden/pieces.tsv < lines

Texts are one a line. `vectors` writes, for "query: " and "passage: ", role, text and the vector's numbers;
`pieces` writes text and full ids.
"""
import argparse
import math
import struct
import sys

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers


class Container:
    def __init__(self, path):
        data = self.data = open(path, "rb").read()
        assert data[:4] == b"E5S1" and struct.unpack_from("<I", data, 4)[0] == 1
        (self.width, self.layers, self.heads, self.inner, self.vocabulary, self.positions,
         self.types) = struct.unpack_from("<7i", data, 8)
        self.epsilon, block = struct.unpack_from("<fi", data, 36)
        assert block == 32
        count, self.bos, self.eos, self.pad, self.unk = struct.unpack_from("<5i", data, 44)
        size, = struct.unpack_from("<Q", data, 64)
        at = 72
        offsets = np.frombuffer(data, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores = np.frombuffer(data, "<f4", count, at).astype(float)
        at += 4 * count
        blob = data[at:at + size]
        at += size
        self.pieces = [blob[offsets[i]:offsets[i + 1]].decode() for i in range(count)]
        entries, size = struct.unpack_from("<iI", data, at)
        at += 8
        self.map = {}
        for _ in range(entries):
            code, length = struct.unpack_from("<IB", data, at)
            at += 5
            self.map[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at)))
            at += 4 * length
        tensors, = struct.unpack_from("<i", data, at)
        at += 4
        self.tensors = {}
        for _ in range(tensors):
            length, = struct.unpack_from("<H", data, at)
            name = data[at + 2:at + 2 + length].decode()
            at += 2 + length
            self.tensors[name] = struct.unpack_from("<BIQQ", data, at)
            at += 21

    def tensor(self, name, shape, rows=None):
        kind, elements, offset, size = self.tensors[name]
        assert elements == math.prod(shape), name
        if kind == 0:
            return np.frombuffer(self.data, "<f4", elements, offset).reshape(shape)
        blocks = np.frombuffer(self.data, np.uint8, size, offset).reshape(shape[0], -1, 18)
        blocks = blocks if rows is None else blocks[rows]
        scale = blocks[:, :, :2].copy().view("<f2").astype(np.float32)
        low, high = (blocks[:, :, 2:] & 15).astype(np.float32), (blocks[:, :, 2:] >> 4).astype(np.float32)
        return ((np.concatenate([low, high], axis=2) - 8) * scale).reshape(len(blocks), -1)


class Cutter:
    """XLM-R's segmentation by `tokenizers`; the normalisation map is applied here."""

    def __init__(self, container):
        self.map = container.map
        # No text becomes a control piece: they are spelled as no text is.
        control = {container.bos, container.eos, container.pad, container.unk, container.pieces.index("<mask>")}
        pieces = [f"\uf8ff{piece}" if id in control else piece for id, piece in enumerate(container.pieces)]
        self.tokenizer = Tokenizer(models.Unigram(list(zip(pieces, container.scores.tolist())),
                                                  unk_id=container.unk, byte_fallback=False))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.CharDelimiterSplit(" "), pre_tokenizers.Metaspace(prepend_scheme="always", split=True)])

    def pieces(self, text):
        """Full ids, each with the characters [start, end) of `text` that it stands for."""
        mapped = [(character, place) for place, source in enumerate(text) for character in self.map.get(ord(source), source)]
        encoding = self.tokenizer.encode("".join(character for character, _ in mapped), add_special_tokens=False)
        return [(id, (mapped[start][1], mapped[end - 1][1] + 1)) for id, (start, end) in zip(encoding.ids, encoding.offsets)]

    def ids(self, text):
        return [id for id, _ in self.pieces(text)]


class Encoder:
    def __init__(self, container):
        self.c = container
        self.cutter = Cutter(container)
        self.erf = np.vectorize(math.erf)

    def linear(self, x, name, out):
        return (x @ self.c.tensor(name + ".w", (out, x.shape[1])).astype(float).T +
                self.c.tensor(name + ".b", (out,))).astype(np.float32)

    def norm(self, x, name):
        mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
        return ((x - mean) / np.sqrt(variance + self.c.epsilon) * self.c.tensor(name + ".w", (self.c.width,)) +
                self.c.tensor(name + ".b", (self.c.width,))).astype(np.float32)

    def vector(self, text):
        c = self.c
        ids = [c.bos] + self.cutter.ids(text)[:c.positions - 2] + [c.eos]
        tokens, size = len(ids), c.width // c.heads
        x = self.norm(c.tensor("emb.word", (c.vocabulary, c.width), ids) +
                      c.tensor("emb.pos", (c.positions, c.width))[:tokens] +
                      c.tensor("emb.type", (c.types, c.width))[0], "emb.ln")
        for layer in range(c.layers):
            q, k, v = (self.linear(x, f"l{layer}.{part}", c.width).reshape(tokens, c.heads, size).transpose(1, 0, 2)
                       for part in "qkv")
            scores = q @ k.transpose(0, 2, 1) / math.sqrt(size)
            weights = np.exp(scores - scores.max(2, keepdims=True))
            weights /= weights.sum(2, keepdims=True)
            mixed = (weights @ v).transpose(1, 0, 2).reshape(tokens, c.width)
            x = self.norm(x + self.linear(mixed, f"l{layer}.ao", c.width), f"l{layer}.aln")
            inner = self.linear(x, f"l{layer}.fi", c.inner)
            inner = (inner / 2 * (1 + self.erf(inner / math.sqrt(2)))).astype(np.float32)
            x = self.norm(x + self.linear(inner, f"l{layer}.fo", c.width), f"l{layer}.oln")
        pooled = x.mean(0, dtype=float)
        return (pooled / np.linalg.norm(pooled)).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--container", required=True)
    parser.add_argument("what", choices=["vectors", "pieces"])
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    container = Container(options.container)
    texts = [line.rstrip("\n") for line in sys.stdin]
    with open(options.out, "w", encoding="utf-8") as out:
        if options.what == "pieces":
            cutter = Cutter(container)
            for text in texts:
                out.write(text + "\t" + " ".join(map(str, cutter.ids(text))) + "\n")
            return
        encoder = Encoder(container)
        for text in texts:
            for role in ("query", "passage"):
                vector = encoder.vector(f"{role}: {text}")
                out.write(f"{role}\t{text}\t" + " ".join(f"{value:.6f}" for value in vector) + "\n")


if __name__ == "__main__":
    main()
