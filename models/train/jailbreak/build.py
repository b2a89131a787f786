"""Gathers the rows that train the jailbreak head: sources, own seeds, grammar, carriers and encodings.

    build.py --seeds seeds --data shared/data --aside tests/data/guard/jailbreak.jsonl --source garak=GIT_DIR … --out rows.jsonl

What nearly repeats a text of another group, or of an evaluation set, is dropped; the evaluation sets' texts serve
for nothing else. Carriers and encodings come with as many benign twins as attacks, so that neither is evidence.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import json
import pathlib
import random
import re
import tomllib
from dataclasses import asdict

import grammar
import sources
import templates
import vessels
from sources import Row

SEED = 20251
# Encoded copies of each label by encoding; of some, whose noise differs from text to text, more.
COPIES = 45
MORE_COPIES = {"base64": 200, "hex": 200, "zero_width": 100, "confusable": 100, "spaced": 150, "leet": 240}
# Documents with something in them, of each label.
PLANTED = 700
# The same from templates.
TEMPLATES_PLANTED = 900
# Documents whose reader asks for what templates plant in others.
ASKED = 350
# Documents of many paragraphs with something in them, of each label.
LONG = 500


def shingles(text: str, size: int = 5) -> set[str]:
    """The runs of `size` words of a text; the whole text where it is shorter."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


class Near:
    """Finds texts that nearly contain, or are nearly contained in, one seen before."""

    def __init__(self):
        self.index = collections.defaultdict(list)
        self.sizes = []

    def add(self, runs: set[str]) -> None:
        """Remembers a text."""
        for run in runs:
            self.index[run].append(len(self.sizes))
        self.sizes.append(len(runs))

    def repeats(self, runs: set[str], share: float = 0.5) -> bool:
        """Whether half of the shorter of the two stands in the other."""
        counts = collections.Counter()
        for run in runs:
            found = self.index.get(run, ())
            if len(found) < 400:
                counts.update(found)
        return any(count >= share * min(len(runs), self.sizes[at]) for at, count in counts.items())


def made(rows: list[Row], folder: pathlib.Path, rng: random.Random) -> list[Row]:
    """What grammar, carriers and encodings add."""
    added = [Row(text, 1, "grammar", f"own.{family}", "own", kind) for text, family, kind in grammar.attacks(rng)]
    for text, label, group, kind in templates.texts(folder / "templates"):
        added.append(Row(text, label, "templates", f"own.{group}" if label else f"b.own.{group}", "own", kind))
    added += planted(rows, vessels.Vessels(folder), folder / "templates")
    return added + disguised(rows + added)


