"""Runs the frozen encoder over a set and keeps what the head is trained on: states, surface features, targets.

One folder a set: states.f16 [pieces, layers, 384], surface.u8 [pieces, 16], targets.i32 [pieces], and windows.jsonl with
the text, the offsets and the first piece of each window. A folder that is newer than its set is left as it is.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from transformers import BertModel

import tags

LAYERS = [0, 3, 4, 5, 6]
# In bfloat16 the states differ by 0.75 % of their spread, less than the served int8 encoder's do, in a third of the time.
SHORT = True


def cut(rows, tok):
    """Windows with what the head needs besides the states."""
    for row in rows:
        made = tok.encode(row["text"], add_special_tokens=False)
        goal = tags.targets(made.offsets, row["spans"], row["open"])
        for at in range(0, len(made.ids), tags.WINDOW):
            offsets = made.offsets[at : at + tags.WINDOW]
            # what the runtime's window would be: its own stretch of the text
            lo = 0 if at == 0 else offsets[0][0]
            hi = len(row["text"]) if at + tags.WINDOW >= len(made.ids) else offsets[-1][1]
            part = row["text"][lo:hi]
            moved = [(a - lo, b - lo) for a, b in offsets]
            spans = [[max(a, lo) - lo, min(b, hi) - lo, k] for a, b, k in row["spans"] if a < hi and b > lo]
            yield {"text": part, "ids": made.ids[at : at + tags.WINDOW], "offsets": moved, "spans": spans, "set": row["set"],
                   "targets": goal[at : at + tags.WINDOW]}


@torch.inference_mode()
def encode(model, batch, cls, sep):
    width = max(len(ids) for ids in batch) + 2
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros(len(batch), width, dtype=torch.long)
    for i, x in enumerate(batch):
        ids[i, : len(x) + 2] = torch.tensor([cls, *x, sep])
        mask[i, : len(x) + 2] = 1
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=SHORT):
        out = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
    return torch.stack([out[l].float() for l in LAYERS], 2)


def build(name, source, target, tok, model):
    made = [w for w in cut(tags.read_jsonl(source), tok) if w["ids"]]
    first, total = [], 0
    for w in made:
        first.append(total)
        total += len(w["ids"])
    target.mkdir(parents=True, exist_ok=True)
    if (target / "windows.jsonl").exists():
        before = Cached(target).windows
        if len(before) == len(made) and all(b["text"] == w["text"] and b["set"] == w["set"] for b, w in zip(before, made)):
            # the same texts with other labels: the states stand
            np.concatenate([np.array(w["targets"], np.int32) for w in made]).tofile(target / "targets.i32")
            listed(made, first, target)
            print(f"{name}: labels only", flush=True)
            return
    states = np.memmap(target / "states.f16", np.float16, "w+", shape=(total, len(LAYERS), 384))
    surface, goals = np.zeros((total, tags.SURFACE), np.uint8), np.zeros(total, np.int32)
    cls, sep = tok.token_to_id("[CLS]"), tok.token_to_id("[SEP]")
    order, at, began = sorted(range(len(made)), key=lambda i: len(made[i]["ids"])), 0, time.time()
    while at < len(order):
        stop = at
        while stop < len(order) and (stop - at + 1) * (len(made[order[stop]]["ids"]) + 2) <= 6000:
            stop += 1
        stop = max(stop, at + 1)
        batch = [made[i] for i in order[at:stop]]
        out = encode(model, [w["ids"] for w in batch], cls, sep).to(torch.float16).numpy()
        for i, w, x in zip(order[at:stop], batch, out):
            n = len(w["ids"])
            states[first[i] : first[i] + n] = x[1 : n + 1]
            surface[first[i] : first[i] + n] = tags.surface(w["text"], w["offsets"])
            goals[first[i] : first[i] + n] = w["targets"]
        at = stop
    states.flush()
    surface.tofile(target / "surface.u8")
    goals.tofile(target / "targets.i32")
    listed(made, first, target)
    print(f"{name}: {len(made)} windows, {total} pieces, {total / (time.time() - began):.0f} pieces/s", flush=True)


def listed(made, first, target):
    with open(target / "windows.jsonl", "w") as f:
        for w, start in zip(made, first):
            f.write(json.dumps({"text": w["text"], "offsets": w["offsets"], "spans": w["spans"], "set": w["set"], "first": start}, ensure_ascii=False) + "\n")


class Cached:
    """A set as `build` left it; `layers` are read into memory, none leaves the states on disk."""

    def __init__(self, folder, layers=None):
        self.windows = tags.read_jsonl(folder / "windows.jsonl")
        self.targets = np.fromfile(folder / "targets.i32", np.int32)
        self.surface = np.fromfile(folder / "surface.u8", np.uint8).reshape(-1, tags.SURFACE)
        self.states = np.memmap(folder / "states.f16", np.float16, "r").reshape(-1, len(LAYERS), 384)
        if layers is not None:
            columns = [LAYERS.index(l) for l in layers]
            held = np.empty((len(self.targets), len(layers) * 384), np.float16)
            for at in range(0, len(held), 50_000):
                held[at : at + 50_000] = self.states[at : at + 50_000][:, columns].reshape(-1, held.shape[1])
            self.states = held
        self.layers = layers
        self.start = np.array([w["first"] for w in self.windows] + [len(self.targets)])


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--encoder", default="minilm")
    ask.add_argument("--data", default="data")
    ask.add_argument("--cache", default="cache")
    ask.add_argument("sets", nargs="*")
    a = ask.parse_args()
    torch.set_num_threads(1)
    tok = tags.tokenizer(a.encoder)
    model = BertModel.from_pretrained(a.encoder, add_pooling_layer=False).eval()
    for source in sorted(Path(a.data).glob("*.jsonl")):
        target = Path(a.cache) / source.stem
        if a.sets and source.stem not in a.sets:
            continue
        done = target / "windows.jsonl"
        if not done.exists() or os.path.getmtime(done) < os.path.getmtime(source):
            build(source.stem, source, target, tok, model)


if __name__ == "__main__":
    main()
