#!/usr/bin/env python3
"""Makes valid identifiers of each structured kind, for sentences to train and to evaluate on.

The check digits are computed here from the authorities' rules, apart from the code that recognises them, so that each
can be held against the other. Nothing made here is taken from a person; by chance a number may be somebody's.

    generate.py [--seed N] [--count N] [KIND …]     JSON lines {"entity", "text", "announced", "words"}

`announced` says that the value counts only near one of `words`.
"""

import argparse
import datetime
import json
import random

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


# --- small tools ---


def digits(rng, count, first="0123456789"):
    return rng.choice(first) + "".join(rng.choice("0123456789") for _ in range(count - 1))


def letters(rng, count, among=UPPER):
    return "".join(rng.choice(among) for _ in range(count))


def weighted(text, weights):
    return sum(int(digit) * weight for digit, weight in zip(text, weights))


def grouped(text, sizes, separator):
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at : at + size])
        at += size
    return separator.join(parts)


def luhn_digit(body):
    doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    total = sum(doubled[int(d)] if at % 2 == 0 else int(d) for at, d in enumerate(reversed(body)))
    return str(-total % 10)


def verhoeff_digit(body):
    moved = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

    def join(a, b):
        if a < 5:
            return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
        return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5

    state = 0
    for place, digit in enumerate(reversed(body), 1):
        value = int(digit)
        for _ in range(place % 8):
            value = moved[value]
        state = join(state, value)
    return str(-state % 5 if state < 5 else state)


def birth(rng, first=1935, last=2008):
    start = datetime.date(first, 1, 1)
    return start + datetime.timedelta(days=rng.randrange((datetime.date(last, 12, 31) - start).days))


def until(make, is_good):
    while True:
        made = make()
        if is_good(made):
            return made


def not_repeated(text):
    kept = [c for c in text if c.isalnum()]
    return len(set(kept)) > 1


# --- the United States ---


def us_ssn(rng):
    area = rng.choice([n for n in range(1, 900) if n != 666])
    text = f"{area:03}{rng.randint(1, 99):02}{rng.randint(1, 9999):04}"
    return rng.choice([grouped(text, (3, 2, 4), "-")] * 4 + [text, grouped(text, (3, 2, 4), " ")])


def us_itin(rng):
    groups = [*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)]
    text = f"9{digits(rng, 2)}{rng.choice(groups)}{digits(rng, 4)}"
    return rng.choice([grouped(text, (3, 2, 4), "-")] * 3 + [text])


def aba(rng):
    prefix = rng.choice([*range(1, 13), *range(21, 33), *range(61, 73), 80])
    body = f"{prefix:02}{digits(rng, 6)}"
    return body + str(-weighted(body, (3, 7, 1, 3, 7, 1, 3, 7)) % 10)


def npi(rng):
    body = digits(rng, 9, "12")
    return body + luhn_digit("80840" + body)


def dea(rng):
    body = digits(rng, 6)
    check = (weighted(body, (1, 0, 1, 0, 1)) + 2 * weighted(body, (0, 1, 0, 1, 0, 1))) % 10
    return rng.choice("ABFGMPR") + rng.choice(UPPER + "9") + body + str(check)


def us_passport(rng):
    return rng.choice([digits(rng, 9), rng.choice(UPPER) + digits(rng, 8)])


def us_driver_license(rng):
    forms = [
        lambda: rng.choice(UPPER) + digits(rng, 7),  # California
        lambda: digits(rng, 8, "123456789"),  # Texas
        lambda: grouped(rng.choice(UPPER) + digits(rng, 12), (4, 3, 2, 3, 1), "-"),  # Florida
        lambda: grouped(rng.choice(UPPER) + digits(rng, 11), (4, 4, 4), "-"),  # Illinois
        lambda: grouped(rng.choice(UPPER) + digits(rng, 13), (4, 4, 4, 2), "-"),  # Wisconsin
        lambda: digits(rng, 9),  # New York
        lambda: rng.choice(UPPER) + digits(rng, 14),  # New Jersey
        lambda: letters(rng, 2) + digits(rng, 6),  # Ohio
        lambda: "WDL" + letters(rng, 9, UPPER[:8] + "0123456789"),  # Washington
        lambda: digits(rng, 3) + letters(rng, 2) + digits(rng, 4),  # Iowa
        lambda: grouped(digits(rng, 9), (2, 3, 4), "-"),  # Arkansas, Colorado
    ]
    return until(lambda: rng.choice(forms)(), lambda text: sum(c.isdigit() for c in text) > 5)


