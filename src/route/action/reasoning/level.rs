//! How hard a model is to think.

use serde_yaml::Value;

/// How hard a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    pub(super) fn read(typed: &Value) -> Option<Self> {
        let number = |typed: &Value| typed.as_f64().map(|number| number as f32);
        let numbers: Vec<f32> = typed.as_sequence()?.iter().map(number).collect::<Option<_>>()?;
        let cuts: [f32; 3] = numbers.try_into().ok()?;
        let [low, medium, high] = cuts;
        (-1.0 <= low && low <= medium && medium <= high && high <= 1.0).then_some(Self(cuts))
    }

    fn level(&self, complexity: f32) -> Level {
        Level::ALL[self.0.iter().filter(|cut| complexity >= **cut).count()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