def planted(rows: list[Row], holders: vessels.Vessels, folder: pathlib.Path) -> list[Row]:
    """Documents that carry an attack, and as many that carry an ordinary request to people."""
    direct = [row.text for row in rows if row.group in ("own.override", "own.extraction", "own.indirect") and len(row.text) < 200]
    talk = [row.text for row in rows if row.group in ("b.own.triggers", "b.own.english_pairs", "b.oasst") and len(row.text) < 200]
    added = []
    for slot, known, label in (("planted", direct, 1), ("ordinary", talk, 0)):
        # By hash and text, so that rows which come or go elsewhere change few of these.
        known = sorted(set(known), key=lambda text: hashlib.sha1(text.encode()).digest())[: PLANTED * 2 // 5]
        draws = [grammar.sentence(slot, random.Random(f"{slot} {i}")) for i in range(PLANTED - len(known))]
        for text in known + draws:
            document, kind = holders.carried(text, random.Random(text))
            group = "own.indirect" if label else "b.own.carriers"
            added.append(Row(document, label, "carriers", group, "own", f"carrier.{kind}"))
    for label, group in ((1, "own.indirect"), (0, "b.own.carriers")):
        for number, (text, technique) in enumerate(templates.planted(folder, label, TEMPLATES_PLANTED)):
            document, _ = holders.carried(text, random.Random(f"{number} {text}"))
            added.append(Row(document, label, "carriers", group, "own", technique))
        for number, (text, technique) in enumerate(templates.planted(folder, label, LONG)):
            rng = random.Random(f"long {number} {text}")
            if number % 3 == 0:
                text = rng.choice(direct if label else talk)
            added.append(Row(holders.long(text, rng), label, "carriers", group, "own", f"long.{technique}"))
    for number, (text, _) in enumerate(templates.planted(folder, 0, ASKED)):
        rng = random.Random(f"asked {number}")
        document, kind = holders.carried(text, rng)
        ask = templates.asked(folder, rng)
        text = f"{ask}\n\n{document}" if rng.random() < 0.6 else f"{document}\n\n{ask}"
        added.append(Row(text, 0, "carriers", "b.own.carriers", "own", f"asked.{kind}"))
    return added


def disguised(rows: list[Row]) -> list[Row]:
    """Encoded copies of short attacks and of as many benign texts, some with a request to decode."""
    attacks = [row for row in rows if row.label and row.group.startswith("own.") and row.text.isascii() and 20 < len(row.text) < 240]
    benign = [row for row in rows if not row.label and 20 < len(row.text) < 240 and row.text.isascii()]
    hard = [row for row in benign if row.group.startswith("b.own.")]
    benign = [row for row in benign if not row.group.startswith("b.own.")]
    ask = (
        "Decode this: |What does this say? |Decode and answer: |Please decode the following text:\n|What's written here in {how}? |"
        "Decode this {how} text and reply to it: |This is {how}: |Answer the question in this {how} text: ||||||||"
    ).split("|")
    added = []
    for how in vessels.ENCODINGS:
        copies = MORE_COPIES.get(how, COPIES)
        for known, label, count in ((attacks, 1, copies), (benign, 0, copies - copies // 2), (hard, 0, copies // 2)):
            # By hash, so that rows which come or go elsewhere change few of these.
            chosen = sorted(known, key=lambda row: hashlib.sha1(f"{how} {row.text}".encode()).digest())[:count]
            for row in chosen:
                rng = random.Random(row.text)
                text = rng.choice(ask).format(how=how) + vessels.encoded(row.text, how, rng)
                group = "own.encoded" if label else "b.own.encodings"
                added.append(Row(text, label, "encodings", group, row.licence, f"encoding.{how}", row.group))
    return added


def kept(rows: list[Row], evaluation: list[str]) -> tuple[list[Row], collections.Counter]:
    """Rows without near copies: of the evaluation set, and across groups of the same label. Attacks of sources come
    first, own made rows last, so that what is dropped is ours."""
    held = Near()
    for text in evaluation:
        held.add(shingles(text))
    order = {"encodings": 3, "carriers": 2, "grammar": 2, "templates": 2}
    near = {0: collections.defaultdict(Near), 1: collections.defaultdict(Near)}
    exact, result, dropped = set(), [], collections.Counter()
    for row in sorted(rows, key=lambda row: (order.get(row.source, 1), row.label == 0)):
        runs = shingles(row.text)
        name = re.sub(r"\s+", " ", row.text.strip().lower())
        if name in exact:
            dropped["same"] += 1
        elif row.source in order and order[row.source] == 3:
            exact.add(name)
            result.append(row)
        elif held.repeats(runs):
            dropped[f"near evaluation: {row.source}"] += 1
        elif row.label and any(other.repeats(runs) for group, other in near[1].items() if group != row.group and row.source not in order):
            dropped[f"near another group: {row.source}"] += 1
        elif row.source in ("deepset_train", "verazuo") and row.label and near[1][row.group].repeats(runs, 0.8):
            dropped[f"near its own group: {row.source}"] += 1
        else:
            exact.add(name)
            if row.label:
                near[1][row.group].add(runs)
            result.append(row)
    return result, dropped


def told(repositories: dict[str, sources.Repository]) -> dict[str, dict[str, object]]:
    """What was read of each repository. Says where that is not what `sources.toml` names."""
    wanted = tomllib.loads(pathlib.Path(__file__).with_name("sources.toml").read_text())
    found = {name: repository.digest() for name, repository in repositories.items()}
    for name, digest in found.items():
        if other := [key for key, value in digest.items() if wanted[name].get(key) != value]:
            print(f"{name}: not the {' and '.join(other)} of sources.toml: {digest}")
    return found


def main() -> None:
    """Reads the arguments, writes the rows and prints what they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="the folder that holds guard/jailbreak_train.jsonl.gz")
    parser.add_argument("--seeds", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "seeds")
    parser.add_argument("--source", action="append", default=[], metavar="NAME=GIT_DIR", help=", ".join(sources.NAMES))
    parser.add_argument("--aside", type=pathlib.Path, action="append", default=[], help="another evaluation set, JSON lines")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    given = sorted(item.split("=", 1) for item in options.source)
    repositories = {name: sources.Repository(name, folder) for name, folder in given}
    rng = random.Random(SEED)
    rows = sources.everything(options.data, options.seeds, repositories, SEED)
    rows += made(rows, options.seeds, rng)
    evaluation = []
    if options.data and (dev := options.data / "guard" / "jailbreak_dev.jsonl.gz").exists():
        evaluation = [json.loads(line)["text"] for line in gzip.open(dev, "rt")]
    evaluation += [json.loads(line)["text"] for path in options.aside for line in path.read_text().splitlines()]
    rows, dropped = kept(rows, evaluation)
    with options.out.open("w") as file:
        for row in rows:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    for (label, group), count in sorted(collections.Counter((row.label, row.group) for row in rows).items()):
        print(label, group, count)
    print("dropped:", dict(dropped))
    options.out.with_suffix(".sources.json").write_text(json.dumps(told(repositories), indent=1) + "\n")


if __name__ == "__main__":
    main()