def us_bank_number(rng):
    return digits(rng, rng.randint(8, 17), "123456789")


# --- Canada, Brazil ---


def ca_sin(rng):
    body = digits(rng, 8, "1234567")
    text = body + luhn_digit(body)
    return rng.choice([text, grouped(text, (3, 3, 3), "-"), grouped(text, (3, 3, 3), " ")])


def module_11(total):
    return str(0 if total % 11 < 2 else 11 - total % 11)


def br_cpf(rng):
    text = digits(rng, 9)
    text += module_11(weighted(text, range(10, 1, -1)))
    text += module_11(weighted(text, range(11, 1, -1)))
    plain = rng.random() < 0.3
    return text if plain else f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def br_cnpj(rng):
    numeric = rng.random() < 0.75
    root = digits(rng, 8) if numeric else letters(rng, 8, UPPER + "0123456789")
    text = root + rng.choice(["0001"] * 4 + ["0002", "0014" if numeric else "01DE"])
    for weights in ([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]):
        text += module_11(sum((ord(c) - 48) * weight for c, weight in zip(text, weights)))
    plain = rng.random() < 0.3
    return text if plain else f"{text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"


# --- the United Kingdom ---


def uk_nhs(rng):
    def make():
        body = digits(rng, 9, "4567")
        check = -weighted(body, range(10, 1, -1)) % 11
        return body + str(check)

    text = until(make, lambda text: len(text) == 10)
    return rng.choice([text, grouped(text, (3, 3, 4), " "), grouped(text, (3, 3, 4), "-")])


def uk_nino(rng):
    barred = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    first, second = "ABCEGHJKLMNOPRSTWXYZ", "ABCEGHJKLMNPRSTWXYZ"
    prefix = until(lambda: rng.choice(first) + rng.choice(second), lambda prefix: prefix not in barred)
    text = prefix + digits(rng, 6) + rng.choice("ABCD")
    return rng.choice([text, grouped(text, (2, 2, 2, 2, 1), " ")])


def uk_licence(rng):
    day, woman = birth(rng), rng.random() < 0.5
    name = letters(rng, rng.randint(3, 5)).ljust(5, "9")
    year = f"{day.year % 100:02}"
    month = f"{day.month + (50 if woman else 0):02}"
    return f"{name}{year[0]}{month}{day.day:02}{year[1]}{letters(rng, 1)}{rng.choice(UPPER + '9')}9{letters(rng, 2)}"


# --- Europe ---


def de_tax_id(rng):
    times = rng.choice([2, 2, 3])
    kinds = rng.sample("0123456789", 11 - times)

    def make():
        body = list(kinds[0] * (times - 1)) + kinds
        rng.shuffle(body)
        return "".join(body)

    body = until(make, lambda body: body[0] != "0" and kinds[0] * 3 not in body)
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    text = body + str((11 - product) % 10)
    return rng.choice([text, grouped(text, (2, 3, 3, 3), " ")])


DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_nif(rng):
    text = digits(rng, 8)
    letter = DNI[int(text) % 23]
    return rng.choice([text + letter, f"{text}-{letter}", f"{text[:2]}.{text[2:5]}.{text[5:]}-{letter}"])


def es_nie(rng):
    lead, text = rng.choice("XYZ"), digits(rng, 7)
    letter = DNI[int(str("XYZ".index(lead)) + text) % 23]
    return rng.choice([lead + text + letter, f"{lead}-{text}-{letter}"])


FISCAL_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21] + [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16]
        + [10, 22, 25, 24, 23],
    )
)


def it_fiscal_code(rng):
    day = birth(rng)
    body = letters(rng, 6, "BCDFGLMNPRSTV") + f"{day.year % 100:02}" + "ABCDEHLMPRST"[day.month - 1]
    body += f"{day.day + rng.choice([0, 40]):02}" + rng.choice("ABCDEFGHILM") + digits(rng, 3)
    if rng.random() < 0.2:  # two persons with the same code: digits become letters, from the right
        for at in [14, 13, 12, 10, 9, 7, 6][: rng.randint(1, 3)]:
            body = body[:at] + "LMNPQRSTUV"[int(body[at])] + body[at + 1 :]
    even = {**{str(n): n for n in range(10)}, **{c: n for n, c in enumerate(UPPER)}}
    total = sum((FISCAL_ODD if at % 2 == 0 else even)[c] for at, c in enumerate(body))
    return body + UPPER[total % 26]


