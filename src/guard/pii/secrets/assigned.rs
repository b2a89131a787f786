//! Values that are said to be secrets: assignments in programs and configs, headers, and sentences.

use std::ops::Range;

use super::super::scan::joins;
use super::chance::{is_chosen, is_random};

/// What is said to be a secret.
pub(super) struct Name {
    /// As it is looked for, in lower case.
    pub(super) word: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Chosen by somebody, so it may be short, and may be told in a sentence.
    Password,
    /// Made by a machine.
    Token,
    /// What follows in an `Authorization` header.
    Header,
}

const fn name(word: &'static str, kind: Kind) -> Name {
    Name { word, kind }
}

use Kind::{Header, Password, Token};

/// All of them.
pub(super) const NAMES: [Name; 46] = [
    name("password", Password),
    name("passwd", Password),
    name("passphrase", Password),
    name("passcode", Password),
    name("pwd", Password),
    name("passwort", Password),
    name("kennwort", Password),
    name("mot de passe", Password),
    name("mdp", Password),
    name("contraseña", Password),
    name("contrasena", Password),
    name("clave", Password),
    name("senha", Password),
    name("parola d'ordine", Password),
    name("wachtwoord", Password),
    name("lösenord", Password),
    name("adgangskode", Password),
    name("passord", Password),
    name("salasana", Password),
    name("hasło", Password),
    name("şifre", Password),
    name("пароль", Password),
    name("密码", Password),
    name("パスワード", Password),
    name("비밀번호", Password),
    name("كلمة المرور", Password),
    name("पासवर्ड", Password),
    name("secret", Token),
    name("token", Token),
    name("api_key", Token),
    name("api-key", Token),
    name("api key", Token),
    name("apikey", Token),
    name("access_key", Token),
    name("access-key", Token),
    name("access key", Token),
    name("accesskey", Token),
    name("accountkey", Token),
    name("sharedaccesssignature", Token),
    name("private_key", Token),
    name("encryption_key", Token),
    name("signing_key", Token),
    name("credential", Token),
    name("api-schlüssel", Token),
    name("bearer", Header),
    name("authorization: basic", Header),
];

/// Ends of longer names whose values are not the secret itself.
const OTHERS: [&str; 22] = [
    "id",
    "name",
    "type",
    "count",
    "url",
    "uri",
    "path",
    "file",
    "length",
    "len",
    "limit",
    "expires",
    "expiry",
    "ttl",
    "policy",
    "hint",
    "field",
    "version",
    "size",
    "endpoint",
    "hash",
    "algorithm",
];
/// Words between what is named and its value in a sentence, the longest first.
const IS: [&str; 19] = [
    "was changed to",
    "is changed to",
    "is now",
    "is set to",
    "is",
    "was",
    "ist",
    "lautet",
    "est",
    "es",
    "é",
    "è",
    "jest",
    "är",
    "er",
    "to",
    "changed to",
    "to be",
    "reads",
];
/// The most bytes that a longer name goes on for, and that a value has.
const NAME: usize = 32;
const VALUE: usize = 512;
/// The least bytes of a secret that somebody chose, and of one that a machine made.
const CHOSEN: usize = 6;
const MADE: usize = 12;

// === impl Name ===

impl Name {
    /// The value of what is named at `range`, and its score where it is a secret.
    pub(super) fn value(&self, text: &str, range: Range<usize>) -> Option<(Range<usize>, Option<f32>)> {
        let after = &text[range.end..text.floor_char_boundary(range.end + NAME + VALUE)];
        if self.kind == Header {
            let value = after.strip_prefix(' ')?;
            let value = &value[..value.find(|c: char| !is_token(c)).unwrap_or(value.len())];
            let start = range.end + 1;
            return Some((start..start + value.len(), is_random(value, MADE).then_some(0.9)));
        }
        let (value, sure) = match goes_on(&text[..range.end], after) {
            true => return None,
            false => assigned(after).or_else(|| (self.kind == Password).then(|| told(after)).flatten())?,
        };
        let start = range.end + value.start;
        let value = &after[value];
        let is_secret = match (self.kind, sure) {
            (Password, Sure::Quoted) => is_chosen(value, CHOSEN) && !value.contains("  "),
            (Password, Sure::Plain) => is_chosen(value, CHOSEN) && !is_expression(value),
            (Password, Sure::Told) => is_chosen(value, CHOSEN) && !value.ends_with(':'),
            (_, _) => is_random(value, MADE) && !is_expression(value) && !value.contains(' '),
        };
        let score = match sure {
            Sure::Quoted => 0.85,
            Sure::Plain => 0.75,
            Sure::Told => 0.6,
        };
        Some((start..start + value.len(), is_secret.then_some(score)))
    }
}

