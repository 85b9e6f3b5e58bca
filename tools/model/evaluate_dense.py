"""Measures a model directory by exact cosine on data sets in the BEIR layout: nDCG@10 and recall@100.

    evaluate_dense.py --tool build/model/tools/model/attune_model_tool --model models/embedder \
        --data ../shared/data/retrieval --cache /tmp/vectors [--base FULL_MODEL] SET...

Vectors are kept in --cache under the model's identity. With --base, texts that the two models read as the same pieces
take the vector of the base model (their vectors are equal bit for bit), so that only texts with respelled pieces are
embedded; how many these are is printed. Passages are "title\\ntext", cut by the model at its 512 tokens.
"""
import argparse
import gzip
import hashlib
import json
import math
import pathlib
import subprocess

import numpy as np


def open_text(path):
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")


def find(folder, stem):
    found = [folder / (stem + end) for end in ("", ".gz") if (folder / (stem + end)).exists()]
    if not found:
        raise SystemExit(f"{folder}: no {stem}")
    return found[0]


def read_set(folder):
    passages, queries, qrels = {}, {}, {}
    with open_text(find(folder, "corpus.jsonl")) as lines:
        for line in lines:
            row = json.loads(line)
            passages[row["_id"]] = (row.get("title", "") + "\n" + row["text"]).strip()
    with open_text(find(folder, "queries.jsonl")) as lines:
        for line in lines:
            row = json.loads(line)
            queries[row["_id"]] = row["text"].strip()
    with open_text(find(folder / "qrels", "test.tsv")) as lines:
        for line in lines:
            query, passage, score = line.split("\t")[:3]
            if score.strip().lstrip("-").isdigit():
                qrels.setdefault(query, {})[passage] = int(score)
    return passages, {key: queries[key] for key in queries if key in qrels}, qrels


def lines_of(texts):
    return "\n".join(text.replace("\\", "\\\\").replace("\r", " ").replace("\n", "\\n") for text in texts) + "\n"


class Model:
    def __init__(self, tool, directory, cache, threads):
        self.tool, self.directory, self.threads = tool, str(directory), threads
        digest = hashlib.sha256((pathlib.Path(directory) / "model.safetensors").read_bytes()).hexdigest()
        self.cache = pathlib.Path(cache) / digest[:16]
        self.cache.mkdir(parents=True, exist_ok=True)

    def pieces(self, texts, command):
        """The pieces of each text, in ids of the whole vocabulary (segment) or of this model (encode)."""
        run = subprocess.run([self.tool, command, self.directory], input=lines_of(texts).encode(), capture_output=True,
                             check=True)
        return [[int(item.split(":")[0]) for item in line.split()] for line in run.stdout.decode().splitlines()]

    def embed(self, texts, role):
        if not texts:
            return np.zeros((0, 384), np.float32)
        out = self.cache / "running.bin"
        subprocess.run([self.tool, "embed", self.directory, role, str(out), str(self.threads)],
                       input=lines_of(texts).encode(), check=True)
        return np.fromfile(out, "<f4").reshape(len(texts), -1)

    def cached(self, name, texts, role, base):
        path = self.cache / f"{name}.{role}.npy"
        if path.exists():
            return np.load(path), 0
        if base is None:
            vectors, changed = self.embed(texts, role), len(texts)
        else:
            kept = kept_ids(self.directory)
            vectors = base.cached(name, texts, role, None)[0].copy()
            again = [i for i, ids in enumerate(self.pieces(texts, "segment")) if not kept.issuperset(ids)]
            if again:
                vectors[again] = self.embed([texts[i] for i in again], role)
            changed = len(again)
        np.save(path, vectors)
        return vectors, changed


def kept_ids(directory):
    data = (pathlib.Path(directory) / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    start, end = json.loads(data[8:8 + length])["tokenizer.kept"]["data_offsets"]
    return set(np.frombuffer(data[8 + length + start:8 + length + end], "<i4").tolist())


def measure(passages, queries, qrels, passage_vectors, query_vectors):
    names = sorted(passages)
    order_of = {name: i for i, name in enumerate(passages)}
    vectors = passage_vectors[[order_of[name] for name in names]]
    ndcg, recall = [], []
    for row, query in enumerate(queries):
        best = np.argsort(-(vectors @ query_vectors[row]), kind="stable")[:100]
        wanted = qrels[query]
        gains = [max(0, wanted.get(names[i], 0)) for i in best[:10]]
        ideal = sorted((max(0, v) for v in wanted.values()), reverse=True)[:10]
        dcg = sum(g / math.log2(i + 2) for i, g in enumerate(gains))
        most = sum(g / math.log2(i + 2) for i, g in enumerate(ideal))
        ndcg.append(dcg / most if most else 0.0)
        relevant = {key for key, value in wanted.items() if value > 0}
        recall.append(len(relevant & {names[i] for i in best}) / max(1, len(relevant)))
    return float(np.mean(ndcg)), float(np.mean(recall))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("sets", nargs="+")
    options = parser.parse_args()
    model = Model(options.tool, options.model, options.cache, options.threads)
    base = Model(options.tool, options.base, options.cache, options.threads) if options.base else None
    for name in options.sets:
        passages, queries, qrels = read_set(options.data / name)
        passage_vectors, again = model.cached(name, list(passages.values()), "passage", base)
        query_vectors, again_queries = model.cached(name, list(queries.values()), "query", base)
        ndcg, recall = measure(passages, queries, qrels, passage_vectors, query_vectors)
        print(f"{name}: nDCG@10 {ndcg:.4f}  R@100 {recall:.4f}  embedded {again} of {len(passages)} passages, "
              f"{again_queries} of {len(queries)} queries", flush=True)


if __name__ == "__main__":
    main()
