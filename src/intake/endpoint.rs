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
    /// `GET /v1/models`, answered here.
    Models,
    /// `GET /health`, answered here for L4 balancers.
    Health,
    /// Anything else, which only a passthrough entry may serve.
    Other,
}

// === impl Endpoint ===

impl Endpoint {
    /// Reads a path and method; 405 where the path is served under another method.
    pub fn read(method: &Method, path: &str) -> Result<Self, Failure> {
        let (endpoint, allowed) = match path {
            "/v1/chat/completions" => (Self::Chat, "POST"),
            "/v1/completions" => (Self::Completions, "POST"),
            "/v1/models" => (Self::Models, "GET"),
            "/health" => (Self::Health, "GET"),
            _ => return Ok(Self::Other),
        };
        let matches = method.as_str() == allowed || (allowed == "GET" && *method == Method::HEAD);
        if !matches {
            return Err(Failure::new(Reason::MethodNotAllowed, format!("{path} takes {allowed}")));
        }
        Ok(endpoint)
    }
}
