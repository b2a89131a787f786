//! One comparison of a value.

use std::fmt;

use crate::route::signal::{Pattern, Value};

/// What a signal's value is compared with. For a value that is absent none holds; of several, one that does is enough.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is this.
    Flag(bool),
    /// It stands so to this number.
    Number(Relation, f64),
    /// It is one of these numbers.
    Numbers(Vec<f64>),
    /// It is one of these texts.
    Texts(Vec<String>),
    /// The expression matches somewhere in it.
    Matches(Pattern),
    /// There is at least one name.
    Some,
}

/// How one number stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same.
    Equal,
    /// Greater.
    Above,
    /// Greater or the same.
    AtLeast,
    /// Less.
    Below,
    /// Less or the same.
    AtMost,
}

// === impl Test ===

impl Test {
    /// Whether it holds for `value`.
    pub fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Flag(wanted), Value::Flag(flag)) => wanted == flag,
            (Self::Number(relation, than), Value::Number(number)) => relation.holds(*number, *than),
            (Self::Numbers(numbers), Value::Number(number)) => numbers.contains(number),
            (Self::Some, Value::Names(names)) => !names.is_empty(),
            (_, Value::Text(text)) => self.holds_for_text(text),
            (_, Value::Texts(texts)) => texts.iter().any(|text| self.holds_for_text(text)),
            (_, Value::Names(names)) => names.iter().any(|name| self.holds_for_text(name)),
            _ => false,
        }
    }

    /// The same where `value` is the least that may be said, a number or names: none where more would decide otherwise.
    pub fn holds_from(&self, value: &Value<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Number(Relation::Below | Relation::AtMost, _), Value::Number(_)) => Some(false),
            (Self::Number(Relation::Equal, _) | Self::Numbers(_), Value::Number(_)) => None,
            _ => Some(true),
        }
        .filter(|sure| self.holds(value) == *sure)
    }

    fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Self::Texts(texts) => texts.iter().any(|wanted| wanted == text),
            Self::Matches(pattern) => pattern.is_in(text),
            _ => false,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "= {flag}"),
            Self::Number(relation, than) => write!(f, "{} {than}", relation.sign()),
            Self::Numbers(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(f64::to_string).collect();
                write!(f, "in [{}]", numbers.join(", "))
            }
            Self::Texts(texts) if texts.len() == 1 => write!(f, "= {}", texts[0]),
            Self::Texts(texts) => write!(f, "in [{}]", texts.join(", ")),
            Self::Matches(pattern) => write!(f, "matches {}", pattern.as_str()),
            Self::Some => f.write_str("= true"),
        }
    }
}

// === impl Relation ===

impl Relation {
    fn holds(self, number: f64, than: f64) -> bool {
        match self {
            Self::Equal => number == than,
            Self::Above => number > than,
            Self::AtLeast => number >= than,
            Self::Below => number < than,
            Self::AtMost => number <= than,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_more_decides_only_what_more_would_not_undo() {
        let from = |test: Test, value: Value<'_>| test.holds_from(&value);
        let half = Value::Number(0.5);
        for (relation, than, expected) in [
            (Relation::AtLeast, 0.5, Some(true)),
            (Relation::Above, 0.5, None),
            (Relation::Below, 0.5, Some(false)),
            (Relation::Below, 0.6, None),
            (Relation::AtMost, 0.4, Some(false)),
            (Relation::AtMost, 0.5, None),
            (Relation::Equal, 0.5, None),
            (Relation::Equal, 0.4, None),
        ] {
            assert_eq!(from(Test::Number(relation, than), half), expected, "{relation:?} {than}");
        }
        assert_eq!(from(Test::Numbers(vec![0.5]), half), None);
        let names = Value::Names(&["EMAIL_ADDRESS"]);
        assert_eq!(from(Test::Texts(vec!["EMAIL_ADDRESS".into()]), names), Some(true));
        assert_eq!(from(Test::Texts(vec!["PERSON".into()]), names), None);
        assert_eq!((from(Test::Some, names), from(Test::Some, Value::Names(&[]))), (Some(true), None));
    }

    #[test]
    fn comparisons_hold_for_values_of_their_kind_only() {
        let least = Test::Number(Relation::AtLeast, 3.0);
        assert!(least.holds(&Value::Number(3.0)) && !least.holds(&Value::Number(2.9)));
        assert!(!least.holds(&Value::Absent) && !least.holds(&Value::Number(f64::NAN)));
        let one = Test::Texts(vec!["de".into(), "fr".into()]);
        assert!(one.holds(&Value::Text("fr")) && !one.holds(&Value::Text("FR")) && !one.holds(&Value::Absent));
        assert!(one.holds(&Value::Names(&["it", "de"])) && !one.holds(&Value::Names(&[])));
        assert!(Test::Some.holds(&Value::Names(&["it"])) && !Test::Some.holds(&Value::Names(&[])));
        let matches = Test::Matches(Pattern::new("^gpt-").unwrap());
        assert!(matches.holds(&Value::Text("GPT-4")) && !matches.holds(&Value::Text("my-gpt-4")));
        assert!(!Test::Flag(false).holds(&Value::Absent));
        assert_eq!(format!("{least} {one}"), ">= 3 in [de, fr]");
    }
}
