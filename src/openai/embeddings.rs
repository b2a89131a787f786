//! The list of vectors that `POST /v1/embeddings` answers with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// How a vector is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An array of numbers, each as short as gives the same f32 again.
    Float,
    /// The f32s in little-endian order, as base64.
    Base64,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'a> {
    Floats(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// OpenAI's list of `vectors`, in their order, that `model` made of `tokens` tokens.
///
/// # Errors
/// None that floats could cause; those of the serializer.
pub fn list<'a>(
    model: &str,
    vectors: impl Iterator<Item = &'a [f32]>,
    tokens: usize,
    format: Format,
) -> serde_json::Result<Vec<u8>> {
    let entry = |(index, vector)| Entry { object: "embedding", index, embedding: Vector::new(vector, format) };
    let data = vectors.enumerate().map(entry).collect();
    let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
    serde_json::to_vec(&List { object: "list", data, model, usage })
}

// === impl Format ===

impl Format {
    /// The format that `encoding_format` names, if any.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "float" => Some(Self::Float),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }
}

// === impl Vector ===

impl<'a> Vector<'a> {
    fn new(floats: &'a [f32], format: Format) -> Self {
        match format {
            Format::Float => Self::Floats(floats),
            Format::Base64 => {
                let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
                Self::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_openai_writes_it() {
        let vectors = [[0.1f32, -2.5e-8], [1.0, 0.333_333_34]];
        let written = |format| {
            let list = list("org/m", vectors.iter().map(|vector| &vector[..]), 7, format);
            String::from_utf8(list.unwrap()).unwrap()
        };
        assert_eq!(
            written(Format::Float),
            "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.1,-2.5e-8]},\
             {\"object\":\"embedding\",\"index\":1,\"embedding\":[1.0,0.33333334]}],\
             \"model\":\"org/m\",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}"
        );
        // 0.1 is 0x3dcccccd, -2.5e-8 is 0xb2d6bf95.
        assert!(written(Format::Base64).contains(r#""index":0,"embedding":"zczMPZW/1rI="}"#));
    }
}
