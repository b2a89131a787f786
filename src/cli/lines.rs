//! Lines of input answered in order, many at once: what the commands that read files share.

use std::io::{self, BufRead, Write};
use std::pin::pin;
use std::thread;

use anyhow::Context;
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::{FutureExt, SinkExt, Stream, StreamExt};
use serde::de::DeserializeOwned;

/// A line of input that was read and understood, with what a command needs to keep of it.
pub(super) struct Line<T> {
    pub(super) text: String,
    pub(super) rest: T,
}

/// Texts under way at once. Enough to keep every thread busy; what bounds memory.
const AHEAD: usize = 64;

/// Answers each line that `parse` makes of `input`, in order, and gives each answer to `finish`. A line is answered as
/// soon as it and those before it are, though later ones may not have been written yet; at most [`AHEAD`] are under way.
/// Stops at the first error, which names the line where one is to blame.
pub(super) fn answer<T: Send + 'static, A>(
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
    parse: impl Fn(&str) -> anyhow::Result<Line<T>> + Send + 'static,
    answer: impl AsyncFn(Line<T>) -> anyhow::Result<A>,
    mut finish: impl FnMut(&mut dyn Write, A) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (send, lines) = mpsc::channel(0);
    // Not joined: after an error here it may wait for input that never comes.
    thread::spawn(move || read(input, parse, send));
    let answer = async |line: anyhow::Result<Line<T>>| answer(line?).await;
    let mut answers = pin!(lines.map(answer).buffered(AHEAD));
    while let Some(answer) = next(&mut answers, output)? {
        finish(output, answer?)?;
    }
    Ok(())
}

/// What a line of JSON holds.
///
/// # Errors
/// What is wrong with it, without serde's own place: each line would be its first.
pub(super) fn json<T: DeserializeOwned>(line: &str) -> anyhow::Result<T> {
    serde_json::from_str(line).map_err(|error| {
        let (said, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        anyhow::anyhow!("{}", said.strip_suffix(&place).unwrap_or(&said))
    })
}

/// The reading half; ends with the input, at an error, or when nobody listens any more.
fn read<T>(
    input: impl BufRead,
    parse: impl Fn(&str) -> anyhow::Result<Line<T>>,
    mut send: mpsc::Sender<anyhow::Result<Line<T>>>,
) {
    for (number, line) in (1..).zip(input.lines()) {
        let parsed = line.map_err(Into::into).and_then(|line| match line.trim() {
            "" => Ok(None),
            line => parse(line).map(Some),
        });
        let Some(line) = parsed.with_context(|| format!("line {number}")).transpose() else { continue };
        let stop = line.is_err();
        if block_on(send.send(line)).is_err() || stop {
            return;
        }
    }
}

/// The next item, or None after the last. What was written is flushed before a wait: a program that writes a line and
/// reads its answer must not wait for ours to fill a buffer.
fn next<T>(items: &mut (impl Stream<Item = T> + Unpin), output: &mut impl Write) -> io::Result<Option<T>> {
    match items.next().now_or_never() {
        Some(item) => Ok(item),
        None => {
            output.flush()?;
            Ok(block_on(items.next()))
        }
    }
}
