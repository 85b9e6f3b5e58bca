#!/usr/bin/env python3
"""Writes tests/nn/golden/training.json: gradients that PyTorch computes for tiny layers and losses.

Needs torch (made with 2.15.0). Run from the project's root: python3 tools/model/training_golden.py
"""

import torch
from recurrent_golden import INPUTS, LENGTHS, STATE, numbers, offsets, write
from torch.nn import functional


def made(*shape):
    return (torch.randn(*shape) * 0.8).requires_grad_()


def case(name, inputs, outputs, **settings):
    """Gradients of Σ output · d_output in every input, each output with weights of its own."""
    sum(output.mul(d).sum() for output, d in outputs.values()).backward()
    found = {key: numbers(value) for key, value in inputs.items()}
    found |= {"d_" + key: numbers(value.grad) for key, value in inputs.items()}
    found |= {key: numbers(output) for key, (output, _) in outputs.items()}
    found |= {"d_" + key: numbers(d) for key, (_, d) in outputs.items()}
    return {"case": name, **found, **settings}


def layers():
    x, weight, bias = made(5, 7), made(9, 7), made(9)
    yield case("linear", {"x": x, "weight": weight, "bias": bias},
               {"y": (functional.linear(x, weight, bias), torch.randn(5, 9))})
    for form in ("none", "tanh"):
        x = (torch.randn(20) * 3).requires_grad_()
        yield case("gelu", {"x": x}, {"y": (functional.gelu(x, approximate=form), torch.randn(20))}, form=form)
    x, scale, shift = made(3, 10), made(10), made(10)
    yield case("layer norm", {"x": x, "scale": scale, "shift": shift},
               {"y": (functional.layer_norm(x, (10,), scale, shift, 1e-5), torch.randn(3, 10))}, epsilon=1e-5)
    for queries, tokens in ((4, 4), (1, 6), (5, 2)):
        q, kv = made(queries, 12), made(tokens, 24)
        keys, values = kv.split(12, dim=1)
        heads = [part.view(-1, 3, 4).transpose(0, 1) for part in (q, keys, values)]
        out = functional.scaled_dot_product_attention(*heads).transpose(0, 1).reshape(queries, 12)
        yield case("attention", {"q": q, "kv": kv}, {"out": (out, torch.randn(queries, 12))}, heads=3, width=12)
    x = made(6)
    yield case("unit length", {"x": x}, {"y": (functional.normalize(x, dim=0), torch.randn(6))})


def lambda_terms(scores, grades, mu):
    """The LambdaLoss paper's NDCG-Loss2++ (mu above 0) and LambdaRank (0) as matrices over all pairs."""
    rank = torch.argsort(torch.argsort(scores.detach(), descending=True, stable=True)) + 1
    gain = (2 ** grades - 1) / sum((2 ** g - 1) / torch.log2(torch.tensor(2.0 + place))
                                   for place, g in enumerate(sorted(grades.tolist(), reverse=True)))
    apart = (rank[:, None] - rank[None, :]).abs().clamp(min=1)
    swap = (1 / torch.log2(1.0 + rank[:, None]) - 1 / torch.log2(1.0 + rank[None, :])).abs()
    bound = (1 / torch.log2(1.0 + apart) - 1 / torch.log2(2.0 + apart)).abs()
    pairs = -functional.logsigmoid(scores[:, None] - scores[None, :]) / torch.log(torch.tensor(2.0))
    weights = (swap + mu * bound) * (gain[:, None] - gain[None, :]).abs()
    return (weights * pairs)[grades[:, None] > grades[None, :]].sum()


def losses():
    scores = (torch.randn(6) * 2).requires_grad_()
    teacher, grades = torch.randn(6) * 2, torch.tensor([0.0, 2, 1, 0, 3, 0])
    better = grades[:, None] > grades[None, :]
    lead = scores[:, None] - scores[None, :]
    soft = functional.softmax(teacher / 2, dim=0)
    margins = (scores[4] - scores) - (teacher[4] - teacher)
    one, right = torch.ones(1), torch.tensor([2])
    for name, loss in (
        ("soft targets", functional.cross_entropy(scores[None], soft[None])),
        ("temperature", functional.kl_div(functional.log_softmax(scores / 2, 0), soft, reduction="sum")),
        ("index", functional.cross_entropy(scores[None], right)),
        ("smoothing", functional.cross_entropy(scores[None], right, label_smoothing=0.1)),
        ("margin", functional.relu(1 - lead)[better].mean()),
        ("logistic", functional.softplus(-lead)[better].mean()),
        ("mean squared", functional.mse_loss(scores, teacher)),
        ("margin mean squared", margins[[0, 1, 2, 3, 5]].square().mean()),
        ("lambda rank", lambda_terms(scores, grades, 0)),
        ("lambda loss", lambda_terms(scores, grades, 10)),
    ):
        scores.grad = None
        yield case(name, {"scores": scores}, {"loss": (loss, one)}, teacher=numbers(teacher), grades=numbers(grades))


