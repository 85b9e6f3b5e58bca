#!/usr/bin/env python3
"""Writes tests/nn/golden/recurrent.json and alignment.json: what PyTorch computes for tiny recurrent layers and attentions.

Needs torch (made with 2.15.0). Run from the project's root: python3 tools/model/recurrent_golden.py
"""

import json
from pathlib import Path

import torch

FOLDER = Path("tests/nn/golden")
LENGTHS = [3, 1, 4]
INPUTS, STATE = 3, 2


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


def offsets(lengths):
    return [sum(lengths[:count]) for count in range(len(lengths) + 1)]


def stacks():
    """One case for each cell: two layers, both directions, three sequences, states to begin with."""
    for cell, module in (("tanh", torch.nn.RNN), ("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)):
        for bidirectional in (False, True):
            layer = module(INPUTS, STATE, num_layers=2, bidirectional=bidirectional)
            for parameter in layer.parameters():
                torch.nn.init.uniform_(parameter, -1.5, 1.5)
            directions = 4 if bidirectional else 2
            x = [torch.randn(length, INPUTS) for length in LENGTHS]
            h = torch.randn(directions, len(LENGTHS), STATE) * 0.5
            c = torch.randn(directions, len(LENGTHS), STATE) * 0.5
            packed = torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False)
            states, last = layer(packed, (h, c) if cell == "lstm" else h)
            last = last if cell == "lstm" else (last, None)
            padded, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
            names = [f"_l{number}{suffix}" for number in range(2) for suffix in ([""] + ["_reverse"] * bidirectional)]
            yield {
                "cell": cell, "bidirectional": bidirectional, "offsets": offsets(LENGTHS), "x": numbers(torch.cat(x)),
                "weights": [{part: numbers(getattr(layer, part + name)) for part in
                             ("weight_ih", "bias_ih", "weight_hh", "bias_hh")} for name in names],
                "initial_h": numbers(h), "initial_c": numbers(c) if cell == "lstm" else [],
                "states": numbers(torch.cat([padded[row, :length] for row, length in enumerate(LENGTHS)])),
                "last_h": numbers(last[0]), "last_c": numbers(last[1]) if cell == "lstm" else [],
            }


def alignments():
    """Additive attention of two pairs of sequences from Bahdanau's formula; dot products by PyTorch's own function."""
    queries, keys, compared = [2, 3], [4, 2], 5
    states = [torch.randn(length, 3) for length in queries]
    memory = [torch.randn(length, 4) for length in keys]
    query, key, compare = torch.nn.Linear(3, compared), torch.nn.Linear(4, compared), torch.randn(compared)
    weights = [torch.softmax(torch.tanh(query(s)[:, None, :] + key(h)[None, :, :]) @ compare, dim=1)
               for s, h in zip(states, memory)]
    additive = {
        "query_offsets": offsets(queries), "key_offsets": offsets(keys), "states": numbers(torch.cat(states)),
        "memory": numbers(torch.cat(memory)), "query_weight": numbers(query.weight), "query_bias": numbers(query.bias),
        "key_weight": numbers(key.weight), "key_bias": numbers(key.bias), "compare": numbers(compare),
        "weights": numbers(torch.cat([a.reshape(-1) for a in weights])),
        "contexts": numbers(torch.cat([a @ h for a, h in zip(weights, memory)])),
    }
    q, k, v = torch.randn(3, 4), torch.randn(5, 4), torch.randn(5, 2)
    contexts = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])
    dot = {"scale": 0.5, "queries": numbers(q), "keys": numbers(k), "values": numbers(v), "contexts": numbers(contexts)}
    return additive, dot


def write(name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main():
    torch.manual_seed(4)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write("recurrent.json", stacks())
    write("alignment.json", alignments())


if __name__ == "__main__":
    main()
