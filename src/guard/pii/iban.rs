//! International bank account numbers (ISO 13616): a country, its length, and the remainder by 97.

use super::checks::mod97;
use super::custom::values;
use super::patterns::Candidate;
use super::scan::{self, Gap, Group};
use super::words::List;
use crate::guard::finding::Strength;

/// How long the IBANs of each country are, from the SWIFT registry, with those that only use the form.
const COUNTRIES: &str = "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 \
    CM27 CR22 CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27 \
    GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 \
    MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 \
    RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";
/// What the longest one has in letters and digits, and with a space after every fourth and a line's end.
const LONGEST: usize = 34;
const LONGEST_WRITTEN: usize = 48;

/// The IBANs in `text`: in one, or in groups parted by spaces, hyphens, dots, or once by a line's end.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    for (at, group) in groups.iter().enumerate() {
        if group.digits >= 2 && group.first.is_ascii_alphabetic() && begins(group.of(text).as_bytes()) {
            found.extend(iban(text, &groups[at..]));
        }
    }
}

/// Whether an IBAN begins with the first of `groups`.
pub(super) fn is_first(text: &str, groups: &[Group]) -> bool {
    groups.first().is_some_and(|group| begins(group.of(text).as_bytes())) && iban(text, groups).is_some()
}

/// Two letters and two digits.
fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b, c, d, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
}

fn iban(text: &str, groups: &[Group]) -> Option<Candidate> {
    let start = groups[0].start();
    let length = length(text.as_bytes()[start], text.as_bytes()[start + 1])?;
    let mut compact: Vec<u8> = Vec::with_capacity(LONGEST);
    let mut lines = 0;
    for (nth, group) in groups.iter().enumerate() {
        if nth > 0 {
            match scan::gap(text, &groups[nth - 1], group) {
                Gap::Space | Gap::Wide => {}
                Gap::Line if lines == 0 => lines += 1,
                Gap::Line | Gap::Other => return None,
            }
        }
        if group.end() - start > LONGEST_WRITTEN {
            return None;
        }
        let plain = group.of(text).bytes().filter(|byte| !matches!(byte, b'-' | b'.'));
        compact.extend(plain);
        if compact.len() >= length {
            let scores = scores(&compact, length)?;
            return Some(Candidate::of(List::Iban, start..group.end(), Strength::Checksum, scores));
        }
    }
    None
}

/// What an IBAN scores alone and in context.
fn scores(compact: &[u8], length: usize) -> Option<(f32, f32)> {
    if compact.len() != length || !compact.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (head, body) = compact.split_at(4);
    let holds = mod97(body.iter().chain(head).copied().flat_map(values)) == 1;
    let is_mixed = compact.iter().any(u8::is_ascii_lowercase) && compact.iter().any(u8::is_ascii_uppercase);
    match (holds, compact.iter().any(u8::is_ascii_lowercase)) {
        (false, _) => None,
        (true, false) => Some((0.95, 1.0)),
        // An account's letters may be small where the country's are not; any other mixture is a key or a hash.
        (true, true) if is_mixed && head[..2].iter().any(u8::is_ascii_lowercase) => None,
        // In small letters, a bank's letters and then digits are hardly ever anything else.
        (true, true) => {
            let letters = body.iter().take(4).take_while(|byte| byte.is_ascii_alphabetic()).count();
            Some((if body[letters..].iter().all(u8::is_ascii_digit) { 0.6 } else { 0.4 }, 0.9))
        }
    }
}

/// How long the IBANs are of the country whose code, in letters of either case, is `first` and `second`.
fn length(first: u8, second: u8) -> Option<usize> {
    let place = |letter: u8| usize::from(letter.to_ascii_uppercase() - b'A');
    Some(usize::from(LENGTHS[place(first)][place(second)])).filter(|length| *length > 0)
}

/// The lengths by the two letters of the country; 0 where none has them.
const LENGTHS: [[u8; 26]; 26] = {
    let (mut lengths, mut at, all) = ([[0; 26]; 26], 0, COUNTRIES.as_bytes());
    while at + 3 < all.len() {
        let length = (all[at + 2] - b'0') * 10 + all[at + 3] - b'0';
        lengths[(all[at] - b'A') as usize][(all[at + 1] - b'A') as usize] = length;
        at += 5;
    }
    lengths
};

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    fn found(text: &str) -> Vec<(&str, f32)> {
        let mut found = Vec::new();
        find(text, &scan::groups(text), &mut found);
        found.into_iter().map(|iban| (&text[iban.range], iban.alone)).collect()
    }

    #[test]
    fn the_registrys_examples() {
        for iban in [
            "DE89370400440532013000",
            "GB29 NWBK 6016 1331 9268 19",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO9386011117947",
            "NL91 ABNA 0417 1643 00",
            "CH93 0076 2011 6238 5295 7",
            "MT84MALT011000012345MTLCAST001S",
            "BE68-5390-0754-7034",
            "SA03 8000 0000 6080 1016 7519",
            "BR1800360305000010009795493C1",
            "LC55HEMM000100010012001200023015",
            "IT60 X054 2811 1010 0000 0123 456",
            "ES9121000418450200051332",
            "PL61109010140000071219812874",
            "GB29 NWBK 6016\n1331 9268 19",
            "DE89.3704.0044.0532.0130.00",
        ] {
            let text = format!("IBAN:{iban}.");
            assert!(matches!(found(&text)[..], [(value, score)] if value == iban && score > 0.9), "{iban}");
        }
    }

    #[test]
    fn small_letters_take_a_word_or_digits_alone() {
        assert!(matches!(found("fr1420041010050500013m02606")[..], [(_, score)] if score < 0.5));
        for plain in ["de89370400440532013000", "gb29 nwbk 6016 1331 9268 19"] {
            assert!(matches!(found(plain)[..], [(value, score)] if value == plain && score > 0.5), "{plain}");
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "DE89370400440532013001",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "DE89370400440532013000x",
            "dE89370400440532013000",
            "AB12 and DE89 3704",
            "DE89370400440532013000-1",
            "a/DE89370400440532013000",
            "FI21 1234 5600 0007 86",
            "GB29 NWBK\n6016 1331\n9268 19",
            "GB29 NWBK 6016\n\n1331 9268 19",
            "de89370400440532013001",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_follows_is_not_its_own() {
        assert_eq!(found("DE89 3704 0044 0532 0130 00 for 50 euros"), [("DE89 3704 0044 0532 0130 00", 0.95)]);
    }
}
