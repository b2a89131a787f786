//! Labelled files: what `eval` and `tune` read.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::lines::{self, Line};
use super::offline::{Decided, Offline};

/// A labelled line; other keys are ignored.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    /// Told apart from a key that is missing, which is more likely a mistake than a wish for the default.
    #[serde(deserialize_with = "Option::deserialize")]
    route: Option<String>,
}

/// What is kept of one until it is routed.
pub(super) struct Prompt {
    /// Its label as a route's index; none where the default backend is right.
    pub(super) expected: Option<usize>,
    /// Its beginning, as far as it is shown.
    pub(super) excerpt: String,
}

/// Characters of a text that are shown.
pub(super) const EXCERPT: usize = 200;

/// Opens the file at `path`.
///
/// # Errors
/// A file that cannot be opened.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot open {}", path.display()))
}

/// Decides for each line of `data`, the file at `path`, in order, and gives each to `finish`.
///
/// # Errors
/// A line that is malformed, a label that is no route, or a file without a line: nothing can be said of that.
pub(super) fn decide(
    offline: &Arc<Offline>,
    data: File,
    path: &Path,
    mut finish: impl FnMut(Prompt, Decided),
) -> anyhow::Result<()> {
    let mut n = 0;
    let read = offline.decide_lines(BufReader::new(data), &mut io::sink(), parse, |_, prompt, decided| {
        n += 1;
        finish(prompt, decided);
        Ok(())
    });
    read.with_context(|| path.display().to_string())?;
    ensure!(
        n > 0,
        "{}: there is no labelled prompt; each line is to be {{\"text\": \"…\", \"route\": \"NAME\"}}, or \"route\": null where none \
         is right",
        path.display()
    );
    Ok(())
}

fn parse(offline: &Offline, line: &str) -> anyhow::Result<Line<Prompt>> {
    let Labelled { text, route } = lines::json(line)?;
    let index = |name: &String| {
        let found = offline.table.names().position(|known| **known == **name);
        found.with_context(|| format!("the config has no route {name:?}"))
    };
    let expected = route.as_ref().map(index).transpose()?;
    Ok(Line { rest: Prompt { expected, excerpt: excerpt(&text) }, text })
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(excerpt("ä"), "ä");
        assert_eq!(excerpt(&"ä".repeat(EXCERPT)).chars().count(), EXCERPT);
        assert_eq!(excerpt(&"ä".repeat(EXCERPT + 1)), "ä".repeat(EXCERPT) + "…");
    }
}
