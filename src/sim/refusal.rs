//! Errors in vLLM's words and shapes.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::engine::Busy;

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// In OpenAI's shape.
    Error { status: u16, kind: String, message: String, param: Option<String> },
    /// From the web framework below it.
    Detail { status: StatusCode, text: &'static str, allow: Option<&'static str> },
}

// === impl Refusal ===

impl Refusal {
    /// A well-formed request that asks for the wrong thing. `message` is completed with the parameter and its value.
    pub(super) fn invalid(message: &str, param: &str, value: Option<i64>) -> Self {
        let value = value.map_or(String::new(), |value| format!(", value={value}"));
        let message = format!("{message} (parameter={param}{value})");
        Self::Error { status: 400, kind: "BadRequestError".into(), message, param: Some(param.into()) }
    }

    /// The same, where vLLM names no parameter.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::Error { status: 400, kind: "BadRequestError".into(), message: message.into(), param: None }
    }

    /// A body that is not of the request's type, at `loc` (such as `body.messages.0`).
    pub(super) fn validation(kind: &str, loc: &str, msg: &str, input: &str, ctx: Option<&str>) -> Self {
        let ctx = ctx.map_or(String::new(), |error| format!(", 'ctx': {{'error': '{error}'}}"));
        let message = format!(
            "1 validation error:\n  {{'type': '{kind}', 'loc': '{loc}', 'msg': '{msg}', 'input': {input}{ctx}}}"
        );
        Self::Error { status: 400, kind: "Bad Request".into(), message, param: Some(loc.into()) }
    }

    /// A content type other than JSON.
    pub(super) fn media_type() -> Self {
        let message = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed";
        Self::Error { status: 400, kind: "Bad Request".into(), message: message.into(), param: None }
    }

    /// A body that cannot be read at all.
    pub(super) fn unreadable() -> Self {
        Self::Detail { status: StatusCode::BAD_REQUEST, text: "There was an error parsing the body", allow: None }
    }

    /// A body beyond what is taken.
    pub(super) fn too_large() -> Self {
        Self::Detail { status: StatusCode::PAYLOAD_TOO_LARGE, text: "Request Entity Too Large", allow: None }
    }

    pub(super) fn unknown_model(model: &str, models: &[String]) -> Self {
        let message = format!("The model `{model}` does not exist. Valid aliases: {}.", models.join(", "));
        Self::Error { status: 404, kind: "NotFoundError".into(), message, param: Some("model".into()) }
    }

    pub(super) fn not_found() -> Self {
        Self::Detail { status: StatusCode::NOT_FOUND, text: "Not Found", allow: None }
    }

    /// `allow` names the methods that there are.
    pub(super) fn wrong_method(allow: &'static str) -> Self {
        Self::Detail { status: StatusCode::METHOD_NOT_ALLOWED, text: "Method Not Allowed", allow: Some(allow) }
    }

    /// The engine is gone for good.
    pub(super) fn dead() -> Self {
        Self::internal("EngineCore encountered an issue. See stack trace (above) for the root cause.")
    }

    pub(super) fn internal(message: &str) -> Self {
        Self::Error { status: 500, kind: "InternalServerError".into(), message: message.into(), param: None }
    }

    /// What a fault asks for; the kind is the status's phrase unless it has none.
    pub(super) fn status(status: u16, message: Option<&str>) -> Self {
        let phrase = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let kind = phrase.unwrap_or("Error");
        Self::Error { status, kind: kind.into(), message: message.unwrap_or(kind).into(), param: None }
    }

    /// The body, in the order of vLLM's keys.
    pub(super) fn body(&self) -> String {
        match self {
            Self::Error { status, kind, message, param } => {
                let [message, kind] = [message, kind].map(|text| json!(text));
                let param = json!(param);
                format!(r#"{{"error":{{"message":{message},"type":{kind},"param":{param},"code":{status}}}}}"#)
            }
            Self::Detail { text, .. } => json!({ "detail": text }).to_string(),
        }
    }

    /// The event that ends a stream which fails after its head, spaced as Python's `json.dumps` spaces it.
    pub(super) fn event(&self) -> String {
        let Self::Error { status, kind, message, param } = self else {
            return format!("data: {}\n\n", self.body());
        };
        let [message, kind] = [message, kind].map(|text| json!(text));
        let param = json!(param);
        format!(
            "data: {{\"error\": {{\"message\": {message}, \"type\": {kind}, \"param\": {param}, \"code\": {status}}}}}\n\n"
        )
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        *response.status_mut() = match self {
            Self::Error { status, .. } => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Detail { status, allow, .. } => {
                if let Some(allow) = allow {
                    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
                }
                status
            }
        };
        response
    }
}

impl From<Busy> for Refusal {
    fn from(Busy: Busy) -> Self {
        let message = "The engine is currently busy and cannot accept new requests. \
                       Please try again later or on a different instance.";
        Self::status(503, Some(message))
    }
}
