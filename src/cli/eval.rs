//! `pointsman eval`: how often routing agrees with a labelled file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::lines::Line;
use super::offline::Offline;
use crate::metrics::label;
use crate::route::Table;

/// What `eval` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// JSON lines {"text": …, "route": name or null}; null where the default backend is right
    data: PathBuf,
}

/// A labelled prompt; other keys are ignored.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    /// Told apart from a key that is missing, which is more likely a mistake than a wish for the default.
    #[serde(deserialize_with = "Option::deserialize")]
    route: Option<String>,
}

/// How often each label was answered with each route: expected → given → times. What has no route is called `default`.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, BTreeMap<String, usize>>);

/// What came out.
#[derive(Debug, Serialize)]
struct Report {
    /// Labelled prompts.
    n: usize,
    /// The share that went where its label says; 0 of an empty file.
    accuracy: f64,
    by_route: BTreeMap<String, Scores>,
    /// Expected → given → times.
    confusion: BTreeMap<String, BTreeMap<String, usize>>,
}

/// One route's scores; a share of nothing is 0.
#[derive(Debug, PartialEq, Serialize)]
struct Scores {
    /// Prompts labelled with it.
    n: usize,
    /// Of those sent to it, the share labelled with it.
    precision: f64,
    /// Of those labelled with it, the share sent to it.
    recall: f64,
    /// Their harmonic mean.
    f1: f64,
}

/// Runs the command.
///
/// # Errors
/// A config, a model or a file that cannot be loaded, a malformed line or a label that is no route (with its number).
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let data = File::open(&args.data).with_context(|| format!("cannot open {}", args.data.display()))?;
    let offline = Offline::load(&args.config)?;
    let table = &offline.table;
    let mut tally = Tally::default();
    offline
        .decide_lines(BufReader::new(data), &mut io::sink(), parse, |_, expected, (decision, _)| {
            tally.add(label(table, expected), label(table, decision.route));
            Ok(())
        })
        .with_context(|| args.data.display().to_string())?;
    let report = tally.report();
    let mut output = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut output, &report)?;
        writeln!(output)?;
    } else {
        report.print(&mut output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A line's text, and its label as a route's index.
fn parse(offline: &Offline, line: &str) -> anyhow::Result<Line<Option<usize>>> {
    let Labelled { text, route } = serde_json::from_str(line)?;
    let index = |name: &String| {
        let found = offline.table.names().position(|known| **known == **name);
        found.with_context(|| format!("the config has no route {name:?}"))
    };
    Ok(Line { text, rest: route.as_ref().map(index).transpose()? })
}

fn label(table: &Table, route: Option<usize>) -> &str {
    route.and_then(|route| table.name(route)).map_or(label::DEFAULT, |name| name)
}

// === impl Tally ===

impl Tally {
    fn add(&mut self, expected: &str, given: &str) {
        *self.0.entry(expected.into()).or_default().entry(given.into()).or_default() += 1;
    }

    fn report(self) -> Report {
        let n = self.0.values().flat_map(BTreeMap::values).sum();
        let labels = self.0.iter().flat_map(|(expected, given)| given.keys().chain([expected]));
        let by_route: BTreeMap<_, _> = labels.map(|label| (label.clone(), self.scores(label))).collect();
        let right = self.0.keys().map(|label| self.times(label, label)).sum();
        Report { n, accuracy: share(right, n), by_route, confusion: self.0 }
    }

    fn scores(&self, label: &str) -> Scores {
        let right = self.times(label, label);
        let n = self.0.get(label).into_iter().flat_map(BTreeMap::values).sum();
        let given = self.0.keys().map(|expected| self.times(expected, label)).sum();
        Scores { n, precision: share(right, given), recall: share(right, n), f1: share(2 * right, n + given) }
    }

    fn times(&self, expected: &str, given: &str) -> usize {
        self.0.get(expected).and_then(|row| row.get(given)).copied().unwrap_or(0)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

// === impl Report ===

impl Report {
    /// Prints it for people.
    fn print(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(output, "{} prompts, accuracy {:.4}\n", self.n, self.accuracy)?;
        let width = self.by_route.keys().map(String::len).max().unwrap_or(0).max("route".len());
        writeln!(output, "{:width$} {:>7} {:>9} {:>7} {:>7}", "route", "prompts", "precision", "recall", "f1")?;
        for (route, Scores { n, precision, recall, f1 }) in &self.by_route {
            writeln!(output, "{route:width$} {n:7} {precision:9.4} {recall:7.4} {f1:7.4}")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_textbook() {
        let mut tally = Tally::default();
        for (expected, given, times) in [("a", "a", 6), ("a", "b", 2), ("b", "b", 3), ("b", "a", 1), ("b", "c", 4)] {
            (0..times).for_each(|_| tally.add(expected, given));
        }
        let report = tally.report();
        assert_eq!((report.n, report.accuracy), (16, 9.0 / 16.0));
        assert_eq!(report.by_route["a"], Scores { n: 8, precision: 6.0 / 7.0, recall: 0.75, f1: 12.0 / 15.0 });
        assert_eq!(report.by_route["b"], Scores { n: 8, precision: 0.6, recall: 0.375, f1: 6.0 / 13.0 });
        assert_eq!(report.by_route["c"], Scores { n: 0, precision: 0.0, recall: 0.0, f1: 0.0 });
        assert_eq!(report.confusion["b"]["c"], 4);
    }

    #[test]
    fn an_empty_file_scores_nothing() {
        let report = Tally::default().report();
        assert_eq!((report.n, report.accuracy, report.by_route.len()), (0, 0.0, 0));
    }
}
