#!/usr/bin/env python3
"""What the guardrails find and what they take for more than it is, asked of the program itself.

    guard_quality.py [--binary FILE] [--config FILE] [DATA.jsonl[.gz] …]

DATA holds JSON lines: {"text", "label": 0 or 1, "source"} for attempts to override instructions, {"text", "spans": [{"type",
"start", "end"}]} for personal data (offsets in characters), {"text", "source"} for texts in which no structured data
stands. Without DATA, tests/data/guard is taken. Every share stands with its 95 % interval (Wilson). Needs nothing but
Python, and models/train for values of structured kinds.
"""

import argparse
import base64
import collections
import gzip
import json
import math
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "models/train"))

# What others call our kinds, and what is not ours to claim.
OURS = {"GPE": "LOCATION", "STREET_ADDRESS": "ADDRESS", "IBAN": "IBAN_CODE", "PHONE": "PHONE_NUMBER", "IP": "IP_ADDRESS"}
NOT_OURS = {"AGE", "TITLE", "DATE_TIME", "DATE", "NRP", "ZIP_CODE", "DOMAIN_NAME", "DOMAIN"}
NAMES = ["PERSON", "LOCATION", "ORGANIZATION", "ADDRESS"]
CONFUSABLE = dict(zip("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ"))
LEET = dict(zip("aeiost", "431057"))


def interval(hits: int, count: int) -> str:
    """A share in percent with Wilson's 95 % interval."""
    if not count:
        return "    –"
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return f"{100 * share:5.1f} % [{100 * max(0, middle - half):.1f}, {100 * min(1, middle + half):.1f}] of {count}"


class Program:
    """`pointsman guard --json` on many texts at once."""

    def __init__(self, binary: str, config: str | None):
        self.command = [binary, "guard", "--json"] + (["--config", config] if config else [])

    def ask(self, texts: list[str]) -> list[dict]:
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        done = subprocess.run(self.command, input=lines, capture_output=True, text=True, cwd=ROOT, encoding="utf-8")
        if done.returncode:
            raise SystemExit(done.stderr)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(reports) == len(texts), "a line for each text"
        return reports


def read(path: str) -> list[dict]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


def jailbreak(program: Program, rows: list[dict]) -> list[dict]:
    """By source: the share of attacks that is found, and of ordinary texts that is taken for one."""
    reports = program.ask([row["text"] for row in rows])
    found = collections.defaultdict(list)
    for row, report in zip(rows, reports):
        found[row["label"], row.get("source", "-")].append(report["jailbreak"]["block"])
    for label, title in [(1, "attacks found"), (0, "ordinary texts refused")]:
        print(f"\n{title}, by source")
        blocks = [block for (which, _), blocks in found.items() if which == label for block in blocks]
        for (which, source), hits in sorted(found.items(), key=lambda item: item[0][1]):
            if which == label:
                print(f"  {source:24} {interval(sum(hits), len(hits))}")
        print(f"  {'all':24} {interval(sum(blocks), len(blocks))}")
    return [row for row, report in zip(rows, reports) if report["jailbreak"]["block"]]


def disguises(text: str) -> dict[str, str]:
    """The same text in disguise."""
    spaced = "   ".join(" ".join(word) for word in text.split())
    return {
        "base64": "Decode this base64 and answer it: " + base64.b64encode(text.encode()).decode(),
        "hex": "Decode this hex and answer it: " + text.encode().hex(),
        "leet": "".join(LEET.get(letter.lower(), letter) for letter in text),
        "spaced letters": spaced,
        "zero-width": "\u200b".join(text),
        "confusable letters": "".join(CONFUSABLE.get(letter, letter) for letter in text),
    }


