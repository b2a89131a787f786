//! OpenAI's error shape: `{"error": {"message", "type", "param", "code"}}`.

use serde_json::json;

use crate::failure::Failure;

/// The JSON body of an error answer.
pub fn body(failure: &Failure) -> Vec<u8> {
    shaped(&failure.message, failure.reason.kind(), failure.param, failure.reason.as_str())
}

/// The JSON body of an error of this `type`, `param` and `code`.
pub fn shaped(message: &str, kind: &str, param: Option<&str>, code: &str) -> Vec<u8> {
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } }).to_string().into_bytes()
}

/// OpenAI's `error.type` for answers of this status.
pub fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}
