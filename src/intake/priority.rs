//! How soon a request is served where some must wait.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::auth::Client;
use super::json::{BODY, first_place, object, present, span, text};
use crate::failure::{Failure, Reason};

/// Priorities; as in vLLM, the lower is served sooner.
pub const PRIORITIES: RangeInclusive<i32> = -1000..=1000;

/// The header by which a trusted client gives a request's priority.
const PRIORITY_HEADER: &str = "x-pointsman-priority";

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    priority: Option<&'a RawValue>,
}

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

/// `body` with this `priority`, which vLLM's own queue goes by, in place of whatever the client gave; all else stays byte
/// for byte.
pub fn with_priority(body: &Bytes, priority: i32) -> Result<Bytes, Failure> {
    let whole = text(body)?;
    let read: Body = object(whole, BODY)?;
    Ok(match read.priority {
        Some(value) => {
            let place = span(whole, value);
            [&body[..place.start], priority.to_string().as_bytes(), &body[place.end..]].concat().into()
        }
        None => {
            let (at, comma) = first_place(whole);
            [&body[..at], format!("\"priority\":{priority}{comma}").as_bytes(), &body[at..]].concat().into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_client_gives_a_priority_and_one_that_can_be_read() {
        let named = |value: &str, trusted| {
            let headers = HeaderMap::from_iter([(PRIORITY_HEADER.parse().unwrap(), value.parse().unwrap())]);
            named_priority(&headers, &Client { tenant: "t".into(), trusted })
        };
        assert_eq!(named("-5", true).unwrap(), Some(-5));
        assert_eq!(named("-5", false).unwrap(), None);
        assert_eq!(named("x", false).unwrap(), None);
        for wrong in ["", "x", "1.5", "1001", "-1001", "99999999999"] {
            assert!(named(wrong, true).is_err(), "{wrong:?}");
        }
        assert_eq!(named_priority(&HeaderMap::new(), &Client { tenant: "t".into(), trusted: true }).unwrap(), None);
    }

    #[test]
    fn a_priority_replaces_the_clients_own_and_nothing_else() {
        let with = |body: &str| {
            let body = with_priority(&Bytes::copy_from_slice(body.as_bytes()), -3).unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        };
        assert_eq!(with(r#"{"x":1.0e0, "priority" : 7}"#), r#"{"x":1.0e0, "priority" : -3}"#);
        assert_eq!(with(r#"{"messages":[]}"#), r#"{"priority":-3,"messages":[]}"#);
        assert_eq!(with("{}"), r#"{"priority":-3}"#);
        assert!(with_priority(&Bytes::from_static(br#"{"priority":1,"pri\u006frity":2}"#), 0).is_err());
    }
}
