use super::*;
use crate::guard::pii::overlap::resolved;

const PROSE: &str =
    "In 2019 the committee met 14 times, spent $1,234,567.89 and read 3.14159 pages of RFC 2119 at 10:30.";

fn all() -> Patterns {
    Patterns::new(Entity::KNOWN, Vec::new(), &[], 0.0).unwrap()
}

/// What counts in `text`: kind and value.
fn counted(text: &str) -> Vec<(String, &str)> {
    let mut findings = all().find(text);
    findings.retain(|finding| finding.score >= 0.5);
    resolved(text, findings)
        .into_iter()
        .map(|finding| (finding.entity.name().to_owned(), &text[finding.range]))
        .collect()
}

fn is(text: &str, expected: &[(&str, &str)]) {
    let counted = counted(text);
    let counted: Vec<(&str, &str)> = counted.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(counted, expected, "{text}");
}

#[test]
fn kinds_in_one_text() {
    is(
        "Mail ann@example.com or call +49 30 1234567; card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00.",
        &[
            ("EMAIL_ADDRESS", "ann@example.com"),
            ("PHONE_NUMBER", "+49 30 1234567"),
            ("CREDIT_CARD", "4111 1111 1111 1111"),
            ("IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ],
    );
    is(
        "host 203.0.113.7 mac 00:1b:44:11:3a:b7 https://ann@example.com/x password=hunter2",
        &[
            ("IP_ADDRESS", "203.0.113.7"),
            ("MAC_ADDRESS", "00:1b:44:11:3a:b7"),
            ("URL", "https://ann@example.com/x"),
            ("SECRET", "hunter2"),
        ],
    );
}

#[test]
fn a_word_near_by_decides() {
    is("Call me: 4155550132", &[("PHONE_NUMBER", "4155550132")]);
    is("Order 4155550132", &[]);
    is("{\"phone\": \"4155550132\", \"order\": \"4155550199\"}", &[("PHONE_NUMBER", "4155550132")]);
    is(
        "name,phone,order\nAnn,4155550132,4155550199\nBob,4155550133,1\n",
        &[("PHONE_NUMBER", "4155550132"), ("PHONE_NUMBER", "4155550133")],
    );
    is("Mein Handy: 0171 1234567", &[("PHONE_NUMBER", "0171 1234567")]);
    is("Version 0171 1234567", &[]);
    is("publication 4155550132 microphone", &[]);
}

#[test]
fn typographic_signs_are_read_as_asciis() {
    for (text, kind, value) in [
        ("card 4111\u{a0}1111\u{202f}1111\u{2009}1111.", "CREDIT_CARD", "4111\u{a0}1111\u{202f}1111\u{2009}1111"),
        ("４１１１－１１１１－１１１１－１１１１", "CREDIT_CARD", "４１１１－１１１１－１１１１－１１１１"),
        ("it is 4111–1111–1111–1111—now", "CREDIT_CARD", "4111–1111–1111–1111"),
        ("my “SSN”: 123‑45‑6789", "US_SSN", "123‑45‑6789"),
        ("123−45−6789", "US_SSN", "123−45−6789"),
        ("SSN 123\u{a0}45\u{a0}6789", "US_SSN", "123\u{a0}45\u{a0}6789"),
        (
            "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
            "IBAN_CODE",
            "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
        ),
        ("Ｔｅｌ：０３－１２３４－５６７８", "PHONE_NUMBER", "０３－１２３４－５６７８"),
        ("415‑555‑0132", "PHONE_NUMBER", "415‑555‑0132"),
        ("\u{202a}+49 30 1234\u{ad}567\u{202c}", "PHONE_NUMBER", "+49 30 1234\u{ad}567"),
        ("هاتف ٠٥٠١٢٣٤٥٦٧", "PHONE_NUMBER", "٠٥٠١٢٣٤٥٦٧"),
        ("ann＠example．com", "EMAIL_ADDRESS", "ann＠example．com"),
        ("CPF 529\u{2011}982\u{2011}247\u{2013}25 529.982.247–25", "BR_CPF", "529.982.247–25"),
    ] {
        is(text, &[(kind, value)]);
    }
}

#[test]
fn a_word_makes_a_card_of_numbers_in_a_row() {
    let card = "4111 1111 1111 1111";
    for text in [
        format!("My card is {card} 0627 thanks"),
        format!("credit card number {card} 1227 123"),
        format!("credit card number {card} 2027 cvv 123"),
        format!("in 2024 {card} was my card"),
        format!("card {card} 9999 8888"),
        format!("card: {card} 411F"),
    ] {
        is(&text, &[("CREDIT_CARD", card)]);
    }
    for card in ["4111\t1111\t1111\t1111", "4111,1111,1111,1111", "4111, 1111, 1111, 1111"] {
        is(&format!("card number {card}"), &[("CREDIT_CARD", card)]);
        is(&format!("total {card}"), &[]);
    }
    let other = "5500 0055 5555 5559";
    is(&format!("cards: {card} {other}"), &[("CREDIT_CARD", card), ("CREDIT_CARD", other)]);
    let iban = "DE89 3704 0044 0532 0130 00";
    is(&format!("{card} {iban}"), &[("CREDIT_CARD", card), ("IBAN_CODE", iban)]);
    is(&format!("total {card} 9999 8888"), &[]);
    is("card 4111 1111 1111 1112 0627", &[]);
    is(r#"{"card": 4111111111111111.0}"#, &[("CREDIT_CARD", "4111111111111111")]);
}

#[test]
fn escaped_line_ends_are_none_of_a_value() {
    is(r"log: name\nab12@b.org\nend", &[("EMAIL_ADDRESS", "ab12@b.org")]);
    is(r"log: name\n+14155550132\nend", &[("PHONE_NUMBER", "+14155550132")]);
    is(r"phone:\t4155550132", &[("PHONE_NUMBER", "4155550132")]);
    is(r"my phone is\t4155550132", &[("PHONE_NUMBER", "4155550132")]);
}

#[test]
fn an_address_holds_what_has_no_width() {
    for address in [
        "a\u{200d}b12@b.org",
        "ab\u{fe0f}12@b.org",
        "ab\u{ad}c@b\u{34f}c.org",
        "ab12@b.o\u{2060}rg",
        "a\u{e0061}b@b.org",
        "ab\u{200b}c12@b.org",
    ] {
        is(&format!("write to {address} soon"), &[("EMAIL_ADDRESS", address)]);
    }
    is("ab12@b.org\u{200b}and", &[("EMAIL_ADDRESS", "ab12@b.org")]);
}

#[test]
fn typographic_look_alikes_are_none() {
    for text in [
        "4111\u{a0}1111\u{a0}1111\u{a0}1112",
        "2019–2021, pp. 123–45–67",
        "１２３－４５－６７８",
        "550e8400‑e29b‑41d4‑a716‑446655440000",
        "1\u{202f}234\u{202f}567,89 €",
        "２０２４年１１月２２日１０：３０",
        "1700000000–1700000091",
        "version １．２．３．４",
        "−37.7749, −122.4194",
    ] {
        is(text, &[]);
    }
}

#[test]
fn what_is_allowed_is_so_as_it_is_written() {
    let patterns = Patterns::new(Entity::KNOWN, Vec::new(), &["415‑555‑0132".to_owned()], 0.5).unwrap();
    assert_eq!(patterns.find("415‑555‑0132"), []);
}

#[test]
fn the_operators_patterns_see_the_text_as_it_is() {
    let room =
        Custom { name: "ROOM".into(), pattern: "[０-９]{3}".into(), score: 0.6, context: Vec::new(), validate: None };
    let patterns = Patterns::new(Entity::KNOWN, vec![room], &[], 0.5).unwrap();
    let found = patterns.find("é ０１２, ann＠example.com");
    assert_eq!(found.iter().map(|finding| finding.range.clone()).collect::<Vec<_>>(), [14..31, 3..12]);
}

#[test]
fn loose_words_speak_for_what_looks_like_a_telephone_number() {
    is("stop sending messages to 079 0442 1744", &[("PHONE_NUMBER", "079 0442 1744")]);
    is("416 60 039 office", &[("PHONE_NUMBER", "416 60 039")]);
    is("the office sold 12345678 of them", &[]);
    is("messages 123 456 789", &[]);
}

#[test]
fn what_scores_too_little_is_left_out() {
    let enough = |min_score| Patterns::new(Entity::KNOWN, Vec::new(), &[], min_score).unwrap();
    let text = "ssn 078-05-1121, zip 12345, order 123456789, call (415) 555-0132 or 4155550132, a,b\n1,2";
    let all = enough(0.0).find(text);
    for min_score in [0.2, 0.5, 0.8, 1.1] {
        let mut counted = all.clone();
        counted.retain(|finding| finding.score >= min_score);
        assert!(counted.len() < all.len());
        assert_eq!(enough(min_score).find(text), counted, "{min_score}");
    }
}

#[test]
fn machines_texts_are_left_alone() {
    for text in [
        PROSE,
        "550e8400-e29b-41d4-a716-446655440000",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "v1.2.3-rc.4+build.5",
        "{\"ts\": 1700000000123, \"level\": \"info\", \"took_ms\": 12.75, \"id\": \"9f8a7c6e-5d4b-3a21-8c7d-6e5f4a3b2c1d\"}",
        "fn main() { let x = [0x1F, 1_000_000, 3.5e-7]; assert_eq!(x[0], 31); }",
        "37.7749,-122.4194",
        "ISBN 978-3-16-148410-0",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "2024-01-02T03:04:05.678Z",
        "12:30-13:45",
        "SGVsbG8gd29ybGQgMTIzNDU2Nzg5MA==",
        "UPC 012345678905",
        "1920x1080@60Hz",
        "commit 1a2b3c4d",
        "a1b2c3d4e5f6",
        "rev. 4.0.0.12345",
        "x86_64-unknown-linux-gnu",
        "0.1 + 0.2 = 0.30000000000000004",
    ] {
        is(text, &[]);
    }
}

#[test]
fn only_what_is_wanted() {
    let patterns = Patterns::new(&[Entity::EmailAddress], Vec::new(), &[], 0.0).unwrap();
    let found = patterns.find("ann@example.com 4111111111111111 password=hunter2 078-05-1120 https://example.com");
    assert_eq!(found.iter().map(|finding| finding.entity.name()).collect::<Vec<_>>(), ["EMAIL_ADDRESS"]);
}

#[test]
fn what_is_allowed_is_never_found() {
    let allow = ["ann@example.com".to_owned(), "4155550132".to_owned()];
    let patterns = Patterns::new(Entity::KNOWN, Vec::new(), &allow, 0.0).unwrap();
    assert!(
        patterns
            .find("ann@example.com, phone 4155550132")
            .iter()
            .all(|finding| finding.score < 0.5 || finding.range.len() < 10)
    );
    assert!(patterns.find("joann@example.com").iter().any(|finding| finding.entity == Entity::EmailAddress));
}

#[test]
fn the_operators_own_recognisers() {
    let staff = Custom {
        name: "STAFF".into(),
        pattern: r"\bS-[0-9]{5}\b".into(),
        score: 0.3,
        context: vec!["Employee".into(), "Mitarbeiter Nr".into()],
        validate: None,
    };
    let patterns = Patterns::new(&[], vec![staff], &[], 0.0).unwrap();
    let score = |text: &str| patterns.find(text).first().map(|finding| finding.score);
    assert_eq!(score("S-12345"), Some(0.3));
    assert_eq!(score("employee S-12345"), Some(0.65));
    assert_eq!(score("mitarbeiter_nr: S-12345"), Some(0.65));
    assert_eq!(score("S-1234"), None);
}

#[test]
fn ranges_are_at_character_boundaries() {
    let patterns = all();
    let parts = [
        "é",
        "电话",
        "١٢٣",
        "🔑",
        "ß",
        "@",
        "://",
        "www.",
        "+49 30 ",
        "1",
        ".",
        "-",
        "(",
        "password=",
        "eyJ",
        "\u{a0}",
        "::",
        "\\n",
        "\\u00",
        "\"",
        "_",
        "\0",
        "\u{200d}",
        "a",
        "b.orgÉ",
        "4111 1111 1111 1111",
    ];
    let mut state = 7_u64;
    for _ in 0..10_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        for finding in patterns.find(&text) {
            assert!(text.get(finding.range.clone()).is_some_and(|value| !value.is_empty()), "{text:?} {finding:?}");
        }
    }
}
