//! Labelled files: what `eval` and `tune` read.

use anyhow::Context;
use serde::Deserialize;

use super::lines::Line;
use super::offline::Offline;

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

/// Reads a line.
///
/// # Errors
/// A line that is malformed, or a label that is no route.
pub(super) fn parse(offline: &Offline, line: &str) -> anyhow::Result<Line<Prompt>> {
    let Labelled { text, route } = serde_json::from_str(line)?;
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
