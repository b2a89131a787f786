//! What a client may be told went wrong: its status, its words, and the reason that metrics count it under.
//!
//! The message is written for the client. What only the operator should know is logged where it happened.

use std::fmt;
use std::time::Duration;

/// One failure, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why, as a closed set.
    pub reason: Reason,
    /// The client's explanation.
    pub message: String,
    /// The request's field that is at fault.
    pub param: Option<&'static str>,
    /// When it may be worth trying again.
    pub retry_after: Option<Duration>,
    /// The methods that would do, as a 405 lists them.
    pub allow: Option<&'static str>,
}

/// Every reason for which the router itself answers with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Reason {
    InvalidRequest,
    InvalidJson,
    DuplicateKey,
    Unauthorized,
    UnknownPath,
    UnknownModel,
    MethodNotAllowed,
    BodyTimeout,
    BodyIncomplete,
    LengthRequired,
    BodyTooLarge,
    UnsupportedEncoding,
    HeadersTooLarge,
    ContentFilter,
    GuardUnavailable,
    Overloaded,
    Internal,
    UpstreamFailed,
    NoPeer,
    UpstreamTimeout,
}

// === impl Failure ===

impl Failure {
    /// A failure with nothing but a reason and words.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), param: None, retry_after: None, allow: None }
    }

    /// A request that cannot be right, with the field that is at fault.
    pub fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param), ..Self::new(Reason::InvalidRequest, message) }
    }

    /// Something that is the router's own fault; the log says what.
    pub fn internal() -> Self {
        Self::new(Reason::Internal, "the router failed on this request")
    }

    /// A model that cannot do what is asked of it, and `why`. The client's word for it is shown in part.
    pub fn model(name: &str, why: &str) -> Self {
        let shown: String = name.chars().take(100).collect();
        Self { param: Some("model"), ..Self::new(Reason::UnknownModel, format!("the model \"{shown}\" {why}")) }
    }

    /// A model that nobody serves.
    pub fn unknown_model(name: &str) -> Self {
        Self::model(name, "is not known here; GET /v1/models lists those that are")
    }

    /// The same failure with a time after which to try again.
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.message)
    }
}

impl std::error::Error for Failure {}

// === impl Reason ===

impl Reason {
    /// The HTTP status that it is answered with.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::InvalidJson | Self::DuplicateKey | Self::BodyIncomplete => 400,
            Self::ContentFilter => 400,
            Self::Unauthorized => 401,
            Self::UnknownPath | Self::UnknownModel => 404,
            Self::MethodNotAllowed => 405,
            Self::BodyTimeout => 408,
            Self::LengthRequired => 411,
            Self::BodyTooLarge => 413,
            Self::UnsupportedEncoding => 415,
            Self::Overloaded => 429,
            Self::HeadersTooLarge => 431,
            Self::Internal => 500,
            Self::UpstreamFailed => 502,
            Self::NoPeer | Self::GuardUnavailable => 503,
            Self::UpstreamTimeout => 504,
        }
    }

    /// OpenAI's `error.type`.
    pub fn kind(self) -> &'static str {
        match self.status() {
            401 => "authentication_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// OpenAI's `error.code`, and the `reason` label of `pointsman_failures_total`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidJson => "invalid_json",
            Self::DuplicateKey => "duplicate_key",
            Self::Unauthorized => "invalid_api_key",
            Self::UnknownPath => "unknown_path",
            Self::UnknownModel => "model_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTimeout => "body_timeout",
            Self::BodyIncomplete => "body_incomplete",
            Self::LengthRequired => "length_required",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::HeadersTooLarge => "headers_too_large",
            Self::ContentFilter => "content_filter",
            Self::GuardUnavailable => "guard_unavailable",
            Self::Overloaded => "overloaded",
            Self::Internal => "internal_error",
            Self::UpstreamFailed => "upstream_failed",
            Self::NoPeer => "no_healthy_peer",
            Self::UpstreamTimeout => "upstream_timeout",
        }
    }
}
