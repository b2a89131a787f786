"""Trains the jailbreak head and writes `jailbreak.safetensors`, `report.json` and `card.md`.

    train.py --rows rows.jsonl --features guard_features --encoder all-MiniLM-L6-v2 --out out

Three parts: a logistic regression over hashed n-grams, a small network over the encoder's windows, and a logistic
stack over both and the rule families. The stack and the thresholds see only scores of models that had not seen an
attack's group, nor a benign row's text. Everything is seeded; on one machine two runs give the same bytes.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import multiprocessing
import pathlib

import numpy as np
import torch

import card
import tensors
from features import BUCKETS, Seen

SEED = 7
HIDDEN = 48
RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
# The logit of what has no words.
NOTHING = -3.0
# The logit of n-grams that says nothing more where a rule hits.
FLOOR = -2.0
# Families that are no manipulation by themselves.
MANNERS = {"about", "decoded", "gibberish", "hidden"}
# How much less an undone encoding may count: in two views, one is sooner taken for an attack by chance.
DECODED = -0.4
# What workers share with the process that forked them.
SHARED = {}

# The mix of ordinary traffic on which thresholds are taken: a kind's share, spread evenly over its groups' rows.
MIX = {
    "chat": (0.42, "clinc banking77 oasst fuzzyai wildguard notinject_one gsm_train".split()),
    "instructions": (0.30, "self-instruct-t0 arena seed".split()),
    "code and tools": (0.12, "mitrefrr bfcl bipia garak".split()),
    "other languages": (0.08, "chinese deepset_train own.languages".split()),
    "role play and fiction": (0.03, "own.roleplay own.fiction_sensitive".split()),
    "hard": (0.03, "own.triggers own.security_talk own.system_prompt own.dangerous_sounding own.english_pairs own.documents own.hard_mixed own.code_structured own.chat".split()),
    "carriers and encodings": (0.02, "own.encodings own.encoded own.carriers".split()),
}


# === N-grams ===


def entries(seen: Seen, chosen: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, values and starts of the rows of a sparse matrix: a row for each segment chosen."""
    columns, values, starts = [], [], np.zeros(len(chosen) + 1, np.int64)
    for at, i in enumerate(chosen):
        count = 0
        for offset, table in ((0, seen.words), (BUCKETS, seen.chars)):
            buckets = table.buckets[table.starts[i] : table.starts[i + 1]]
            mine, often = np.unique(buckets[usable[offset + buckets]] + np.int32(offset), return_counts=True)
            columns.append(mine)
            values.append((often / math.sqrt(max(len(buckets), 1))).astype(np.float32))
            count += len(mine)
        starts[at + 1] = starts[at] + count
    return np.concatenate(columns), np.concatenate(values), starts


def sparse(columns: np.ndarray, values: np.ndarray, starts: np.ndarray, width: int) -> torch.Tensor:
    """The matrix of these rows."""
    return torch.sparse_csr_tensor(torch.from_numpy(starts.astype(np.int32)), torch.from_numpy(columns), torch.from_numpy(values), (len(starts) - 1, width))


class Product(torch.autograd.Function):
    """A sparse matrix times a vector, with the transpose at hand for the gradient."""

    @staticmethod
    def forward(context, weights, matrix, transpose):
        context.transpose = transpose
        return matrix @ weights

    @staticmethod
    def backward(context, gradient):
        return context.transpose @ gradient, None, None


