//! How hard a model is to think.

use serde::Deserialize;
use serde_json::Value;

/// How hard a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Off,
    Low,
    Medium,
    High,
}

/// How hard as a route has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// Always so.
    Always(Level),
    /// As hard as the prompt is.
    Auto(Cuts),
}

/// From which complexity on a model thinks harder: low, medium and high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cuts([f32; 3]);

/// As a person types it: a word, or a mapping with the word in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "must be off, low, medium, high, auto, or a mapping with \"effort\""
)]
pub enum Settings {
    /// `reasoning: low`
    Word(Word),
    /// `reasoning: {effort: auto, force: true, cuts: [-0.1, 0, 0.1]}`
    Whole {
        /// The word.
        effort: Word,
        /// Whether the client has no say in it.
        #[serde(default)]
        force: bool,
        /// From where on which level begins, for `auto`: of any shape, so that what is wrong with it can be told where it stands.
        #[serde(default)]
        cuts: Option<Value>,
    },
}

/// The words for how hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Word {
    Off,
    Low,
    Medium,
    High,
    Auto,
}

const CUTS: &str = "cuts";

const NOT_CUTS: &str = "must be three numbers from -1 to 1, each at least the one before: the complexities from which on models think \
                        low, medium and high, such as [-0.1, 0, 0.1]";

// === impl Level ===

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Low, Self::Medium, Self::High];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

// === impl Effort ===

impl Effort {
    /// The level for a prompt of this complexity, -1 to 1; none where it would have to be known and is not.
    pub fn level(&self, complexity: Option<f32>) -> Option<Level> {
        match self {
            Self::Always(level) => Some(*level),
            Self::Auto(cuts) => complexity.filter(|complexity| !complexity.is_nan()).map(|at| cuts.level(at)),
        }
    }
}

// === impl Cuts ===

impl Default for Cuts {
    /// Easy prompts are answered at once and hard ones thought about for long; where the examples do not tell it stays between,
    /// with `medium` at 0, which models with levels have for their own default. The tenth on either side is a first guess.
    fn default() -> Self {
        Self([-0.1, 0.0, 0.1])
    }
}

impl Cuts {
    /// Reads three numbers that rise, from -1 to 1; none where it is anything else.
    fn read(typed: &Value) -> Option<Self> {
        let number = |typed: &Value| typed.as_f64().map(|number| number as f32);
        let numbers: Vec<f32> = typed.as_array()?.iter().map(number).collect::<Option<_>>()?;
        let cuts: [f32; 3] = numbers.try_into().ok()?;
        let [low, medium, high] = cuts;
        (-1.0 <= low && low <= medium && medium <= high && high <= 1.0).then_some(Self(cuts))
    }

    fn level(&self, complexity: f32) -> Level {
        Level::ALL[self.0.iter().filter(|cut| complexity >= **cut).count()]
    }
}

// === impl Settings ===

impl Settings {
    /// What is typed means, or what is wrong with it: a key and a message.
    pub fn compile(&self) -> Result<super::Reasoning, (&'static str, &'static str)> {
        let (word, force, cuts) = match self {
            Self::Word(word) => (word, false, None),
            Self::Whole { effort, force, cuts } => (effort, *force, cuts.as_ref()),
        };
        let effort = match (word.level(), cuts) {
            (Some(_), Some(_)) => return Err((CUTS, "must stand beside \"effort: auto\" only")),
            (Some(level), None) => Effort::Always(level),
            (None, None) => Effort::Auto(Cuts::default()),
            (None, Some(cuts)) => Effort::Auto(Cuts::read(cuts).ok_or((CUTS, NOT_CUTS))?),
        };
        Ok(super::Reasoning { effort, force })
    }
}

// === impl Word ===

impl Word {
    fn level(self) -> Option<Level> {
        match self {
            Self::Off => Some(Level::Off),
            Self::Low => Some(Level::Low),
            Self::Medium => Some(Level::Medium),
            Self::High => Some(Level::High),
            Self::Auto => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::route::action::reasoning::Reasoning;

    fn read(typed: Value) -> Result<Reasoning, (&'static str, &'static str)> {
        serde_json::from_value::<Settings>(typed).unwrap().compile()
    }

    #[test]
    fn the_harder_the_prompt_the_harder_the_model_thinks() {
        let auto = Effort::Auto(Cuts::default());
        for (complexity, level) in [
            (-1.0, Level::Off),
            (-0.101, Level::Off),
            (-0.1, Level::Low),
            (-0.001, Level::Low),
            (0.0, Level::Medium),
            (0.099, Level::Medium),
            (0.1, Level::High),
            (1.0, Level::High),
        ] {
            assert_eq!(auto.level(Some(complexity)), Some(level), "{complexity}");
        }
        assert_eq!(auto.level(None), None);
        assert_eq!(auto.level(Some(f32::NAN)), None);
        assert_eq!(Effort::Always(Level::Low).level(None), Some(Level::Low));
    }

    #[test]
    fn a_word_or_a_mapping() {
        assert_eq!(read(json!("off")), Ok(Reasoning { effort: Effort::Always(Level::Off), force: false }));
        assert_eq!(read(json!("auto")), Ok(Reasoning { effort: Effort::Auto(Cuts::default()), force: false }));
        let whole = json!({"effort": "auto", "force": true, "cuts": [-0.5, -0.5, 0.5]});
        assert_eq!(read(whole), Ok(Reasoning { effort: Effort::Auto(Cuts([-0.5, -0.5, 0.5])), force: true }));
        assert!(read(json!({"effort": "low", "cuts": [0, 0, 0]})).is_err());
        for cuts in
            [json!([0.1, 0, 0]), json!([-2, 0, 0]), json!([0, 0]), json!([0, 0, 0, 0]), json!(0.5), json!(["a", 0, 0])]
        {
            assert_eq!(read(json!({"effort": "auto", "cuts": cuts})), Err(("cuts", NOT_CUTS)), "{cuts}");
        }
        assert!(serde_json::from_value::<Settings>(json!("hard")).is_err());
    }
}
