//! What a client says of the cache: `cache-control`, and our own headers.

use http::{HeaderMap, header};

use crate::failure::{Failure, Reason};

/// The header by which a client asks for more similarity than the config does.
const THRESHOLD: &str = "x-pointsman-cache-threshold";

/// The header by which a client asks which entry was a hit.
const DETAILS: &str = "x-pointsman-cache-details";

/// How one request wants to be treated by the cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CacheControls {
    /// Whether a stored answer will do.
    pub reads: bool,
    /// Whether the answer may be stored.
    pub writes: bool,
    /// The least cosine of a semantic hit; the config's holds where it is stricter.
    pub threshold: Option<f32>,
    /// Whether the answer is to name the entry that was a hit.
    pub details: bool,
}

// === impl CacheControls ===

impl CacheControls {
    /// What `headers` say.
    pub fn read(headers: &HeaderMap) -> Result<Self, Failure> {
        let said = |word: &str| {
            let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
            let mut words = values.flat_map(|value| value.split(','));
            words.any(|directive| directive.trim().eq_ignore_ascii_case(word))
        };
        Ok(Self {
            reads: !said("no-cache"),
            writes: !said("no-store"),
            threshold: threshold(headers)?,
            details: headers.get(DETAILS).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")),
        })
    }
}

/// One that cannot be read is refused, as it must not become a looser one.
fn threshold(headers: &HeaderMap) -> Result<Option<f32>, Failure> {
    let Some(value) = headers.get(THRESHOLD) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse::<f32>().ok());
    match number.filter(|number| (0.0..=1.0).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(Failure::new(Reason::InvalidRequest, format!("{THRESHOLD} must be a number between 0 and 1"))),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&str, &str)]) -> Result<CacheControls, Failure> {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        });
        CacheControls::read(&headers.collect())
    }

    #[test]
    fn cache_control_turns_reading_and_writing_off() {
        let said = |value| read(&[("cache-control", value)]).map(|controls| (controls.reads, controls.writes)).unwrap();
        assert_eq!(said("max-age=0"), (true, true));
        assert_eq!(said("No-Cache"), (false, true));
        assert_eq!(said("no-store"), (true, false));
        assert_eq!(said("no-store, no-cache"), (false, false));
        let apart = read(&[("cache-control", "no-store"), ("cache-control", "no-cache")]).unwrap();
        assert_eq!((apart.reads, apart.writes), (false, false));
    }

    #[test]
    fn a_threshold_that_cannot_be_read_is_refused() {
        let threshold = |value| read(&[(THRESHOLD, value)]).map(|controls| controls.threshold);
        assert_eq!(threshold("0.97").unwrap(), Some(0.97));
        for wrong in ["", "x", "nan", "-0.1", "1.01", "inf"] {
            assert!(threshold(wrong).is_err(), "{wrong:?}");
        }
        assert!(read(&[(DETAILS, "True")]).unwrap().details && !read(&[]).unwrap().details);
    }
}