class Grams:
    """The logistic regression over words' and characters' buckets of wide segments; near ones are only read with it."""

    def __init__(self, seen: Seen, groups: list[str]):
        usable = self.usable(seen, groups)
        columns, values, starts = entries(seen, np.nonzero(~seen.near)[0], usable)
        self.matrix = sparse(columns, values, starts, 2 * BUCKETS)
        rows = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
        order = np.argsort(columns, kind="stable")
        begin = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=2 * BUCKETS))])
        self.transpose = sparse(rows[order], values[order], begin, len(starts) - 1)
        self.near = sparse(*entries(seen, np.nonzero(seen.near)[0], usable), 2 * BUCKETS)

    @staticmethod
    def usable(seen: Seen, groups: list[str]) -> np.ndarray:
        """Which buckets stand in at least three rows and two groups."""
        rows, kinds = np.zeros(2 * BUCKETS, np.int32), np.zeros(2 * BUCKETS, np.int32)
        number = {group: i for i, group in enumerate(sorted(set(groups)))}
        known = np.zeros((len(number), 2 * BUCKETS), bool)
        for i, row in enumerate(seen.segment_row):
            if seen.near[i]:
                continue
            for offset, table in ((0, seen.words), (BUCKETS, seen.chars)):
                buckets = offset + table.buckets[table.starts[i] : table.starts[i + 1]]
                rows[buckets] += 1
                known[number[groups[row]], buckets] = True
        kinds = known.sum(0)
        return (rows >= 3) & (kinds >= 2)

    def fit(self, labels: torch.Tensor, weights: torch.Tensor, l2: float, start=None) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights and bias; `weights` of segments that are left out are zero."""
        w = torch.zeros(2 * BUCKETS) if start is None else start[0].clone()
        b = torch.zeros(1) if start is None else start[1].clone()
        w.requires_grad_(), b.requires_grad_()
        solver = torch.optim.LBFGS([w, b], max_iter=18, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7)

        def closure():
            solver.zero_grad()
            logits = Product.apply(w, self.matrix, self.transpose) + b
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, weights, reduction="sum") + l2 * (w * w).sum()
            loss.backward()
            return loss

        solver.step(closure)
        return w.detach(), b.detach()

    def logits(self, fitted) -> np.ndarray:
        """The logit of each wide segment."""
        return (self.matrix @ fitted[0] + fitted[1]).numpy()

    def near_logits(self, fitted) -> np.ndarray:
        """The logit of each near one."""
        return (self.near @ fitted[0] + fitted[1]).numpy()


# === The network over windows ===


class Head(torch.nn.Module):
    """384 → HIDDEN → 1."""

    def __init__(self):
        super().__init__()
        self.hidden, self.output = torch.nn.Linear(384, HIDDEN), torch.nn.Linear(HIDDEN, 1)

    def forward(self, windows, drop: float = 0.0):
        """The logit of each window."""
        states = torch.relu(self.hidden(torch.nn.functional.dropout(windows, drop * 0.3, drop > 0)))
        return self.output(torch.nn.functional.dropout(states, drop, drop > 0)).squeeze(1)


def fit_head(windows: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, epochs: int, seed: int = SEED) -> Head:
    """A trained head; windows of weight zero are left out."""
    torch.manual_seed(seed)
    head = Head()
    kept = torch.nonzero(weights > 0).squeeze(1)
    solver = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=0.03)
    steps = epochs * math.ceil(len(kept) / 1024)
    schedule = torch.optim.lr_scheduler.OneCycleLR(solver, 4e-3, total_steps=steps)
    scale = len(kept) / float(weights.sum())
    for _ in range(epochs):
        order = kept[torch.randperm(len(kept))]
        for part in order.split(1024):
            noise = torch.randn(len(part), windows.shape[1]) * 0.01
            logits = head(windows[part] * math.sqrt(384) / 8 + noise, 0.3)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[part] * 0.98 + 0.01, weights[part] * scale)
            solver.zero_grad()
            loss.backward()
            solver.step()
            schedule.step()
    return head


@torch.inference_mode()
def head_logits(head: Head, windows: torch.Tensor) -> torch.Tensor:
    """The logit of each window."""
    return head(windows * math.sqrt(384) / 8)


# === Rows ===


def row_weights(rows: list[dict]) -> np.ndarray:
    """Weights that give a group the square root of its size, and benign rows twice the attacks' total."""
    sizes = collections.Counter((row["label"], row["group"]) for row in rows)
    total = {label: sum(math.sqrt(n) for (own, _), n in sizes.items() if own == label) for label in (0, 1)}
    share = {0: 2 / 3, 1: 1 / 3}
    weights = [share[r["label"]] * math.sqrt(sizes[r["label"], r["group"]]) / sizes[r["label"], r["group"]] / total[r["label"]] for r in rows]
    return np.array([weight * WEIGHT.get(row["group"], 1) for weight, row in zip(weights, rows)], np.float32)


# Own families that share words are left out together.
TOGETHER = {
    "own.pressure": "own.override",
    "own.obfuscation": "own.override",
    "own.access_code": "own.extraction",
    "own.fiction": "own.persona",
    "own.forged": "own.persona",
    "own.encoded": "own.indirect",
}

