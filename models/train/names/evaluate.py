"""Precision, recall and F2 by type (overlap of spans), and false alarms on ordinary prompts."""

import argparse
import gzip
import hashlib
import json
import time
from pathlib import Path

import numpy as np

import tags
from head import Head
from states import LAYERS, Cached, encode

# What the runtime takes no notice of as it comes (pii.min_score).
MIN_SCORE = 0.5
GPE = {"GPE": "LOCATION", "STREET_ADDRESS": "ADDRESS"}


def sure(spans):
    return [s for s in spans if s[3] >= MIN_SCORE]


def lowered(surface):
    out = surface.copy()
    out[:, :4] = 0
    out[:, 14] = 0
    return out


def figures(counts):
    out = {}
    for kind, (found, right, gold, hit) in counts.items():
        p, r = right / max(found, 1), hit / max(gold, 1)
        out[kind] = (p, r, tags.fbeta(p, r), int(gold))
    return out


def on_cached(head, cached, lower=False):
    surface = lowered(cached.surface) if lower else cached.surface
    store = cached.__dict__.setdefault("hidden", {})
    t = head.tensors
    key = (tuple(head.layers), lower, hash(t["hidden.weight"].tobytes()))
    if store.get("key") != key:
        weight, n = t["hidden.weight"].astype(np.float32).T, 384 * len(head.layers)
        hidden = surface.astype(np.float32) @ weight[n:] + t["hidden.bias"]
        if cached.layers == head.layers:
            hidden += cached.states.astype(np.float32) @ weight[:n]
        else:
            for i, l in enumerate(head.layers):
                hidden += cached.states[:, LAYERS.index(l)].astype(np.float32) @ weight[384 * i : 384 * (i + 1)]
        store["key"], store["h"] = key, np.maximum(hidden, 0)
    logp = tags.log_softmax(store["h"] @ t["output.weight"].T + t["output.bias"])
    counts = {k: np.zeros(4, int) for k in tags.TYPES}
    for w in cached.windows:
        a = w["first"]
        found = sure(tags.spans_of(logp[a : a + len(w["offsets"])], w["offsets"]))
        unknown = [s for s in w["spans"] if "|" in s[2] or s[2] == "?"]
        found = [f for f in found if not any(f[0] < u[1] and u[0] < f[1] for u in unknown)]
        for kind, c in tags.score_spans(w["spans"], found).items():
            counts[kind] += c
    return figures(counts)


def table(name, result):
    cells = [f"{k[:4]} P {p:.3f} R {r:.3f} F2 {f:.3f} ({n})" for k, (p, r, f, n) in result.items()]
    return f"{name:22s} " + " | ".join(cells)


class Reader:
    """Texts to spans: the way of the runtime, on the f32 encoder."""

    def __init__(self, encoder, head):
        import torch
        from transformers import BertModel
        torch.set_num_threads(1)
        self.tok, self.head = tags.tokenizer(encoder), head
        self.model = BertModel.from_pretrained(encoder, add_pooling_layer=False).eval()
        self.ends = self.tok.token_to_id("[CLS]"), self.tok.token_to_id("[SEP]")

    def many(self, texts):
        """Spans of each text; the windows of all of them are encoded in batches of like length."""
        parts = [(i, ids, offsets) for i, text in enumerate(texts) for ids, offsets in tags.windows(self.tok, text)]
        parts.sort(key=lambda p: len(p[1]))
        out, at = [[] for _ in texts], 0
        while at < len(parts):
            stop = at + 1
            while stop < len(parts) and (stop - at + 1) * (len(parts[stop][1]) + 2) <= 6000:
                stop += 1
            states = encode(self.model, [ids for _, ids, _ in parts[at:stop]], *self.ends).numpy()
            for (i, ids, offsets), x in zip(parts[at:stop], states):
                lo, hi = offsets[0][0], offsets[-1][1]
                rows = tags.surface(texts[i][lo:hi], [(a - lo, b - lo) for a, b in offsets])
                out[i] += tags.spans_of(self.head.logp(x[1 : len(ids) + 1], rows, LAYERS), offsets)
            at = stop
        return out


def presidio(reader, path):
    counts, missed = {k: np.zeros(4, int) for k in tags.TYPES}, {}
    rows = [json.loads(line) for line in (gzip.open(path, "rt") if str(path).endswith(".gz") else open(path))]
    for row, found in zip(rows, reader.many([row["text"] for row in rows])):
        gold = [[s["start"], s["end"], GPE.get(s["type"], s["type"])] for s in row["spans"]]
        found = sure(tags.whole_addresses(row["text"], found))
        for kind, c in tags.score_spans(gold, found).items():
            counts[kind] += c
        for g in gold:
            if g[2] in tags.TYPES:
                kinds = {f[2] for f in found if f[0] < g[1] and g[0] < f[1]}
                if g[2] not in kinds:
                    said = (g[2], "as " + (sorted(kinds)[0] if kinds else "nothing"))
                    missed[said] = missed.get(said, 0) + 1
    return figures(counts), missed


