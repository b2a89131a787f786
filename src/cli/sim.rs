//! `pointsman sim`.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::units::Span;
use crate::sim::{self, FAULTS, Fault, Settings};

/// What `sim` takes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FAULTS, args_override_self = true)]
pub struct Args {
    /// Boxed, as it is much larger than what other commands take.
    #[command(flatten)]
    flags: Box<Flags>,
}

#[derive(Debug, clap::Args)]
struct Flags {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// A model's name to serve; repeat it for aliases
    #[arg(long = "model", required = true)]
    models: Vec<String>,
    /// Which simulator this is: answers begin with it, and the header x-sim-name says it
    #[arg(long, default_value = "sim")]
    name: String,
    /// Time to the first token
    #[arg(long, default_value = "20ms", value_parser = span)]
    ttft: Duration,
    /// Time more for each prompt token that is not in the prefix cache
    #[arg(long, default_value = "0", value_parser = span)]
    prefill: Duration,
    /// Time between tokens
    #[arg(long, default_value = "5ms", value_parser = span)]
    itl: Duration,
    /// Tokens in an answer to a request without max_tokens
    #[arg(long, default_value_t = 16)]
    tokens: usize,
    /// Requests that run at once
    #[arg(long, default_value_t = 256)]
    max_num_seqs: usize,
    /// Requests that may wait beyond those; more get a 503
    #[arg(long, default_value_t = 1024)]
    max_queued: usize,
    /// The context's length, in tokens (of 4 bytes)
    #[arg(long, default_value_t = 32_768)]
    max_model_len: usize,
    /// The KV cache's size, in blocks of 16 tokens
    #[arg(long, default_value_t = 65_536)]
    kv_blocks: usize,
    /// Close connections that have been idle for this long after an answer
    #[arg(long, default_value = "5s", value_parser = span)]
    keep_alive: Duration,
    /// How many requests GET /sim/requests shows; 0 records nothing
    #[arg(long, default_value_t = 64)]
    record: usize,
    /// A fault to start with, as JSON; repeat it for several
    #[arg(long = "fault", value_name = "JSON", value_parser = Fault::parse)]
    faults: Vec<Fault>,
    /// How long answers may go on after SIGTERM or SIGINT
    #[arg(long, default_value = "1s", value_parser = span)]
    grace: Duration,
    /// Worker threads; 0 means one for each core
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

/// Runs the command.
///
/// # Errors
/// An address that cannot be listened on, or settings that make no sense.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let flags = args.flags;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if flags.threads > 0 {
        runtime.worker_threads(flags.threads);
    }
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(serve(*flags))?;
    // Answers that outlasted the grace, such as a fault's that never end, are not waited for.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

async fn serve(flags: Flags) -> anyhow::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener =
        TcpListener::bind(flags.listen).await.with_context(|| format!("cannot listen on {}", flags.listen))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let shutdown = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    sim::serve(flags.into(), listener, shutdown).await?;
    Ok(())
}

fn span(text: &str) -> Result<Duration, String> {
    serde_yaml::from_str(text).map(|Span(span)| span).map_err(|error| error.to_string())
}

// === impl Flags ===

impl From<Flags> for Settings {
    fn from(flags: Flags) -> Self {
        Self {
            name: flags.name,
            models: flags.models,
            ttft: flags.ttft,
            prefill: flags.prefill,
            itl: flags.itl,
            tokens: flags.tokens,
            max_num_seqs: flags.max_num_seqs,
            max_queued: flags.max_queued,
            max_model_len: flags.max_model_len,
            kv_blocks: flags.kv_blocks,
            keep_alive: flags.keep_alive,
            record: flags.record,
            faults: flags.faults,
            grace: flags.grace,
        }
    }
}
