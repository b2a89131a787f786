//! Texts of a model's own with personal data planted in them, whole and in pieces.

mod answers;
mod json;

use fastrand::Rng;

use super::*;
use crate::guard::mask::Salt;
use crate::guard::pii::custom::Custom;

/// What texts are made of beside values.
const PIECES: [&str; 26] = [
    "word ",
    "The next ",
    "is ",
    "of ",
    "and so on. ",
    "\n",
    "\n\n",
    "12 ",
    "in 2024 ",
    "No. 7 ",
    "a@b ",
    "x = 5;\n",
    "\"quoted\" ",
    "it's ",
    "你好。",
    "请看，",
    "<b>",
    "a < b ",
    "March ",
    "key: ",
    "password ",
    "- ",
    "(see 3) ",
    "1.5 ",
    "é",
    " ",
];

/// Values that are found wherever they stand, some of several words, some with what announces them.
const VALUES: [&str; 21] = [
    "ann.lee@example.com",
    "4111 1111 1111 1111",
    "+49 30 12345678",
    "GB29 NWBK 6016 1331 9268 19",
    "https://www.example.com/a/b?c=d",
    "DE89370400440532013000",
    "123-45-6789",
    "SSN: 123 45 6789",
    "born on 12 de marzo de 1985",
    "date of birth: March 12, 1985",
    "password: \"hunter 22 x9\"",
    "password: \"tr0ub4dor7x and so many other words of it\"",
    "my password is tr0ub4dor7x",
    "AKIAIOSFODNN7EXAMPLQ",
    "203.0.113.7",
    "(415) 555-0132 ext. 12",
    "请联系wang@163.com，",
    "078 05 1121 is my SSN",
    "4155550132 (phone)",
    "NHS number 943 476 5919",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n-----END EC PRIVATE KEY-----",
];

fn patterns() -> Arc<Patterns> {
    static PATTERNS: std::sync::OnceLock<Arc<Patterns>> = std::sync::OnceLock::new();
    PATTERNS.get_or_init(|| Arc::new(Patterns::new(Entity::KNOWN, Vec::new(), &[], 0.0).unwrap())).clone()
}

pub(super) fn screen(hold_back: usize) -> Arc<Screen> {
    Arc::new(Screen::new(patterns(), 0.5, None, hold_back))
}

/// A screener beside a ledger of these values, and their placeholders.
fn screener(hold_back: usize, values: &[(Entity, &str)]) -> (Screener, Vec<String>) {
    let mut ledger = Ledger::new(Salt::of(&[7; 32], "", ""));
    let slots: Vec<_> = values.iter().map(|(entity, value)| ledger.placeholder(entity, value)).collect();
    let salted = slots.into_iter().map(|slot| ledger.salted(slot)).collect();
    (Screener::new(screen(hold_back), Restorer::new(Arc::new(ledger))), salted)
}

fn whole(text: &str, form: Form) -> String {
    screener(256, &[]).0.whole(text, form).into_owned()
}

/// `text` in pieces of at most `most` bytes or one character. At no time more waits than may.
fn in_pieces(rng: &mut Rng, screener: &mut Screener, text: &str, form: Form, most: usize) -> String {
    let (mut screened, mut out, mut rest) = (Screened::new(form), String::new(), text);
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(rng.usize(1..=most).min(rest.len()));
        screened.pass(screener, &rest[..end], &mut out);
        rest = &rest[end..];
        if form == Form::Text && screener.redacted.is_empty() {
            let waits = text.len() - rest.len() - out.len();
            assert!(waits <= screener.screen.hold_back, "{waits} bytes wait");
        }
    }
    screened.finish(screener, &mut out);
    assert!(screened.is_idle());
    out
}

/// A text with values in it.
fn planted(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(1..25) {
        match rng.u8(..4) {
            0 => {
                text.push_str(VALUES[rng.usize(..VALUES.len())]);
                text.push_str(["\n", ". ", " ", "; ", ".\n"][rng.usize(..5)]);
            }
            _ => text.push_str(PIECES[rng.usize(..PIECES.len())]),
        }
    }
    text
}

#[test]
fn values_are_replaced_by_their_kinds() {
    for (text, redacted) in [
        ("Write to ann.lee@example.com.", "Write to [EMAIL_ADDRESS]."),
        ("Card 4111 1111 1111 1111, please", "Card [CREDIT_CARD], please"),
        ("my password is tr0ub4dor7x!", "my password is [SECRET]"),
        ("ann@example.com ann@example.com", "[EMAIL_ADDRESS] [EMAIL_ADDRESS]"),
        ("Nothing to see in 2024.", "Nothing to see in 2024."),
    ] {
        let (mut screener, _) = screener(256, &[]);
        assert_eq!(screener.whole(text, Form::Text), redacted);
        let count = redacted.matches('[').count() as u64;
        assert_eq!(screener.redacted().iter().map(|(_, count)| count).sum::<u64>(), count);
        assert!(screener.redacted().is_empty());
    }
}

#[test]
fn only_what_is_wanted_and_sure_goes() {
    let text = "ann@example.com or 203.0.113.7";
    let with = |min_score: f32, wanted: Option<HashSet<Entity>>| {
        let screen = Arc::new(Screen::new(patterns(), min_score, wanted, 256));
        let restorer = Restorer::new(Arc::new(Ledger::new(Salt::of(&[7; 32], "", ""))));
        Screener::new(screen, restorer).whole(text, Form::Text).into_owned()
    };
    assert_eq!(with(0.5, Some(HashSet::from([Entity::IpAddress]))), "ann@example.com or [IP_ADDRESS]");
    assert_eq!(with(0.9, None), "[EMAIL_ADDRESS] or 203.0.113.7");
}

