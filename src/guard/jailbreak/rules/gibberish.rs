//! Suffixes that an optimiser wrote: words, pieces of words, signs and capitals in no order that people or programs have.

/// Words in a window.
const WINDOW: usize = 12;

/// Odd words in a window that make it gibberish.
const ODD: usize = 5;

/// Bytes looked at from either end, since that is where suffixes stand.
const LOOKED_AT: usize = 8 * 1024;

/// Whether `text`, as it was written, has a stretch of such words. Code never has.
pub(super) fn is_gibberish(text: &str) -> bool {
    let start = text.ceil_char_boundary(text.len().saturating_sub(LOOKED_AT));
    let text = &text[start..];
    let odd: Vec<bool> = text.split_whitespace().map(is_odd).collect();
    odd.windows(WINDOW.min(odd.len().max(1))).any(|window| window.iter().filter(|odd| **odd).count() >= ODD)
        && !is_code(text)
}

/// A word with signs at or among its letters that prose does not put there: `oppositeley.](`, `{{sure[[`, `"\!--Two`.
fn is_odd(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| "\"'.,;:!?*_`~".contains(c)).trim_start_matches('(').trim_end_matches(')');
    let joined = |pair: &[u8]| pair[0].is_ascii_alphabetic() != pair[1].is_ascii_alphabetic();
    let odd = |byte: u8| b"\\[]{}*=+#^|<>~\"".contains(&byte);
    !word.contains("://")
        && inner.bytes().any(|byte| byte.is_ascii_alphabetic())
        && inner
            .as_bytes()
            .windows(2)
            .any(|pair| joined(pair) && (odd(pair[0]) || odd(pair[1])) || odd(pair[0]) && odd(pair[1]))
}

/// Lines that end or begin as those of programs, markup and tables do.
fn is_code(text: &str) -> bool {
    let (mut lines, mut code) = (0, 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines += 1;
        let ends = line.ends_with(['{', '}', ';', ',', '(', ')', ':', '>', '|', ']', '\\']);
        let begins = line.starts_with(['}', '<', '#', '|', '/', '@', '$', '-'])
            || [
                "def ", "import ", "from ", "return", "if ", "for ", "class ", "fn ", "let ", "const ", "var ",
                "public ",
            ]
            .iter()
            .any(|word| line.starts_with(word));
        code += usize::from(ends || begins);
    }
    let marked = ["```", "\\frac", "\\begin", "\\sum", "\\left", "$$", "</", "();", "://"]
        .iter()
        .any(|mark| text.contains(mark));
    marked || text.matches("\":").count() > 1 || lines >= 3 && 3 * code >= lines
}
