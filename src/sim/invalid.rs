//! Bodies that are not what they should be, in vLLM's words.

use serde_json::Value;

use super::refusal::Refusal;

/// JSON that does not parse.
pub(super) fn malformed(text: &str, error: &serde_json::Error) -> Refusal {
    // Python's parser gives up on deep nesting by another way than on bad syntax.
    if error.to_string().starts_with("recursion limit") {
        return Refusal::unreadable();
    }
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    // A column counts the character that was not expected; at the end there is none.
    let offset = before + error.column() - usize::from(!error.is_eof() && error.column() > 0);
    let reason = Some("Expecting value");
    Refusal::validation("json_invalid", &format!("body.{offset}"), "JSON decode error", "'<dict of 0 items>'", reason)
}

/// JSON of another type than the request's, or that lacks a key.
pub(super) fn mistyped(body: &Value, error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let path = error.path().to_string().replace('[', ".").replace(']', "");
    let text = error.inner().to_string();
    let pointer = format!("/{}", path.replace('.', "/"));
    let input = summary(body.pointer(&pointer).unwrap_or(body));
    if let Some(field) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return Refusal::validation("missing", &format!("body.{path}.{field}"), "Field required", &input, None);
    }
    let (kind, msg) = match text.rsplit("expected ").next().unwrap_or_default() {
        "i64" | "u32" => ("int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        "a boolean" => ("bool_parsing", "Input should be a valid boolean, unable to interpret input"),
        "a sequence" => ("list_type", "Input should be a valid list"),
        "a string" => ("string_type", "Input should be a valid string"),
        _ => ("value_error", "Input should be of a valid type"),
    };
    Refusal::validation(kind, &format!("body.{path}"), msg, &input, None)
}

/// A value as vLLM's errors show it.
pub(super) fn summary(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("'<dict of {} items>'", map.len()),
        Value::Array(list) => format!("'<list of {} items>'", list.len()),
        Value::String(text) => format!("'{}'", cut(text, 100)),
        Value::Null => "'None'".into(),
        other => other.to_string(),
    }
}

/// At most the first `max` bytes of `text`, cut between characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!([cut("aé", 1), cut("aé", 2), cut("aé", 3), cut("aé", 9)], ["a", "a", "aé", "aé"]);
    }
}
