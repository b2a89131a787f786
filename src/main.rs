//! The table of contents: arguments → a command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pointsman::cli::{check, eval, guard, route, serve, sim, tune};

/// A semantic load balancer for vLLM: reads each prompt and sends it to the cheapest model that can answer it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the router
    Serve(serve::Args),
    /// Check a config file and print every error
    Check(check::Args),
    /// Explain where prompts would go, offline
    Route(route::Args),
    /// Score the routing of a labelled file
    Eval(eval::Args),
    /// Propose thresholds, and name samples that look wrong
    Tune(tune::Args),
    /// Show what the guardrails find in texts
    Guard(guard::Args),
    /// Run a simulated vLLM server
    Sim(sim::Args),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(args),
        Command::Route(args) => route::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Guard(args) => guard::run(args),
        Command::Sim(args) => sim::run(args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("pointsman: {error:#}");
        ExitCode::FAILURE
    })
}
