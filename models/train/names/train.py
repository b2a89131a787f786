"""Trains the token head on cached states of the frozen encoder. Deterministic for a given cache and seed."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

import tags
from evaluate import on_cached, table
from head import Head
from states import Cached

# How often a set's windows are seen in one epoch.
SETS = {"made": 1.0, "made2": 1.5, "made3": 1.0, "wnut": 2.0, "btc": 1.0, "edited": 1.0, "nordic": 0.5, "romance": 0.35, "europeana": 0.7, "assistant": 0.6, "gsm": 0.7, "ordinary": 1.0}

MASKED = ("PERSON", "ADDRESS")
# Beyond these, more of them are seen in ordinary prompts than the head before this one saw.
MOST = {"PERSON": 1.5, "ADDRESS": 0.5}


def recase(surface, goals, window, rng):
    """The encoder knows no case, so another case of the same text is another set of surface features."""
    pick = rng.random(window.max() + 1)[window]
    word = (surface[:, 6] == 0) & (surface[:, 5] == 0)
    low = pick < 0.25
    surface[low, :4] = 0
    surface[low, 14] = 0
    upper = (pick >= 0.25) & (pick < 0.285) & word
    surface[upper, 0] = surface[upper, 7]
    surface[upper, 1] = 1
    surface[upper, 2] = 1 - surface[upper, 13]
    surface[upper, 3] = 0
    headline = (pick >= 0.285) & (pick < 0.315) & word
    surface[headline, 0] = surface[headline, 7]
    surface[headline, 1] = 1
    sloppy = (pick >= 0.315) & (pick < 0.36) & (goals != 1)
    surface[sloppy, :4] = 0


def loss_of(logits, goals, bits):
    logp = torch.log_softmax(logits, 1)
    may = (goals[:, None] & bits) != 0
    kept = goals != 0
    return -torch.logsumexp(logp.masked_fill(~may, -1e4), 1)[kept].mean()


def fit(sets, layers, width, epochs, seed, lr=2e-3, noise=0.05, drop=0.1, share=1.0, log=print, batch=128):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = 384 * len(layers)
    index = [(s, i) for s in sets for i in range(len(sets[s].windows))]
    sample = [index[i] for i in rng.permutation(len(index))[:3000]]
    rows = np.concatenate([sets[s].states[sets[s].start[i] : sets[s].start[i + 1]] for s, i in sample]).astype(np.float32)
    mean, std = torch.tensor(rows.mean(0)), torch.tensor(rows.std(0) + 1e-3)
    for c in sets.values():
        # once here and not for each batch, where it would cost more than the head itself
        for at in range(0, len(c.states), 50_000):
            c.states[at : at + 50_000] = ((c.states[at : at + 50_000].astype(np.float32) - mean.numpy()) / std.numpy()).astype(np.float16)
    hidden = torch.nn.Linear(inputs + tags.SURFACE, width)
    output = torch.nn.Linear(width, len(tags.LABELS))
    params = list(hidden.parameters()) + list(output.parameters())
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=1e-3)
    bits = torch.tensor([1 << i for i in range(len(tags.LABELS))], dtype=torch.int32)
    per_epoch = sum(int(len(c.windows) * SETS.get(s, 1.0) * share) for s, c in sets.items())
    # One bank of noise, read from a random row on: drawing it anew would cost more than the head itself.
    jitter = noise * torch.randn(30_000, inputs)
    steps, step, began = max(1, epochs * per_epoch // batch), 0, time.time()
    total = 0.0
    for epoch in range(epochs):
        chosen = []
        for s, c in sets.items():
            times = SETS.get(s, 1.0) * share
            order = np.concatenate([rng.permutation(len(c.windows)) for _ in range(int(np.ceil(times)))])[: int(len(c.windows) * times)]
            chosen += [(s, i) for i in order]
        chosen = [chosen[i] for i in rng.permutation(len(chosen))]
        for at in range(0, len(chosen) - batch + 1, batch):
            part = chosen[at : at + batch]
            cuts = [(sets[s], sets[s].start[i], sets[s].start[i + 1]) for s, i in part]
            x = torch.from_numpy(np.concatenate([c.states[a:b] for c, a, b in cuts])).float()
            surface = np.concatenate([c.surface[a:b] for c, a, b in cuts])
            goals = np.concatenate([c.targets[a:b] for c, a, b in cuts])
            recase(surface, goals, np.repeat(np.arange(len(cuts)), [b - a for _, a, b in cuts]), rng)
            if noise:
                x += jitter[torch.randint(0, len(jitter) - len(x), ()) :][: len(x)]
            marks = torch.nn.functional.linear(torch.from_numpy(surface).float(), hidden.weight[:, inputs:], hidden.bias)
            h = torch.relu(marks + torch.nn.functional.linear(x, hidden.weight[:, :inputs]))
            loss = loss_of(output(torch.nn.functional.dropout(h, drop)), torch.from_numpy(goals), bits)
            for g in opt.param_groups:
                done = step / steps
                g["lr"] = lr * min(1.0, step / 100 + 0.01) * 0.5 * (1 + np.cos(np.pi * min(done, 1.0)))
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
            total = 0.99 * total + 0.01 * loss.item()
        log(f"  epoch {epoch + 1}: loss {total:.4f}, {time.time() - began:.0f} s", flush=True)
    w, b = hidden.weight.detach().clone(), hidden.bias.detach().clone()
    n = inputs
    b -= (w[:, :n] * (mean / std)).sum(1)
    w[:, :n] /= std
    return Head(list(layers), w.numpy(), b.numpy(), output.weight.detach().numpy(), output.bias.detach().numpy())


def offsets(head, dev, moves=np.arange(0.25, 1.76, 0.25), passes=2):
    """One offset a type on its two labels, folded into the output's bias: F2 decides, for the kinds that are masked by default, and half as much the mean of F1 and F2 for the others.

    One type at a time and then once more, since what one type gains another may lose.
    """
    base, chosen = head.tensors["output.bias"].copy(), {k: 0.5 for k in tags.TYPES}

    def put():
        head.tensors["output.bias"] = base.copy()
        for kind, move in chosen.items():
            head.tensors["output.bias"][[tags.BEGIN[kind], tags.BEGIN[kind] + 1]] += move

    def value():
        put()
        marks = [((r[k][2] if k in MASKED else (tags.fbeta(r[k][0], r[k][1], 1.0) + r[k][2]) / 2), 2 if k in MASKED else 1) for r in (on_cached(head, c, lower) for c, lower in dev) for k in tags.TYPES if r[k][3] >= 50]
        return float(np.average([m for m, _ in marks], weights=[w for _, w in marks]))

    for turn in range(passes):
        for kind in tags.TYPES:
            near = moves if turn == 0 else [chosen[kind] - 0.25, chosen[kind], chosen[kind] + 0.25]
            marks = []
            for move in near:
                chosen[kind] = float(move)
                marks.append((value(), float(move)))
            chosen[kind] = max(marks)[1]
    chosen = {kind: min(move, MOST.get(kind, move)) for kind, move in chosen.items()}
    put()
    return chosen


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--cache", default="cache")
    ask.add_argument("--out", default="out/tokens.safetensors")
    ask.add_argument("--layers", default="3,6")
    ask.add_argument("--width", type=int, default=64)
    ask.add_argument("--epochs", type=int, default=6)
    ask.add_argument("--seed", type=int, default=6)
    ask.add_argument("--share", type=float, default=1.0)
    ask.add_argument("--sets", default=",".join(SETS))
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--no-offsets", action="store_true")
    ask.add_argument("--tune", help="take this head as it is and only choose its offsets")
    ask.add_argument("--lr", type=float, default=2e-3)
    ask.add_argument("--drop", type=float, default=0.1)
    ask.add_argument("--noise", type=float, default=0.05)
    a = ask.parse_args()
    torch.set_num_threads(a.threads)
    cache = Path(a.cache)
    layers = [int(l) for l in a.layers.split(",")]
    if a.tune:
        head = Head.load(a.tune)
        layers = head.layers
    else:
        sets = {s: Cached(cache / s, layers) for s in a.sets.split(",") if (cache / s / "windows.jsonl").exists()}
        print(f"layers {a.layers} width {a.width}: {sum(len(c.windows) for c in sets.values())} windows, {sum(len(c.targets) for c in sets.values())} pieces of {list(sets)}")
        head = fit(sets, layers, a.width, a.epochs, a.seed, share=a.share, lr=a.lr, drop=a.drop, noise=a.noise)
    dev = {d: Cached(cache / d, layers) for d in ("dev_made", "dev_made3", "dev_emerging", "dev_btc") if (cache / d / "windows.jsonl").exists()}
    if not a.no_offsets:
        half = [(c, False) for c in dev.values()] + [(dev["dev_made"], True), (dev["dev_made3"], True)]
        print("offsets", json.dumps(offsets(head, half)))
    head.save(a.out)
    head = Head.load(a.out)
    for d, c in dev.items():
        for lower in (False, True):
            print(table(f"{d}{' lowered' if lower else ''}", on_cached(head, c, lower)))


if __name__ == "__main__":
    main()