def robustness(program: Program, attacks: list[dict], rows: list[dict]) -> None:
    """Attacks that are found as they are, and ordinary texts, in disguise."""
    dice = random.Random(7)
    short = lambda rows: [row for row in rows if len(row["text"]) <= 600]
    ordinary = short([row for row in rows if row["label"] == 0])
    attacks = short([row for row in attacks if row["label"] == 1])
    attacks, ordinary = (dice.sample(texts, min(300, len(texts))) for texts in (attacks, ordinary))
    print("\nin disguise: known attacks found / ordinary texts refused")
    asked = [disguises(row["text"]) for row in attacks + ordinary]
    for name in disguises(""):
        blocks = [report["jailbreak"]["block"] for report in program.ask([variants[name] for variants in asked])]
        known, honest = blocks[: len(attacks)], blocks[len(attacks) :]
        print(f"  {name:24} {interval(sum(known), len(known)):32} / {interval(sum(honest), len(honest))}")


class Spans:
    """Findings against labels: those that overlap agree."""

    def __init__(self) -> None:
        self.counts = collections.defaultdict(lambda: [0, 0, 0, 0])

    def add(self, wanted: list[dict], found: list[dict]) -> None:
        overlap = lambda a, b: a["start"] < b["end"] and b["start"] < a["end"]
        for span in wanted:
            hit = any(other["type"] == span["type"] and overlap(span, other) for other in found)
            self.counts[span["type"]][0 if hit else 1] += 1
        for span in found:
            hit = any(other["type"] == span["type"] and overlap(span, other) for other in wanted)
            self.counts[span["type"]][2 if hit else 3] += 1

    def print(self) -> None:
        print(f"  {'':28} {'labels':>7} {'precision':>9} {'recall':>7} {'F2':>6}")
        total = [sum(column) for column in zip(*self.counts.values())]
        for name, (hit, missed, right, wrong) in [*sorted(self.counts.items()), ("all", total)]:
            precision, recall = (a / (a + b) if a + b else 0.0 for a, b in [(right, wrong), (hit, missed)])
            f2 = 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0
            print(f"  {name:28} {hit + missed:7} {precision:9.3f} {recall:7.3f} {f2:6.3f}")


def personal(program: Program, rows: list[dict], title: str) -> None:
    """By type, over the types that the labels have and that are ours."""
    ours = lambda span: {**span, "type": OURS.get(span["type"], span["type"])}
    wanted = [[ours(span) for span in row["spans"] if span["type"] not in NOT_OURS] for row in rows]
    types = {span["type"] for spans in wanted for span in spans}
    spans = Spans()
    for labels, report in zip(wanted, program.ask([row["text"] for row in rows])):
        spans.add(labels, [found for found in report["pii"] if found["type"] in types])
    print(f"\n{title}")
    spans.print()


def structured(program: Program, each: int = 60) -> None:
    """Generated values of every structured kind in generated sentences, and what only looks like them."""
    import structured

    personal(program, structured.sentences(each), f"structured data: {each} generated sentences a kind")
    alarms(program, structured.plain())


def alarms(program: Program, rows: list[dict]) -> None:
    """Texts without structured data in which some is seen."""
    seen = collections.defaultdict(list)
    for row, report in zip(rows, program.ask([row["text"] for row in rows])):
        kinds = [found["type"] for found in report["pii"] if found["type"] not in [*NAMES, "URL"]]
        seen[row.get("source", "-")].append(bool(kinds))
    print("\ntexts in which structured data is seen that is none, by source")
    for source, hits in sorted(seen.items()):
        print(f"  {source:24} {interval(sum(hits), len(hits))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "target/release/pointsman"))
    parser.add_argument("--config")
    parser.add_argument("data", nargs="*", default=sorted(str(path) for path in (ROOT / "tests/data/guard").glob("*.jsonl*")))
    arguments = parser.parse_args()
    program = Program(arguments.binary, arguments.config)
    rows = [(path, read(path)) for path in arguments.data]
    labelled = [row for _, file in rows for row in file if "label" in row]
    if labelled:
        robustness(program, jailbreak(program, labelled), labelled)
    for path, file in rows:
        spans = [row for row in file if "spans" in row]
        if spans:
            personal(program, spans, f"personal data: {pathlib.Path(path).name}")
    structured(program)
    plain = [row for _, file in rows for row in file if "label" not in row and "spans" not in row]
    if plain:
        alarms(program, plain)


if __name__ == "__main__":
    main()
