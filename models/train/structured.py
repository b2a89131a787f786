#!/usr/bin/env python3
"""Sentences with generated values of every structured kind, labelled, and texts that only look like them.

    structured.py [--seed N] [--each N]     JSON lines {"text", "spans": [{"type", "start", "end"}]}
    structured.py --plain                   JSON lines {"text", "source"} in which no such value stands

Nothing made here is taken from a person; by chance a number may be somebody's.
"""

import argparse
import base64
import hashlib
import json
import random
import string
import uuid

import generate
from generate import KINDS, digits, grouped, letters, luhn_digit

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WORDS = "amber birch cedar delta ember fable grove haven indigo juniper kestrel lumen maple nectar opal".split()
NAMES = "ana ben carla david elif fatima georg hanna ivan jose kim lucia marek nora omar paula".split()
DOMAINS = ["example.com", "example.org", "mail.example.net", "uni-beispiel.de", "correo.es", "firma.com.br", "shop.co.uk"]


def email(rng):
    local = rng.choice(["{a}.{b}", "{a}_{b}{n}", "{a}{n}", "{a}+{b}", "{a}-{b}"])
    return local.format(a=rng.choice(NAMES), b=rng.choice(WORDS), n=rng.randrange(100)) + "@" + rng.choice(DOMAINS)


def url(rng):
    path = "/".join(rng.choice(WORDS) for _ in range(rng.randrange(3)))
    return rng.choice(["https://", "http://", "https://www."]) + rng.choice(DOMAINS) + ("/" + path if path else "")


def ip_address(rng):
    if rng.random() < 0.6:
        return ".".join(str(rng.randrange(low, 255)) for low in (11, 0, 0, 1))
    groups = ["2001", "db8"] + [f"{rng.randrange(1, 65536):x}" for _ in range(6)]
    kept = rng.randrange(2, 6)
    return ":".join(groups) if rng.random() < 0.5 else ":".join(groups[:kept]) + "::" + ":".join(groups[kept + 1 + rng.randrange(7 - kept) :])


def mac_address(rng):
    pairs = [f"{rng.randrange(256):02x}" for _ in range(6)]
    return rng.choice([":".join(pairs), "-".join(pairs).upper()])


def typographic(rng, text):
    """The same number as word processors, web pages and East Asian keyboards write it, now and then."""
    if rng.random() < 0.7:
        return text
    space, hyphen = rng.choice("\u00a0\u202f\u2007\u2009"), rng.choice("\u2010\u2011\u2012\u2013\u2212")
    wide = text.translate({ord(digit): ord(digit) - 48 + 0xFF10 for digit in string.digits})
    return wide if rng.random() < 0.2 else text.replace(" ", space).replace("-", hyphen)


def credit_card(rng):
    prefix, length, sizes = rng.choice(
        [("4", 16, (4, 4, 4, 4)), ("52", 16, (4, 4, 4, 4)), ("2301", 16, (4, 4, 4, 4)), ("37", 15, (4, 6, 5)),
         ("6011", 16, (4, 4, 4, 4)), ("3530", 16, (4, 4, 4, 4)), ("36", 14, (4, 6, 4)), ("2131", 15, (4, 6, 5)),
         ("1800", 15, (4, 6, 5)), ("2200", 16, (4, 4, 4, 4)), ("9792", 16, (4, 4, 4, 4))]
    )
    body = prefix + digits(rng, length - 1 - len(prefix))
    card = grouped(body + luhn_digit(body), sizes, rng.choice(["", " ", "-", "."]))
    return card.replace(" ", "\n", 1) if rng.random() < 0.05 else typographic(rng, card)


def iban_code(rng):
    country, make = rng.choice(
        [("DE", lambda: digits(rng, 18)), ("GB", lambda: letters(rng, 4) + digits(rng, 14)), ("FR", lambda: digits(rng, 23)),
         ("ES", lambda: digits(rng, 20)), ("NL", lambda: letters(rng, 4) + digits(rng, 10)), ("PL", lambda: digits(rng, 24)),
         ("AT", lambda: digits(rng, 16)), ("NO", lambda: digits(rng, 11)), ("IT", lambda: letters(rng, 1) + digits(rng, 22)),
         ("BE", lambda: digits(rng, 12)), ("CH", lambda: digits(rng, 17)), ("PT", lambda: digits(rng, 21)),
         ("SE", lambda: digits(rng, 20)), ("DK", lambda: digits(rng, 14)), ("FI", lambda: digits(rng, 14)),
         ("CZ", lambda: digits(rng, 20)), ("GR", lambda: digits(rng, 23)), ("TR", lambda: digits(rng, 22)),
         ("RO", lambda: letters(rng, 4) + digits(rng, 16)), ("IE", lambda: letters(rng, 4) + digits(rng, 14))]
    )
    account = make()
    number = "".join(str(int(letter, 36)) for letter in account + country + "00")
    whole = f"{country}{98 - int(number) % 97:02}{account}"
    whole = whole.lower() if rng.random() < 0.1 and country != "IT" else whole
    return whole if rng.random() < 0.5 else typographic(rng, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4)))


