"""Where training rows come from: the shared set, own seeds and permissively licensed repositories read from git.

Nothing of others is kept here: a repository is named on the command line (`--source NAME=GIT_DIR`) and read by
`git show HEAD:path`. A source that is not given is left out.
"""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import io
import json
import pathlib
import random
import re
import subprocess
from dataclasses import dataclass

NAMES = {
    "arcanum": ("Arcanum-Sec/arc_pi_taxonomy", "CC-BY-4.0"),
    "garak": ("NVIDIA/garak", "Apache-2.0"),
    "bipia": ("microsoft/BIPIA", "MIT"),
    "dair": ("dair-ai/Prompt-Engineering-Guide", "MIT"),
    "patt": ("swisskyrepo/PayloadsAllTheThings", "MIT"),
    "giskard": ("Giskard-AI/giskard", "Apache-2.0"),
    "langgpt": ("langgptai/LLM-Jailbreaks", "Apache-2.0"),
    "zoo": ("danzaio/prompt-injection-zoo", "MIT"),
    "fabric": ("danielmiessler/fabric", "MIT"),
    "oasst": ("LAION-AI/Open-Assistant", "Apache-2.0"),
    "fastchat": ("lm-sys/FastChat", "Apache-2.0"),
    "arena": ("lm-sys/arena-hard-auto", "Apache-2.0"),
    "bfcl": ("ShishirPatil/gorilla", "Apache-2.0"),
    "fuzzyai": ("cyberark/FuzzyAI", "Apache-2.0"),
    "plexpt": ("PlexPt/awesome-chatgpt-prompts-zh", "MIT"),
}


@dataclass
class Row:
    """A text with what is known of it. `group` is what is left out together; `kind` is finer;
    `origin` is the group of the text that this one is an encoded copy of."""

    text: str
    label: int
    source: str
    group: str
    licence: str
    kind: str = ""
    origin: str = ""


