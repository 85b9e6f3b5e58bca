#!/usr/bin/env python3
"""What tests/bench/training_bench.cpp does, with PyTorch: four layers, 128 pairs a step, two threads.

  training_torch.py LENGTHS [STEPS]

Pairs stand in batches of eight, padded to the longest with a mask, once in the order of the file and once sorted by
length; the quicker of the two counts. Needs torch.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, INNER, LAYERS, STEP = 384, 12, 1536, 4, 128
BATCHES = (8, 32)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.output_norm = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x, mask):
        batch, tokens, _ = x.shape
        split = self.query_key_value(x).view(batch, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(split[0], split[1], split[2], attn_mask=mask)
        x = self.attention_norm(x + self.output(context.transpose(1, 2).reshape(batch, tokens, WIDTH)))
        return self.output_norm(x + self.down(F.gelu(self.up(x))))


def seconds_of_step(model, head, optimiser, lengths, batch):
    started = time.perf_counter()
    optimiser.zero_grad()
    for first in range(0, STEP, batch):
        some = lengths[first:first + batch]
        longest = max(some)
        x = torch.randn(len(some), longest, WIDTH)
        real = torch.arange(longest)[None, :] < torch.tensor(some)[:, None]
        mask = None if min(some) == longest else real[:, None, None, :]
        for layer in model:
            x = layer(x, mask)
        pooled = (x * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)
        head(pooled).sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return time.perf_counter() - started


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lengths = [sum(map(int, line.split())) for line in file][:STEP]
    lengths = [lengths[i % len(lengths)] for i in range(STEP)]
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    torch.set_num_threads(2)
    model = nn.ModuleList(Layer() for _ in range(LAYERS))
    head = nn.Linear(WIDTH, 1)
    optimiser = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=1e-5)
    best = {}
    for batch in BATCHES:
        for name, order in (("as they come", lengths), ("sorted by length", sorted(lengths))):
            best[f"batch {batch}, {name}"] = min(
                seconds_of_step(model, head, optimiser, order, batch) for _ in range(steps))
    for name, seconds in best.items():
        print(f"PyTorch  {STEP / seconds:.1f} pairs/s, {name}")


if __name__ == "__main__":
    main()
