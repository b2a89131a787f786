//! `headers`: what a route sets and removes on the request to the backend.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::Problem;

/// Headers as a person types them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// Given whatever the client gives.
    pub set: BTreeMap<String, String>,
    /// Not passed on.
    pub remove: Vec<String>,
}

/// What becomes of the headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Not passed on.
    pub removed: Vec<HeaderName>,
    /// Given whatever the client gives; marked sensitive, as a value may come from the environment.
    pub set: Vec<(HeaderName, HeaderValue)>,
}

/// What the router's own headers begin with.
const OURS: &str = "x-pointsman-";

/// Headers that speak of one connection, and are not passed on.
pub const OF_ONE_CONNECTION: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that are no route's to write, each with the reason.
const REFUSED: [(&str, &[&str]); 5] = [
    ("speaks of one connection only", &OF_ONE_CONNECTION),
    ("is made for each peer; see \"host\" of a backend's peers", &["host"]),
    ("is the backend's; see its \"api_key_env\", \"api_key_file\" and \"forward_auth\"", &["authorization"]),
    (
        "tells how the body is sent, which is the router's own to say",
        &["content-length", "content-encoding", "content-type", "expect"],
    ),
    ("is the router's own to write", &["accept-encoding", "x-request-id"]),
];

// === impl Headers ===

impl Headers {
    /// What `settings` mean, or everything that is wrong with them. No message holds a value.
    pub fn compile(settings: &Settings) -> Result<Self, Vec<Problem>> {
        let (mut headers, mut problems) = (Self::default(), Vec::new());
        for (typed, value) in &settings.set {
            let set = name(typed).and_then(|name| match headers.set.iter().any(|(other, _)| *other == name) {
                true => Err("is given twice".into()),
                false => Ok((name, self::value(value)?)),
            });
            match set {
                Ok(set) => headers.set.push(set),
                Err(message) => problems.push(Problem { path: format!("set.{typed}"), message }),
            }
        }
        for (place, typed) in settings.remove.iter().enumerate() {
            let removed = name(typed).and_then(|name| match headers.set.iter().any(|(set, _)| *set == name) {
                true => Err("is set as well: what is set takes the client's place anyway".into()),
                false => Ok(name),
            });
            match removed {
                Ok(name) => headers.removed.push(name),
                Err(message) => problems.push(Problem { path: format!("remove[{place}]"), message }),
            }
        }
        if problems.is_empty() { Ok(headers) } else { Err(problems) }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.set.is_empty()
    }
}

fn name(typed: &str) -> Result<HeaderName, String> {
    let name: HeaderName = typed.parse().map_err(|_| "must be a header's name".to_owned())?;
    if name.as_str().starts_with(OURS) {
        return Err(format!("must not be one of the router's own, which begin with \"{OURS}\""));
    }
    match REFUSED.iter().find(|(_, names)| names.contains(&name.as_str())) {
        Some((why, _)) => Err(format!("must not be \"{name}\", which {why}")),
        None => Ok(name),
    }
}

fn value(typed: &str) -> Result<HeaderValue, String> {
    let is_plain = typed.trim() == typed && typed.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let value = HeaderValue::from_str(typed).ok().filter(|_| is_plain);
    let mut value = value.ok_or("must have a value of printable ASCII without spaces around it")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn compile(settings: Value) -> Result<Headers, Vec<String>> {
        let shown = |Problem { path, message }| format!("{path}: {message}");
        let compiled = Headers::compile(&serde_json::from_value(settings).unwrap());
        compiled.map_err(|problems| problems.into_iter().map(shown).collect())
    }

    #[test]
    fn headers_are_set_and_removed_by_their_names_in_any_case() {
        let headers = compile(json!({"set": {"X-Team": "a b", "x-empty": ""}, "remove": ["X-Debug"]})).unwrap();
        let set: Vec<_> = headers.set.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(set, [("x-team", "a b"), ("x-empty", "")]);
        assert_eq!(headers.removed, ["x-debug"]);
        assert!(!format!("{headers:?}").contains("a b"), "a value may be a secret");
        assert!(compile(json!({})).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_a_routes_to_write_is_refused_with_the_reason() {
        for (name, why) in [
            ("Connection", "speaks of one connection only"),
            ("te", "speaks of one connection only"),
            ("keep-alive", "speaks of one connection only"),
            ("HOST", "is made for each peer"),
            ("authorization", "is the backend's"),
            ("content-length", "tells how the body is sent"),
            ("x-request-id", "is the router's own to write"),
        ] {
            for settings in [json!({"set": {name: "x"}}), json!({"remove": [name]})] {
                let problems = compile(settings).unwrap_err();
                let expected = format!("must not be \"{}\", which {why}", name.to_lowercase());
                assert!(problems.len() == 1 && problems[0].contains(&expected), "{problems:?}");
            }
        }
        assert_eq!(
            compile(json!({"set": {"x-pointsman-x": "1", "a b": "1", "ok": "se\ncret", "Twice": "1", "twice": "1"},
                           "remove": ["twice"]})),
            Err(vec![
                "set.a b: must be a header's name".into(),
                "set.ok: must have a value of printable ASCII without spaces around it".into(),
                "set.twice: is given twice".into(),
                "set.x-pointsman-x: must not be one of the router's own, which begin with \"x-pointsman-\"".into(),
                "remove[0]: is set as well: what is set takes the client's place anyway".into(),
            ])
        );
    }
}
