//! A verdict under a route, and what is told of it: in the answer's head, the log, the metrics and explanations.

use super::settings::Overrides;
use super::{Guard, Inspection, Verdict};

/// A verdict with what is told of it.
#[derive(Debug)]
#[must_use]
pub struct Ruling {
    /// What becomes of the request.
    pub verdict: Verdict,
    /// What it was judged by in the end.
    pub overrides: Overrides,
    /// What it is as an attempt to override instructions; none where that is not judged.
    pub jailbreak: Option<&'static str>,
    /// What became of its personal data; none where that is not looked for.
    pub pii: Option<&'static str>,
}

/// What a guardrail makes of a request whose route does without it.
pub const OFF: &str = "off";

// === impl Guard ===

impl Guard {
    /// What becomes of the request in which that was found, where its route has it judged by `overrides`.
    pub fn rule(&self, inspection: &Inspection, mut overrides: Overrides) -> Ruling {
        let mut verdict = self.judge_all(inspection, &overrides);
        if matches!(verdict, Verdict::Serve { instead: Some(_), .. }) && !overrides.pii {
            // What the route lets its own models see is not for the one that gets attacks.
            overrides.pii = true;
            verdict = self.judge_all(inspection, &overrides);
        }
        let is_unjudged = inspection.gap.is_some();
        let jailbreak = self.settings().jailbreak.as_ref().map(|_| match verdict {
            _ if !overrides.jailbreak => OFF,
            Verdict::Attack(_) => "block",
            Verdict::Serve { instead: Some(_), .. } => "route",
            Verdict::Serve { is_flagged: true, .. } => "flag",
            _ if is_unjudged => "unjudged",
            _ => "pass",
        });
        let has_findings = inspection.findings.iter().any(|found| !found.is_empty());
        let pii = self.settings().pii.as_ref().map(|_| match verdict {
            _ if !overrides.pii => OFF,
            Verdict::Personal(_) => "block",
            _ if is_unjudged => "unjudged",
            _ if has_findings => "masked",
            _ => "none",
        });
        Ruling { verdict, overrides, jailbreak, pii }
    }
}
