//! The second stage: is this an attempt to override the model's instructions, and what in it is personal data?
//!
//! - `settings`: what the operator wants
//! - `finding`: what there is to find
//! - `pii`: personal data by its form · `jailbreak`: attempts by their words, and what the encoder makes of them
//! - `inspect`: a whole request looked through · `read`: its texts as the models see them · `classifier`: models of the
//!   operator's own · `repeat`: the same name elsewhere · `places`: towns in addresses
//! - `verdict`: what becomes of it · `ruling`: what is told of that · `mask`: what takes the place of personal data, and gives it back
//! - `report`: what was found, for people · `aside`: long work off the workers' threads
//!
//! No value that was found stands in a log, a metric or a header.

mod aside;
pub mod classifier;
pub mod finding;
mod inspect;
pub mod jailbreak;
pub mod mask;
pub mod pii;
mod places;
mod read;
mod repeat;
pub mod report;
mod ruling;
pub mod settings;
mod verdict;

use std::sync::Arc;

pub use finding::{Entity, Finding, Strength};
pub use inspect::{Gap, Inspection, Judgement};
pub use ruling::{OFF, Ruling};
pub use settings::Settings;
pub use verdict::{Masking, Verdict};

use self::classifier::{Runner, Sequence, Token};
use self::jailbreak::{Allow, Detector};
use self::pii::{PatternError, Patterns};
use self::settings::Limit;
use crate::embed::Encoder;

/// The guardrails in force.
pub struct Guard {
    settings: Settings,
    /// Personal data by its form.
    patterns: Arc<Patterns>,
    models: Models,
    allow: Allow,
    /// From which score on a text is an attack.
    threshold: f32,
}

/// What guardrails judge by, each where something takes it.
#[derive(Clone, Default)]
pub struct Models {
    /// The shipped detector of attempts to override instructions.
    pub detector: Option<Arc<Detector>>,
    /// What reads texts for it, and tells names from other words.
    pub encoder: Option<Arc<Encoder>>,
    /// Whether requests are routed by that one, too: what it makes of their text then serves both.
    pub is_routing: bool,
    /// A classifier of the operator's own in the detector's place.
    pub sequence: Option<Arc<Runner<Sequence>>>,
    /// A classifier of the operator's own that tells names from other words.
    pub token: Option<Arc<Runner<Token>>>,
}

// === impl Guard ===

impl Guard {
    /// Guardrails that do what `settings` say. The encoder is the model that the shipped heads were trained on.
    ///
    /// # Errors
    /// A recogniser of the operator's own that is none.
    pub fn new(settings: Settings, models: Models) -> Result<Self, PatternError> {
        let patterns = Arc::new(match &settings.pii {
            Some(pii) => {
                let wanted: Vec<Entity> = pii.operators.keys().cloned().collect();
                Patterns::new(&wanted, pii.recognizers.clone(), &pii.allow, pii.min_score)?
            }
            None => Patterns::new(&[], Vec::new(), &[], 0.0)?,
        });
        let threshold = match (settings.jailbreak.as_ref().map(|jailbreak| jailbreak.limit), &models.detector) {
            (Some(Limit::Score(score)), _) => score,
            (Some(Limit::FalseAlarms(rate)), Some(detector)) => detector.threshold(rate),
            _ => f32::INFINITY,
        };
        let allow = Allow::new(settings.jailbreak.as_ref().map_or(&[], |jailbreak| &jailbreak.allow));
        Ok(Self { settings, patterns, models, allow, threshold })
    }

    /// What it was told to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What finds personal data by its form.
    pub fn patterns(&self) -> &Arc<Patterns> {
        &self.patterns
    }
}
