//! A text cut into words, numbers, code and the breaks between them.

use std::borrow::Cow;

use super::figures::{is_operator, operator};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// In lower case, except for code; a break has none.
    pub(super) text: Cow<'a, str>,
    /// Whether it was written with a capital.
    pub(super) capital: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// Identifiers, paths, addresses, operators: compared as they are.
    Code,
    /// The 's of an owner.
    Possessive,
    /// A comma or a bracket.
    Break,
    /// The end of a sentence, and whether it was a question mark.
    End(bool),
    /// What follows is what the question is about, word for word.
    Colon,
}

/// The tokens read so far.
pub(super) struct Scanner<'a> {
    pub(super) tokens: Vec<Token<'a>>,
}

/// Words whose dot ends no sentence.
const ABBREVIATIONS: [&str; 20] = [
    "vs", "dr", "mr", "mrs", "ms", "st", "etc", "jan", "feb", "apr", "aug", "sept", "oct", "nov", "dec", "no",
    "approx", "inc", "prof", "fig",
];

/// The tokens of `text`.
pub(super) fn scan(text: &str) -> Vec<Token<'_>> {
    let mut scanner = Scanner { tokens: Vec::with_capacity(text.len() / 4 + 4) };
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| !is_space(c)) {
        if rest[..start].contains('\n') {
            scanner.end(Kind::End(false));
        } else if rest[..start].contains('—') {
            scanner.end(Kind::Break);
        }
        rest = &rest[start..];
        if let Some((code, after)) = rest.strip_prefix('`').and_then(|code| code.split_once('`')) {
            scanner.push(Kind::Code, code, false);
            rest = after;
            continue;
        }
        let end = rest.find(is_space).unwrap_or(rest.len());
        let (chunk, after) = rest.split_at(end);
        scanner.chunk(chunk, after);
        rest = after;
    }
    scanner.tokens
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '—'
}

// === impl Token ===

impl Token<'_> {
    /// Whether it is the word `text`.
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind == Kind::Word && self.text == text
    }
}

// === impl Scanner ===

impl<'a> Scanner<'a> {
    pub(super) fn push(&mut self, kind: Kind, text: impl Into<Cow<'a, str>>, capital: bool) {
        self.tokens.push(Token { kind, text: text.into(), capital });
    }

    pub(super) fn word(&mut self, text: &'a str) {
        let capital = text.starts_with(char::is_uppercase);
        // What these stand for in capitals is no common word.
        match text {
            "US" | "USA" => return self.push(Kind::Word, "usa", true),
            "IT" => return self.push(Kind::Code, "IT", true),
            "WHO" => return self.push(Kind::Code, "WHO", true),
            "Kb" | "Mb" | "Gb" | "Tb" => return self.push(Kind::Code, text, true),
            _ => {}
        }
        // APIs are more than one API.
        let text = match text.strip_suffix('s') {
            Some(letters) if letters.len() > 1 && letters.chars().all(char::is_uppercase) => letters,
            _ => text,
        };
        let lower = if text.contains(char::is_uppercase) { text.to_lowercase().into() } else { Cow::Borrowed(text) };
        self.push(Kind::Word, lower, capital);
    }

    fn end(&mut self, kind: Kind) {
        match self.tokens.last_mut() {
            None | Some(Token { kind: Kind::End(_) | Kind::Colon, .. }) => {}
            Some(last) if last.kind == Kind::Break => last.kind = kind,
            Some(_) => self.push(kind, "", false),
        }
    }

