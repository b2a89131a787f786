//! Numbers as they are written, with what is written to them.

use std::borrow::Cow;

use super::scan::{Kind, Scanner};

/// Whether `c` stands for an operation, or for a range.
pub(super) fn is_operator(c: char) -> bool {
    matches!(c, '+' | '-' | '−' | '–' | '*' | '/' | ':' | '^' | '×' | '÷' | '=' | '<' | '>')
}

/// The same sign for the same operation.
pub(super) fn operator(c: char) -> &'static str {
    match c {
        '+' => "+",
        '-' | '−' | '–' => "-",
        '*' | '×' => "*",
        '/' | '÷' => "/",
        ':' => ":",
        '^' => "^",
        '=' => "=",
        '<' => "<",
        _ => ">",
    }
}

/// How long the number is that `text` starts with.
fn digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while digit(end) || (matches!(bytes.get(end), Some(b'.' | b',')) && digit(end + 1)) {
        end += 1;
    }
    end
}

/// Whether the commas stand between thousands.
fn is_grouped(number: &str) -> bool {
    let whole = number.split('.').next().unwrap_or(number);
    let mut groups = whole.split(',');
    let first = groups.next().map_or(0, str::len);
    number.contains(',') && (1..=3).contains(&first) && groups.all(|group| group.len() == 3)
}

// === impl Scanner ===

impl<'a> Scanner<'a> {
    /// Numbers with what is written to them: $5, 10kg, 2+2, 10:30, 2nd, v1.2.3.
    pub(super) fn figures(&mut self, body: &'a str) -> bool {
        let currency = |c| match c {
            '$' => Some("dollar"),
            '€' => Some("euro"),
            '£' => Some("gbp"),
            '¥' => Some("yen"),
            '₹' => Some("rupee"),
            _ => None,
        };
        let mut rest = body;
        let negative = rest.starts_with(['-', '−']);
        rest = rest.strip_prefix(['-', '−', '+']).unwrap_or(rest);
        let money = rest.chars().next().and_then(currency);
        rest = rest.strip_prefix(|c| currency(c).is_some()).unwrap_or(rest);
        if rest.len() == body.len() {
            rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
        }
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let from = self.tokens.len();
        if negative {
            self.push(Kind::Code, "-", false);
        }
        if !self.run_of_figures(rest, money, currency) {
            self.tokens.truncate(from);
            return false;
        }
        true
    }

    fn run_of_figures(
        &mut self,
        mut rest: &'a str,
        mut money: Option<&'static str>,
        currency: fn(char) -> Option<&'static str>,
    ) -> bool {
        while let Some(first) = rest.chars().next() {
            if first.is_ascii_digit() {
                let (number, after) = rest.split_at(digits(rest));
                let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
                let (suffix, after) = after.split_at(letters);
                self.number(number, suffix, after);
                if let Some(money) = money.take() {
                    self.push(Kind::Word, money, false);
                }
                rest = after;
            } else {
                rest = &rest[first.len_utf8()..];
                if first == '%' {
                    self.push(Kind::Word, "percent", false);
                } else if first == '°' {
                    self.push(Kind::Word, "degree", false);
                } else if let Some(money) = currency(first) {
                    self.push(Kind::Word, money, false);
                } else if is_operator(first) && !rest.is_empty() {
                    if first == '-' && rest.starts_with(char::is_alphabetic) {
                        continue;
                    }
                    self.push(Kind::Code, operator(first), false);
                } else if first.is_ascii_alphabetic() {
                    let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
                    let word = first.to_ascii_lowercase().to_string() + &rest[..letters].to_ascii_lowercase();
                    self.push(Kind::Word, word, false);
                    rest = &rest[letters..];
                } else {
                    return false;
                }
            }
        }
        true
    }

    fn number(&mut self, number: &'a str, suffix: &'a str, after: &str) {
        let plain: Cow<str> = if is_grouped(number) { number.replace(',', "").into() } else { number.into() };
        match suffix {
            "st" | "nd" | "rd" | "th" => self.push(Kind::Number, format!("{plain}th"), false),
            "k" | "K" if !plain.contains(['.', ',']) => self.push(Kind::Number, format!("{plain}000"), false),
            "x" if after.starts_with(|c: char| c.is_ascii_digit()) => {
                self.push(Kind::Number, plain, false);
                self.push(Kind::Code, "*", false);
            }
            _ => {
                self.push(Kind::Number, plain, false);
                if !suffix.is_empty() {
                    self.word(suffix);
                }
            }
        }
    }
}
