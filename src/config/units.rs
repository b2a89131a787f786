//! Spans of time, sizes, troubles and thresholds as people write them: `3600` or `"250ms"`, `1048576` or `"10MiB"`, `reset`
//! or `503`, `0.5` or `auto`.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::upstream;

/// A span of time: a number of seconds, or a number with `ms`, `s`, `m` or `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A size in bytes: a number, or a number with `KiB`, `MiB` or `GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub usize);

/// What may be worth another attempt: a kind of trouble, or a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryOn(pub upstream::RetryOn);

/// The least score that passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// What nearly all of a route's own samples have.
    Auto,
    /// This one.
    Least(f32),
}

// === impl Span ===

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text)?;
        let seconds = match unit {
            "ms" => number / 1e3,
            "" | "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(seconds).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "seconds as a number, or a span such as \"250ms\", \"5s\", \"1m\" or \"2h\"";
        deserializer.deserialize_any(Quantity { parse: Self::parse, expected })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

// === impl ByteSize ===

impl ByteSize {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text)?;
        let factor = match unit {
            "" | "B" => 1.0,
            "KiB" => 1024.0,
            "MiB" => 1048576.0,
            "GiB" => 1073741824.0,
            _ => return None,
        };
        let bytes = number * factor;
        (bytes >= 0.0 && bytes.fract() == 0.0 && bytes < 1e15).then_some(Self(bytes as usize))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "bytes as a number, or a size such as \"512KiB\" or \"10MiB\"";
        deserializer.deserialize_any(Quantity { parse: Self::parse, expected })
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0 as u64)
    }
}

// === impl RetryOn ===

impl<'de> Deserialize<'de> for RetryOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| upstream::RetryOn::parse(text).map(Self);
        let expected = "\"connect\", \"reset\", \"first_byte_timeout\" or a status";
        deserializer.deserialize_any(Quantity { parse, expected })
    }
}

impl Serialize for RetryOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

// === impl Threshold ===

impl Threshold {
    fn parse(text: &str) -> Option<Self> {
        if text == "auto" { Some(Self::Auto) } else { text.parse().ok().map(Self::Least) }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Quantity { parse: Self::parse, expected: "a number, or \"auto\"" })
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Least(least) => serializer.serialize_f32(*least),
        }
    }
}

fn split_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim_start()))
}

struct Quantity<T> {
    parse: fn(&str) -> Option<T>,
    expected: &'static str,
}

impl<T> Visitor<'_> for Quantity<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<T, E> {
        (self.parse)(value).ok_or_else(|| E::invalid_value(de::Unexpected::Str(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_read_as_people_write_them() {
        let span = |text| serde_yaml::from_str::<Span>(text).map(|s| s.0.as_millis());
        assert_eq!(span("3600").unwrap(), 3_600_000);
        assert_eq!(span("0.5").unwrap(), 500);
        assert_eq!(span("250ms").unwrap(), 250);
        assert_eq!(span("2h").unwrap(), 7_200_000);
        assert!(span("-1").is_err());
        assert!(span("5 parsecs").is_err());
        let size = |text| serde_yaml::from_str::<ByteSize>(text).map(|s| s.0);
        assert_eq!(size("10MiB").unwrap(), 10 << 20);
        assert_eq!(size("512").unwrap(), 512);
        assert!(size("10MB").is_err());
        let threshold = |text| serde_yaml::from_str::<Threshold>(text);
        assert_eq!(threshold("auto").unwrap(), Threshold::Auto);
        assert_eq!(
            (threshold("0.5").unwrap(), threshold("-1").unwrap()),
            (Threshold::Least(0.5), Threshold::Least(-1.0))
        );
        assert!(threshold("automatic").is_err());
    }
}