    /// What stands between two spaces; `after` is what follows.
    fn chunk(&mut self, chunk: &'a str, after: &str) {
        let opened = chunk.trim_start_matches(['(', '[', '"', '“', '„', '\'', '‘', '«', '¿', '¡']);
        if chunk.starts_with('(') {
            self.end(Kind::Break);
        }
        let closing = |c: char| match c {
            ')' => !opened.contains('('),
            ']' => !opened.contains('['),
            _ => matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '…' | '"' | '”' | '\'' | '’' | '»'),
        };
        let body = opened.trim_end_matches(closing);
        let closed = &opened[body.len()..];
        self.body(body, after);
        let abbreviated = closed == "."
            && (ABBREVIATIONS.iter().any(|word| word.eq_ignore_ascii_case(body))
                || body.contains('.')
                || body.len() == 1)
            && body.chars().all(|c| c.is_alphabetic() || c == '.');
        if abbreviated {
        } else if closed.contains(['.', '!', '?', '…']) {
            self.end(Kind::End(closed.contains('?')));
        } else if closed.contains(':') && !after.trim_start().is_empty() {
            self.end(Kind::Colon);
        } else if closed.contains([',', ';', ')']) {
            self.end(Kind::Break);
        }
    }

    fn body(&mut self, body: &'a str, after: &str) {
        let mut chars = body.chars();
        let Some(first) = chars.next() else { return };
        let second = chars.next();
        if body.chars().all(char::is_alphabetic) {
            self.word(body);
        } else if second.is_none() && matches!(first, '-' | '–') {
            let between = self.tokens.last().is_some_and(|last| last.kind == Kind::Number);
            if between && after.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
                self.push(Kind::Code, "-", false);
            } else {
                self.end(Kind::Break);
            }
        } else if let Some(scale) = body.strip_prefix('°') {
            self.push(Kind::Word, "degree", false);
            self.body(scale, after);
        } else if body == "&" {
            self.push(Kind::Word, "and", false);
        } else if second.is_none() && is_operator(first) {
            self.push(Kind::Code, operator(first), false);
        } else if self.figures(body) || self.contraction(body) || self.compound(body) || self.initials(body) {
        } else {
            // Case bears meaning in identifiers and paths, but not in names such as Node.js.
            let name = body.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '+' | '#' | '&'));
            let text = if name { body.to_lowercase().into() } else { Cow::Borrowed(body) };
            self.push(Kind::Code, text, first.is_uppercase());
        }
    }

    /// don't, what's, the dog's.
    fn contraction(&mut self, body: &'a str) -> bool {
        let Some((at, mark)) = body.char_indices().find(|(_, c)| matches!(c, '\'' | '’')) else { return false };
        let (word, ending) = (&body[..at], &body[at + mark.len_utf8()..]);
        if word.is_empty() || !body.chars().all(|c| c.is_alphabetic() || c == mark) {
            return false;
        }
        let said = match ending.to_ascii_lowercase().as_str() {
            "s" => {
                self.word(word);
                let asks = self.tokens.last().is_some_and(|last| {
                    let asking = ["what", "who", "where", "when", "why", "how", "it", "that", "there", "here", "let"];
                    asking.contains(&last.text.as_ref())
                });
                let (kind, text) = if asks { (Kind::Word, "is") } else { (Kind::Possessive, "") };
                self.push(kind, text, false);
                return true;
            }
            "t" => {
                let word = match word.to_ascii_lowercase().as_str() {
                    "won" => "will",
                    "can" => "can",
                    "shan" => "shall",
                    _ => word.strip_suffix(['n', 'N']).unwrap_or(word),
                };
                self.word(word);
                self.push(Kind::Word, "not", false);
                return true;
            }
            "re" => "are",
            "m" => "am",
            "ve" => "have",
            "ll" => "will",
            "d" => "would",
            _ => return false,
        };
        self.word(word);
        self.push(Kind::Word, said, false);
        true
    }

    /// Words with hyphens.
    fn compound(&mut self, body: &'a str) -> bool {
        let parts = || body.split('-');
        let fine = parts().all(|part| !part.is_empty() && part.chars().all(char::is_alphanumeric));
        if !fine || !body.contains('-') {
            return false;
        }
        parts().for_each(|part| self.body(part, ""));
        true
    }

    /// U.S, a.m: letters with dots.
    fn initials(&mut self, body: &'a str) -> bool {
        let letters = || body.split('.');
        if !body.contains('.') || !letters().all(|x| x.len() == 1 && x.as_bytes()[0].is_ascii_alphabetic()) {
            return false;
        }
        let joined = body.replace('.', "");
        let text = if joined == "US" { "usa".to_owned() } else { joined.to_ascii_lowercase() };
        self.push(Kind::Word, text, false);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |token: &Token| match token.kind {
            Kind::Word => token.text.to_string(),
            Kind::Number => format!("#{}", token.text),
            Kind::Code => format!("`{}`", token.text),
            Kind::Possessive => "'s".to_owned(),
            Kind::Break => ",".to_owned(),
            Kind::End(_) => ".".to_owned(),
            Kind::Colon => ":".to_owned(),
        };
        scan(text).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_are_told_from_what_is_written_to_them() {
        for (text, tokens) in [
            ("$1,000 or 10kg?", "#1000 dollar or #10 kg ."),
            ("2+2 and 8 * 7", "#2 `+` #2 and #8 `*` #7"),
            ("the 2nd of 10k", "the #2th of #10000"),
            ("9am, 10:30", "#9 am , #10 `:` #30"),
            ("Node v18.2.0", "node #18.2.0"),
            ("2001-09-11", "#2001 `-` #09 `-` #11"),
            ("50% at 20°C", "#50 percent at #20 degree c"),
            ("a 6-month-old", "a #6 month old"),
            ("-5", "`-` #5"),
            ("1,5 and 1,20,300", "#1,5 and #1,20,300"),
            ("GPT-4", "gpt #4"),
        ] {
            assert_eq!(shown(text), tokens, "{text}");
        }
    }

    #[test]
    fn code_stays_as_it_is() {
        for (text, tokens) in [
            ("C++ or C#", "`c++` or `c#`"),
            ("map() of a[0].", "`map()` of `a[0]` ."),
            ("see /etc/Passwd", "see `/etc/Passwd`"),
            ("`git rebase -i` fails", "`git rebase -i` fails"),
            ("grep -V x_Y", "grep `-V` `x_Y`"),
            ("a == b", "a `==` b"),
            ("Node.js", "`node.js`"),
            ("x²", "`x²`"),
        ] {
            assert_eq!(shown(text), tokens, "{text}");
        }
    }

    #[test]
    fn words_come_without_contractions() {
        for (text, tokens) in [
            ("What's the dog’s name?", "what is the dog 's name ."),
            ("I can't, won't, don't!", "i can not , will not , do not ."),
            ("at 8 a.m. in the U.S.", "at #8 am in the usa"),
            ("Dr. No (a film) — good", "dr no , a film , good"),
            ("Fix this: he go", "fix this : he go"),
        ] {
            assert_eq!(shown(text), tokens, "{text}");
        }
    }
}
