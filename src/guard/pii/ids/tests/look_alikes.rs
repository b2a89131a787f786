//! What looks like an identifier and is none.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::super::RECOGNIZERS;
use super::found;

const TEXTS: &[&str] = &[
    "550e8400-e29b-41d4-a716-446655440000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "at 1763840000 and 1763840000123",
    "2024-11-20T15:30:45Z, 2024-11-20 15:30:45.123456",
    "build 20241120-1530, backup-20241120153000.tar",
    "log from 241120-1530 to 241120-1645",
    "version 10.15.7-1234, v2.31.0, 1.2.3-4567",
    "call 555-123-4567 or (212) 555-0187 or +1 212 555 0187",
    "+49 30 901820, +44 20 7946 0958, 0171 2345678",
    "order 4503599627, invoice INV-2024-001234, ticket #8812345",
    "order number 112-3456789-1234567",
    "tracking 1Z999AA10123456784",
    "UPC 012345678905, EAN 4006381333931, ISBN 978-3-16-148410-0",
    "aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ=",
    "INTRODUCTORY LICENSE AGREEMENT",
    "37.774929, -122.419418 and 48.858370,2.294481",
    "1,234,567,890 items at $12,345,678.90",
    "3.14159265358979 and 2.718281828459045",
    "10.0.12.255:8080, fe80::1ff:fe23:4567:890a, 00:1A:2B:3C:4D:5E",
    "the public relic was published in 1985",
    "error 0x80070057 in module ABC12345",
    "model RTX4090 with SM8550AC and iPhone 15 Pro A2848",
    "pip install torch==2.4.1+cu121",
    "GPT-4-0613 and claude-3-5-sonnet-20241022",
    "pi is 3 and e is 2 but 12345 is neither",
    "123 456 789 and 12 345 678",
    "s3://bucket/2024/11/20/part-00000-1234567890.parquet",
    "https://example.com/item/12345678901?id=98765432109",
    "snowflake 1212121212121212121",
];

#[test]
fn look_alikes_are_left_alone() {
    for text in TEXTS {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn no_text_whatever_breaks_a_check() {
    let mut rng = Rng::with_seed(3);
    let among: Vec<char> = "0123456789012345678901234567890123456789ABXZabxz-+. /é日'年".chars().collect();
    let mut valid = 0;
    for _ in 0..20_000 {
        let text: String = (0..rng.usize(0..20)).map(|_| among[rng.usize(0..among.len())]).collect();
        valid += RECOGNIZERS.iter().copied().flatten().filter(|one| (one.is_valid)(&text)).count();
    }
    assert!(valid > 0);
}

#[derive(Default)]
struct Alarms {
    texts: usize,
    flagged: usize,
    kinds: BTreeMap<&'static str, usize>,
}

impl Alarms {
    fn read(&mut self, text: &str) {
        let found = found(text);
        self.texts += 1;
        self.flagged += usize::from(!found.is_empty());
        let mut kinds: Vec<&str> = found.iter().map(|(entity, _)| entity.name()).collect();
        kinds.dedup();
        for kind in kinds {
            *self.kinds.entry(kind).or_default() += 1;
        }
    }

    fn share(&self) -> f64 {
        self.flagged as f64 / self.texts as f64
    }
}

#[test]
fn random_numbers_are_hardly_ever_flagged() {
    let mut rng = Rng::with_seed(7);
    let mut all = Alarms::default();
    for length in 6..=18 {
        let before = all.flagged;
        for _ in 0..2000 {
            let number: String = (0..length).map(|_| rng.digit(10)).collect();
            all.read(&format!("got {number} back"));
        }
        println!("{length} digits: {} of 2000", all.flagged - before);
    }
    println!("{:?} of {}", all.kinds, all.texts);
    assert!(all.share() < 0.005, "{}", all.share());
    assert!(all.kinds.values().all(|count| *count * 200 <= all.texts), "{:?}", all.kinds);
}

#[test]
fn identifiers_of_machines_are_hardly_ever_flagged() {
    let mut rng = Rng::with_seed(11);
    let mut all = Alarms::default();
    let hex = |rng: &mut Rng, count: usize| -> String {
        (0..count).map(|_| char::from(b"0123456789abcdef"[rng.usize(0..16)])).collect()
    };
    for at in 0..2000 {
        let (a, b, c, d, e) =
            (hex(&mut rng, 8), hex(&mut rng, 4), hex(&mut rng, 4), hex(&mut rng, 4), hex(&mut rng, 12));
        let (month, day, hour, minute) = (rng.u32(1..13), rng.u32(1..29), rng.u32(0..24), rng.u32(0..60));
        let text = match at % 8 {
            0 => format!("{a}-{b}-{c}-{d}-{e}"),
            1 => format!("{a}{b}{c}{d}{e}{a}"),
            2 => format!("{a}{}", &b[..1 + at % 3]),
            3 => format!("{a}{b}{c}").to_uppercase(),
            4 => {
                format!("2024-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", rng.u32(0..60), rng.u32(0..1000))
            }
            5 => format!("2024{month:02}{day:02}-{hour:02}{minute:02} and 24{month:02}{day:02}-{hour:02}{minute:02}"),
            6 => format!("2025{month:02}{day:02}{hour:02}{minute:02}{:02}", rng.u32(0..60)),
            _ => format!("{}", rng.u64(1_580_000_000_000..1_890_000_000_000)),
        };
        all.read(&text);
    }
    println!("{:?} of {}", all.kinds, all.texts);
    assert!(all.share() < 0.005, "{}", all.share());
}

#[test]
fn random_tokens_are_hardly_ever_flagged() {
    let mut rng = Rng::with_seed(13);
    let mut all = Alarms::default();
    for at in 0..4000 {
        let among: &[u8] =
            if at % 2 == 0 { b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" } else { b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" };
        let token: String = (0..8 + at % 11).map(|_| char::from(among[rng.usize(0..among.len())])).collect();
        all.read(&token);
    }
    println!("{:?} of {}", all.kinds, all.texts);
    assert!(all.share() < 0.005, "{}", all.share());
}

#[test]
fn written_forms_of_other_numbers_are_hardly_ever_flagged() {
    let mut rng = Rng::with_seed(17);
    let mut all = Alarms::default();
    let forms = [
        "### ### ####",
        "###-###-####",
        "### ### ###",
        "##.##.####",
        "#,###,###.##",
        "#### #### #### ####",
        "##-####-##",
        "######/##",
        "ORD-########",
    ];
    for at in 0..4500 {
        let digit = |c| if c == '#' { rng.digit(10) } else { c };
        let text: String = forms[at % forms.len()].chars().map(digit).collect();
        all.read(&text);
    }
    println!("{:?} of {}", all.kinds, all.texts);
    assert!(all.share() < 0.005, "{}", all.share());
}