def recurrent():
    """One case for each cell: two layers, both directions, three sequences, gradients at every end."""
    for cell, module in (("tanh", torch.nn.RNN), ("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)):
        layer = module(INPUTS, STATE, num_layers=2, bidirectional=True)
        x, h, c = made(sum(LENGTHS), INPUTS), made(4, len(LENGTHS), STATE), made(4, len(LENGTHS), STATE)
        packed = torch.nn.utils.rnn.pack_sequence(x.split(LENGTHS), enforce_sorted=False)
        states, last = layer(packed, (h, c) if cell == "lstm" else h)
        padded, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        rows = torch.cat([padded[row, :length] for row, length in enumerate(LENGTHS)])
        inputs = {"x": x, "initial_h": h} | ({"initial_c": c} if cell == "lstm" else {})
        ends = dict(zip(("last_h", "last_c"), last)) if cell == "lstm" else {"last_h": last}
        outputs = {name: (end, torch.randn_like(end)) for name, end in ({"states": rows} | ends).items()}
        found = case("recurrent", inputs, outputs, cell=cell, offsets=offsets(LENGTHS))
        names = [f"_l{number}{suffix}" for number in range(2) for suffix in ("", "_reverse")]
        parts = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        found["weights"] = [{part: numbers(getattr(layer, part + name)) for part in parts} for name in names]
        found["d_weights"] = [{part: numbers(getattr(layer, part + name).grad) for part in parts} for name in names]
        yield found


def alignments():
    queries, keys = [2, 3], [4, 2]
    states, memory, values = made(5, 3), made(6, 4), made(6, 2)
    q_w, q_b, k_w, k_b, compare = made(5, 3), made(5), made(5, 4), made(5), made(5)
    contexts = []
    for s, h, v in zip(states.split(queries), memory.split(keys), values.split(keys)):
        compared = torch.tanh(functional.linear(s, q_w, q_b)[:, None] + functional.linear(h, k_w, k_b)[None])
        contexts.append(torch.softmax(compared @ compare, dim=1) @ v)
    inputs = {"states": states, "memory": memory, "values": values, "query_weight": q_w, "query_bias": q_b,
              "key_weight": k_w, "key_bias": k_b, "compare": compare}
    packed = {"query_offsets": offsets(queries), "key_offsets": offsets(keys)}
    yield case("additive alignment", inputs, {"contexts": (torch.cat(contexts), torch.randn(5, 2))}, **packed)
    states, memory, values = made(5, 4), made(6, 4), made(6, 2)
    contexts = [torch.softmax(0.5 * s @ k.T, dim=1) @ v
                for s, k, v in zip(states.split(queries), memory.split(keys), values.split(keys))]
    yield case("dot alignment", {"states": states, "memory": memory, "values": values},
               {"contexts": (torch.cat(contexts), torch.randn(5, 2))}, **packed, scale=0.5)


def copy_gates():
    words = torch.tensor([1, 6, 3, 6, 1])  # 6 is outside of a vocabulary of 5
    for word in (0, 1, 6):
        gate, vocabulary, weights = made(1), made(5), torch.rand(5).softmax(0).requires_grad_()
        mixed = torch.zeros(7).index_add(0, torch.arange(5), torch.sigmoid(gate) * torch.softmax(vocabulary, 0))
        mixed = mixed.index_add(0, words, (1 - torch.sigmoid(gate)) * weights)
        yield case("copy gate", {"gate": gate, "vocabulary": vocabulary, "weights": weights},
                   {"loss": (-torch.log(mixed[word]), torch.ones(1))},
                   words=words.tolist(), word=word, probabilities=numbers(mixed))


def main():
    torch.manual_seed(5)
    write("training.json", [*layers(), *losses(), *recurrent(), *alignments(), *copy_gates()])


if __name__ == "__main__":
    main()