def crypto(rng):
    payload = b"\x00" + rng.randbytes(20)
    whole = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(whole, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "1" + text


def phone_number(rng):
    """Numbers that stand alone; `#` is any digit, `*` one from 2 on."""
    area, line = rng.choice(["212", "415", "617", "305", "206"]), "555-01##"
    form = rng.choice(
        [f"({area}) {line}", f"+1 {area} {line}", f"{area}-{line}", f"+1-{area}-{line}", f"{area}.555.01##", f"1-{area}-{line}",
         f"({area}) {line} x###", f"{area}-{line} ext. ##", f"001-{area}-{line}x###", "+44 20 7946 0###", "+44 (0)20 7946 0###",
         "020 7946 0###", "07700 900###", "(0117) 496 0###", "+49 30 2312####", "+49 (0)171 23#####", "(030) 2312####",
         "+33 1 42 68 53 ##", "+33 (0)6 42 68 53 ##", "06 42 68 ## ##", "+34 91 411 #1 11", "+39 06 698#####", "+31 6 1234####",
         "06-1234####", "+55 11 9*###-####", "(11) 9*###-####", "+91 98765 #####", "+61 2 9374 4###", "(02) 9374 4###",
         "0412 3## ###", "090-1234-####", "+81 90-1234-####", "+82-10-2345-####", "010-2345-####", "+86 138 1234 ####",
         "8 (912) 345-##-##", "+7 912 345-##-##", "070-123 4# ##", "+46 70 123 4# ##", "+48 512 3## ###", "0532 123 4# ##",
         "+90 532 123 4# ##", "044 668 1# ##", "+41 44 668 1# ##", "050 123 4###", "+972-50-123-4###", "+62-812-345-6###"]
    )
    return typographic(rng, "".join(digits(rng, 1) if sign == "#" else digits(rng, 1, "23456789") if sign == "*" else sign for sign in form))


def secret(rng):
    word = lambda count: "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(count))
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": word(8)}).encode()).decode().rstrip("=")
    return rng.choice(
        ["AKIA" + letters(rng, 16, string.ascii_uppercase + "234567"), "ghp_" + word(36), "glpat-" + word(20), "sk_live_" + word(24),
         "hf_" + word(34), "AIza" + word(35), f"xoxb-{digits(rng, 12, '123456789')}-{digits(rng, 12, '123456789')}-{word(24)}",
         f"{header}.{claims}.{word(43)}"]
    )


COMMON = {
    "EMAIL_ADDRESS": email, "URL": url, "IP_ADDRESS": ip_address, "MAC_ADDRESS": mac_address, "CREDIT_CARD": credit_card,
    "IBAN_CODE": iban_code, "CRYPTO": crypto, "PHONE_NUMBER": phone_number, "SECRET": secret,
}

# A value that needs no word, and one that is announced.
OPEN = [
    "Please check {v} and tell me what you find.", "I was given {v} yesterday, is it still good?", "{v}", "They sent me {v}.",
    "Can you reformat this for our records: {v}", "Bitte prüfen Sie {v} noch heute.", "Le client a donné {v} hier soir.",
    "El cliente nos envió {v} ayer.", '{{"id": 17, "value": "{v}", "ok": true}}', "row 12;{v};open;2024", "- {v}\n- see above",
]
ANNOUNCED = [
    "My {w} is {v}, please update the form.", "{w}: {v}", "Customer's {w} {v} does not match.", "Please enter {w} {v} again.",
    "The {w} on file is {v}.", '{{"{w}": "{v}"}}', "Form field {w} = {v}", "{w} - {v}\nthank you",
]


def sentences(each: int, seed: int = 0) -> list[dict]:
    """`each` labelled sentences of every kind."""
    rows = []
    for kind in [*COMMON, *KINDS]:
        for at in range(each):
            rng = random.Random(f"{seed}/{kind}/{at}")
            value = COMMON[kind](rng) if kind in COMMON else generate.generate(kind, f"{seed}/{at}")
            announced = kind not in COMMON and generate.is_announced(kind, value)
            value = value if kind in COMMON else typographic(rng, value)
            words = KINDS[kind][2] if kind in KINDS else [""]
            frame = rng.choice(ANNOUNCED if announced else OPEN).replace("{w}", rng.choice(words))
            before, after = frame.replace("{{", "{").replace("}}", "}").split("{v}")
            span = {"type": kind, "start": len(before), "end": len(before) + len(value)}
            rows.append({"text": before + value + after, "spans": [span]})
    return rows


def plain(each: int = 200, seed: int = 0) -> list[dict]:
    """Texts of identifiers, times and figures that are nobody's data."""
    rows = []
    for at in range(each):
        rng = random.Random(f"{seed}/plain/{at}")
        hexadecimal = lambda count: "".join(rng.choice("0123456789abcdef") for _ in range(count))
        version = ".".join(str(rng.randrange(30)) for _ in range(3))
        epoch, stamp = rng.randrange(1_400_000_000, 1_800_000_000), f"2024-0{rng.randrange(1, 9)}-1{rng.randrange(9)}T0{rng.randrange(9)}:15:{rng.randrange(10, 59)}Z"
        texts = {
            "uuid": f"Request {uuid.UUID(int=rng.getrandbits(128), version=4)} failed twice.",
            "hash": f"commit {hexadecimal(40)} fixes sha256:{hexadecimal(64)}",
            "version": f"Upgrade from v{version} to {version}-rc.{rng.randrange(9)} (build {rng.randrange(10**6)})",
            "epoch": f"started_at={epoch} finished_at={epoch + 91}.{rng.randrange(1000):03}",
            "json log": json.dumps({"ts": stamp, "level": "info", "pid": rng.randrange(99999), "span": hexadecimal(16),
                                    "ms": round(rng.random() * 900, 3), "bytes": rng.randrange(10**7), "msg": "request done"}),
            "figures": f"Revenue rose from {rng.randrange(10**6):,} to {rng.randrange(10**7):,}, or {rng.random() * 40:.2f} %, order {rng.randrange(10**7)}.",
            "coordinates": f"The trail starts at {rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}, at {rng.randrange(3000)} m.",
        }
        rows.extend({"text": text, "source": source} for source, text in texts.items())
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--plain", action="store_true")
    asked = parser.parse_args()
    for row in plain(seed=asked.seed) if asked.plain else sentences(asked.each, asked.seed):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
