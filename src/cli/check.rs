//! `pointsman check`: says whether a config file would start, without the network and without the model.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{self, load};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The config file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Prints `FILE: ok`, and on standard error what may not be meant; or every problem there, one a line, and fails.
///
/// # Errors
/// Only if what it says cannot be written; a file that cannot be read is a problem like any other.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match load::load(&args.config) {
        Ok(loaded) => {
            for note in config::notes(&loaded.file) {
                writeln!(std::io::stderr(), "{}: warning: {note}", args.config.display())?;
            }
            writeln!(std::io::stdout(), "{}: ok", args.config.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
