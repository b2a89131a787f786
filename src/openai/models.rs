//! The list that `GET /v1/models` answers with.

use serde_json::{Value, json};

/// OpenAI's model list over `ids`, in their order.
pub fn list<'a>(ids: impl Iterator<Item = &'a str>) -> Value {
    let data: Vec<Value> = ids.map(entry).collect();
    json!({ "object": "list", "data": data })
}

/// One entry of the list; the router did not make the models, so `created` is 0.
fn entry(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": 0, "owned_by": "pointsman" })
}
