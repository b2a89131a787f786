//! `pointsman guard`: what the guardrails find in texts, with the same code that serves.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use serde::Deserialize;

use super::lines::{self, Line};
use crate::config::file::{Embedding, Guardrails};
use crate::config::guarding::Classifiers;
use crate::config::{self, guarding, load};
use crate::embed::{self, Encoder};
use crate::guard::report::{Report, Reporter};

/// What `guard` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file; without one, both guardrails are on as they come
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read JSON lines {"text": …} from standard input and print one JSON line for each
    #[arg(long, conflicts_with = "text")]
    json: bool,
    /// The text; all of standard input where none is given
    text: Option<String>,
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
    let reporter = Arc::new(reporter(args.config)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let mut output = BufWriter::new(io::stdout());
    if args.json {
        let input = BufReader::new(io::stdin());
        let report = |Line { text, rest: () }| {
            let reporter = reporter.clone();
            async move { anyhow::Ok(reporter.report(text).await) }
        };
        lines::answer(input, &mut output, parse, report, |output, report| {
            serde_json::to_writer(&mut *output, &report)?;
            Ok(writeln!(output)?)
        })?;
    } else {
        let text = args.text.map_or_else(read_text, Ok)?;
        let report = runtime.block_on(reporter.report(text.clone()));
        explain(&text, &report, &mut output)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn parse(line: &str) -> anyhow::Result<Line<()>> {
    let Input { text } = lines::json(line)?;
    Ok(Line { text, rest: () })
}

fn read_text() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("cannot read the text from standard input")?;
    Ok(text)
}

/// What the config asks for, beside what finds everything.
fn reporter(config: Option<PathBuf>) -> anyhow::Result<Reporter> {
    let file = config.map(|path| load::load(&path)).transpose()?.map(|loaded| loaded.file);
    let both = Guardrails { jailbreak_detection: true, pii_masking: true, ..Guardrails::default() };
    let asked = file.as_ref().map_or(both.clone(), |file| file.middleware.guardrails.clone());
    let mut everything = Guardrails { jailbreak_detection: true, pii_masking: true, ..asked.clone() };
    everything.pii.entities = vec!["all".into()];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let settings = embed::Settings { threads, queue: usize::MAX, timeout: config::PATIENCE, windows: 1, memo: 4096 };
    let encoder = Encoder::start(Arc::new(config::load_guard_model(file.as_ref())?), settings);
    let classifiers =
        Classifiers::load(&everything, &Embedding { threads, queue: usize::MAX, ..Embedding::default() }, None)?;
    let guard = |guardrails: &Guardrails| {
        let settings = guarding::settings(guardrails, 0)?;
        guarding::guard(
            crate::guard::Settings { timeout: config::PATIENCE, ..settings },
            Some(&encoder),
            None,
            &classifiers,
        )
    };
    let is_on = asked.jailbreak_detection || asked.pii_masking;
    Ok(Reporter::new(is_on.then(|| guard(&asked)).transpose()?, guard(&everything)?))
}

/// Prints a report for people.
fn explain(text: &str, report: &Report, output: &mut impl Write) -> io::Result<()> {
    let Report { jailbreak, pii, masked, unjudged } = report;
    let verdict =
        if jailbreak.block { "an attempt to override instructions" } else { "no attempt to override instructions" };
    write!(output, "Jailbreak: {verdict}, score {:.3}", jailbreak.score)?;
    match jailbreak.threshold {
        Some(threshold) => write!(output, " (too much from {threshold:.3} on)")?,
        None => write!(output, " (jailbreak_detection is off)")?,
    }
    let rules = jailbreak.rules.join(", ");
    writeln!(output, "{}", if rules.is_empty() { String::new() } else { format!("; rules: {rules}") })?;
    for found in pii {
        let value: String = text.chars().skip(found.start).take(found.end - found.start).collect();
        let mark = if found.masked { '*' } else { ' ' };
        writeln!(output, "{mark} {:6.3}  {:<20} {:?}", found.score, found.entity, value)?;
    }
    if let Some(why) = unjudged {
        writeln!(output, "Not all of it could be judged: {why}")?;
    }
    if masked != text {
        writeln!(output, "Masked: {masked}")?;
    }
    Ok(())
}