#[test]
fn pieces_come_out_as_the_whole_does() {
    for seed in 0..400 {
        let rng = &mut Rng::with_seed(seed);
        let text = planted(rng);
        let meant = whole(&text, Form::Text);
        for most in [1, 4, 30, 400] {
            let (mut screener, _) = screener(256, &[]);
            let out = in_pieces(rng, &mut screener, &text, Form::Text, most);
            assert_eq!(out, meant, "seed {seed}, pieces of {most}: {text:?}");
        }
    }
}

#[test]
fn texts_without_values_stay_and_little_waits() {
    for seed in 0..200 {
        let rng = &mut Rng::with_seed(seed);
        let text: String =
            (0..60).map(|_| PIECES[rng.usize(..PIECES.len())]).filter(|piece| !piece.contains('.')).collect();
        for hold_back in [1, 20, 256] {
            let (mut screener, _) = screener(hold_back, &[]);
            assert_eq!(in_pieces(rng, &mut screener, &text, Form::Text, 9), text, "seed {seed}");
        }
    }
    let (mut screener, _) = screener(256, &[]);
    let (mut flow, mut out) = (Flow::default(), String::new());
    flow.push("Plain words go out but for the last two of them");
    flow.pass(&mut screener, &mut out);
    assert_eq!(out, "Plain words go out but for the last two ");
}

#[test]
fn no_more_waits_than_may() {
    for piece in ["x", "1", "1 ", "1234 ", "a@", "-----BEGIN PRIVATE KEY-----", "p: \"", "+1 ", "é", "你", "4111 1111 "]
    {
        for hold_back in [16, 64, 256] {
            let (mut screener, _) = screener(hold_back, &[]);
            let (mut screened, mut came, mut out) = (Screened::new(Form::Text), 0, String::new());
            for _ in 0..400 {
                screened.pass(&mut screener, piece, &mut out);
                came += piece.len();
                let Kind::Text(flow) = &screened.0 else { unreachable!() };
                assert!(flow.waits() <= hold_back, "{piece}: {} wait", flow.waits());
                assert!(flow.holds() <= hold_back + 800, "{piece}: {} are kept", flow.holds());
            }
            assert!(!screener.redacted.is_empty() || out.len() + hold_back >= came);
        }
    }
}

#[test]
fn long_values_that_are_known_go_to_their_end() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(25);
    let key = format!("-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----");
    let url = format!("https://www.example.com/{}", "path/to/it/".repeat(60));
    for (value, kind) in [(key, "[SECRET]"), (url, "[URL]")] {
        let text = format!("Here it is:\n{value}\nAnd that was all of it, Ann.");
        for (seed, most) in [1, 5, 40, 300, 4000].into_iter().enumerate() {
            let (mut screener, _) = screener(256, &[]);
            let out = in_pieces(&mut Rng::with_seed(seed as u64), &mut screener, &text, Form::Text, most);
            assert_eq!(out, format!("Here it is:\n{kind}\nAnd that was all of it, Ann."), "pieces of {most}");
        }
    }
}

#[test]
fn what_is_the_clients_own_stays() {
    let values = [(Entity::EmailAddress, "ann@example.com"), (Entity::Address, "12 High St, 203.0.113.7, London")];
    let text = "ann@example.com, bob@example.com at 203.0.113.7 or 203.0.113.71 or xann@example.com";
    let meant = "ann@example.com, [EMAIL_ADDRESS] at 203.0.113.7 or [IP_ADDRESS] or [EMAIL_ADDRESS]";
    for most in [1, 3, 50, 200] {
        let (mut screener, _) = screener(256, &values);
        assert_eq!(screener.whole(text, Form::Text), meant);
        assert_eq!(in_pieces(&mut Rng::with_seed(1), &mut screener, text, Form::Text, most), meant);
    }
}

#[test]
fn live_placeholders_are_no_values() {
    let (mut screener, salted) = screener(256, &[(Entity::Person, "Ann"), (Entity::EmailAddress, "ann@example.com")]);
    let own = Custom {
        name: "CODE".to_owned(),
        pattern: "(?i:[A-Z]+_[0-9]_[a-z2-7]{4})".to_owned(),
        score: 0.9,
        context: Vec::new(),
        validate: None,
    };
    let patterns = Arc::new(Patterns::new(Entity::KNOWN, vec![own], &[], 0.0).unwrap());
    screener.screen = Arc::new(Screen::new(patterns, 0.5, None, 256));
    assert_eq!(screener.whole("<PERSON_1_aaaa>", Form::Text), "<[CODE]>", "somebody else's");
    let text = format!(
        "{0}@example.com password: \"{0} x9 77 y\" https://www.example.com/{1} bob@example.com {1} 1 {0}",
        salted[0], salted[1]
    );
    let meant = screener.whole(&text, Form::Text).into_owned();
    assert_eq!(meant.matches(&salted[0]).count(), 3, "{meant}");
    assert_eq!(meant.matches(&salted[1]).count(), 2, "{meant}");
    assert!(meant.contains("[EMAIL_ADDRESS] <EMAIL"), "{meant}");
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        let (mut screened, mut out) = (Screened::new(Form::Text), String::new());
        screened.pass(&mut screener, &text[..at], &mut out);
        screened.pass(&mut screener, &text[at..], &mut out);
        screened.finish(&mut screener, &mut out);
        assert_eq!(out, meant, "cut at {at}");
    }
}
