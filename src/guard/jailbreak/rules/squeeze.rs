//! A folded text as the tables see it: words one space apart, whatever joined or parted them.

use crate::guard::jailbreak::views::is_letter_or_digit;

/// White space is one space, or one line end where a line is empty, and so are commas and quotation marks. Hyphens and underscores within words are spaces;
/// apostrophes go before an ending (`don't`) and are spaces elsewhere (`l'instruction`).
pub(super) fn squeeze(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len() + 1);
    let mut rest = folded;
    loop {
        let plain = rest.bytes().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let Some(c) = rest.chars().next() else { break };
        let after = &rest[c.len_utf8()..];
        if is_space(c) {
            let end = rest.find(|c: char| !is_space(c)).unwrap_or(rest.len());
            let lines = rest[..end].bytes().filter(|&byte| byte == b'\n').count();
            if lines > 1 {
                out.push('\n');
            } else {
                push_space(&mut out);
            }
            rest = &rest[end..];
            continue;
        }
        match c {
            '\'' if !joins(&out, after) => push_space(&mut out),
            '-' | '_' if !joins(&out, after) => out.push(c),
            '-' | '_' => out.push(' '),
            '\'' if is_ending(after) => {}
            '\'' => out.push(' '),
            c => out.push(c),
        }
        rest = after;
    }
    out
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | '"' | '`' | '*')
}

fn push_space(out: &mut String) {
    if !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

/// Whether a sign stands between letters or digits.
fn joins(before: &str, after: &str) -> bool {
    before.chars().next_back().is_some_and(is_letter_or_digit) && after.chars().next().is_some_and(is_letter_or_digit)
}

/// Whether `after` begins with the ending of an English word: at most two letters.
fn is_ending(after: &str) -> bool {
    let length = after.bytes().take(3).take_while(u8::is_ascii_alphabetic).count();
    (1..=2).contains(&length) && !after[length..].starts_with(is_letter_or_digit)
}
