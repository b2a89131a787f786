//! What rules may ask of a request's body, read before the request is decided; and the request as they see it.

use super::signal::{Ahead, Context, Format, Guarded, Request, Said, Wanted};
use crate::embed::Meaning;
use crate::failure::Failure;
use crate::intake::{Contents, Endpoint, Prompt};

/// What was read of a body for the rules; nothing where they do not ask.
#[derive(Debug, Default)]
pub struct Reading {
    contents: Contents,
    ahead: Ahead,
}

/// What is asked, as far as it decides.
#[derive(Clone)]
pub struct Asked<'a> {
    /// The request as rules see it.
    pub request: Request<'a>,
    /// What was read of it ahead.
    pub ahead: &'a Ahead,
    /// What the guardrails found.
    pub guarded: Guarded<'a>,
    /// What its text means, where that is known.
    pub meaning: Option<Meaning>,
}

/// Nothing around a request: it has no headers, and every backend is well and idle.
pub struct Nowhere;

// === impl Reading ===

impl Reading {
    /// The signals of longer bodies are read ahead, in bytes.
    pub const LONG: usize = 32 << 10;

    /// Reads the body of `prompt` for rules that ask for what is `wanted`, and for an explanation where there is to be one. Of a
    /// long body this takes time.
    pub fn read(endpoint: Endpoint, prompt: &Prompt, wanted: &Wanted, is_explained: bool) -> Result<Self, Failure> {
        let mut reading = Self::default();
        if wanted.needs_contents() {
            reading.contents = Contents::read(endpoint, prompt.body())?;
        }
        if prompt.body().len() > Self::LONG {
            let said = reading.said();
            let request = reading.request(prompt.text.as_deref(), &said, &Nowhere);
            reading.ahead = Ahead::read(&request, wanted, is_explained);
        }
        Ok(reading)
    }

    /// A user's text, without a request around it.
    pub fn of(text: &str) -> Self {
        Self { contents: Contents::of(text), ahead: Ahead::default() }
    }

    /// All that is said in the request.
    pub fn said(&self) -> Vec<Said<'_>> {
        self.contents.said.iter().map(|(role, text)| Said { role: *role, text }).collect()
    }

    /// The request as rules see it, without what the head of it says: whose it is, which model it names.
    pub fn request<'a>(&self, text: Option<&'a str>, said: &'a [Said<'a>], context: &'a dyn Context) -> Request<'a> {
        let Contents { messages, turns, tools, images, ids, ref format, .. } = self.contents;
        Request {
            text: text.unwrap_or_default(),
            said,
            messages,
            turns,
            tools,
            images,
            ids,
            format: format.as_deref().map_or_else(Format::default, Format::named),
            model: None,
            tenant: None,
            key: None,
            stream: false,
            context,
        }
    }

    /// What was read ahead.
    pub fn ahead(&self) -> &Ahead {
        &self.ahead
    }
}

// === impl Nowhere ===

impl Context for Nowhere {
    fn header(&self, _: &str) -> &[String] {
        &[]
    }

    fn standing(&self, _: &str) -> Option<super::signal::Standing> {
        Some(super::signal::Standing { load: 0.0, healthy: true })
    }
}
