//! `pointsman route`: explains where prompts would go, with the same table that serves.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde::Deserialize;

use super::lines::{self, Line};
use super::offline::{Decided, Embedded, Offline};
use crate::route::classifier::{Scale, Scores};
use crate::route::rule::{self, LabelShown, RouteShown, SignalShown};
use crate::route::{Explanation, Reason};

/// What `route` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Read JSON lines {"text": …} from standard input and print one JSON line for each
    #[arg(long, conflicts_with = "prompt")]
    json: bool,
    /// Also print what the chosen route does with its requests, every signal with its value and cost, and each rule with what its parts came to; --json does always
    #[arg(long)]
    explain: bool,
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
        offline.decide_lines(input, &mut output, parse, |output, text, decided| {
            let Decided { decision, read, .. } = &decided;
            let query = read.as_ref().map(Embedded::query);
            let backend = offline.backend(decision);
            let embedding = query.as_ref().map(|query| query.embedding);
            let explanation = Explanation::new(&offline.table, decision, query.as_ref(), backend)
                .with_handling(offline.handlers.of(decision, &text, embedding));
            offline.explain(&text, &decided, |rules| {
                serde_json::to_writer(&mut *output, &explanation.with_rules(rules))
            })?;
            Ok(writeln!(output)?)
        })?;
    } else {
        let prompt = args.prompt.map_or_else(read_prompt, Ok)?;
        let decided = offline.decide(&prompt)?;
        explain(&offline, &decided, &mut output)?;
        if args.explain {
            let embedding = decided.read.as_ref().map(|read| read.query().embedding);
            let handling =
                offline.handlers.of(&decided.decision, &prompt, embedding).map(|handling| handling.to_string());
            if let Some(handling) = handling.filter(|handling| !handling.is_empty()) {
                write!(output, "Handling\n{handling}")?;
            }
            offline
                .explain(&prompt, &decided, |rules| rules.map_or(Ok(()), |rules| explain_rules(&rules, &mut output)))?;
        }
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn parse(_: &Offline, line: &str) -> anyhow::Result<Line<String>> {
    let Input { text } = lines::json(line)?;
    Ok(Line { rest: text.clone(), text })
}

fn read_prompt() -> anyhow::Result<String> {
    let mut prompt = String::new();
    io::stdin().read_to_string(&mut prompt).context("cannot read the prompt from standard input")?;
    Ok(prompt)
}

/// Prints a decision for people.
fn explain(offline: &Offline, Decided { decision, read, .. }: &Decided, output: &mut impl Write) -> io::Result<()> {
    let table = &offline.table;
    let backend = offline.backend(decision);
    let chosen = decision.route.and_then(|route| table.name(route));
    let reason = reason(decision.reason, table.scale());
    match (chosen, backend) {
        (Some(route), Some(backend)) => writeln!(output, "Route {route} to backend {backend}: {reason}")?,
        (Some(route), None) => writeln!(output, "Route {route} answers itself: {reason}")?,
        (None, backend) => writeln!(output, "Default backend {}: {reason}", backend.unwrap_or("?"))?,
    }
    let Some(query) = read.as_ref().map(Embedded::query).filter(|_| table.compares()) else { return Ok(()) };
    let Scores { by_route, out_of_scope } = table.scores(&query);
    let scored = table.compared().filter_map(|(index, name)| Some((index, name, *by_route.get(index)?)));
    let mut routes: Vec<_> = scored.collect();
    routes.sort_by(|(.., a), (.., b)| b.total_cmp(a));
    for (index, name, score) in routes {
        let Some((sample, _)) = table.nearest(query.embedding, index) else { continue };
        let mark = if decision.route == Some(index) { '*' } else { ' ' };
        let threshold = table.threshold(index).map(|least| format!(", threshold {least:.3}")).unwrap_or_default();
        writeln!(output, "{mark} {score:6.3}  {name}{threshold}, nearest sample {sample:?}")?;
    }
    let classifier = table.classifier().as_str();
    writeln!(output, "Classifier {classifier}: scores are {}s; out of scope {out_of_scope:.3}", table.scale().as_str())
}

/// Prints every signal, and every route's rule, with what came out.
fn explain_rules(rules: &rule::Explanation<'_>, output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "Signals")?;
    for SignalShown { signal, of, known, partial, value, label, found, ruled_out_by, cost, us } in &rules.signals {
        let of = of.as_ref().map(|of| format!(" {of}")).unwrap_or_default();
        let said = match (known, value) {
            (false, _) => "unknown".into(),
            (true, None) => "none".into(),
            (true, Some(value)) => value.to_string(),
        };
        let more = if *partial { " or more" } else { "" };
        let label = label.as_ref().map(|label| likely(label, value.is_some())).unwrap_or_default();
        let [found, ruled_out] = [("found", found), ("ruled out by", ruled_out_by)]
            .map(|(what, words)| if words.is_empty() { String::new() } else { format!(", {what} {words:?}") });
        let time = us.map(|us| format!(", {us} µs")).unwrap_or_default();
        writeln!(output, "  {signal}{of} = {said}{more}{label}{found}{ruled_out} ({}{time})", cost.as_str())?;
    }
    writeln!(output, "Rules")?;
    for RouteShown { route, priority, rule, samples, when, .. } in &rules.routes {
        let samples = if *samples { ", and samples" } else { "" };
        let when = when.as_ref().map_or_else(|| "no rule".into(), |when| when.to_string());
        writeln!(output, "  {route} (priority {priority}{samples}): {rule}: {when}")?;
    }
    Ok(())
}

/// How likely a label is, and what is missing where it does not count.
fn likely(LabelShown { label, probability, min_probability }: &LabelShown<'_>, counts: bool) -> String {
    match min_probability {
        Some(least) if !counts => format!(": {label} has probability {probability}, and counts from {least} on"),
        _ => format!(", probability {probability}"),
    }
}

fn reason(reason: Reason, scale: Scale) -> &'static str {
    match (reason, scale) {
        (Reason::Semantic, Scale::Cosine) => "its sample is the nearest",
        (Reason::BelowThreshold, Scale::Cosine) => "no route's nearest sample is near enough",
        (Reason::Semantic, Scale::Chance) => "it is the likeliest",
        (Reason::BelowThreshold, Scale::Chance) => "no route is likely enough",
        (Reason::Rule, _) => "its rule holds",
        (Reason::NoMatch, _) => "no route's rule holds",
        (Reason::Off, _) => "routing is off",
        (Reason::NoText, _) => "there is no text to compare",
        (other, _) => other.as_str(),
    }
}
