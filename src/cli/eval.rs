//! `pointsman eval`: how well routing agrees with a labelled file.
//!
//! - `tally`: where prompts went, and where they should have gone
//! - `chances`: how much scores tell, whatever thresholds make of them
//! - `detail`: what a page needs beyond that; `curves`: what other thresholds would make of it
//! - `page`: all of it as pictures and tables

mod chances;
mod curves;
mod detail;
mod page;
mod tally;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use serde::Serialize;

use self::chances::{Bin, Chances, Reliability};
use self::detail::Detail;
use self::page::{Draft, Page};
use self::tally::{Scores, Tally};
use super::labelled::{self, Prompt};
use super::offline::{Decided, Offline};
use crate::metrics::label;
use crate::route::Table;
use crate::route::classifier::Scale;

/// What `eval` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Also write FILE: one HTML page with the figures, the confusion matrix and the threshold curves as pictures, and at
    /// most 36 of the misrouted texts, cut at 200 characters. It loads nothing, and is written whole or not at all
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// JSON lines {"text": …, "route": name or null}; null where the default backend is right
    data: PathBuf,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Report {
    /// Labelled prompts.
    n: usize,
    /// The share that went where its label says.
    accuracy: f64,
    by_route: BTreeMap<String, Scores>,
    /// Expected → given → times.
    confusion: BTreeMap<String, BTreeMap<String, usize>>,
    /// What scores are made from, and what they are.
    classifier: &'static str,
    scale: &'static str,
    /// Prompts that a route is right for.
    in_scope: Part,
    /// Prompts that none is right for.
    out_of_scope: Part,
    /// The chance that a prompt that no route is right for looks more so than one that a route is right for; none
    /// where the file lacks either.
    auroc: Option<f64>,
    /// How true scores are as chances; none where they are none.
    reliability: Option<Reliability>,
}

/// Some of the prompts.
#[derive(Debug, Serialize)]
struct Part {
    n: usize,
    /// The share that went where its label says; 0 of none.
    accuracy: f64,
}

/// Runs the command.
///
/// # Errors
/// A config, a model or a file that cannot be loaded, a malformed line or a label that is no route (with its
/// number), or a file without a line.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let data = labelled::open(&args.data)?;
    let read = [&args.config, &args.data].map(|path| path.canonicalize().ok());
    if let Some(page) = args.html.as_ref().and_then(|page| page.canonicalize().ok()) {
        ensure!(!read.contains(&Some(page)), "--html would replace a file that is read");
    }
    let draft = args.html.as_deref().map(Draft::beside).transpose()?;
    let offline = Offline::load(&args.config)?;
    let table = &offline.table;
    let (mut tally, mut chances, mut detail) = (Tally::default(), Chances::default(), Detail::default());
    labelled::decide(&offline, data, &args.data, |Prompt { expected, excerpt }, Decided { decision, read, .. }| {
        tally.add(label(table, expected), label(table, decision.route));
        let scores = read.map(|read| table.scores(&read.query()));
        if let Some(scores) = &scores {
            chances.add(expected, scores);
        }
        if draft.is_some() {
            detail.add(expected, &decision, scores, excerpt);
        }
    })?;
    let report = Report::new(table, tally, &chances);
    if let Some(draft) = draft {
        let (roc, config, data) = (chances.roc(), &args.config, &args.data);
        let page = Page { report: &report, table, detail: &detail, roc, config, data };
        draft.keep(&page.render())?;
    }
    let mut output = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut output, &report)?;
        writeln!(output)?;
    } else {
        report.print(&mut output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn label(table: &Table, route: Option<usize>) -> &str {
    route.and_then(|route| table.name(route)).map_or(label::DEFAULT, |name| name)
}

// === impl Report ===

impl Report {
    fn new(table: &Table, tally: Tally, chances: &Chances) -> Self {
        let (n, accuracy) = tally.accuracy();
        let part = |(n, accuracy)| Part { n, accuracy };
        Self {
            n,
            accuracy,
            by_route: tally.by_route(),
            classifier: table.classifier().as_str(),
            scale: table.scale().as_str(),
            in_scope: part(tally.accuracy_of(|route| route != label::DEFAULT)),
            out_of_scope: part(tally.accuracy_of(|route| route == label::DEFAULT)),
            auroc: chances.auroc(),
            reliability: (table.scale() == Scale::Chance).then(|| chances.reliability()),
            confusion: tally.confusion(),
        }
    }

    /// How often what is labelled `expected` was given `given`.
    fn times(&self, expected: &str, given: &str) -> usize {
        self.confusion.get(expected).and_then(|row| row.get(given)).copied().unwrap_or(0)
    }

    /// How many prompts were given `route`.
    fn given(&self, route: &str) -> usize {
        self.confusion.keys().map(|expected| self.times(expected, route)).sum()
    }

    /// Prints it for people.
    fn print(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(output, "{} prompts, accuracy {:.4}", self.n, self.accuracy)?;
        for (what, Part { n, accuracy }) in [("in scope", &self.in_scope), ("out of scope", &self.out_of_scope)] {
            writeln!(output, "{what}: {n} prompts, accuracy {}", share(*accuracy, *n))?;
        }
        writeln!(output, "classifier {}: scores are {}s", self.classifier, self.scale)?;
        if let Some(auroc) = self.auroc {
            writeln!(output, "out of scope told from in scope: AUROC {auroc:.4}")?;
        }
        if let Some(Reliability { error, bins }) = &self.reliability {
            writeln!(output, "the best score as a chance: off by {error:.4} on average")?;
            for Bin { from, to, n, score, right } in bins {
                writeln!(output, "  {from:.1} to {to:.1}: {n:6} prompts, mean {score:.4}, right {right:.4}")?;
            }
        }
        writeln!(output)?;
        let width = self.by_route.keys().map(String::len).max().unwrap_or(0).max("route".len());
        writeln!(output, "{:width$} {:>7} {:>9} {:>7} {:>7}", "route", "prompts", "precision", "recall", "f1")?;
        for (route, Scores { n, precision, recall, f1 }) in &self.by_route {
            let given = self.given(route);
            let [precision, recall, f1] = [share(*precision, given), share(*recall, *n), share(*f1, n + given)];
            writeln!(output, "{route:width$} {n:7} {precision:>9} {recall:>7} {f1:>7}")?;
        }
        let mistakes = self.confusion.iter().flat_map(|(expected, row)| row.iter().map(move |cell| (expected, cell)));
        let mut mistakes: Vec<_> = mistakes.filter(|(expected, (given, _))| expected != given).collect();
        mistakes.sort_by_key(|(_, (_, times))| std::cmp::Reverse(**times));
        if !mistakes.is_empty() {
            writeln!(output, "\nmistakes, the most frequent first")?;
        }
        for (expected, (given, times)) in mistakes {
            writeln!(output, "{times:7}  {expected} went to {given}")?;
        }
        Ok(())
    }
}

/// A share of `whole` prompts for people; a dash where there are none.
fn share(share: f64, whole: usize) -> String {
    if whole == 0 { "-".into() } else { format!("{share:.4}") }
}
