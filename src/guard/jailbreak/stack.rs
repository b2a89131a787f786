//! All evidence in one score: a logistic model, and the thresholds that belong to shares of false alarms.

use super::Evidence;
use super::head::Logits;
use super::rules::Family;

/// The logit of n-grams that says nothing more where a rule hits.
const FLOOR: f32 = -2.0;

/// What the model reads, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// 1 where the family was hit.
    Rule(Family),
    Grams,
    GramsNear,
    /// What those near each other exceed a floor by, where a family of manipulation was hit.
    GramsNearRule,
    Head,
    HeadSecond,
    LnWindows,
}

/// What the head's features are worth where no window was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neutral {
    /// For the highest logit, and for the mean of the two highest.
    pub(crate) head: f32,
}

#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) features: Vec<(Feature, f32)>,
    pub(crate) bias: f32,
    pub(crate) neutral: Neutral,
    /// Shares of ordinary texts and the scores that so many of them exceed: at least one, ascending by share.
    pub(crate) thresholds: Vec<(f32, f32)>,
}

// === impl Feature ===

impl Feature {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "grams" => Self::Grams,
            "grams.near" => Self::GramsNear,
            "grams.near.rule" => Self::GramsNearRule,
            "head" => Self::Head,
            "head.second" => Self::HeadSecond,
            "ln_windows" => Self::LnWindows,
            name => {
                let family = name.strip_prefix("rule.")?;
                Self::Rule(Family::ALL.into_iter().find(|known| known.as_str() == family)?)
            }
        })
    }
}

// === impl Stack ===

impl Stack {
    pub(crate) fn score(&self, evidence: &Evidence, logits: Option<Logits>) -> f32 {
        let neutral = Logits { highest: self.neutral.head, second: self.neutral.head, windows: 1 };
        let logits = logits.unwrap_or(neutral);
        let value = |feature: Feature| match feature {
            Feature::Rule(family) => f32::from(u8::from(evidence.rules.contains(family))),
            Feature::Grams => evidence.grams,
            Feature::GramsNear => evidence.near,
            Feature::GramsNearRule if evidence.rules.iter().any(Family::is_manipulation) => {
                (evidence.near - FLOOR).max(0.0)
            }
            Feature::GramsNearRule => 0.0,
            Feature::Head => logits.highest,
            Feature::HeadSecond => logits.second,
            Feature::LnWindows => (logits.windows as f32).ln(),
        };
        let logit = self.features.iter().fold(self.bias, |sum, (feature, weight)| sum + weight * value(*feature));
        1.0 / (1.0 + (-logit).exp())
    }

    /// Between two shares of the table, the score changes with the logarithm of the share; beyond it, not at all.
    pub(crate) fn threshold(&self, rate: f32) -> f32 {
        let after = self.thresholds.partition_point(|(known, _)| *known < rate);
        match (after.checked_sub(1).map(|at| self.thresholds[at]), self.thresholds.get(after)) {
            (Some((low, first)), Some(&(high, second))) => {
                first + (second - first) * (rate.ln() - low.ln()) / (high.ln() - low.ln())
            }
            (Some((_, score)), None) | (None, Some(&(_, score))) => score,
            (None, None) => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::RuleSet;
    use super::*;

    fn stack() -> Stack {
        let features = vec![
            (Feature::Rule(Family::Override), 3.0),
            (Feature::Grams, 1.0),
            (Feature::GramsNearRule, 0.0),
            (Feature::Head, 0.5),
            (Feature::HeadSecond, 0.5),
            (Feature::LnWindows, -1.0),
        ];
        let thresholds = vec![(0.001, 0.9), (0.01, 0.5), (0.1, 0.1)];
        Stack { features, bias: -2.0, neutral: Neutral { head: -1.0 }, thresholds }
    }

    fn evidence(rules: &[Family], grams: f32) -> Evidence {
        Evidence {
            rules: rules.iter().copied().collect::<RuleSet>(),
            grams,
            near: grams,
            read: Vec::new(),
            instead: false,
            is_trifle: false,
        }
    }

    #[test]
    fn features_add_up() {
        let logits = Logits { highest: 2.0, second: 1.0, windows: 1 };
        let even = evidence(&[Family::Override], -2.5);
        assert_eq!(stack().score(&even, Some(logits)), 0.5);
        let more = Logits { windows: 3, ..logits };
        assert!(stack().score(&even, Some(more)) < 0.5);
        assert!(stack().score(&evidence(&[], -2.5), Some(logits)) < 0.5);
    }

    #[test]
    fn what_is_near_counts_more_where_a_rule_hits() {
        let stack = Stack { features: vec![(Feature::GramsNearRule, 1.0)], bias: 0.0, ..stack() };
        assert!(stack.score(&evidence(&[Family::Override], -1.5), None) > 0.5);
        assert_eq!(stack.score(&evidence(&[Family::Override], -2.5), None), 0.5);
        assert_eq!(stack.score(&evidence(&[], 4.0), None), 0.5);
        assert_eq!(stack.score(&evidence(&[Family::About, Family::Decoded], 4.0), None), 0.5);
    }

    #[test]
    fn without_windows_the_head_is_neutral() {
        let known = Logits { highest: -1.0, second: -1.0, windows: 1 };
        let evidence = evidence(&[Family::Override], 0.0);
        assert_eq!(stack().score(&evidence, None), stack().score(&evidence, Some(known)));
    }

    #[test]
    fn thresholds_lie_between_those_known() {
        let stack = stack();
        assert_eq!(stack.threshold(0.01), 0.5);
        assert!((stack.threshold(0.031_622_78) - 0.3).abs() < 1e-5);
        assert_eq!(stack.threshold(0.000_1), 0.9);
        assert_eq!(stack.threshold(0.5), 0.1);
    }

    #[test]
    fn every_family_is_a_feature() {
        for family in Family::ALL {
            assert_eq!(Feature::named(&format!("rule.{}", family.as_str())), Some(Feature::Rule(family)));
        }
        assert_eq!(Feature::named("rule.unheard_of"), None);
        assert_eq!(Feature::named("override"), None);
    }
}
