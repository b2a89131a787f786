//! What a path and a method ask for.

use http::Method;

use crate::failure::{Failure, Reason};

/// What the listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`, routed.
    Chat,
    /// `POST /v1/completions`, routed.
    Completions,
    /// `POST /v1/embeddings`, answered here.
    Embeddings,
    /// `GET /v1/models`, answered here.
    Models,
    /// `GET /health`, answered here for L4 balancers.
    Health,
    /// Anything else, which only a passthrough entry may serve.
    Other,
}

// === impl Endpoint ===

impl Endpoint {
    /// Reads a path and method; 405 where the path is served under another method, 404 where it is no plain path.
    pub fn read(method: &Method, path: &str) -> Result<Self, Failure> {
        let Some(endpoint) = Self::at(path) else {
            return if is_plain(path) { Ok(Self::Other) } else { Err(unknown(path)) };
        };
        let allow = match endpoint {
            Self::Models | Self::Health => "GET, HEAD",
            _ => "POST",
        };
        if allow.split(", ").any(|allowed| allowed == method.as_str()) {
            return Ok(endpoint);
        }
        let failure = Failure::new(Reason::MethodNotAllowed, format!("{path} takes {allow}"));
        Err(Failure { allow: Some(allow), ..failure })
    }

    /// What is served at exactly `path`.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::Chat),
            "/v1/completions" => Some(Self::Completions),
            "/v1/embeddings" => Some(Self::Embeddings),
            "/v1/models" => Some(Self::Models),
            "/health" => Some(Self::Health),
            _ => None,
        }
    }
}

/// Nothing is served at `path`.
pub fn unknown(path: &str) -> Failure {
    Failure::new(Reason::UnknownPath, format!("nothing is served at {path}"))
}

/// Whether every server reads `path` alike. A peer decodes escapes and may tidy segments: what would then be a path that
/// is read here, or climb out of the prefix it was let through by, must not pass as something else.
fn is_plain(path: &str) -> bool {
    let decoded = decode(path);
    let segments = || decoded.split(|byte| *byte == b'/');
    let tidied: Vec<&[u8]> = segments().filter(|segment| !matches!(*segment, b"" | b".")).collect();
    let tidied = [b"/", &tidied.join(&b'/')[..]].concat();
    let disguised = std::str::from_utf8(&tidied).is_ok_and(|tidied| Endpoint::at(tidied).is_some());
    !disguised && segments().all(|segment| segment != b"..")
}

/// `path` with its percent escapes taken out; those that are none stay as they are.
fn decode(path: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_peer_would_read_as_another_is_not_plain() {
        for path in ["/v1/files/a%2Fb", "/tokenize/", "/a//b", "/%", "/%zz/%4", "/a/.b", "/a/b..", "/v1/models/x"] {
            assert!(is_plain(path), "{path}");
        }
        for path in ["/v1/models/", "//health", "/%68ealth", "/v1%2fcompletions", "/./v1/models", "/a/../b", "/a/%2e."]
        {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn a_405_names_the_methods() {
        assert_eq!(Endpoint::read(&Method::POST, "/health").unwrap_err().allow, Some("GET, HEAD"));
        assert_eq!(Endpoint::read(&Method::HEAD, "/v1/completions").unwrap_err().allow, Some("POST"));
        assert_eq!(Endpoint::read(&Method::HEAD, "/health"), Ok(Endpoint::Health));
    }
}
