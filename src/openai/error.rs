//! OpenAI's error shape: `{"error": {"message", "type", "param", "code"}}`.

use serde_json::json;

use crate::failure::Failure;

/// The JSON body of an error answer.
pub fn body(failure: &Failure) -> Vec<u8> {
    json!({
        "error": {
            "message": failure.message,
            "type": failure.reason.kind(),
            "param": failure.param,
            "code": failure.reason.as_str(),
        }
    })
    .to_string()
    .into_bytes()
}
