"""The model card: what the head was trained on, what it scored, and what it cannot do. All figures from the report."""

from __future__ import annotations

import collections
import hashlib
import json
import pathlib

from sources import NAMES

HEAD = """# The jailbreak head

A detector of prompt injection and jailbreaks: texts that try to override or manipulate a model's instructions. Harmful
questions without manipulation are not its matter. It joins rule families, a logistic regression over hashed word
1–3-grams and character 3–5-grams, and a small network over all-MiniLM-L6-v2's windows (Apache-2.0) in a logistic stack.

Made by `build.py` and `train.py` with fixed seeds. The evaluation sets' texts only served to drop rows near them.
"""

LIMITS = """## Limits

- Recall of a technique that training does not know stays far below that of known ones; see the table, which is why
  rules and other layers should stand beside it.
- Tasks planted in documents without any word of override (a plain "Write a poem" in an e-mail) are mostly missed.
- Encodings are found where the server's views decode them.
- English is best covered; other languages by own seeds only, and the encoder knows little of them.
- Attack figures of a group are of rows written or collected alike; an attacker who knows the model will do better.
"""


def write(path: pathlib.Path, head: pathlib.Path, rows: list[dict], report: dict, read: pathlib.Path) -> None:
    """Writes the card of the file `head`."""
    data = head.read_bytes()
    this = f"This card is of the `{head.name}` with the SHA-256 `{hashlib.sha256(data).hexdigest()}` ({len(data):,} bytes), written by the same run.\n"
    lines = [HEAD, this, "## Rows\n", "| source | licence | attacks | benign |", "|---|---|---|---|"]
    counts = collections.Counter((row["source"], row["licence"], row["label"]) for row in rows)
    for source, licence in sorted({(source, licence) for source, licence, _ in counts}):
        name = NAMES[source][0] if source in NAMES else source
        lines.append(f"| {name} | {licence} | {counts[source, licence, 1]} | {counts[source, licence, 0]} |")
    lines += ["\nSources `seeds/…`, `templates`, `grammar` and `carriers` are the project's own; `encodings` are encoded copies of the other rows."]
    lines += ["Rows of CC-BY sources are used with attribution: " + attribution() + "."]
    if read.exists():
        known = json.loads(read.read_text())
        lines += ["", "Commits: " + ", ".join(f"{NAMES[name][0]} {told['commit'][:12]}" for name, told in sorted(known.items())) + "."]
        lines += ["`sources.toml` holds the digests of the files that were read."]
    lines += ["\n## Recall of attack groups left out\n", "Each group was scored by models that had seen none of it, at a threshold of 1 % false alarms on the benign mix.\n"]
    lines += ["The mix: " + ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in report["mix"].items()) + ".\n"]
    lines += ["| group | rows | recall % | 95 % interval | n-grams alone | network alone | a rule hits |", "|---|---|---|---|---|---|---|"]
    for group, entry in sorted(report["recall"].items()):
        lines.append(
            f"| {group} | {entry['n']} | {percent(entry['recall'])} | {percent(entry['low'])}–{percent(entry['high'])} "
            f"| {percent(entry['grams'])} | {percent(entry['head'])} | {percent(entry['rules'])} |"
        )
    low, high = report["interval"]
    others = percent(report["mean of others' sources"])
    lines.append(
        f"\nMean over groups {percent(report['mean'])} %; over others' sources alone {others} % "
        f"(bootstrap over groups {percent(low)}–{percent(high)})."
    )
    lines += ["\n## False alarms at that threshold, by benign group\n", "| group | rows | alarms % | a rule hits % |", "|---|---|---|---|"]
    for group, entry in sorted(report["alarms"].items()):
        lines.append(f"| {group[2:]} | {entry['n']} | {percent(entry['alarms'])} | {percent(entry['rules'])} |")
    lines += ["\n## The stack\n", "| feature | weight |", "|---|---|"]
    lines += [f"| {name} | {weight:.3f} |" for name, weight in report["stack"].items()]
    lines += ["\n| false alarms | score |", "|---|---|"] + [f"| {rate} | {score} |" for rate, score in report["thresholds"]]
    lines += ["", LIMITS]
    path.write_text("\n".join(lines))


def attribution() -> str:
    """Those who are to be named."""
    return "Arcanum-Sec (prompt-injection taxonomy, CC BY 4.0), CLINC (oos-eval, CC BY 3.0), PolyAI (banking77, CC BY 4.0)"


def percent(share: float) -> str:
    """A share in per cent with one digit."""
    return f"{100 * share:.1f}"
