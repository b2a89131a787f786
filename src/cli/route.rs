//! `pointsman route`: explains where prompts would go, with the same table that serves.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde::Deserialize;

use super::lines::Line;
use super::offline::Offline;
use crate::embed::Embedding;
use crate::route::{Decision, Explanation, Reason};

/// What `route` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Read JSON lines {"text": …} from standard input and print one JSON line for each
    #[arg(long, conflicts_with = "prompt")]
    json: bool,
    /// The prompt; all of standard input where none is given
    prompt: Option<String>,
}

/// A line of `--json`'s input; other keys are ignored.
#[derive(Deserialize)]
struct Input {
    text: String,
}

/// Runs the command.
///
/// # Errors
/// A config or a model that cannot be loaded, a malformed line (with its number), or an output that is closed.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let offline = Offline::load(&args.config)?;
    let mut output = BufWriter::new(io::stdout());
    if args.json {
        let input = io::BufReader::new(io::stdin());
        offline.decide_lines(input, &mut output, parse, |output, (), decision| {
            let explanation = Explanation::new(&offline.table, decision, offline.backend(decision));
            serde_json::to_writer(&mut *output, &explanation)?;
            Ok(writeln!(output)?)
        })?;
    } else {
        let prompt = args.prompt.map_or_else(read_prompt, Ok)?;
        let (decision, embedding) = offline.decide(&prompt)?;
        explain(&offline, &decision, embedding.as_ref(), &mut output)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn parse(_: &Offline, line: &str) -> anyhow::Result<Line<()>> {
    let Input { text } = serde_json::from_str(line)?;
    Ok(Line { text, rest: () })
}

fn read_prompt() -> anyhow::Result<String> {
    let mut prompt = String::new();
    io::stdin().read_to_string(&mut prompt).context("cannot read the prompt from standard input")?;
    Ok(prompt)
}

/// Prints a decision for people.
fn explain(
    offline: &Offline,
    decision: &Decision,
    embedding: Option<&Embedding>,
    output: &mut impl Write,
) -> io::Result<()> {
    let backend = offline.backend(decision);
    let chosen = decision.route.and_then(|route| offline.table.name(route));
    match chosen {
        Some(route) => writeln!(output, "Route {route} to backend {backend}: {}", reason(decision.reason))?,
        None => writeln!(output, "Default backend {backend}: {}", reason(decision.reason))?,
    }
    let Some(embedding) = embedding else { return Ok(()) };
    let mut routes: Vec<_> = offline.table.names().zip(&decision.scores).enumerate().collect();
    routes.sort_by(|(_, (_, a)), (_, (_, b))| b.total_cmp(a));
    for (index, (name, score)) in routes {
        let mark = if decision.route == Some(index) { '*' } else { ' ' };
        let threshold = offline.table.threshold(index).map(|least| format!(", threshold {least}")).unwrap_or_default();
        let nearest = offline.table.nearest(embedding, index).map(|(sample, _)| format!(", nearest sample {sample:?}"));
        writeln!(output, "{mark} {score:6.3}  {name}{threshold}{}", nearest.unwrap_or_default())?;
    }
    Ok(())
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Semantic => "its sample is the nearest",
        Reason::BelowThreshold => "no route's nearest sample is near enough",
        Reason::Off => "routing is off",
        Reason::NoText => "there is no text to compare",
        other => other.as_str(),
    }
}
