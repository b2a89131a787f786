//! Forged conversation, told by its lines and tags.
//!
//! A user's text has no turns of others in it, save where it quotes a conversation. So it is forged where a line claims to
//! be the system's and gives orders, or where a tag is closed that this text never opened.

/// Tags in which prompts put what users say.
const TAGS: [&str; 22] = [
    "user_input",
    "userinput",
    "user_prompt",
    "user_query",
    "user_message",
    "user",
    "system",
    "system_prompt",
    "instructions",
    "prompt",
    "query",
    "context",
    "documents",
    "document",
    "input",
    "untrusted",
    "untrusted_content",
    "conversation",
    "tool_result",
    "tool_response",
    "search_results",
    "assistant",
];

/// Words by which a line claims to be the system's.
const HEADS: [&str; 8] = [
    "system",
    "system message",
    "system prompt",
    "system override",
    "new system prompt",
    "system instruction",
    "system instructions",
    "developer",
];

/// Words of orders to a model. A log or a data sheet has a line for its system, too, but not with these.
const ORDERS: [&str; 30] = [
    "you are",
    "you must",
    "you will",
    "you may",
    "you should",
    "you now",
    "your ",
    "ignore",
    "disregard",
    "override",
    "reveal",
    "obey",
    "comply",
    "assistant",
    "the user",
    "mode",
    "instruction",
    "restriction",
    "filter",
    "from now on",
    "prompt",
    "access granted",
    "authorized",
    "unlocked",
    "respond",
    "answer",
    "output",
    "print",
    "all rules",
    "new task",
];

/// The most bytes of a line's head.
const HEAD: usize = 24;

/// Bytes of a line that are searched for orders.
const LINE: usize = 160;

/// Whether `text`, which is folded, has a forged turn.
pub(super) fn are_forged(text: &str) -> bool {
    has_unopened_tag(text) || text.lines().any(|line| is_system_turn(line) || is_end_of_input(line)) || has_turns(text)
}

/// `[system]: you are …`, `### System Message: ignore …`.
fn is_system_turn(line: &str) -> bool {
    let Some((head, rest)) = head(line) else { return false };
    HEADS.contains(&head) && {
        let rest = &rest[..rest.floor_char_boundary(LINE)];
        ORDERS.iter().any(|order| rest.contains(order))
    }
}

/// The words at the start of a line that are marked as a head, and what follows the mark.
fn head(line: &str) -> Option<(&str, &str)> {
    let marks = |c: char| "#*[<({|>=- \t\"'`".contains(c);
    let begin = line.trim_start_matches(marks);
    let decorated = begin.len() < line.trim_start().len();
    let start = &begin.as_bytes()[..begin.len().min(HEAD + 1)];
    let end = start.iter().position(|byte| !(byte.is_ascii_lowercase() || matches!(byte, b' ' | b'_')));
    let end = end.unwrap_or(start.len());
    if end > HEAD {
        return None;
    }
    let (words, rest) = begin.split_at(end);
    let follows = rest.starts_with([':', ']', ')', '>', '|', '}', '*', '=', '#', '-']);
    (follows || decorated && rest.is_empty()).then(|| (words.trim(), rest))
}

/// `===== END OF USER INPUT =====`: the end or start of what is said, in a frame.
fn is_end_of_input(line: &str) -> bool {
    const FRAME: &str = "=-#*<>[]{}|~_/\\ \t";
    let inner = line.trim_matches(|c| FRAME.contains(c));
    let framed = line.trim().len() >= inner.len() + 4;
    let mut words = inner.split([' ', '_', '-']).filter(|word| !matches!(*word, "of" | "the" | "your" | "" | "here"));
    let edge =
        words.next().is_some_and(|word| matches!(word, "end" | "begin" | "start" | "stop" | "new" | "eof" | "close"));
    let said = words.next().is_some_and(|word| {
        matches!(
            word,
            "user"
                | "system"
                | "prompt"
                | "instructions"
                | "instruction"
                | "context"
                | "conversation"
                | "input"
                | "untrusted"
                | "session"
                | "developer"
                | "admin"
                | "query"
        )
    });
    edge && said && framed && words.count() < 4
}

/// A turn of the assistant's and then one of the user's, at whose end the text stops or asks: a script of what was agreed.
fn has_turns(text: &str) -> bool {
    let mut speakers = text.lines().filter_map(|line| match head(line)?.0 {
        "assistant" | "ai" | "chatgpt" | "gpt" | "bot" => Some('a'),
        "user" | "human" => Some('u'),
        "system" => Some('s'),
        _ => None,
    });
    let all: String = speakers.by_ref().take(64).collect();
    all.starts_with("su") || all.starts_with("au") && all.len() == 2
}

fn has_unopened_tag(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        let end =
            rest.bytes().take(24).take_while(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-')).count();
        let tag = &rest[..end];
        let known = TAGS.iter().any(|known| *known == tag || known.replace('_', "-") == tag);
        if known && rest[end..].starts_with('>') {
            let before = &text[..text.len() - rest.len()];
            let opened = format!("<{tag}");
            // One is enough to know: looking back for each of a flood of tags would take the square of their number.
            return !before.contains(&opened);
        }
    }
    false
}
