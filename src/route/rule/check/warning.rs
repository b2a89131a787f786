//! What is said of rules that are hardly meant.

use std::fmt;
use std::sync::Arc;

/// Something that is allowed, and hardly what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A text that a signal is compared with and never is.
    Nobody {
        /// The route.
        route: Arc<str>,
        /// The signal's name.
        signal: &'static str,
        /// The text.
        text: String,
        /// Why, and what was probably meant.
        why: String,
    },
    /// A rule, or a branch of it, that holds for no request.
    Impossible {
        /// The route.
        route: Arc<str>,
        /// The branch below `when`, such as `.any[1]`; empty for the whole rule.
        path: String,
        /// The condition that cannot hold, or two that cannot together; empty where it takes more.
        because: Vec<String>,
    },
    /// A rule that holds for every request.
    Always {
        /// The route.
        route: Arc<str>,
        /// Whether samples must match, too.
        samples: bool,
    },
    /// A route that is never chosen.
    Shadowed {
        /// The route.
        route: Arc<str>,
        /// The routes of which one is chosen instead whenever this one matches.
        by: Vec<Arc<str>>,
    },
    /// A word of a list that never counts.
    Word {
        /// The list's name, or as much of it as tells it from others.
        list: String,
        /// The word.
        word: String,
        /// Whether the list holds nowhere without it, as it is one of `all`.
        needed: bool,
        /// The word of the list's `none` that is wherever this one is.
        none: String,
    },
    /// A list of keywords that no rule names.
    Unused {
        /// Its name.
        list: Arc<str>,
    },
}

// === impl Warning ===

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody { route, signal, text, why } => {
                write!(f, "route \"{route}\": {signal} is never \"{text}\": {why}")
            }
            Self::Impossible { route, path, because } => {
                write!(f, "route \"{route}\": when{path} holds for no request")?;
                match because.as_slice() {
                    [] => Ok(()),
                    [one] => write!(f, ": \"{one}\" never holds"),
                    more => write!(f, ": \"{}\" never hold together", more.join("\" and \"")),
                }
            }
            Self::Always { route, samples: true } => {
                write!(f, "route \"{route}\": when holds for every request; leave it out")
            }
            Self::Always { route, samples: false } => {
                write!(
                    f,
                    "route \"{route}\": when holds for every request; no route that it goes before is ever chosen"
                )
            }
            Self::Shadowed { route, by } => {
                let who = match by.as_slice() {
                    [one] => format!("\"{one}\""),
                    more => format!("one of \"{}\"", more.join("\" and \"")),
                };
                write!(f, "route \"{route}\" is never chosen: whenever it matches, {who} does, and goes before it")
            }
            Self::Word { list, word, needed: true, none } => {
                write!(
                    f,
                    "keywords {list} never holds: \"all\" has \"{word}\", and where that is, \"none\" has \"{none}\""
                )
            }
            Self::Word { list, word, needed: false, none } => {
                write!(f, "keywords {list}: \"{word}\" never counts: where it is, \"none\" has \"{none}\"")
            }
            Self::Unused { list } => write!(f, "router.signals.keywords.{list}: no route asks for it"),
        }
    }
}
