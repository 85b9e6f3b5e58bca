#!/usr/bin/env python3
"""Tiny random encoders for tests/model/fixtures: as Hugging Face directories and as ONNX exports, with what
`transformers` computes with them as golden numbers. The same versions give the same files.

    python3 -m venv VENV && VENV/bin/pip install torch transformers safetensors onnx
    VENV/bin/python tools/model/make_fixtures.py [tests/model/fixtures]
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import transformers as tf
from safetensors.torch import save_file

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/model/fixtures")
WORDS, POSITIONS = 40, 20
SIZES = dict(vocab_size=WORDS, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
DISTIL = dict(vocab_size=WORDS, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=POSITIONS)
# (ids, how many of them belong to the first text)
SEQUENCES = (([3, 7, 9, 4], 4), ([3, 30, 31, 32, 4, 12, 12, 39, 4], 5), ([5], 1))


def bert(**more):
    return tf.BertConfig(**SIZES, max_position_embeddings=POSITIONS, type_vocab_size=2, layer_norm_eps=1e-12, **more)


def roberta(**more):
    return tf.RobertaConfig(**SIZES, max_position_embeddings=POSITIONS + 2, type_vocab_size=1, layer_norm_eps=1e-5,
                            pad_token_id=1, bos_token_id=0, eos_token_id=2, **more)


# name: (class, config, type of the numbers, as ONNX as well)
MODELS = {
    "bert": (tf.BertModel, bert(), torch.float32, True),
    "bert-tanh-gelu": (tf.BertModel, bert(hidden_act="gelu_new"), torch.float16, True),
    "bert-pairs": (tf.BertForSequenceClassification, bert(num_labels=3), torch.float16, True),
    "roberta-pairs": (tf.RobertaForSequenceClassification, roberta(num_labels=1), torch.bfloat16, True),
    "xlm-roberta": (tf.XLMRobertaModel, tf.XLMRobertaConfig(**roberta().to_diff_dict() | {"model_type": "xlm-roberta"}),
                    torch.float32, False),
    "distilbert-pairs": (tf.DistilBertForSequenceClassification, tf.DistilBertConfig(**DISTIL, num_labels=2),
                         torch.float16, True),
    "distilbert": (tf.DistilBertModel, tf.DistilBertConfig(**DISTIL), torch.float32, False),
}


def randomise(model, kind):
    """Weights large enough to tell activations, norms and epsilons apart; rounded to what the file will hold."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.randn(parameter.shape, generator=generator)
            scale, shift = (0.3, 1.0) if "norm" in name.lower() and name.endswith("weight") else (0.25, 0.0)
            if "embeddings" in name and "norm" not in name.lower():
                scale = 0.6
            parameter.copy_((values * scale + shift).to(kind).float())


def inputs_of(model, ids, first):
    tensors = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        tensors["token_type_ids"] = torch.tensor([[0] * first + [1] * (len(ids) - first)])
    return tensors


def golden_of(model):
    rows = []
    for ids, first in SEQUENCES:
        tensors = inputs_of(model, ids, first)
        with torch.no_grad():
            found = model(**tensors, output_hidden_states=True)
        row = {"ids": ids, "token_types": tensors.get("token_type_ids", torch.zeros(1, len(ids)))[0].int().tolist(),
               "layers": [[round(x, 6) for x in layer.flatten().tolist()] for layer in found.hidden_states]}
        if "logits" in found:
            row["logits"] = [round(x, 6) for x in found.logits[0].tolist()]
        rows.append(row)
    return {"sequences": rows}


def save(model, folder, kind):
    tensors = {name: tensor.to(kind).contiguous() for name, tensor in model.state_dict().items()
               if tensor.is_floating_point()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(json.loads(model.config.to_json_string()), indent=1) + "\n")


def export(model, file):
    tensors = inputs_of(model, *SEQUENCES[1])
    axes = {name: {0: "batch", 1: "tokens"} for name in tensors}
    whole = type(model).forward  # takes dozens of arguments, which tracing would have to be given one by one
    model.forward = lambda *values: whole(model, **dict(zip(tensors, values)))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, tuple(tensors.values()), str(file), dynamo=False, opset_version=17,
                          input_names=list(tensors), output_names=["out"], dynamic_axes=axes)


for name, (kind_of_model, config, number, as_onnx) in MODELS.items():
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    config._attn_implementation = "eager"
    model = kind_of_model(config).eval()
    model.config.architectures = [kind_of_model.__name__]
    randomise(model, number)
    save(model, folder, number)
    (folder / "golden.json").write_text(json.dumps(golden_of(model)) + "\n")
    if as_onnx:
        export(model, OUT / f"{name}.onnx")
    print(name, sum(file.stat().st_size for file in folder.iterdir()), "bytes")
