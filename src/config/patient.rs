//! A config as a command runs it, which has time: on all cores, and no text is turned away or given up for others.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::encoders::Encoders;
use super::file::{File, Mode};
use super::guarding::{self, Classifiers};
use super::units::Span;
use crate::embed::Encoder;
use crate::guard::Guard;

/// Longer than any text takes.
pub const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// A config's models, and what it says with bounds that nothing meets.
pub struct Patient {
    /// What it says. Where routing is off, so are the guardrails.
    pub file: File,
    /// What prompts are routed by; none where nothing is.
    pub encoder: Option<Arc<Encoder>>,
    /// The guardrails that would serve; none where they are off.
    pub guard: Option<Arc<Guard>>,
}

// === impl Patient ===

impl Patient {
    /// Loads the models that `file` asks for.
    ///
    /// # Errors
    /// A model that cannot be found or loaded.
    pub fn load(mut file: File) -> anyhow::Result<Self> {
        let (embedding, guardrails) = (&mut file.embedding, &mut file.middleware.guardrails);
        embedding.threads = thread::available_parallelism().map_or(1, usize::from);
        (embedding.queue, embedding.timeout, guardrails.timeout) = (usize::MAX, Span(PATIENCE), Span(PATIENCE));
        // Each text is read once.
        embedding.memo = 0;
        if file.router.mode == Mode::Off {
            // Nothing is decided by what they find, or by what they make of a long text.
            let guardrails = &mut file.middleware.guardrails;
            (guardrails.jailbreak_detection, guardrails.pii_masking) = (false, false);
        }
        let encoders = Encoders::start(&file, None)?;
        let classifiers = Classifiers::load(&file.middleware.guardrails, &file.embedding, None)?;
        let guard = guarding::compile(&file, &encoders, &classifiers)?;
        Ok(Self { file, encoder: encoders.routing, guard })
    }
}
