//! `pointsman serve`: runs the router.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::server;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs until a signal ends it.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    server::run(args.config)?;
    Ok(ExitCode::SUCCESS)
}
