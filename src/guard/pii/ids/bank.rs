//! Bank accounts other than by IBAN, and banks.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::has_varied_digits;

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::UsBankNumber,
        pattern: "[0-9]{8,17}|[0-9]{4}[- ][0-9]{4}[- ][0-9]{2,4}",
        is_valid: is_account,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.7,
        context: &[
            "account number",
            "account no",
            "account #",
            "acct",
            "acct number",
            "acct no",
            "acct #",
            "bank account",
            "checking account",
            "savings account",
            "checking",
            "savings",
            "direct deposit",
            "a/c",
            "a/c no",
            "account num",
            "wire to account",
        ],
    },
    Recognizer {
        entity: Entity::BankAccount,
        pattern: concat!(
            "[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[ ,/]{1,2}[0-9]{7,8})?|[0-9]{3}-[0-9]{3}(?:[ ,/]{1,2}[0-9]{6,9})?",
            "|[0-9]{5}-[0-9]{3}(?:-[0-9]{7})?|[0-9]{4}[- ][0-9]{4}[- ][0-9]{2}[- ][0-9]{10}",
            r"|[0-9]{4}[ .][0-9]{2}[ .][0-9]{5}|[0-9]{1,8}-[0-9A-Z]|[0-9]{6,20}",
        ),
        is_valid: is_account,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.65,
        context: &[
            "sort code",
            "sort-code",
            "bsb",
            "bsb number",
            "kontonummer",
            "kontonr",
            "konto-nr",
            "konto",
            "bankkonto",
            "blz",
            "bankleitzahl",
            "numéro de compte",
            "compte bancaire",
            "rib",
            "número de cuenta",
            "cuenta bancaria",
            "cuenta corriente",
            "clabe",
            "cbu",
            "conto corrente",
            "numero di conto",
            "conta corrente",
            "conta bancária",
            "número da conta",
            "agência",
            "rekeningnummer",
            "bankrekening",
            "numer konta",
            "nr konta",
            "rachunek",
            "bankgiro",
            "plusgiro",
            "clearingnummer",
            "tilinumero",
            "hesap no",
            "hesap numarası",
            "номер счета",
            "расчетный счет",
            "银行账号",
            "账号",
            "银行卡号",
            "口座番号",
            "普通預金",
            "계좌번호",
            "transit number",
        ],
    },
    Recognizer {
        entity: Entity::BicCode,
        pattern: "[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
        is_valid: is_bic,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.9,
        context: &["bic", "bics", "swift", "bic code", "swift code", "bic/swift", "swift/bic", "swift bic", "iban"],
    },
];

/// Five digits at least: fewer are a branch.
fn is_account(text: &str) -> bool {
    has_varied_digits(text, 5)
}

/// Four letters for the bank, a country's code, two for the place, three for the branch (ISO 9362).
/// Words that happen to be built so are none.
fn is_bic(text: &str) -> bool {
    let known = matches!(text.as_bytes(), [_, _, _, _, first, second, ..] if has_country(*first, *second));
    known && !WORDS.contains(&text)
}

fn has_country(first: u8, second: u8) -> bool {
    let place = |letter: u8| usize::from(letter.wrapping_sub(b'A'));
    BY_LETTERS.get(place(first)).is_some_and(|second_letters| second_letters >> place(second).min(31) & 1 == 1)
}

/// The countries by their first letter, a bit for each second letter: asked of every word in capitals.
const BY_LETTERS: [u32; 26] = {
    let (mut letters, mut at) = ([0; 26], 0);
    while at + 1 < COUNTRIES.len() {
        letters[(COUNTRIES.as_bytes()[at] - b'A') as usize] |= 1 << (COUNTRIES.as_bytes()[at + 1] - b'A');
        at += 3;
    }
    letters
};

/// The codes of ISO 3166-1, and Kosovo's.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Words of payment forms that are built like a code when written in capitals.
const WORDS: &[&str] = &[
    "ACCEPTED",
    "ADVISING",
    "AGENCIES",
    "BENEFITS",
    "BRANCHES",
    "BUSINESS",
    "CHECKING",
    "COMMERCE",
    "CONTINUE",
    "CREDITED",
    "CREDITOR",
    "CUSTOMER",
    "DATABASE",
    "DECLINED",
    "DELIVERY",
    "DEPOSITS",
    "DETAILED",
    "DOCUMENT",
    "DOMESTIC",
    "ECONOMIC",
    "EUROPEAN",
    "LANGUAGE",
    "MESSAGES",
    "OFFICIAL",
    "OPERATOR",
    "ORIGINAL",
    "OVERSEAS",
    "PLATFORM",
    "PREVIOUS",
    "PROPERTY",
    "PROVIDED",
    "PROVIDER",
    "REGISTER",
    "REMITTED",
    "REMITTER",
    "REQUESTS",
    "REQUIRED",
    "REQUIRES",
    "SETTINGS",
    "TEMPLATE",
    "VERIFIED",
    "BENEFICIARY",
    "DECLARATION",
    "DESTINATION",
    "INSTITUTION",
    "INSTRUCTION",
    "INTEGRATION",
    "TRANSACTION",
];