# Benign twins of attacks are left out with them.
SAME_DOCUMENTS = {
    "b.bipia": "bipia",
    "b.garak": "latent",
    "b.guides": "guides",
    "b.own.carriers": "own.indirect",
    "b.own.encodings": "own.indirect",
    "b.own.languages": "own.languages",
}
# Tasks planted without a word of override: too many of them teach that any request in a document is an attack.
WEIGHT = {"bipia": 0.3}
# Ordinary texts that look like attacks, few as they are, decide where the line runs.
WEIGHT |= {f"b.own.{name}": 1.5 for name in "triggers security_talk hard_mixed english_pairs system_prompt encodings carriers".split()}
WEIGHT |= {"b.notinject_one": 1.5, "b.own.documents": 2.5, "b.own.everyday": 2, "b.own.translations": 2, "b.own.chat": 2}


def folds(rows: list[dict]) -> tuple[np.ndarray, list[str]]:
    """The fold of each row. An attack group is one fold with its benign twins; other benign rows are spread."""
    attack = sorted({TOGETHER.get(row["group"], row["group"]) for row in rows if row["label"]})
    place = {group: i for i, group in enumerate(attack)}
    place |= {group: place[name] for group, name in TOGETHER.items() if name in place}
    place |= {benign: place[attack] for benign, attack in SAME_DOCUMENTS.items() if attack in place}
    found, seen = [], collections.Counter()
    for row in rows:
        group = row["group"]
        seen[group] += 1
        found.append(place[group] if group in place else seen[group] * 7 % len(attack))
    return np.array(found), attack


def most(values: np.ndarray, row_of: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest value of each row, and the mean of its two largest."""
    first, second = np.full(count, -np.inf, np.float32), np.full(count, -np.inf, np.float32)
    for value, row in zip(values, row_of):
        if value > first[row]:
            first[row], second[row] = value, first[row]
        elif value > second[row]:
            second[row] = value
    # A text of invisible characters alone has no part at all; it says nothing.
    first = np.where(np.isinf(first), NOTHING, first)
    second = np.where(np.isinf(second), first, second)
    return first, (first + second) / 2


class Bags:
    """Fits both models on parts (segments, windows) of rows: an attack is one where any part is, so that after a
    first fit only the parts that look most like it, and every benign part, count."""

    def __init__(self, rows: list[dict], seen: Seen, options):
        self.rows, self.seen, self.options = rows, seen, options
        self.labels = np.array([row["label"] for row in rows])
        self.weights = row_weights(rows)
        self.grams = Grams(seen, [row["group"] for row in rows])
        self.windows = torch.from_numpy(seen.windows)

    def part_weights(self, row_of: np.ndarray, keep: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
        """Weights of parts, given which rows are kept and the parts' scores of the last round."""
        count = np.bincount(row_of, minlength=len(self.rows))
        weights = self.weights[row_of] * keep[row_of] / np.sqrt(count[row_of])
        positive = self.labels[row_of] == 1
        if scores is not None:
            top, _ = most(scores, row_of, len(self.rows))
            near = scores >= top[row_of] - 0.7
            weights = np.where(positive & ~near, 0, weights)
        return weights.astype(np.float32) * 1e4

    def fit(self, keep: np.ndarray):
        """Both models, trained on the rows kept."""
        segment_row = self.seen.segment_row[~self.seen.near]
        labels = torch.from_numpy(self.labels[segment_row].astype(np.float32))
        scores, fitted = None, None
        for _ in range(2):
            weights = self.part_weights(segment_row, keep, scores)
            fitted = self.grams.fit(labels, torch.from_numpy(weights), self.options.l2, fitted)
            scores = self.grams.logits(fitted)
        labels = torch.from_numpy(self.labels[self.seen.window_row].astype(np.float32))
        own, head = None, None
        for _ in range(2):
            weights = self.part_weights(self.seen.window_row, keep, own)
            head = fit_head(self.windows, labels, torch.from_numpy(weights), self.options.epochs)
            own = head_logits(head, self.windows).numpy()
        return fitted, head

    def scores(self, fitted, head) -> np.ndarray:
        """Columns: grams, grams.near, head, head.second, ln_windows."""
        return part_scores(self.seen, self.grams.logits(fitted), self.grams.near_logits(fitted), head_logits(head, self.windows).numpy())


def part_scores(seen: Seen, wide: np.ndarray, near: np.ndarray, window_logits: np.ndarray) -> np.ndarray:
    """The stack's columns but for the rules and what depends on them."""
    count = len(seen.rules)
    grams, grams_near = (most(logits, seen.segment_row[seen.near == kind], count)[0] for logits, kind in ((wide, False), (near, True)))
    first, mean = most(window_logits, seen.window_row, count)
    # What the encoder sees twice makes a text no longer, and need not be said twice.
    windows = np.maximum(np.bincount(seen.window_row, minlength=count) - seen.repeats, 1)
    second = np.where(windows > 1, mean, first)
    return np.stack([grams, grams_near, first, second, np.log(windows).astype(np.float32)], 1)


def with_rules(scores: np.ndarray, families: list[str], rules: np.ndarray) -> np.ndarray:
    """`part_scores` in the order of `tensors.COLUMNS`: with what near segments say where a rule hits."""
    hit = rules[:, [name not in MANNERS for name in families]].any(1)
    return np.insert(scores, 2, np.where(hit, np.maximum(scores[:, 1] - FLOOR, 0), 0), 1)


# === The stack ===


def fit_stack(columns: np.ndarray, labels: np.ndarray, weights: np.ndarray, l2: float, lowest: np.ndarray) -> tuple[np.ndarray, float]:
    """A logistic regression in which a feature may take no more than `lowest` from suspicion, and the number of windows may
    not add to it."""
    x, y = torch.from_numpy(columns.astype(np.float32)), torch.from_numpy(labels.astype(np.float32))
    weight = torch.from_numpy((weights / weights.sum()).astype(np.float32))
    floor = torch.from_numpy(lowest.astype(np.float32))
    w, b = torch.full((x.shape[1],), 0.1), torch.zeros(1)
    w.requires_grad_(), b.requires_grad_()
    solver = torch.optim.Adam([w, b], lr=0.03)
    for _ in range(800):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ w + b, y, weight, reduction="sum") + l2 * (w * w).sum()
        solver.zero_grad()
        loss.backward()
        solver.step()
        with torch.no_grad():
            w[:-1] = torch.maximum(w[:-1], floor[:-1])
            w[-1].clamp_(max=0)
    return w.detach().numpy(), float(b.detach())