/// Whether the word goes on: secretary, tokenizer, PASSWORDS. A capital after a small letter begins another one.
fn goes_on(before: &str, after: &str) -> bool {
    let next = after.chars().next().filter(|c| c.is_alphabetic() && joins(*c));
    next.is_some_and(|next| next.is_lowercase() || before.ends_with(char::is_uppercase))
}

/// How a value stands behind its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    Quoted,
    Plain,
    Told,
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=')
}

/// The value after `=`, `:`, `:=` or `=>`, in quotes or up to the next space.
fn assigned(after: &str) -> Option<(Range<usize>, Sure)> {
    let name =
        after.bytes().take(NAME).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let last = after[..name].rsplit(['_', '-']).next().unwrap_or_default();
    // A name in the plural counts or lists; one with another word at its end is of another thing.
    let is_other = after.starts_with(['s', 'S']) || OTHERS.iter().any(|other| ends_in(last, other));
    if is_other {
        return None;
    }
    let rest = after[name..].trim_start_matches(['\\', '"', '\'', '`', ']', '*', ')']);
    let signs = rest.trim_start_matches(' ');
    if after[name..].len() - signs.len() > 8 {
        return None;
    }
    let value = ["=>", ":=", "==", "=", ":", "："].into_iter().find_map(|sign| signs.strip_prefix(sign))?;
    let value = value.trim_start_matches([' ', '*']).trim_start_matches('\t');
    let start = after.len() - value.len();
    let quotes = value.len() - value.trim_start_matches(['\\', 'b', 'r', 'f']).len();
    let opened = value[quotes..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let value_start = start + opened.map_or(0, |quote| quotes + quote.len_utf8());
    let value = &after[value_start..];
    let end = match opened {
        Some(quote) => value.find([quote, '\n'])?,
        None => value.find(|c: char| c.is_whitespace() || "\"'`,;)}]>&|".contains(c)).unwrap_or(value.len()),
    };
    let value = value[..end].trim_end_matches('\\');
    let value = if opened.is_some() { value } else { value.trim_end_matches('.') };
    (!value.is_empty())
        .then(|| (value_start..value_start + value.len(), if opened.is_some() { Sure::Quoted } else { Sure::Plain }))
}

/// Whether a name's last word is `other`, maybe as the end of camelCase.
fn ends_in(last: &str, other: &str) -> bool {
    let Some(at) = last.len().checked_sub(other.len()) else { return false };
    last.is_char_boundary(at)
        && last[at..].eq_ignore_ascii_case(other)
        && (at == 0 || last.as_bytes()[at].is_ascii_uppercase())
}

/// The value of a sentence such as "my password is hunter2!".
fn told(after: &str) -> Option<(Range<usize>, Sure)> {
    let rest = after.strip_prefix(' ').unwrap_or(after);
    let is_unspaced = after.starts_with(['是', 'は', '는']);
    let rest = match IS.into_iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix([' ', ':'])) {
        Some(rest) => rest,
        None if is_unspaced => after.trim_start_matches(['是', 'は', '는', ' ']),
        None => return None,
    };
    let value = rest.trim_start_matches([' ', ':', '"', '\'', '`', '“', '«', '*']);
    let start = after.len() - value.len();
    let end = value.find(|c: char| c.is_whitespace() || "\"`”»。，".contains(c)).unwrap_or(value.len());
    let value = value[..end].trim_end_matches(['.', ',', ';', ')', '\'', '?', '*']);
    // The mark may end the sentence or the password: too much is hidden rather than too little.
    (!value.is_empty()).then(|| (start..start + value.len(), Sure::Told))
}

/// Whether an unquoted value is a program's expression: a call, a member, an element, a path of names.
fn is_expression(value: &str) -> bool {
    let is_names = value.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b':'));
    let is_member = value.split('.').count() > 1
        && value
            .split('.')
            .all(|part| part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && part.len() < 20);
    value.contains(['(', '[', '{', '$', '<']) || is_names || is_member
}
