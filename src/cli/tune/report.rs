//! What `tune` says.

use std::io::{self, Write};

use serde::Serialize;

use super::measure::{OfRoute, Whole};
use super::samples::Samples;

/// The whole of it.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    pub(super) evidence: Evidence,
    /// What thresholds are of.
    pub(super) classifier: &'static str,
    pub(super) scale: &'static str,
    pub(super) decisions: Decisions,
    pub(super) routes: Vec<Proposal<'a>>,
    pub(super) samples: Samples<'a>,
    /// Why there is no proposal, or no better one.
    pub(super) notes: Vec<String>,
}

/// What thresholds are judged by.
#[derive(Debug, Serialize)]
pub(super) struct Evidence {
    /// `lines` of a labelled file, or `samples`, each as if it were a prompt.
    pub(super) by: &'static str,
    /// Prompts of a route.
    pub(super) in_scope: usize,
    /// Prompts of none.
    pub(super) out_of_scope: usize,
}

/// All routes together.
#[derive(Debug, Serialize)]
pub(super) struct Decisions {
    pub(super) today: Whole,
    /// None where nothing better is known.
    pub(super) proposed: Option<Whole>,
    /// The share of right decisions on evidence that was kept out of the search; none where there is too little.
    pub(super) kept_out: Option<f64>,
}

/// One route.
#[derive(Debug, Serialize)]
pub(super) struct Proposal<'a> {
    pub(super) route: &'a str,
    /// Prompts that are labelled with it.
    pub(super) n: usize,
    pub(super) today: OfRoute,
    /// None where nothing better is known.
    pub(super) proposed: Option<OfRoute>,
}

// === impl Report ===

impl Report<'_> {
    /// Prints it for people.
    pub(super) fn print(&self, output: &mut impl Write) -> io::Result<()> {
        let Evidence { by, in_scope, out_of_scope } = &self.evidence;
        writeln!(output, "Judged by {by}: {in_scope} of a route, {out_of_scope} of none")?;
        self.print_decisions(output)?;
        self.print_routes(output)?;
        for note in &self.notes {
            writeln!(output, "\n{note}")?;
        }
        if self.decisions.proposed.is_some() {
            writeln!(output, "\nTo paste, where scores are {}s:\n\n{}", self.scale, self.yaml())?;
        }
        for paragraph in self.samples.paragraphs() {
            writeln!(output, "\n{}", paragraph.trim_end())?;
        }
        Ok(())
    }

    fn print_decisions(&self, output: &mut impl Write) -> io::Result<()> {
        let Decisions { today, proposed, kept_out } = &self.decisions;
        let of = |value: fn(&Whole) -> Option<f64>| change(value(today), proposed.as_ref().map(value));
        let kept_out = kept_out.map(|right| format!(" ({right:.3} on parts kept out of the search)"));
        writeln!(output, "Right decisions: {}{}", of(|whole| whole.right), kept_out.unwrap_or_default())?;
        writeln!(output, "  in scope, right: {}", of(|whole| whole.in_scope))?;
        writeln!(output, "  out of scope, refused: {}\n", of(|whole| whole.out_of_scope))
    }

    fn print_routes(&self, output: &mut impl Write) -> io::Result<()> {
        let width = self.routes.iter().map(|route| route.route.chars().count()).max().unwrap_or(0).max("route".len());
        let titles =
            ["threshold", "precision", "recall", "out of scope, accepted"].map(|title| format!("{title:16}")).join("");
        writeln!(output, "{:width$} {:>6}  {}", "route", "n", titles.trim_end())?;
        for Proposal { route, n, today, proposed } in &self.routes {
            let of = |value: fn(&OfRoute) -> Option<f64>| {
                format!("{:16}", change(value(today), proposed.as_ref().map(value)))
            };
            let cells = [
                of(|route| route.threshold.map(f64::from)),
                of(|route| route.precision),
                of(|route| route.recall),
                of(|route| route.strangers),
            ];
            writeln!(output, "{route:width$} {n:6}  {}", cells.concat().trim_end())?;
        }
        Ok(())
    }

    /// What is proposed, as a config has it.
    fn yaml(&self) -> String {
        let mut yaml = format!("router:\n  classifier: {}\n  routes:", self.classifier);
        for Proposal { route, proposed, .. } in &self.routes {
            if let Some(least) = proposed.and_then(|proposed| proposed.threshold) {
                // JSON's strings are YAML's.
                let name = serde_json::Value::from(*route);
                yaml.push_str(&format!("\n    - name: {name}\n      threshold: {least:.3}"));
            }
        }
        yaml
    }
}

/// Today's value, and the proposed one where there is one.
fn change(today: Option<f64>, proposed: Option<Option<f64>>) -> String {
    let show = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
    match proposed {
        Some(proposed) => format!("{} -> {}", show(today), show(proposed)),
        None => show(today),
    }
}
