//! What a prompt is about, and what it wants: two small networks over its meaning, which ship with the program.
//!
//! - `head`: a network
//! - `file`: the file that it comes in
//!
//! They were trained on the meanings that one encoder gives, and say nothing of another's.

mod file;
mod head;

use std::sync::OnceLock;

use super::signal::{DOMAINS, INTENTS};

pub use self::file::LoadError;
pub use self::head::{Head, WIDTH};

/// The encoder whose meanings the heads were trained on.
pub const ENCODER: &str = "all-MiniLM-L6-v2";

const DOMAIN: &[u8] = include_bytes!("../../../models/topics/domain.safetensors");
const INTENT: &[u8] = include_bytes!("../../../models/topics/intent.safetensors");

/// The heads that ship.
#[derive(Debug)]
pub struct Topics {
    /// Tells [`DOMAINS`].
    pub domain: Head,
    /// Tells [`INTENTS`].
    pub intent: Head,
}

/// The heads that ship, read when they are first asked for.
///
/// # Errors
/// One that was built in broken.
pub fn shipped() -> Result<&'static Topics, LoadError> {
    static SHIPPED: OnceLock<Topics> = OnceLock::new();
    if let Some(topics) = SHIPPED.get() {
        return Ok(topics);
    }
    let topics = Topics { domain: Head::load(DOMAIN, &DOMAINS)?, intent: Head::load(INTENT, &INTENTS)? };
    Ok(SHIPPED.get_or_init(|| topics))
}

/// Whether the heads know what the encoder called `name` means, by the whole name or the last part of it.
pub fn know(name: &str) -> bool {
    name.rsplit('/').next() == Some(ENCODER)
}
