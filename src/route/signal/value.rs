//! What a signal costs, what it may say, and what it says.

use std::fmt;

use serde::{Serialize, Serializer};

/// What reading a signal costs. The order is the order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Nothing: the request says it.
    Free,
    /// Microseconds of work on its text.
    Cheap,
    /// A finding of the guardrails.
    Guard,
    /// The prompt's embedding.
    Encoder,
    /// A run of another network.
    Model,
}

/// What a signal's values are, and with that, which comparisons it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// True or false.
    Flag,
    /// A number in a range.
    Number {
        /// The least there can be.
        least: f64,
        /// The greatest.
        most: f64,
        /// Whether only whole numbers occur.
        whole: bool,
    },
    /// How many there are. `true` means at least one, `false` none.
    Count,
    /// One of these names.
    Label(&'static [&'static str]),
    /// Any text.
    Text,
    /// Any text, and at times several, each of which is compared.
    Texts,
    /// Several names, each of which is compared. `true` means at least one, `false` none.
    Names,
}

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// There is none: no tenant, no such header, no language that is sure. No comparison holds for it.
    Absent,
    /// Of a [`Kind::Flag`].
    Flag(bool),
    /// Of a [`Kind::Number`] or [`Kind::Count`].
    Number(f64),
    /// Of a [`Kind::Label`], [`Kind::Text`] or [`Kind::Texts`].
    Text(&'a str),
    /// Of [`Kind::Texts`]: more than one.
    Texts(&'a [String]),
    /// Of [`Kind::Names`].
    Names(&'a [&'a str]),
}

// === impl Cost ===

impl Cost {
    /// Its name in the docs and where it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Cheap => "cheap",
            Self::Guard => "guard",
            Self::Encoder => "encoder",
            Self::Model => "model",
        }
    }

    /// Whether it can be missing when the decision is made: what is computed elsewhere may fail or be off.
    pub fn may_fail(self) -> bool {
        self >= Self::Guard
    }
}

// === impl Value ===

impl<'a> Value<'a> {
    /// The text, or that there is none.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("none"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Texts(texts) => f.write_str(&texts.join(", ")),
            Self::Names(names) => f.write_str(&names.join(", ")),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            // Counts as 3, not as 3.0.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => serializer.collect_seq(texts.iter()),
            Self::Names(names) => serializer.collect_seq(names.iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_a_config_would_write_them() {
        let json = |value: Value| serde_json::to_string(&value).unwrap();
        assert_eq!(json(Value::Number(3.0)), "3");
        assert_eq!(json(Value::Number(0.25)), "0.25");
        assert_eq!(json(Value::Names(&["A", "B"])), r#"["A","B"]"#);
        assert_eq!(json(Value::Absent), "null");
        assert_eq!(Value::Names(&["A", "B"]).to_string(), "A, B");
        assert!(Cost::Guard.may_fail() && !Cost::Cheap.may_fail());
    }
}
