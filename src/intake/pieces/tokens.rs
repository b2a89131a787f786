//! JSON token by token: in one pass, and without a stack frame a level, however deep it nests.

use std::collections::HashSet;
use std::ops::Range;

use memchr::memchr2;

use super::spelling::Decoded;

/// The tokens of JSON that is known to be valid, except for commas and colons.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// Of each level that is open, whether it is an object.
    open: Vec<bool>,
    /// Whether the next string is a key.
    is_key: bool,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Its bytes; a string's without the quotes.
    pub(super) range: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Key,
    String,
    Number,
    /// `true`, `false`, `null`
    Word,
}

/// As many digits in a row may be a card or an account, whatever letters stand around them.
const ACCOUNT: usize = 12;

/// Shorter numbers are nobody's.
const DIGITS: usize = 4;

/// Whether an object in `json` has a key twice, whatever escapes it is written with.
pub(super) fn has_a_key_twice(json: &str) -> bool {
    let mut open = Vec::new();
    Tokens::of(json).any(|token| {
        match token.kind {
            Kind::Open => open.push(HashSet::new()),
            Kind::Close => drop(open.pop()),
            Kind::Key => {
                let key = Decoded::of(&json[token.range]).text;
                return open.last_mut().is_some_and(|keys| !keys.insert(key));
            }
            _ => {}
        }
        false
    })
}

/// Whether anything in `json` could be personal data: all but short numbers, and keys that are names as programs have them.
pub(super) fn says_something(json: &str) -> bool {
    Tokens::of(json).any(|token| match token.kind {
        Kind::String => !token.range.is_empty(),
        Kind::Number => token.range.len() >= DIGITS,
        Kind::Key => !is_identifier(&json[token.range]),
        _ => false,
    })
}

/// Whether `key` is no more than a name in a program.
pub(super) fn is_identifier(key: &str) -> bool {
    key.bytes().all(is_of_identifiers) && key.bytes().filter(u8::is_ascii_digit).count() < DIGITS
}

/// Whether `byte` may stand in a name in a program.
pub(super) fn is_of_identifiers(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// Whether `key` has a long number among letters, and is no IBAN, which has some of its own.
pub(super) fn hides_a_number(key: &str) -> bool {
    has_digits(key, ACCOUNT)
        && key.bytes().all(is_of_identifiers)
        && !matches!(key.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9', ..])
}

/// Whether `text` has as many digits in a row.
pub(super) fn has_digits(text: &str, digits: usize) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|run| run.len() >= digits)
}

// === impl Tokens ===

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0, open: Vec::new(), is_key: false }
    }

    /// Passes over the value that comes next, and says where it stands with its quotes or brackets.
    pub(super) fn skip_value(&mut self) -> Option<Range<usize>> {
        let level = self.open.len();
        let first = self.next()?;
        while self.open.len() > level {
            self.next()?;
        }
        let start = first.range.start - usize::from(first.kind == Kind::String);
        Some(start..self.at)
    }

    /// Where the string ends that begins at `start`, behind the quote.
    fn end_of_string(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            at += found;
            if bytes[at] == b'"' {
                return at;
            }
            at += 2;
        }
        bytes.len()
    }

    fn token(&mut self, kind: Kind, range: Range<usize>, next: usize) -> Option<Token> {
        self.at = next;
        Some(Token { kind, range })
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            match *bytes.get(start)? {
                b'"' => {
                    let end = self.end_of_string(start + 1);
                    let kind = if self.is_key { Kind::Key } else { Kind::String };
                    self.is_key = false;
                    return self.token(kind, start + 1..end, end + 1);
                }
                opening @ (b'{' | b'[') => {
                    self.is_key = opening == b'{';
                    self.open.push(self.is_key);
                    return self.token(Kind::Open, start..start + 1, start + 1);
                }
                b'}' | b']' => {
                    self.is_key = false;
                    self.open.pop();
                    return self.token(Kind::Close, start..start + 1, start + 1);
                }
                b',' => self.is_key = self.open.last() == Some(&true),
                first if first == b'-' || first.is_ascii_alphanumeric() => {
                    let is_over = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'+' | b'.');
                    let end = start + bytes[start..].iter().position(is_over).unwrap_or(bytes.len() - start);
                    let kind = if first.is_ascii_alphabetic() { Kind::Word } else { Kind::Number };
                    return self.token(kind, start..end, end);
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#" {"a" : "x\"\\", "b":[ 1.5e-3,{"c": {}, "d":[[],true]} ,"ü"],"\u0061":-1 } "#;

    fn spelled(token: &Token) -> String {
        format!("{:?} {}", token.kind, &JSON[token.range.clone()])
    }

    #[test]
    fn tokens_are_told_apart() {
        let told: Vec<String> = Tokens::of(JSON)
            .filter(|token| !matches!(token.kind, Kind::Open | Kind::Close))
            .map(|t| spelled(&t))
            .collect();
        let wanted = [
            "Key a",
            r#"String x\"\\"#,
            "Key b",
            "Number 1.5e-3",
            "Key c",
            "Key d",
            "Word true",
            "String ü",
            r"Key \u0061",
            "Number -1",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn values_are_passed_over() {
        let mut tokens = Tokens::of(JSON);
        let mut values = Vec::new();
        while let Some(token) = tokens.next() {
            if token.kind == Kind::Key {
                values.push(&JSON[tokens.skip_value().unwrap()]);
            }
        }
        assert_eq!(values, [r#""x\"\\""#, r#"[ 1.5e-3,{"c": {}, "d":[[],true]} ,"ü"]"#, "-1"]);
    }

    #[test]
    fn keys_are_compared_by_what_they_mean() {
        assert!(has_a_key_twice(JSON));
        assert!(has_a_key_twice(r#"[{"x":{"a":1,"a":2}}]"#));
        assert!(!has_a_key_twice(r#"{"a":{"a":["a","a"]},"b":{"a":1}}"#));
    }

    #[test]
    fn long_numbers_hide_in_names() {
        for key in ["c4111111111111111", "card_4111111111111111.a", "123456789012"] {
            assert!(hides_a_number(key), "{key}");
        }
        for key in ["DE89370400440532013000", "a12345678901", "a 123456789012", "123e4567-e89b-12d3-a456-42661417400a"]
        {
            assert!(!hides_a_number(key), "{key}");
        }
    }

    #[test]
    fn settings_say_nothing() {
        for json in [r#"{"enable_thinking":false,"a.b-c":[1,999,null]}"#, "[]", "\"\"", "12"] {
            assert!(!says_something(json), "{json}");
        }
        for json in [r#"["x"]"#, r#"{"a b":1}"#, r#"{"a@b":1}"#, r#"{"a1234":1}"#, r#"{"é":1}"#, "[1234]", "-1.5"] {
            assert!(says_something(json), "{json}");
        }
    }
}
