//! The log: lines to standard error through a bounded buffer, so that a slow reader of it never slows a request.

use std::io;

use parking_lot::Mutex;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::file::{Format, Level, Log};

/// Lines that may wait for their reader; further ones are given up and counted.
const BUFFERED_LINES: usize = 8192;

/// Ends the log in order, and tells what it lost.
pub struct LogHandle {
    lost: ErrorCounter,
    writer: Mutex<Option<WorkerGuard>>,
}

/// Sends everything that is traced, and what libraries log, to standard error.
pub(super) fn start(settings: &Log) -> anyhow::Result<LogHandle> {
    let builder = NonBlockingBuilder::default().buffered_lines_limit(BUFFERED_LINES).lossy(true);
    let (writer, guard) = builder.finish(io::stderr());
    let lost = writer.error_counter();
    let subscriber = tracing_subscriber::fmt().with_writer(writer).with_target(false).with_ansi(false);
    let subscriber = subscriber.with_env_filter(filter(settings.level));
    match settings.format {
        Format::Text => subscriber.finish().try_init()?,
        Format::Json => subscriber.json().flatten_event(true).finish().try_init()?,
    }
    Ok(LogHandle { lost, writer: Mutex::new(Some(guard)) })
}

/// Ours at `level`; libraries only when something is wrong, unless everything was asked for. Never at `debug` and below,
/// where they print whole requests, with their keys and prompts.
fn filter(level: Level) -> EnvFilter {
    let (ours, theirs) = match level {
        Level::Error => ("error", "error"),
        Level::Warn => ("warn", "warn"),
        Level::Info => ("info", "warn"),
        Level::Debug => ("debug", "info"),
        Level::Trace => ("trace", "info"),
    };
    EnvFilter::new(format!("{theirs},pointsman={ours}"))
}

// === impl LogHandle ===

impl LogHandle {
    /// Lines given up so far.
    pub fn lost(&self) -> usize {
        self.lost.dropped_lines()
    }

    /// Writes what is buffered; nothing is logged after this.
    pub(super) fn flush(&self) {
        drop(self.writer.lock().take());
    }
}
