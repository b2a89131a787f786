//! What is to be embedded: the JSON of a request to `/v1/embeddings`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{BODY, Shape, elements, model_name, object, present, string, text};
use crate::failure::Failure;
use crate::openai::embeddings::Format;

/// OpenAI's bound on the texts of one request.
const MAX_TEXTS: usize = 2048;

/// A parsed request for embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The model that the client named.
    pub model: String,
    /// What to embed, in order: at least one text, and none of them empty.
    pub texts: Vec<String>,
    /// How the vectors are to be written.
    pub format: Format,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    model: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    input: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    encoding_format: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    dimensions: Option<&'a RawValue>,
}

// === impl Texts ===

impl Texts {
    /// Reads a body. `dimensions` is how many floats the served model gives, and the only number that it can give.
    ///
    /// Keys that are not known are no concern of ours.
    pub fn parse(body: &Bytes, dimensions: usize) -> Result<Self, Failure> {
        let read: Body = object(text(body)?, BODY)?;
        let model = read.model.map_or(Ok(None), model_name)?;
        let model = model.ok_or_else(|| Failure::invalid("model", "model must name the embedding model"))?;
        let input = read.input.ok_or_else(|| Failure::invalid("input", "input must be given"))?;
        let format = read.encoding_format.map_or(Ok(Format::Float), format)?;
        if read.dimensions.is_some_and(|value| Shape::of(value) != Shape::Null) {
            let message = format!("dimensions cannot be chosen: the model gives {dimensions}; leave the key out");
            return Err(Failure::invalid("dimensions", message));
        }
        Ok(Self { model, texts: texts(input)?, format })
    }
}

fn texts(input: &RawValue) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    match Shape::of(input) {
        Shape::String => texts.push(whole(input, "input")?),
        Shape::Array => elements(input.get(), "input", |element| {
            if texts.len() == MAX_TEXTS {
                return Err(Failure::invalid("input", format!("input must not hold more than {MAX_TEXTS} texts")));
            }
            texts.push(whole(element, &format!("input[{}]", texts.len()))?);
            Ok(())
        })?,
        _ => return Err(no_text()),
    }
    if texts.is_empty() {
        return Err(Failure::invalid("input", "input must not be empty"));
    }
    Ok(texts)
}

/// One text; `what` names it to the client.
fn whole(value: &RawValue, what: &str) -> Result<String, Failure> {
    if Shape::of(value) != Shape::String {
        return Err(no_text());
    }
    let text = string(value, "input")?;
    if text.is_empty() {
        return Err(Failure::invalid("input", format!("{what} must not be empty")));
    }
    Ok(text)
}

fn no_text() -> Failure {
    Failure::invalid("input", "input must be a string or an array of strings; token ids are not taken")
}

fn format(value: &RawValue) -> Result<Format, Failure> {
    let named = match Shape::of(value) {
        Shape::Null => return Ok(Format::Float),
        Shape::String => Format::named(&string(value, "encoding_format")?),
        _ => None,
    };
    named.ok_or_else(|| Failure::invalid("encoding_format", "encoding_format must be \"float\" or \"base64\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Reason;

    fn parse(body: &str) -> Result<Texts, Failure> {
        Texts::parse(&Bytes::copy_from_slice(body.as_bytes()), 384)
    }

    /// The reason and the field at fault of a body with `keys` beside a model.
    fn refused(keys: &str) -> (Reason, Option<&'static str>) {
        let failure = parse(&format!(r#"{{"model":"m",{keys}}}"#)).unwrap_err();
        (failure.reason, failure.param)
    }

    #[test]
    fn a_text_is_a_list_of_one() {
        let one = parse(r#"{"model":"m","input":"\u0061 ","user":1,"x":2,"x":3,"dimensions":null}"#).unwrap();
        assert_eq!(one, Texts { model: "m".into(), texts: vec!["a ".into()], format: Format::Float });
        let two = parse(r#"{"input":["a"," "],"encoding_format":"base64","mod\u0065l":"m"}"#).unwrap();
        assert_eq!(two, Texts { model: "m".into(), texts: vec!["a".into(), " ".into()], format: Format::Base64 });
        let null = parse(r#"{"model":"m","input":"a","encoding_format":null}"#).unwrap();
        assert_eq!(null.format, Format::Float);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for input in
            ["", "[]", "[1]", "[[1,2]]", "[\"a\",null]", "[\"a\",7]", "7", "null", "{}", "[\"a\",\"\"]", "\"\""]
        {
            let keys = if input.is_empty() { r#""x":1"#.to_owned() } else { format!("\"input\":{input}") };
            assert_eq!(refused(&keys), (Reason::InvalidRequest, Some("input")), "{input}");
        }
        assert_eq!(refused(r#""input":"\ud800""#), (Reason::InvalidRequest, Some("input")));
    }

    #[test]
    fn a_list_has_an_end() {
        let body = |count: usize| format!(r#"{{"model":"m","input":[{}"a"]}}"#, "\"a\",".repeat(count - 1));
        assert_eq!(parse(&body(2048)).unwrap().texts.len(), 2048);
        assert!(parse(&body(2049)).unwrap_err().message.contains("2048"));
    }

    #[test]
    fn settings_that_cannot_be_met_are_refused_by_name() {
        for (keys, param) in [
            (r#""input":"a","encoding_format":"int8""#, "encoding_format"),
            (r#""input":"a","encoding_format":1"#, "encoding_format"),
            (r#""input":"a","dimensions":384"#, "dimensions"),
            (r#""input":"a","dimensions":"no""#, "dimensions"),
        ] {
            assert_eq!(refused(keys), (Reason::InvalidRequest, Some(param)), "{keys}");
        }
        assert!(parse(r#"{"model":"m","input":"a","dimensions":8}"#).unwrap_err().message.contains("384"));
        for model in [r#""x":1"#, r#""model":null"#, r#""model":"""#, r#""model":7"#] {
            assert_eq!(parse(&format!(r#"{{{model},"input":"a"}}"#)).unwrap_err().param, Some("model"), "{model}");
        }
    }

    #[test]
    fn keys_that_are_read_may_not_occur_twice() {
        for key in [r#""model":"m""#, r#""input":"a""#, r#""encoding_format":"float""#, r#""dimensions":null"#] {
            assert_eq!(refused(&format!("{key},{key}")).0, Reason::DuplicateKey, "{key}");
        }
    }
}