def mix_weights(rows: list[dict]) -> np.ndarray:
    """The weight of each benign row in ordinary traffic; attacks have none."""
    sizes = collections.Counter(row["group"] for row in rows if not row["label"])
    weights = np.zeros(len(rows))
    for share, groups in MIX.values():
        present = [f"b.{group}" for group in groups if sizes[f"b.{group}"]]
        total = sum(math.sqrt(sizes[group]) for group in present)
        for i, row in enumerate(rows):
            if row["group"] in present:
                weights[i] = share * math.sqrt(sizes[row["group"]]) / total / sizes[row["group"]]
    return weights / weights.sum()


def threshold(scores: np.ndarray, weights: np.ndarray, rate: float) -> float:
    """The score that the given share of ordinary traffic exceeds."""
    order = np.argsort(-scores, kind="stable")
    over = np.cumsum(weights[order])
    at = int(np.searchsorted(over, rate))
    return float(scores[order[min(at, len(order) - 1)]])


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def squash(logits: np.ndarray) -> np.ndarray:
    """Logits as shares."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


def main() -> None:
    """Reads the arguments, trains, reports and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=pathlib.Path, required=True)
    parser.add_argument("--features", type=pathlib.Path, required=True, help="the guard_features binary")
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("cache"))
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--l2", type=float, default=0.015)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    rows = [json.loads(line) for line in options.rows.open()]
    seen = Seen([row["text"] for row in rows], options.features, options.encoder, options.cache)
    bags = Bags(rows, seen, options)
    print(len(rows), "rows", len(seen.segment_row), "segments", len(seen.window_row), "windows", bags.grams.matrix.values().numel(), "entries", bags.grams.near.values().numel(), "near ones", flush=True)
    fold, names = folds(rows)
    whole = bags.fit(np.ones(len(rows), np.float32))
    apart = np.zeros((len(rows), 5), np.float32)
    SHARED["bags"] = bags
    with multiprocessing.get_context("fork").Pool(options.jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for number, scores in enumerate(pool.imap(left_out, [(fold, number, name) for number, name in enumerate(names)])):
            apart[fold == number] = scores[fold == number]
            print("fold", names[number], flush=True)
    families = sorted({family for found in seen.rules for family in found})
    rules = np.array([[family in found for family in families] for found in seen.rules], np.float32)
    report = {"rows": len(rows), "families": families, "mix": {kind: share for kind, (share, _) in MIX.items()}}
    columns = np.concatenate([rules, with_rules(apart, families, rules)], 1)
    mixed = mix_weights(rows)
    np.savez(options.out / "apart.npz", columns=columns, labels=bags.labels, fold=fold, mixed=mixed, weights=bags.weights)
    # Half of the benign weight by group, half as in ordinary traffic.
    stack_weights = bags.weights / bags.weights.sum() + mixed / 2
    lowest = np.array([DECODED if name == "decoded" else 0 for name in families] + [0] * len(tensors.COLUMNS))
    score = np.zeros(len(rows))
    for number in range(len(names)):
        w, b = fit_stack(columns[fold != number], bags.labels[fold != number], stack_weights[fold != number], 1e-3, lowest)
        score[fold == number] = columns[fold == number] @ w + b
    report |= evaluate(rows, score, columns, mixed, families)
    w, b = fit_stack(columns, bags.labels, stack_weights, 1e-3, lowest)
    final = squash(score)
    thresholds = [[rate, round(threshold(final, mixed, rate), 6)] for rate in RATES]
    tensors.write(options.out / "jailbreak.safetensors", whole, w, b, families, thresholds)
    report["stack"] = dict(zip([f"rule.{f}" for f in families] + tensors.COLUMNS, map(float, w))) | {"bias": b}
    report["thresholds"] = thresholds
    (options.out / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    card.write(options.out / "card.md", options.out / "jailbreak.safetensors", rows, report, options.rows.with_suffix(".sources.json"))


def left_out(job) -> np.ndarray:
    """Scores of all rows by models that saw nothing of one fold, nor encoded copies of it."""
    fold, number, name = job
    bags = SHARED["bags"]
    out = {row["group"] for row in bags.rows if TOGETHER.get(row["group"], row["group"]) == name}
    copies = np.array([row["label"] == 1 and row["origin"] in out for row in bags.rows])
    return bags.scores(*bags.fit(((fold != number) & ~copies).astype(np.float32)))


def evaluate(rows: list[dict], score: np.ndarray, columns: np.ndarray, mixed: np.ndarray, families: list[str]) -> dict:
    """Recall of each attack group by models that never saw it, at 1 % and 2 % false alarms, and alarms by benign group."""
    labels = np.array([row["label"] for row in rows])
    groups = np.array([row["group"] for row in rows])
    report = {"recall": {}, "alarms": {}}
    kinds = {"stack": score, "grams": columns[:, len(families)], "head": columns[:, len(families) + tensors.COLUMNS.index("head")]}
    limits = {name: {rate: threshold(values, mixed, rate) for rate in RATES} for name, values in kinds.items()}
    for group in sorted(set(groups[labels == 1])):
        mine = (groups == group) & (labels == 1)
        hits = int((score[mine] > limits["stack"][0.01]).sum())
        low, high = wilson(hits, int(mine.sum()))
        entry = {"n": int(mine.sum()), "recall": hits / mine.sum(), "low": low, "high": high, "at 2 %": float((score[mine] > limits["stack"][0.02]).mean())}
        entry |= {name: float((kinds[name][mine] > limits[name][0.01]).mean()) for name in ("grams", "head")}
        entry["rules"] = float(columns[mine, : len(families)].any(1).mean())
        report["recall"][group] = entry
        print(f"{group:20} {entry['n']:5} {100 * entry['recall']:5.1f} [{100 * low:4.1f}, {100 * high:4.1f}]  grams {100 * entry['grams']:5.1f} head {100 * entry['head']:5.1f} rules {100 * entry['rules']:5.1f}")
    means = [entry["recall"] for entry in report["recall"].values()]
    others = [entry["recall"] for group, entry in report["recall"].items() if not group.startswith("own.")]
    draws = np.random.default_rng(SEED).choice(others, (2000, len(others))).mean(1) if others else np.zeros(1)
    report["mean"], report["mean of others' sources"] = float(np.mean(means)), float(np.mean(others or [0]))
    report["interval"] = [float(np.quantile(draws, q)) for q in (0.025, 0.975)]
    print("mean", report["mean"], "others", report["mean of others' sources"], report["interval"])
    for group in sorted(set(groups[labels == 0])):
        mine = (groups == group) & (labels == 0)
        alarms = float((score[mine] > limits["stack"][0.01]).mean())
        report["alarms"][group] = {"n": int(mine.sum()), "alarms": alarms, "rules": float(columns[mine, : len(families)].any(1).mean())}
        print(f"{group:30} {int(mine.sum()):5} {100 * alarms:5.2f}  rules {100 * report['alarms'][group]['rules']:5.2f}")
    return report


if __name__ == "__main__":
    main()
