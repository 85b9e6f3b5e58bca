#!/usr/bin/env python3
"""Attune's default search next to ONNX Runtime int8 running a 12-layer MiniLM-shaped cross-encoder over the same 100
candidates: two threads, turn by turn in one run.

    tools/bench/compare_rerankers.py [--out docs/reranker-speed.md] [--dataset trec-dl19-pool] [--rounds 3]

Attune's time is that of the whole search as `attune eval retrieval` takes it: the question cut and read, candidates
found, what was kept of them fetched from the store, all scored and ordered. The peer gets token ids that were made
before; its time is the model's alone, in the quickest of six settings. Needs ../shared (or $ATTUNE_SHARED) and the
peers of compare_engines.py.
"""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_engines  # noqa: E402
from bench_texts import real_pairs  # noqa: E402
from bench_weights import ROOT, THREADS, WEIGHTS, make_cross_encoder  # noqa: E402
from compare_engines import enter_venv  # noqa: E402


def candidates_of(dataset, run, queries):
    """(question, text) of the first queries of a TREC run, 100 each."""
    texts, asked, seen, pairs = {}, {}, {}, []
    for name, to in (("corpus.jsonl", texts), ("queries.jsonl", asked)):
        packed = dataset / (name + ".gz")
        with gzip.open(packed, "rt", encoding="utf-8") if packed.exists() else open(dataset / name, encoding="utf-8") as file:
            for entry in map(json.loads, file):
                to[str(entry["_id"])] = " ".join(f"{entry.get('title') or ''} {entry['text']}".split())
    for line in run.read_text(encoding="utf-8").splitlines():
        query, _, document, rank = line.split()[:4]
        if seen.setdefault(query, len(seen)) < queries and int(rank) <= 100:
            pairs.append((asked[query], texts[document]))
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=3, help="100 candidates each")
    parser.add_argument("--dataset", default="trec-dl19-pool")
    parser.add_argument("--attune", type=Path, default=ROOT / "build" / "release" / "attune")
    parser.add_argument("--cache", type=Path, default=WEIGHTS / "indexed", help="where the indexed passages are kept")
    options = parser.parse_args()
    enter_venv()
    import onnxruntime
    from tokenizers import Tokenizer
    shared = Path(os.environ.get("ATTUNE_SHARED", ROOT.parent / "shared"))
    dataset = shared / "data" / "retrieval" / options.dataset
    if not dataset.exists():
        sys.exit(f"there is no {dataset}")
    WEIGHTS.mkdir(parents=True, exist_ok=True)

    def attune():
        """{configuration: median milliseconds of a question}"""
        command = [options.attune, "eval", "retrieval", dataset, "--config", "hybrid,hybrid+rerank", "--rerank-depth", 100,
                   "--threads", THREADS, "--cache", options.cache, "--run-out", WEIGHTS / "candidates.trec", "--json"]
        done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
        return {one["config"]: one["latency_ms"]["p50"] for one in json.loads(done.stdout)["runs"]}

    attune()  # indexes, once
    pairs = candidates_of(dataset, WEIGHTS / "candidates.hybrid.trec", options.queries)
    cross = make_cross_encoder(layers=12)
    tokenizer = Tokenizer.from_file(str(cross / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512, strategy="only_second")
    rows = [(entry.ids, entry.type_ids) for entry in (tokenizer.encode(query, text) for query, text in pairs)]
    peers = {}
    for size in (1, 8, 32):
        for by_length in (False, True):
            name = f"ONNX Runtime int8, 12 layers, batch {size}" + (" by length" if by_length else "")
            peers[name] = bench_engines.onnx_runner(cross / "model-int8.onnx", rows, size, by_length)
    whole, first = "Attune's default search, reranking 100", "Attune without reranking"
    times = {name: [] for name in [*peers, whole, first]}
    for _ in range(options.rounds):
        for name, peer in peers.items():
            times[name].append(1000 * bench_engines.timed(peer)[0] / options.queries)
        ours = attune()
        times[whole].append(ours["hybrid+rerank"])
        times[first].append(ours["hybrid"])
    median = {name: statistics.median(values) for name, values in times.items()}
    best = min(value for name, value in median.items() if "Runtime" in name)
    mean = sum(len(ids) for ids, _ in rows) / len(rows)
    lines = ["# The reranker next to a 12-layer cross-encoder", "",
             f"Written by `tools/bench/compare_rerankers.py`: {THREADS} threads, {options.dataset}, hybrid's first 100 of "
             f"{options.queries} questions, {mean:.0f} tokens a pair on average, onnxruntime {onnxruntime.__version__}; "
             f"medians of {options.rounds} rounds in turn.", "",
             f"- {best / median[whole]:.1f} × as fast as the quickest of the peer's settings (wanted 5 ×)", "",
             "| | ms for 100 candidates, median | lowest … highest |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {median[name]:.0f} | {min(values):.0f} … {max(values):.0f} |" for name, values in times.items()]
    text = "\n".join([*lines, ""])
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
