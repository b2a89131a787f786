//! How questions open: the words that only say that something is asked, or how.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::scan::{Kind, Token};
use super::tables;
use super::words::Wh;

/// What the first words of a sentence say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing.
    Courtesy,
    Tell,
    Explain,
    Give,
    Asks(Option<Wh>),
    /// How something is done, and in what way.
    How(Option<&'static str>),
    /// Whether something can be done.
    Whether,
    /// What is to be done.
    ToDo,
}

/// Patterns: words with `|` between alternatives, `?` after what may be left out. The first that fits counts.
const OPENINGS: &[(&str, Opening)] = &[
    ("please|kindly|pls|plz", Opening::Courtesy),
    ("quick|simple question", Opening::Courtesy),
    ("i have a|another quick|simple? question", Opening::Courtesy),
    ("i would? like|want|need|love|wish to know", Opening::Courtesy),
    ("i would? like|want|need you to", Opening::Courtesy),
    ("i am|was just? wondering|curious|asking", Opening::Courtesy),
    ("i wonder", Opening::Courtesy),
    ("do|would you happen? to? know", Opening::Courtesy),
    ("does anyone|anybody|someone know", Opening::Courtesy),
    ("any idea", Opening::Courtesy),
    ("let me know", Opening::Courtesy),
    ("can|could|may i ask|know", Opening::Courtesy),
    ("help me understand", Opening::Explain),
    ("help me to?", Opening::Courtesy),
    ("what is|are|was|were the reason|reasons for|that|why|behind?", Opening::Asks(Some(Wh::Why))),
    ("how come", Opening::Asks(Some(Wh::Why))),
    ("tell me about", Opening::Tell),
    ("tell me", Opening::Tell),
    ("explain|describe|define to? me?", Opening::Explain),
    ("give|show|provide|offer me", Opening::Give),
    ("give|provide a|an|some", Opening::Give),
    ("what should|can|could|do i|you|we do to", Opening::How(None)),
    ("what should|can|could|do i|you do", Opening::ToDo),
    ("what is|are|was|were", Opening::Asks(None)),
    ("which is|are|was|were", Opening::Asks(None)),
    ("how do|does|can|could|should|will i|you|we|one|u|someone|somebody", Opening::How(None)),
    ("how would|might i|we|one|someone|somebody", Opening::How(None)),
    ("how i|you|we|one can|could|should|would|might|may", Opening::How(None)),
    ("how can|could|will|might|to", Opening::How(None)),
    ("where do|can|could|should|would i|one", Opening::Asks(Some(Wh::Where))),
    ("where can|could you|we|someone", Opening::Asks(Some(Wh::Where))),
    ("is it possible for? me|one|you? to", Opening::Whether),
];

/// The patterns by their first words.
static BY_WORD: LazyLock<HashMap<&'static str, Vec<(&'static str, Opening)>>> = LazyLock::new(|| {
    let mut by_word: HashMap<_, Vec<_>> = HashMap::new();
    for &(pattern, opening) in OPENINGS {
        for word in pattern.split(' ').next().unwrap_or(pattern).split('|') {
            by_word.entry(word).or_default().push((pattern, opening));
        }
    }
    by_word
});

/// How the tokens from `at` on open a question, and where it goes on.
pub(super) fn at(tokens: &[Token], at: usize) -> Option<(Opening, usize)> {
    let first = tokens.get(at)?;
    match first.kind {
        Kind::Break | Kind::Colon => return Some((Opening::Courtesy, at + 1)),
        Kind::Word => {}
        _ => return None,
    }
    match first.text.as_ref() {
        "hi" | "hello" | "hey" | "greetings" | "ok" | "okay" | "so" | "well" => {
            return greeting(tokens, at).map(|next| (Opening::Courtesy, next));
        }
        "can" | "could" | "would" | "will" => {
            if let Some(next) = request(tokens, at) {
                return Some((Opening::Courtesy, next));
            }
        }
        "what" | "is" | "are" | "the" => {
            if let Some((adjective, next)) = way(tokens, at) {
                return Some((Opening::How(adjective), next));
            }
        }
        _ => {}
    }
    let patterns = BY_WORD.get(first.text.as_ref())?;
    patterns.iter().find_map(|(pattern, opening)| Some((*opening, follow(tokens, at, pattern)?)))
}

/// "hello" where it greets: "hello, …", "hello there", "hey what …", but not "hello world".
fn greeting(tokens: &[Token], at: usize) -> Option<usize> {
    if let Some(next) = follow(tokens, at, "hi|hello|hey|greetings there|everyone|all|folks|guys") {
        return Some(next);
    }
    let next = tokens.get(at + 1)?;
    let opens = ["i", "please", "what", "which", "who", "how", "why", "when", "where", "tell", "explain"];
    let goes_on =
        next.kind == Kind::Word && (opens.contains(&&*next.text) || tables::AUXILIARIES.contains(&&*next.text));
    (goes_on || matches!(next.kind, Kind::Break | Kind::Colon | Kind::End(_))).then_some(at + 1)
}

/// "can you" before a request.
fn request(tokens: &[Token], at: usize) -> Option<usize> {
    let next = follow(tokens, at, "can|could|would|will you|someone|anyone|somebody|u please? kindly? just?")?;
    tokens.get(next).filter(|verb| tables::REQUESTS.contains(&&*verb.text)).map(|_| next)
}

/// "what is the best way to": how, and the way where it is of a certain kind.
fn way(tokens: &[Token], at: usize) -> Option<(Option<&'static str>, usize)> {
    let start = follow(tokens, at, "what is|are the|a|some|an?")
        .or_else(|| follow(tokens, at, "is|are there a|any|some|an?"))
        .or_else(|| follow(tokens, at, "the"))?;
    let plain = "best|good|better|right|correct|proper|ideal|recommended? way|ways|method|methods to|of|for";
    if let Some(next) = follow(tokens, start, plain) {
        return Some((None, next));
    }
    let next = follow(tokens, start + 1, "way|ways to|of|for")?;
    let adjective = match tokens.get(start)?.text.as_ref() {
        "fastest" | "quickest" | "quick" | "fast" => "fast",
        "easiest" | "simplest" | "easy" | "simple" => "easy",
        "cheapest" | "cheap" => "cheaply",
        "safest" | "safe" => "safely",
        _ => return None,
    };
    Some((Some(adjective), next))
}

/// Where `pattern` ends, if the tokens from `at` on follow it.
fn follow(tokens: &[Token], mut at: usize, pattern: &str) -> Option<usize> {
    for step in pattern.split(' ') {
        let (words, optional) = step.strip_suffix('?').map_or((step, false), |words| (words, true));
        let fits = |token: &Token| token.kind == Kind::Word && words.split('|').any(|word| word == token.text);
        if tokens.get(at).is_some_and(fits) {
            at += 1;
        } else if !optional {
            return None;
        }
    }
    Some(at)
}
