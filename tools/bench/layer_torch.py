#!/usr/bin/env python3
"""PyTorch's side of tests/bench/layer_bench.cpp: one transformer layer forward and backward on one thread.

Needs torch and numpy (figures were taken with torch 2.15.0). Run: python3 tools/bench/layer_torch.py [tokens] [sequences]
"""

import sys
import time

import numpy
import torch
from torch.nn import functional

WIDTH, HEADS, INNER = 384, 12, 1536


def numbers(shape, size, seed):
    """The benchmark's own numbers: a linear congruential generator, jumped through with whole arrays."""
    count = int(numpy.prod(shape))
    factors, terms = numpy.empty(count, numpy.uint32), numpy.empty(count, numpy.uint32)
    factor, term = 1, 0
    for index in range(count):
        factor, term = factor * 1664525 & 0xFFFFFFFF, (term * 1664525 + 1013904223) & 0xFFFFFFFF
        factors[index], terms[index] = factor, term
    states = factors * numpy.uint32(seed) + terms
    values = ((states >> 8).astype(numpy.float32) / numpy.float32(8388608) - numpy.float32(1)) * numpy.float32(size)
    return torch.from_numpy(values.reshape(shape))


def parameters():
    shapes = [(WIDTH, WIDTH), (2 * WIDTH, WIDTH), (WIDTH, WIDTH), (INNER, WIDTH), (WIDTH, INNER)]
    made = []
    for place, shape in enumerate(shapes):
        made += [numbers(shape, 0.05, 10 + 10 * place), numbers(shape[:1], 0.05, 11 + 10 * place)]
    for seed in (60, 70):
        made += [numbers((WIDTH,), 1, seed), numbers((WIDTH,), 1, seed + 1)]
    return [one.requires_grad_() for one in made]


def layer(x, weights):
    q_w, q_b, kv_w, kv_b, o_w, o_b, up_w, up_b, down_w, down_b, n1_w, n1_b, n2_w, n2_b = weights
    sequences, length, _ = x.shape

    def heads(rows):
        return rows.view(sequences, length, HEADS, WIDTH // HEADS).transpose(1, 2)

    keys, values = functional.linear(x, kv_w, kv_b).split(WIDTH, dim=2)
    context = functional.scaled_dot_product_attention(heads(functional.linear(x, q_w, q_b)), heads(keys), heads(values))
    context = context.transpose(1, 2).reshape(sequences, length, WIDTH)
    x = functional.layer_norm(x + functional.linear(context, o_w, o_b), (WIDTH,), n1_w, n1_b, 1e-12)
    inner = functional.gelu(functional.linear(x, up_w, up_b))
    return functional.layer_norm(x + functional.linear(inner, down_w, down_b), (WIDTH,), n2_w, n2_b, 1e-12)


def main():
    length = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    sequences = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    torch.set_num_threads(1)
    x = numbers((sequences, length, WIDTH), 1, 1).requires_grad_()
    d_y = numbers((sequences, length, WIDTH), 1, 2)
    weights = parameters()
    y = layer(x, weights)
    y.backward(d_y)
    found = [one.grad.double().norm().item() for one in weights]
    pairs = ", ".join(f"{found[i]:.6g} {found[i + 1]:.6g}" for i in range(0, 10, 2))
    print(f"  lengths: y {y.double().norm().item():.6g}, {pairs}, norms {found[10]:.6g} {found[12]:.6g}, d_x {x.grad.double().norm().item():.6g}")
    best = 1e9
    for _ in range(40):
        start = time.perf_counter()
        layer(x, weights).backward(d_y)
        best = min(best, time.perf_counter() - start)
    print(f"  PyTorch  {sequences * length / best:8.0f} tokens/s")


if __name__ == "__main__":
    main()
