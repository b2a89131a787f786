//! What is told of a text by its signs alone.

/// What stands between quotation marks, as it is.
pub(super) fn quotes(text: &str) -> Vec<&str> {
    let mut quotes = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match open {
            Some((start, close)) if c == close && (c != '\'' || ends_word(&text[at + 1..])) => {
                quotes.push(text[start..at].trim_end_matches([',', '.']));
                open = None;
            }
            None => {
                let close = match c {
                    '"' => Some('"'),
                    '“' | '„' => Some('”'),
                    '«' => Some('»'),
                    '‘' => Some('’'),
                    '\'' if !before.is_alphanumeric() => Some('\''),
                    _ => None,
                };
                open = close.map(|close| (at + c.len_utf8(), close));
            }
            Some(_) => {}
        }
        before = c;
    }
    quotes
}

/// Whether the letters are ones whose words are understood.
pub(super) fn is_latin(text: &str) -> bool {
    text.is_ascii()
        || text.chars().all(|c| {
            !c.is_alphabetic() || matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | 'α'..='ω' | 'Ω' | 'Δ' | 'Σ')
        })
}

/// Whether white space and signs bear a meaning that words do not tell.
pub(super) fn is_code(text: &str) -> bool {
    let indented = |(at, _): (usize, &str)| text[at + 1..].starts_with(['\t', ' ']);
    text.contains("```")
        || text.contains(['{', '}'])
        || text.contains("</")
        || text.contains("=>")
        || text.contains(";\n")
        || text.match_indices('\n').any(indented)
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_found() {
        assert_eq!(quotes("is \"a  b\" or “c,” or 'd'"), ["a  b", "c", "d"]);
        assert!(quotes("don't, the dogs' 27\" screen").is_empty());
    }
}
