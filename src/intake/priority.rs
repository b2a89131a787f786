//! How soon a request is served where some must wait.

use std::ops::RangeInclusive;

use http::HeaderMap;

use super::auth::Client;
use crate::failure::{Failure, Reason};

/// Priorities; as in vLLM, the lower is served sooner.
pub const PRIORITIES: RangeInclusive<i32> = -1000..=1000;

/// The header by which a trusted client gives a request's priority.
const PRIORITY_HEADER: &str = "x-pointsman-priority";

/// The priority that a trusted `client` gives the request. One that cannot be read is refused, as it must not become
/// another one.
pub fn named_priority(headers: &HeaderMap, client: &Client) -> Result<Option<i32>, Failure> {
    let Some(value) = headers.get(PRIORITY_HEADER).filter(|_| client.trusted) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    match number.filter(|number| PRIORITIES.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let (least, most) = (PRIORITIES.start(), PRIORITIES.end());
            let message = format!("{PRIORITY_HEADER} must be a whole number between {least} and {most}");
            Err(Failure::new(Reason::InvalidRequest, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_client_gives_a_priority_and_one_that_can_be_read() {
        let named = |value: &str, trusted| {
            let headers = HeaderMap::from_iter([(PRIORITY_HEADER.parse().unwrap(), value.parse().unwrap())]);
            named_priority(&headers, &Client { tenant: "t".into(), key: None, trusted })
        };
        assert_eq!(named("-5", true).unwrap(), Some(-5));
        assert_eq!(named("-5", false).unwrap(), None);
        assert_eq!(named("x", false).unwrap(), None);
        for wrong in ["", "x", "1.5", "1001", "-1001", "99999999999"] {
            assert!(named(wrong, true).is_err(), "{wrong:?}");
        }
        assert_eq!(
            named_priority(&HeaderMap::new(), &Client { tenant: "t".into(), key: None, trusted: true }).unwrap(),
            None
        );
    }
}