def fr_nir(rng):
    day = birth(rng)
    department = rng.choice([f"{n:02}" for n in range(1, 96) if n != 20] + ["99", "97"] + ["2A", "2B"] * 4)
    body = f"{rng.choice('12')}{day.year % 100:02}{day.month:02}{department}"
    body += f"{rng.randint(1, 990):03}{rng.randint(1, 999):03}"
    key = 97 - int(body.replace("2A", "19").replace("2B", "18")) % 97
    text = f"{body}{key:02}"
    return rng.choice([text, grouped(text, (1, 2, 2, 2, 3, 3, 2), " ")])


def nl_bsn(rng):
    def make():
        body = digits(rng, 8, "123456789")
        return body + str(weighted(body, range(9, 1, -1)) % 11)

    text = until(make, lambda text: len(text) == 9)
    return rng.choice([text] * 3 + [grouped(text, (3, 3, 3), "."), f"{text[:4]}.{text[4:6]}.{text[6:]}"])


def pl_pesel(rng):
    day = birth(rng)
    body = f"{day.year % 100:02}{day.month + (20 if day.year >= 2000 else 0):02}{day.day:02}{digits(rng, 4)}"
    return body + str(-weighted(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def tr_national_id(rng):
    body = digits(rng, 9, "123456789")
    body += str((7 * sum(map(int, body[0::2])) - sum(map(int, body[1:8:2]))) % 10)
    return body + str(sum(map(int, body)) % 10)


# --- the north ---


def se_personnummer(rng):
    day = birth(rng, 1920, 2015)
    number = day.day + (60 if rng.random() < 0.15 else 0)
    body = f"{day.year % 100:02}{day.month:02}{number:02}{rng.randint(1, 999):03}"
    text = body + luhn_digit(body)
    sign = "-"
    long = f"{day.year}{text[2:6]}"
    return rng.choice([f"{text[:6]}{sign}{text[6:]}"] * 3 + [f"{long}{sign}{text[6:]}", f"{long}{text[6:]}", text])


def fi_personal_identity_code(rng):
    day = birth(rng, 1920, 2015)
    nine = f"{day:%d%m%y}{rng.randint(2, 899):03}"
    sign = rng.choice("-----YXWVU") if day.year < 2000 else rng.choice("AAAABCDEF")
    return nine[:6] + sign + nine[6:] + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(nine) % 31]


# --- Asia ---


def in_aadhaar(rng):
    body = digits(rng, 11, "23456789")
    text = body + verhoeff_digit(body)
    return rng.choice([text, grouped(text, (4, 4, 4), " "), grouped(text, (4, 4, 4), "-")])


def in_pan(rng):
    holder = rng.choice("PPPPPCHFATBLJG")
    return f"{letters(rng, 3)}{holder}{letters(rng, 1)}{rng.randint(1, 9999):04}{letters(rng, 1)}"


def sg_nric_fin(rng):
    prefix = rng.choice("STFGM")
    body = digits(rng, 7)
    rest = (weighted(body, (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(prefix, 0)) % 11
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(prefix, "XWUTRQPNMLK")
    return prefix + body + table[rest]


def kr_rrn(rng):
    day, foreign = birth(rng, 1935, 2019), rng.random() < 0.15
    sex = rng.choice([1, 2] if day.year < 2000 else [3, 4]) + (4 if foreign else 0)
    body = f"{day:%y%m%d}{sex}{digits(rng, 5)}"
    text = body + str(((13 if foreign else 11) - weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10)
    return rng.choice([f"{text[:6]}-{text[6:]}"] * 3 + [text])


def cn_resident_id(rng):
    province = rng.choice("11 12 13 21 31 32 33 35 37 41 42 43 44 50 51 53 61".split())
    body = f"{province}{rng.randint(1, 29):02}{rng.randint(1, 31):02}{birth(rng):%Y%m%d}{digits(rng, 3)}"
    total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


# --- Australia, South Africa ---


def au_tfn(rng):
    def make():
        body = digits(rng, 8, "123456789")
        return body + str(weighted(body, (1, 4, 3, 7, 5, 8, 6, 9)) % 11)  # the last weighs 10, which is -1

    text = until(make, lambda text: len(text) == 9)
    return rng.choice([text, grouped(text, (3, 3, 3), " ")])


def au_abn(rng):
    body = digits(rng, 9)
    total = weighted(body, (3, 5, 7, 9, 11, 13, 15, 17, 19))
    for lead in rng.sample(range(11, 100), 89):
        if ((lead // 10 - 1) * 10 + lead % 10 + total) % 89 == 0:
            text = f"{lead}{body}"
            return rng.choice([text, grouped(text, (2, 3, 3, 3), " ")])
    return au_abn(rng)


def au_medicare(rng):
    body = digits(rng, 8, "23456")
    text = body + str(weighted(body, (1, 3, 7, 9, 1, 3, 7, 9)) % 10) + rng.choice("123456789")
    return rng.choice([text, grouped(text, (4, 5, 1), " ")])


def za_id(rng):
    body = f"{birth(rng):%y%m%d}{digits(rng, 4)}{rng.choice('01')}8"
    text = body + luhn_digit(body)
    return rng.choice([text] * 3 + [grouped(text, (6, 4, 3), " ")])


# --- things ---


def imei(rng):
    body = rng.choice(["35", "86", "01"]) + digits(rng, 12)
    text = body + luhn_digit(body)
    return rng.choice([text] * 3 + [grouped(text, (2, 6, 6, 1), "-")])


def vin(rng):
    among = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    numbers = [*range(10), *range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)]
    values = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", numbers))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    head = rng.choice("1 2 3 4 5 J W S K".split()) + letters(rng, 2, "ABCDFGHJKLMNT") + letters(rng, 5, among)
    tail = letters(rng, 2, "ABCDEFGHJKLMNPRSTVWXY") + digits(rng, 6)
    total = sum(values[c] * weight for c, weight in zip(head + "0" + tail, weights))
    return head + ("X" if total % 11 == 10 else str(total % 11)) + tail


# --- what has no check digit ---


def bic(rng):
    country = rng.choice("DE FR NL GB US ES IT PL SE FI BR IN AU CA SG KR CN ZA CH AT BE".split())
    branch = rng.choice(["", "", "XXX", digits(rng, 3)])
    return letters(rng, 4) + country + letters(rng, 2, "ABCDFGHKLMPRSTX23") + branch


def passport(rng):
    among = "CFGHJKLMNPRTVWXYZ0123456789"
    forms = [
        lambda: rng.choice(UPPER) + digits(rng, 7),  # India
        lambda: letters(rng, 2) + digits(rng, 7),  # Italy, Japan, Poland
        lambda: digits(rng, 9, "123456789"),  # United Kingdom
        lambda: digits(rng, 2) + letters(rng, 2) + digits(rng, 5),  # France
        lambda: rng.choice("CFGHJK") + letters(rng, 8, among),  # Germany
        lambda: letters(rng, 3) + digits(rng, 6),  # Spain
    ]
    return until(lambda: rng.choice(forms)(), lambda text: sum(c.isdigit() for c in text) > 3 and not_repeated(text))


def driver_license(rng):
    forms = [
        lambda: uk_licence(rng),
        lambda: letters(rng, 1) + digits(rng, 3) + letters(rng, 3) + digits(rng, 4),  # Germany
        lambda: digits(rng, 12),  # France
        lambda: letters(rng, 2) + digits(rng, 7) + letters(rng, 1),  # Italy
        lambda: letters(rng, 2) + digits(rng, 2) + " " + digits(rng, 11),  # India
        lambda: digits(rng, 10),  # the Netherlands
    ]
    return until(lambda: rng.choice(forms)(), lambda text: sum(c.isdigit() for c in text) > 3)


def bank_account(rng):
    forms = [
        lambda: grouped(digits(rng, 6), (2, 2, 2), "-") + " " + digits(rng, 8),  # United Kingdom
        lambda: grouped(digits(rng, 6), (3, 3), "-") + " " + digits(rng, 9),  # Australia
        lambda: digits(rng, 10, "123456789"),  # Germany, the Netherlands
        lambda: grouped(digits(rng, 20), (4, 4, 2, 10), " "),  # Spain
    ]
    return rng.choice(forms)()


def medical_record(rng):
    return rng.choice(["MRN-", "MRN", "", "", "A", "PT-"]) + digits(rng, rng.randint(6, 9), "123456789")


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
}


def date_of_birth(rng):
    day = birth(rng, 1930, 2015)
    month = {tongue: names.split()[day.month - 1] for tongue, names in MONTHS.items()}
    short = month["en"][:3]
    return rng.choice(
        [
            f"{day:%Y-%m-%d}",
            f"{day:%d/%m/%Y}",
            f"{day:%m/%d/%Y}",
            f"{day:%d.%m.%Y}",
            f"{day:%d-%m-%Y}",
            f"{day:%m/%d/%y}",
            f"{day.day}.{day.month}.{day.year}",
            f"{day.month}/{day.day}/{day.year}",
            f"{day:%Y/%m/%d}",
            f"{day:%Y%m%d}",
            f"{day.day} {month['en']} {day.year}",
            f"{month['en']} {day.day}, {day.year}",
            f"{short} {day.day}, {day.year}",
            f"{day.day}-{short}-{day.year}",
            f"{day.day} {short} {day.year}",
            f"{day.day}. {month['de']} {day.year}",
            f"{day.day} {month['fr']} {day.year}",
            f"{day.day} de {month['es']} de {day.year}",
            f"{day.day} {month['it']} {day.year}",
            f"{day.day} de {month['pt']} de {day.year}",
            f"{day.day} {month['nl']} {day.year}",
            f"{day.day} {month['pl']} {day.year}",
            f"{day.day} {month['sv']} {day.year}",
            f"{day.day} {month['tr']} {day.year}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day.year}년 {day.month}월 {day.day}일",
        ]
    )


def canada(rng):
    return digits(rng, 1) + rng.choice("ABCEGHJ") + digits(rng, 1)


def postcode(rng):
    inward = digits(rng, 1) + letters(rng, 2, "ABDEFGHJLNPQRSTUWXYZ")
    forms = [
        lambda: letters(rng, 2, "ABDEGLMNRSTW") + digits(rng, 1, "123456789") + " " + inward,
        lambda: rng.choice(["SW1A", "EC1A", "W1B", "M1", "B33"]) + " " + inward,
        lambda: digits(rng, 5, "123456789"),
        lambda: digits(rng, 5, "123456789") + "-" + digits(rng, 4),
        lambda: rng.choice("ABCEGHJKLMNPRSTVXY") + digits(rng, 1) + rng.choice("ABCEGHJ") + " " + canada(rng),
        lambda: digits(rng, 4, "1345678") + " " + letters(rng, 2, "ABCDEGHJKLMNPRTVWXZ"),
        lambda: digits(rng, 5, "1234567") + "-" + digits(rng, 3),
        lambda: digits(rng, 2, "123456789") + "-" + digits(rng, 3),
        lambda: digits(rng, 3, "123456789") + "-" + digits(rng, 4),
        lambda: digits(rng, 3, "123456789") + " " + digits(rng, 2),
        lambda: digits(rng, 6, "12345678"),
        lambda: digits(rng, 4, "345678"),
    ]
    return rng.choice(forms)()


# Kind: the maker, whether it has no form that stands alone, and words that announce it.
KINDS = {
    "US_SSN": (us_ssn, False, ["SSN", "social security number"]),
    "US_ITIN": (us_itin, False, ["ITIN", "taxpayer ID"]),
    "ABA_ROUTING_NUMBER": (aba, True, ["routing number", "ABA"]),
    "US_NPI": (npi, True, ["NPI", "National Provider Identifier"]),
    "MEDICAL_LICENSE": (dea, True, ["DEA number", "DEA"]),
    "US_PASSPORT": (us_passport, True, ["US passport", "American passport number"]),
    "US_DRIVER_LICENSE": (us_driver_license, True, ["driver's license", "driver license number"]),
    "US_BANK_NUMBER": (us_bank_number, True, ["account number", "checking account"]),
    "CA_SIN": (ca_sin, True, ["SIN", "social insurance number"]),
    "BR_CPF": (br_cpf, False, ["CPF"]),
    "BR_CNPJ": (br_cnpj, False, ["CNPJ"]),
    "UK_NHS": (uk_nhs, True, ["NHS number", "NHS no"]),
    "UK_NINO": (uk_nino, False, ["National Insurance number", "NI number"]),
    "DE_TAX_ID": (de_tax_id, False, ["Steuer-ID", "Steueridentifikationsnummer", "IdNr."]),
    "ES_NIF": (es_nif, False, ["DNI", "NIF"]),
    "ES_NIE": (es_nie, False, ["NIE"]),
    "IT_FISCAL_CODE": (it_fiscal_code, False, ["codice fiscale", "C.F."]),
    "FR_NIR": (fr_nir, False, ["numéro de sécurité sociale", "NIR"]),
    "NL_BSN": (nl_bsn, True, ["BSN", "burgerservicenummer"]),
    "PL_PESEL": (pl_pesel, True, ["PESEL", "nr PESEL"]),
    "TR_NATIONAL_ID": (tr_national_id, True, ["TC Kimlik No", "TCKN"]),
    "SE_PERSONNUMMER": (se_personnummer, False, ["personnummer"]),
    "FI_PERSONAL_IDENTITY_CODE": (fi_personal_identity_code, False, ["henkilötunnus", "HETU"]),
    "IN_AADHAAR": (in_aadhaar, True, ["Aadhaar", "Aadhaar number"]),
    "IN_PAN": (in_pan, False, ["PAN", "PAN card"]),
    "SG_NRIC_FIN": (sg_nric_fin, False, ["NRIC", "FIN"]),
    "KR_RRN": (kr_rrn, False, ["주민등록번호", "resident registration number"]),
    "CN_RESIDENT_ID": (cn_resident_id, False, ["身份证号", "resident identity card"]),
    "AU_TFN": (au_tfn, True, ["TFN", "tax file number"]),
    "AU_ABN": (au_abn, False, ["ABN"]),
    "AU_MEDICARE": (au_medicare, False, ["Medicare number", "Medicare card"]),
    "ZA_ID_NUMBER": (za_id, False, ["ID number", "South African ID"]),
    "IMEI": (imei, False, ["IMEI"]),
    "VIN": (vin, False, ["VIN", "vehicle identification number"]),
    "BIC_CODE": (bic, True, ["BIC", "SWIFT code"]),
    "PASSPORT": (passport, True, ["Reisepass", "passeport", "foreign passport"]),
    "DRIVER_LICENSE": (driver_license, True, ["Führerschein", "permis de conduire", "driving licence"]),
    "BANK_ACCOUNT": (bank_account, True, ["sort code", "BSB", "Kontonummer"]),
    "MEDICAL_RECORD_NUMBER": (medical_record, True, ["MRN", "medical record number"]),
    "DATE_OF_BIRTH": (date_of_birth, True, ["date of birth", "born on", "DOB", "geboren am", "né le"]),
    "POSTCODE": (postcode, True, ["postcode", "ZIP code", "PLZ"]),
}


def generate(kind, seed):
    """A valid value of `kind`, the same for the same seed."""
    make = KINDS[kind][0]
    rng = random.Random(f"{kind}/{seed}")
    return until(lambda: make(rng), not_repeated)


def is_time_stamp(text):
    """Whether `text` may as well be a day since 2000 and a time, as in names of builds and logs."""
    day, _, time = text.rpartition("-")
    try:
        day = datetime.datetime.strptime(day if len(day) == 8 else "20" + day, "%Y%m%d")
        return 2000 <= day.year < 2036 and int(time[:2]) < 24 and int(time[2:]) < 60
    except ValueError:
        return False


def is_announced(kind, text):
    """Whether `text` counts as one of `kind` only near a context word."""
    bare = text.isdigit() and kind not in ("FR_NIR", "CN_RESIDENT_ID", "ZA_ID_NUMBER")
    spaced = kind == "US_SSN" and " " in text
    nordic = kind in ("SE_PERSONNUMMER", "FI_PERSONAL_IDENTITY_CODE") and is_time_stamp(text)
    company = kind == "BR_CNPJ" and "/" not in text
    first_branch = company and text.isdigit() and text[8:12] == "0001"
    return KINDS[kind][1] or (bare or spaced or nordic or company) and not first_branch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    asked = parser.parse_args()
    for kind in asked.kinds:
        words = KINDS[kind][2]
        for at in range(asked.count):
            text = generate(kind, f"{asked.seed}/{at}")
            row = {"entity": kind, "text": text, "announced": is_announced(kind, text), "words": words}
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