def ordinary(reader, path, per=200, show=0):
    by = {}
    for line in gzip.open(path, "rt"):
        row = json.loads(line)
        if row["source"] in ("clinc", "self-instruct-t0", "gsm_train", "banking77") and row["label"] == 0:
            by.setdefault(row["source"], []).append(row["text"])
    said = []
    for source, texts in sorted(by.items()):
        texts = texts[:: max(1, len(texts) // per)][:per]
        kinds, rows, seen, words = {k: 0 for k in tags.TYPES}, {k: 0 for k in tags.TYPES}, [], 0
        texts = [text[:1500] for text in texts]
        for text, found in zip(texts, reader.many(texts)):
            words += len(text.split())
            found = sure(tags.whole_addresses(text, found))
            for k in tags.TYPES:
                n = sum(f[2] == k for f in found)
                kinds[k] += n
                rows[k] += n > 0
            seen += [(k[:4], text[a:b]) for a, b, k, _ in found]
        print(f"ordinary {source} ({len(texts)} texts, {words} words): " + " ".join(f"{k[:4]} {kinds[k]} in {rows[k]}" for k in tags.TYPES), flush=True)
        said.append(f"{source} " + " ".join(str(kinds[k]) for k in tags.TYPES))
        if show:
            step = max(1, len(seen) // show)
            print("   ", seen[::step][:show])
    return said


def written(card, path, rows, alarms):
    """The card with these figures, and with whose they are."""
    begin, end = "<!-- evaluate.py wrote this -->\n", "<!-- until here -->"
    before, rest = card.read_text().split(begin)
    figure = lambda p, r, f, n: f"{p:.2f} / {r:.2f} / {f:.2f}".replace("0.", ".").replace("1.00", "1") if n else "–"
    lines = [f"SHA-256 of the file: `{hashlib.sha256(Path(path).read_bytes()).hexdigest()}`, {Path(path).stat().st_size:,} bytes.", "",
             "| set | " + " | ".join(tags.TYPES) + " |", "|" + "---|" * 5]
    lines += [f"| {name} | " + " | ".join(figure(*result[k]) for k in tags.TYPES) + " |" for name, result in rows]
    if alarms:
        lines += ["", "Spans on 200 ordinary prompts of each source (PERSON LOCATION ORGANIZATION ADDRESS): " + " · ".join(alarms) + "."]
    card.write_text(before + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1])


NAMES = {"dev_made": "own templates, held out", "dev_made3": "own templates of places and address blocks, held out", "dev_emerging": "WNUT-17 development", "dev_btc": "Broad Twitter h"}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--head", default="out/tokens.safetensors")
    ask.add_argument("--encoder", default="minilm")
    ask.add_argument("--cache", default="cache")
    ask.add_argument("--shared", default="data")
    ask.add_argument("--own", default=str(Path(__file__).parents[3] / "tests/data/guard/pii.jsonl"))
    ask.add_argument("--presidio", action="store_true", help="the final look; not to be tuned on")
    ask.add_argument("--quick", action="store_true", help="without the ordinary prompts")
    ask.add_argument("--show", type=int, default=0)
    ask.add_argument("--card", type=Path, help="write the figures into it")
    a = ask.parse_args()
    head, rows, alarms = Head.load(a.head), [], []
    for name in ("dev_made", "dev_made3", "dev_emerging", "dev_btc"):
        cached = Cached(Path(a.cache) / name)
        for lower in (False, True):
            result = on_cached(head, cached, lower)
            rows.append((f"{NAMES[name]} ({len(cached.windows):,})" if not lower else "the same in lower case", result))
            print(table(name + (" lowered" if lower else ""), result))
    reader = Reader(a.encoder, head)
    if not a.quick:
        alarms = ordinary(reader, f"{a.shared}/guard/jailbreak_train.jsonl.gz", show=a.show)
    if a.presidio:
        began = time.time()
        result, missed = presidio(reader, f"{a.shared}/guard/pii_dev.jsonl.gz")
        own, _ = presidio(reader, a.own)
        print(table("own texts", own))
        print(table("pii_dev", result), f"{time.time() - began:.0f} s")
        print("   missed", missed)
        rows += [("own texts, 360", own), ("Presidio synthetic, 492 sentences", result)]
    if a.card:
        written(a.card, a.head, rows, alarms)


if __name__ == "__main__":
    main()
