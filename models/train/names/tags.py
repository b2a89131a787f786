"""What the token head's training and its evaluation share: labels, windows, surface features, decoding.

The runtime does the same in Rust; this file mirrors it so that figures here are figures there.
"""

import json
import re
import zlib
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

TYPES = ["PERSON", "LOCATION", "ORGANIZATION", "ADDRESS"]
LABELS = ["O"] + [f"{part}-{kind}" for kind in TYPES for part in "BI"]
BEGIN = {kind: 1 + 2 * i for i, kind in enumerate(TYPES)}
ALL = (1 << len(LABELS)) - 1
SURFACE = 16
WINDOW = 254
OPENING = set("\"'([<{“‘«„‚›‹`")
STOPS = set(".!?:")


def bucket(text, of):
    """A stable share of things by their text, so that held-out ones stay held out over runs."""
    return zlib.crc32(text.encode()) % of


def tokenizer(directory):
    made = Tokenizer.from_file(str(Path(directory) / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


def words_of(text):
    """For each character the bounds of its word: the maximal alphanumeric run, or the character alone."""
    size = len(text)
    start, end = list(range(size)), list(range(1, size + 1))
    at = 0
    while at < size:
        if not text[at].isalnum():
            at += 1
            continue
        stop = at + 1
        while stop < size and text[stop].isalnum():
            stop += 1
        for i in range(at, stop):
            start[i], end[i] = at, stop
        at = stop
    return start, end


def word_features(text, start, end):
    """The features that are the same for all pieces of one word (0 and 7 are left at zero)."""
    word = text[start:end]
    row = np.zeros(SURFACE, np.float32)
    alnum = word[0].isalnum()
    if alnum:
        letters = [c for c in word if c.isalpha()]
        upper = sum(c.isupper() for c in letters)
        row[1] = word[0].isupper()
        row[2] = len(letters) >= 2 and upper == len(letters)
        row[3] = any(c.isupper() for c in word[1:]) and not row[2]
        row[4] = any(c.isdigit() for c in word)
        row[5] = all(c.isdigit() for c in word)
        row[12] = any(c.isalpha() and ord(c) > 127 for c in word)
    else:
        row[6] = 1
    before = start - 1
    while before >= 0 and text[before] != "\n" and text[before].isspace():
        before -= 1
    row[8] = before < 0 or text[before] == "\n"
    while before >= 0 and text[before].isspace():
        if text[before] == "\n":
            break
        before -= 1
    row[9] = before < 0 or text[before] == "\n" or text[before] in STOPS
    after = end
    while after < len(text) and text[after] != "\n" and text[after].isspace():
        after += 1
    row[10] = after >= len(text) or text[after] == "\n"
    row[11] = start > 0 and text[start - 1] in OPENING
    row[13] = end - start <= 2
    row[15] = end < len(text) and text[end] == "."
    return row


def surface(text, offsets):
    """The sixteen surface features of each piece, from the text as it was written."""
    starts, ends = words_of(text)
    any_upper = any(c.isupper() for c in text)
    seen, rows = {}, np.zeros((len(offsets), SURFACE), np.float32)
    for i, (a, b) in enumerate(offsets):
        if a >= len(text):
            continue
        if text[a].isalnum():
            start, end = starts[a], ends[a]
        else:
            start, end = a, max(b, a + 1)
        key = (start, end)
        if key not in seen:
            seen[key] = word_features(text, start, end)
        row = rows[i]
        row[:] = seen[key]
        row[7] = a == start
        row[0] = row[7] and row[1]
        row[14] = any_upper
    return rows


def windows(tok, text):
    """The text cut into encoder windows: (ids, offsets in characters of the text)."""
    made = tok.encode(text, add_special_tokens=False)
    for at in range(0, len(made.ids), WINDOW):
        yield made.ids[at : at + WINDOW], made.offsets[at : at + WINDOW]


def targets(offsets, spans, open_types=()):
    """For each piece the set of labels it may have, as bits; 0 stands for no say in the loss.

    A span's type may be several joined by `|` (any of them) or `?` (not known).
    """
    outside = 1
    for kind in open_types:
        outside |= 0b11 << BEGIN[kind]
    out = np.full(len(offsets), outside, np.int32)
    for start, end, kinds in spans:
        first = True
        for i, (a, b) in enumerate(offsets):
            if a >= end:
                break
            if b <= start or a == b:
                continue
            if kinds == "?":
                out[i] = 0
                continue
            bits = 0
            for kind in kinds.split("|"):
                bits |= 1 if kind == "O" else 1 << (BEGIN[kind] + (0 if first else 1))
            out[i] = bits
            first = False
    return out


def allowed():
    """Which label may follow which: I-X only after B-X or I-X."""
    n = len(LABELS)
    moves = np.zeros((n, n), np.float32)
    for i in range(n):
        for j in range(n):
            if LABELS[j][0] == "I" and LABELS[i][1:] != LABELS[j][1:]:
                moves[i, j] = -1e9
    return moves


MOVES = allowed()
FIRST = np.array([-1e9 if name[0] == "I" else 0.0 for name in LABELS], np.float32)


def viterbi(logp):
    greedy = logp.argmax(1)
    if FIRST[greedy[0]] == 0 and not MOVES[greedy[:-1], greedy[1:]].any():
        return greedy.tolist()  # the best of all sequences is an allowed one
    score = logp[0] + FIRST
    back = np.zeros(logp.shape, np.int64)
    for t in range(1, len(logp)):
        ways = score[:, None] + MOVES
        back[t] = ways.argmax(0)
        score = ways.max(0) + logp[t]
    path = [int(score.argmax())]
    for t in range(len(logp) - 1, 0, -1):
        path.append(int(back[t, path[-1]]))
    return path[::-1]


def spans_of(logp, offsets):
    """Spans (start, end, type, score) in characters, from one window's log-probabilities."""
    if not len(logp):
        return []
    path, found, now = viterbi(logp), [], None
    for i, label in enumerate(path):
        name = LABELS[label]
        if name[0] == "I" and now:
            now[1] = offsets[i][1]
            now[3].append(float(np.exp(logp[i, label])))
            continue
        if now:
            found.append(now)
        now = [offsets[i][0], offsets[i][1], name[2:], [float(np.exp(logp[i, label]))]] if name[0] == "B" else None
    if now:
        found.append(now)
    return [(a, b, kind, sum(p) / len(p)) for a, b, kind, p in found]


def postcode(text):
    return len(text.encode()) <= 12 and re.fullmatch(r"[A-Za-z0-9 \n-]+", text) and re.search("[0-9]", text) and not re.search("[A-Za-z]{3}", text)


def whole_addresses(text, spans):
    """As the runtime lists them: an address with the places and postcodes next to it, and those places as well."""
    spans, out, at = sorted(spans, key=lambda s: s[0]), [], 0

    def joined(i):
        gap = text[spans[i - 1][1] : spans[i][0]].strip(" \t\n\r,;-–—/|·")
        return not gap or bool(postcode(gap))

    while at < len(spans):
        led = spans[at][2] == "LOCATION" and at + 1 < len(spans) and spans[at + 1][2] == "ADDRESS" and joined(at + 1) and "\n" not in text[spans[at][1] : spans[at + 1][0]]
        end, places = at + 1 + led, 0
        if spans[at + led][2] == "ADDRESS":
            while end < len(spans) and joined(end):
                a, b, kind, _ = spans[end]
                if kind == "LOCATION" and places < 4:
                    places += 1
                elif not (kind == "ADDRESS" and postcode(text[a:b])):
                    break
                end += 1
        run = spans[at:end]
        if len(run) > 1:
            out.append((run[0][0], run[-1][1], "ADDRESS", max(s[3] for s in run if s[2] == "ADDRESS")))
            run = [s for s in run if s[2] == "LOCATION"]
        elif run[0][2] == "ADDRESS" and postcode(text[run[0][0] : run[0][1]]):
            run = []  # of no address
        out += run
        at = end
    return out


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def score_spans(gold, found):
    """Counts by type of overlap: (found, found that hit, gold, gold that was hit)."""
    out = {}
    for kind in TYPES:
        g = [s for s in gold if s[2] == kind]
        f = [s for s in found if s[2] == kind]
        touch = lambda x, ys: any(x[0] < y[1] and y[0] < x[1] for y in ys)
        out[kind] = np.array([len(f), sum(touch(x, g) for x in f), len(g), sum(touch(x, f) for x in g)])
    return out


def fbeta(p, r, beta=2.0):
    b = beta * beta
    return (1 + b) * p * r / (b * p + r) if p + r else 0.0


def read_jsonl(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]
