//! `pointsman tune`: proposes thresholds, and names samples that are worth a second look. Writes nothing.
//!
//! - `evidence`: labelled lines, or samples as if they were prompts
//! - `search`: the thresholds under which most decisions are right; `measure`: what they come to
//! - `samples`: those that look misplaced
//! - `report`: all of it

mod evidence;
mod measure;
mod report;
mod samples;
mod search;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use self::evidence::{Judged, of_lines, of_samples};
use self::measure::{OfRoute, Whole, measure};
use self::report::{Decisions, Evidence, Proposal, Report};
use self::samples::Samples;
use super::offline::Offline;
use crate::route::Table;

/// What `tune` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = OBJECTIVE)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// JSON lines {"text": …, "route": name or null}, as `eval` takes them
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What `--help` adds.
const OBJECTIVE: &str = "\
It seeks the thresholds under which the most decisions are right: a prompt of a route goes there, and a prompt of none to
the default backend. Each line of --data counts the same, so the file should hold what traffic holds; it takes 50 lines of
a route and 20 of none. Without --data, or with fewer, each sample is judged by what the others taught: once as what it is,
and once as if its route did not exist, which counts a quarter; that takes 50 different samples.

A route that fewer than 20 prompts speak for gets the threshold that is best for all routes together, and others are drawn
towards it. Nothing is proposed that does no better than today's thresholds on parts that were kept out of the search.
The config is never written.";

/// Prompts of a route that it takes to propose anything.
const ENOUGH_IN_SCOPE: usize = 50;

/// Prompts of none that it takes, of a labelled file.
const ENOUGH_OUT_OF_SCOPE: usize = 20;

/// What was found.
struct Found {
    today: (Whole, Vec<OfRoute>),
    proposed: Option<(Whole, Vec<OfRoute>)>,
    kept_out: Option<f64>,
}

/// Runs the command.
///
/// # Errors
/// A config, a model or a file that cannot be loaded, a malformed line or a label that is no route (with its number), a
/// file without a line, or routing that is off.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let offline = Offline::load(&args.config)?;
    let table = &offline.table;
    anyhow::ensure!(offline.compares(), "router.mode is \"off\", so that there are no scores to choose thresholds for");
    let mut notes = Vec::new();
    let lines = args.data.as_deref().map(|path| of_lines(&offline, path)).transpose()?;
    let lines = lines.filter(|lines| match too_few(lines) {
        None => true,
        Some(note) => {
            notes.push(note);
            false
        }
    });
    let by = if lines.is_some() { "lines" } else { "samples" };
    let judged = lines.unwrap_or_else(|| of_samples(table));
    let (in_scope, out_of_scope) = counts(&judged);
    let found = find(table, &judged, &mut notes);
    let report = Report {
        evidence: Evidence { by, in_scope, out_of_scope },
        classifier: table.classifier().as_str(),
        scale: table.scale().as_str(),
        routes: proposals(table, &judged, &found),
        decisions: Decisions {
            today: found.today.0,
            proposed: found.proposed.map(|(whole, _)| whole),
            kept_out: found.kept_out,
        },
        samples: Samples::of(table),
        notes,
    };
    let mut output = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut output, &report)?;
        writeln!(output)?;
    } else {
        report.print(&mut output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Why lines do not tell, if they do not.
fn too_few(lines: &[Judged]) -> Option<String> {
    let (inside, outside) = counts(lines);
    (inside < ENOUGH_IN_SCOPE || outside < ENOUGH_OUT_OF_SCOPE).then(|| {
        format!(
            "The file has {inside} lines of a route and {outside} of none that scores decide; it takes {ENOUGH_IN_SCOPE} and \
             {ENOUGH_OUT_OF_SCOPE} to choose thresholds by it, so the samples judge."
        )
    })
}

fn counts(judged: &[Judged]) -> (usize, usize) {
    let inside = judged.iter().filter(|judged| judged.expected.is_some()).count();
    (inside, judged.len() - inside)
}

/// Seeks thresholds, and keeps them if they are better than today's where they were not sought.
fn find(table: &Table, judged: &[Judged], notes: &mut Vec<String>) -> Found {
    let routes = table.names().len();
    let in_force: Vec<Option<f32>> = (0..routes).map(|route| table.threshold(route)).collect();
    let today = measure(judged, &in_force);
    let (inside, _) = counts(judged);
    if inside < ENOUGH_IN_SCOPE {
        notes.push(format!(
            "No thresholds are proposed: there are {inside} different samples, and it takes {ENOUGH_IN_SCOPE} to choose any."
        ));
        return Found { today, proposed: None, kept_out: None };
    }
    let kept_out = search::elsewhere(judged, routes);
    let better = kept_out.zip(today.0.right).is_some_and(|(kept_out, today)| kept_out > today);
    let thresholds = search::thresholds(&judged.iter().collect::<Vec<_>>(), routes).filter(|_| better);
    if thresholds.is_none() {
        notes.push(
            "No thresholds are proposed: none were found that do better than today's where they were not sought."
                .into(),
        );
    }
    let propose = |thresholds: Vec<f32>| measure(judged, &thresholds.into_iter().map(Some).collect::<Vec<_>>());
    Found { today, proposed: thresholds.map(propose), kept_out }
}

fn proposals<'a>(table: &'a Table, judged: &[Judged], found: &Found) -> Vec<Proposal<'a>> {
    let proposal = |(route, name): (usize, &'a std::sync::Arc<str>)| Proposal {
        route: name,
        n: judged.iter().filter(|judged| judged.expected == Some(route)).count(),
        today: found.today.1[route],
        proposed: found.proposed.as_ref().map(|(_, routes)| routes[route]),
    };
    let compared = table.names().enumerate().filter(|(route, _)| table.sample_count(*route) > 0);
    compared.map(proposal).collect()
}