class Repository:
    """One git directory, read only."""

    def __init__(self, name: str, folder: str):
        self.name, self.folder = name, folder
        self.licence = NAMES[name][1]
        self.read: dict[str, str] = {}

    def text(self, path: str) -> str:
        """The file's text at HEAD; empty where it is absent."""
        command = ["git", "-C", self.folder, "show", f"HEAD:{path}"]
        data = subprocess.run(command, capture_output=True, check=False).stdout
        self.read[path] = hashlib.sha256(data).hexdigest()
        return data.decode("utf-8", "replace")

    def digest(self) -> dict[str, object]:
        """How many files were read, and the SHA-256 of what `sha256sum` says of them, in the order of their paths."""
        told = "".join(f"{known}  {path}\n" for path, known in sorted(self.read.items()))
        return {"commit": self.commit(), "files": len(self.read), "sha256": hashlib.sha256(told.encode()).hexdigest()}

    def paths(self, under: str = "") -> list[str]:
        """All paths below `under`."""
        command = ["git", "-C", self.folder, "-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", "HEAD", under or "."]
        return sorted(subprocess.run(command, capture_output=True, check=False).stdout.decode().split("\n")[:-1])

    def commit(self) -> str:
        """The commit that is read."""
        command = ["git", "-C", self.folder, "rev-parse", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def row(self, text: str, label: int, group: str, kind: str = "") -> Row:
        """A row of this repository."""
        return Row(text.strip(), label, self.name, group, self.licence, kind)


# === Shared data and own seeds ===

GROUPS = {"verazuo": "persona", "selfrem": "persona", "gptfuzz": "persona", "deepset_train": "deepset", "bipia_train": "bipia"}


def shared(folder: pathlib.Path) -> list[Row]:
    """The rows of `guard/jailbreak_train.jsonl.gz`. Bare tasks of BIPIA are left out: without a document around
    them nothing tells them from an ordinary request."""
    rows = []
    with gzip.open(folder / "guard" / "jailbreak_train.jsonl.gz", "rt") as file:
        for row in map(json.loads, file):
            source = row["source"]
            if source == "bipia_train":
                continue
            if row["label"] == 1 and source == "deepset_train" and not manipulates(row["text"]):
                continue
            group = GROUPS.get(source, source) if row["label"] else f"b.{source}"
            rows.append(Row(row["text"], row["label"], source, group, row["licence"]))
    return rows


OPINION = re.compile(r"(?i)\b(best|worst|good|bad|opinion|think|should|beste|schlecht|gut|meinung|sollte)\b")
MANIPULATION = re.compile(
    r"(?i)forg[eo]t|ignor|disregard|vergess|vergiss|pretend|act as|instead|instruction|prompt|rule|previous|above|before|"
    r"you are|du bist|from now|ab jetzt|stell dir|tu so|spiel|role|rolle|stop|now |nun |jetzt |befehl|anweisung|aufgabe|"
    r"ist das nicht|imagine|answer|antworte|just |nur |reveal|show|print|password|secret|say "
)


def manipulates(text: str) -> bool:
    """Whether a short text labelled an attack could be one: some rows are plain statements of opinion."""
    return bool(MANIPULATION.search(text))


def seeds(folder: pathlib.Path) -> list[Row]:
    """Own seeds: attacks and languages are attacks unless they say otherwise, `benign` is benign."""
    rows = []
    for path in sorted(folder.glob("*/*.jsonl")):
        attack = int(path.parent.name != "benign" and "benign" not in path.stem)
        for line in path.read_text().splitlines():
            row = json.loads(line)
            label = int(row.get("label", attack))
            technique = row.get("technique", path.stem)
            if label:
                group = f"own.{family(technique)}" if path.parent.name == "attacks" else "own.languages"
            else:
                group = "b.own.languages" if path.parent.name == "languages" else f"b.own.{path.stem}"
            rows.append(Row(row["text"], label, f"seeds/{path.parent.name}", group, "own", technique))
    return rows


FAMILIES = {
    "override": ("override_", "rules_reset", "task_hijack", "false_premise", "post_prompt", "instruction_in"),
    "extraction": ("extract_", "audit_", "linguistics", "crescendo", "identity_claims"),
    "access_code": ("long_code", "code_", "defence_", "forced_exact", "role_reversal", "token_glitch", "forged_end"),
    "persona": ("long_persona", "persona_", "dual_", "developer_", "opposite_", "grandma", "virtualisation", "token_game"),
    "fiction": ("long_framed", "unrestricted_", "hypothetical", "fiction_", "pair_style"),
    "pressure": ("emotional_", "social_", "fake_authority", "fake_policy", "persuasion", "reward_", "hypnosis"),
    "forged": ("fake_turns", "template_", "delimiter_", "fewshot", "many_shot", "prefix_", "refusal_"),
    "obfuscation": ("payload_", "variables_", "decode_", "cipher_", "ascii_", "gcg_", "meta_", "hidden_"),
    "indirect": ("indirect_", "doc_", "exfil_", "hide_", "tool_", "memory_", "goal_"),
}


def family(technique: str) -> str:
    """The family of a technique; techniques of one family are left out together."""
    for name, starts in FAMILIES.items():
        if technique.startswith(starts):
            return name
    return "other"


# === Attacks from repositories ===

# Ideas, tooling and harmless form requests among the taxonomy's entries: no text that a filter could know by itself.
ARCANUM_SKIP = set(
    "gradient_based_attacks fuzzing_jailbreak autonomous_strategy_discovery best_of_n weight_ablation truncated_instructions "
    "cognitive_overload tense_reformulation reasoning_dilution thinking_mode_manipulation distraction_sandwich binary_streams "
    "spatial_byte_arrays stego waveforms semaphore multi_turn_decomposition direct_request structured_output_coercion "
    "evaluator_role_abuse echo_chamber image_based audio".split()
)
ARCANUM_INTENTS = set("get_prompt_secret jailbreak system_prompt_leak sensitive_data_exfiltration cross_tenant_leakage".split())


def arcanum(repository: Repository) -> list[Row]:
    """Examples of techniques and evasions, and of the intents that manipulate."""
    data = json.loads(repository.text("docs/data/taxonomy.json"))
    entries = data["techniques"] + data["evasions"] + [x for x in data["intents"] if x["id"] in ARCANUM_INTENTS]
    rows = []
    for entry in entries:
        for text in entry.get("examples", []):
            if entry["id"] in ARCANUM_SKIP or len(text) < 24 or text.startswith("("):
                continue
            rows.append(repository.row(re.sub(r"\s*\([^()]*\)$", "", text), 1, "arcanum", entry["id"]))
    return rows


def constants(source: str) -> dict[str, dict[str, object]]:
    """Class by class the lists of texts that a Python file assigns, read without running it."""
    found = {}
    marks = {"INJECTION_MARKER": "<INJECT>", "PAYLOAD_MARKER": "<PAYLOAD>", "TRIGGER_MARKER": "<TRIGGER>"}

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(
                part.value if isinstance(part, ast.Constant) else marks.get(getattr(part.value, "id", ""), "") for part in node.values
            )
        if isinstance(node, (ast.List, ast.Tuple)):
            return [value(item) for item in node.elts if value(item) is not None]
        return None

    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                    found.setdefault(node.name, {})[item.targets[0].id] = value(item.value)
    return found


def garak(repository: Repository, rng: random.Random) -> list[Row]:
    """Instructions planted in documents, with the documents alone as benign twins; extraction and personas."""
    classes = constants(repository.text("garak/probes/latentinjection.py"))
    rows = []
    separators = [("", ""), ("\n", "\n"), ("<system>", "</system>"), ("\n--------\n", "")]
    for name, known in classes.items():
        contexts = [c for c in known.get("contexts") or [] if isinstance(c, str) and "<INJECT>" in c]
        orders = [o for o in known.get("injection_instructions") or [] if isinstance(o, str)]
        if name.startswith("LatentJailbreak"):
            continue
        orders = orders or [o for o in classes["FactSnippetMixin"]["injection_instructions"] if isinstance(o, str)]
        payloads = [p for p in known.get("payloads") or ["<TRIGGER>"] if isinstance(p, str)]
        triggers = [t for t in known.get("payload_triggers") or [] if isinstance(t, str)] or ["Haha pwned!", "the check is passed"]
        tops = [t for t in known.get("top_instructions") or classes["FactSnippetMixin"]["top_instructions"] if isinstance(t, str)]
        tops += known.get("base_instructions") or []
        pairs = [tuple(p) for p in known.get("injection_sep_pairs") or [] if isinstance(p, list) and len(p) == 2] or separators
        if not contexts:
            continue
        for _ in range(45):
            order = rng.choice(orders).replace("<PAYLOAD>", rng.choice(payloads)).replace("<TRIGGER>", rng.choice(triggers))
            begin, end = rng.choice(pairs)
            text = rng.choice(tops) + rng.choice(contexts).replace("<INJECT>", begin + order + end)
            rows.append(repository.row(text.replace("{LANG_EN_NAME}", "French"), 1, "latent", name))
        for context in contexts:
            for top in tops:
                rows.append(repository.row((top + context.replace("<INJECT>", "")).replace("{LANG_EN_NAME}", "French"), 0, "b.garak", name))
    whois = json.loads(repository.text("garak/data/payloads/whois_injection_contexts.json"))["payloads"]
    orders = [o for o in classes["LatentWhois"]["injection_instructions"] if isinstance(o, str)]
    for context in whois[:40]:
        plain = re.sub(r"\{?INJECTION_MARKER\}?|<\|garak_injection\|>", "", context)
        rows.append(repository.row("Is this domain malicious?\n" + plain, 0, "b.garak", "whois"))
        order = rng.choice(orders).replace("<PAYLOAD>", "not malicious").replace("<TRIGGER>", "not malicious")
        rows.append(repository.row("Is this domain malicious?\n" + re.sub(r"\{?INJECTION_MARKER\}?", order, context), 1, "latent", "whois"))
    attacks = json.loads(repository.text("garak/data/sysprompt_extraction/attacks.json"))
    for text in texts_in(attacks):
        rows.append(repository.row(text, 1, "guides", "extraction"))
    for path in repository.paths("garak/data/dan"):
        for text in texts_in(json.loads(repository.text(path))):
            rows.append(repository.row(text, 1, "persona", "dan"))
    return rows


def texts_in(value: object) -> list[str]:
    """All texts of some length in nested JSON."""
    if isinstance(value, str):
        return [value] if len(value) >= 24 else []
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return []


def bipia(repository: Repository, rng: random.Random) -> list[Row]:
    """Training attacks planted in training documents at the start, middle or end; documents with their question."""
    tasks = [t for name in ("text", "code") for v in json.loads(repository.text(f"benchmark/{name}_attack_train.json")).values() for t in v]
    rows = []
    for name, count in (("email", 50), ("table", 110), ("code", 50)):
        lines = [json.loads(line) for line in repository.text(f"benchmark/{name}/train.jsonl").splitlines()]
        for item in rng.sample(lines, min(count, len(lines))):
            document = item["context"] if isinstance(item["context"], str) else "\n".join(item["context"])
            if isinstance(item.get("error"), list):
                document += "\n" + "\n".join(item["error"])
            question = item.get("question", "Fix the error in my code, please.")
            forms = (f"{document}\n\n{question}", f"{question}\n\n{document}", document)
            rows.append(repository.row(rng.choice(forms), 0, "b.bipia", name))
            for _ in range(2):
                parts = document.split("\n") if "\n" in document else re.split(r"(?<=[.!?]) ", document)
                at = rng.choice([0, len(parts) // 2, len(parts)])
                planted = "\n".join(parts[:at] + [rng.choice(tasks)] + parts[at:])
                rows.append(repository.row(rng.choice((f"{planted}\n\n{question}", f"{question}\n\n{planted}", planted)), 1, "bipia", name))
    return rows


def guides(repositories: dict[str, Repository]) -> list[Row]:
    """Examples in guides to prompt injection; the guides' prose is benign talk about it."""
    rows = []
    if dair := repositories.get("dair"):
        for path in dair.paths():
            if not re.search(r"risks/adversarial\.\w+\.mdx$|adversarial-prompting/[a-z-]+\.\w+\.mdx$", path):
                continue
            rows += guide(dair, path)
    if patt := repositories.get("patt"):
        page = patt.text("Prompt Injection/README.md")
        page = page[page.find("## Direct Prompt Injection") :]
        for text in re.findall(r"`([^`\n]{24,})`", page) + re.findall(r"```\w*\n(.+?)```", page, re.S):
            if "what is the final result" not in text.lower() and not text.startswith("http"):
                rows.append(patt.row(text, 1, "guides", "patt"))
    if giskard := repositories.get("giskard"):
        for item in csv.DictReader(io.StringIO(giskard.text("giskard/llm/loaders/local/prompt_injections.csv"))):
            rows.append(giskard.row(item["prompt"], 1, "guides" if len(item["prompt"]) < 600 else "persona", item.get("group", "")))
    return rows


OVERRIDES = re.compile(
    r"(?i)ignor|disregard|forget|instead|pwned|hack|jailbreak|DAN|pretend|prompt|vergiss|ignorier|olvida|oubli|dimentica|esque|"
    r"忽略|无视|無視|무시|игнор|yok say|unohda|simul|gpt"
)


def guide(repository: Repository, path: str) -> list[Row]:
    """Code blocks that are prompts with an attack, and paragraphs outside them."""
    page = repository.text(path)
    rows = []
    for before, block in re.findall(r"([^\n]*)\n```\w*\n(.+?)```", page, re.S):
        if re.search(r"(?i)output|ausgabe|salida|sortie|输出|出力|출력|вывод|saída|çıktı|tuloste|sortida", before):
            continue
        if len(block) > 24 and OVERRIDES.search(block):
            rows.append(repository.row(block, 1, "guides", path))
    prose = re.sub(r"```.+?```", "", page, flags=re.S)
    for paragraph in prose.split("\n\n"):
        if len(paragraph) > 120 and not re.search(r"[`>\"“”]|import |\]\(", paragraph):
            rows.append(repository.row(paragraph, 0, "b.guides", path))
    return rows


def langgpt(repository: Repository) -> list[Row]:
    """Long personas in a README's code blocks."""
    blocks = re.findall(r"```\w*\n(.+?)```", repository.text("README.md"), re.S)
    return [repository.row(block, 1, "persona", "langgpt") for block in blocks if len(block) > 200]


def zoo(repository: Repository) -> list[Row]:
    """Untrusted texts of the scenarios for agents."""
    rows = []
    for path in repository.paths("scenarios"):
        data = json.loads(repository.text(path))
        for key in ("untrustedContext", "untrusted", "attack", "payload"):
            rows += [repository.row(text, 1, "latent", "zoo") for text in texts_in(data.get(key, [])) if len(text) > 60]
    return rows


# === Ordinary prompts from repositories ===


def ordinary(repositories: dict[str, Repository], rng: random.Random) -> list[Row]:
    """Benign prompts of many kinds."""
    rows = []
    if fabric := repositories.get("fabric"):
        for path in fabric.paths("data/patterns"):
            if path.endswith("/system.md"):
                rows.append(fabric.row(fabric.text(path), 0, "b.fabric"))
    if oasst := repositories.get("oasst"):
        for name in ("en_100_text", "prompt_lottery_en_250_text"):
            for line in oasst.text(f"model/model_eval/manual/data/{name}.jsonl").splitlines():
                rows.append(oasst.row(json.loads(line), 0, "b.oasst"))
    if fastchat := repositories.get("fastchat"):
        for name in ("mt_bench", "vicuna_bench"):
            for line in fastchat.text(f"fastchat/llm_judge/data/{name}/question.jsonl").splitlines():
                rows += [fastchat.row(turn, 0, "b.arena") for turn in json.loads(line)["turns"]]
    if arena := repositories.get("arena"):
        for line in arena.text("data/arena-hard-v0.1/question.jsonl").splitlines():
            rows.append(arena.row(json.loads(line)["turns"][0]["content"], 0, "b.arena"))
    if fuzzyai := repositories.get("fuzzyai"):
        lines = fuzzyai.text("src/fuzzyai/resources/benign_prompts.txt").splitlines()
        rows += [fuzzyai.row(line, 0, "b.fuzzyai") for line in rng.sample(lines, min(400, len(lines)))]
    if bfcl := repositories.get("bfcl"):
        rows += calls(bfcl, rng)
    if plexpt := repositories.get("plexpt"):
        lines = [line for n in range(0, 300, 30) for line in plexpt.text(f"question/{n}.md").splitlines()[2:]]
        cells = [line.strip("| ").split("|")[-1].strip() for line in lines if line.count("|") >= 3]
        rows += [plexpt.row(cell, 0, "b.chinese") for cell in rng.sample(cells, min(1000, len(cells)))]
    return rows


def calls(repository: Repository, rng: random.Random) -> list[Row]:
    """What users asked of tools, with system prompts where they had one."""
    rows = []
    folder = "berkeley-function-call-leaderboard/bfcl_eval/data/BFCL_v4_"
    for name in ("live_multiple", "live_simple", "live_irrelevance", "multi_turn_base", "simple_java", "simple_javascript"):
        lines = repository.text(f"{folder}{name}.json").splitlines()
        for line in rng.sample(lines, min(200, len(lines))):
            for turn in json.loads(line)["question"][:2]:
                for message in turn:
                    rows.append(repository.row(message["content"], 0, "b.bfcl", message["role"]))
    return rows


def everything(data: pathlib.Path | None, own: pathlib.Path, repositories: dict[str, Repository], seed: int) -> list[Row]:
    """All rows of all sources that are there, in a fixed order."""
    rng = random.Random(seed)
    rows = seeds(own)
    if data:
        rows += shared(data)
    for name, read in (("arcanum", arcanum), ("langgpt", langgpt), ("zoo", zoo)):
        if name in repositories:
            rows += read(repositories[name])
    for name, read in (("garak", garak), ("bipia", bipia)):
        if name in repositories:
            rows += read(repositories[name], rng)
    rows += guides(repositories)
    rows += ordinary(repositories, rng)
    return [row for row in rows if row.text.strip()]
