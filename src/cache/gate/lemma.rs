//! English words without their endings. What differs in more than number or tense stays apart: where it is in doubt
//! which word a form belongs to, both are left as they are.

use std::borrow::Cow;

/// Forms that look inflected and are not.
const WHOLE: [&str; 34] = [
    "news",
    "series",
    "species",
    "lens",
    "gas",
    "bias",
    "atlas",
    "canvas",
    "christmas",
    "texas",
    "kansas",
    "arkansas",
    "evening",
    "morning",
    "wedding",
    "sibling",
    "ceiling",
    "being",
    "during",
    "beijing",
    "sacred",
    "naked",
    "wicked",
    "hundred",
    "kindred",
    "does",
    "always",
    "perhaps",
    "whereas",
    "across",
    "alas",
    "pants",
    "customs",
    "goods",
];

/// The word of which `word`, in lower case, is a form.
pub(super) fn lemma(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || !word.is_ascii() || WHOLE.contains(&word) {
        return word.into();
    }
    spelled(inflected(word))
}

fn inflected(word: &str) -> Cow<'_, str> {
    let cut = |n: usize| &word[..word.len() - n];
    if word.len() > 4 && (word.ends_with("ies") || word.ends_with("ied")) {
        return format!("{}y", cut(3)).into();
    }
    if word.len() > 4 && word.ends_with("ie") {
        return format!("{}y", cut(2)).into();
    }
    if word.ends_with("ing") {
        return verb(cut(3)).unwrap_or(word.into());
    }
    if word.ends_with("ed") && !word.ends_with("eed") {
        return verb(cut(2)).unwrap_or(word.into());
    }
    if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        let hissing = ["sses", "shes", "ches", "xes", "zzes", "oes"].iter().any(|end| word.ends_with(end));
        return if hissing || is_plural_of_us(word) { cut(2).into() } else { cut(1).into() };
    }
    word.into()
}

/// viruses, but neither houses nor causes.
fn is_plural_of_us(word: &str) -> bool {
    word.len() > 6 && word.ends_with("uses") && !is_vowel(word.as_bytes()[word.len() - 5])
}

/// The verb whose stem is left when -ed or -ing is cut off.
fn verb(stem: &str) -> Option<Cow<'_, str>> {
    let bytes = stem.as_bytes();
    let vowels = bytes.iter().filter(|&&byte| is_vowel(byte) || byte == b'y').count();
    if bytes.len() < 2 || vowels == 0 {
        return None;
    }
    let [before, last] = [bytes[bytes.len() - 2], bytes[bytes.len() - 1]];
    if before == last && !matches!(last, b'l' | b's' | b'z' | b'e' | b'o' | b'f') {
        return Some(stem[..stem.len() - 1].into());
    }
    let third = bytes.len().checked_sub(3).map(|at| bytes[at]);
    let closed = is_vowel(before) && !is_vowel(last) && !third.is_some_and(is_vowel);
    let short = vowels == 1 && closed && !matches!(last, b'w' | b'x' | b'y');
    let silent = match last {
        b'v' | b'c' | b'u' => true,
        b'z' => closed,
        b's' => is_vowel(before) && !matches!(before, b'o') || before == b'n' || before == b'r',
        b'g' => {
            matches!(before, b'd' | b'r' | b'a' | b'e' | b'u') || stem.ends_with("chang") || stem.ends_with("rrang")
        }
        b'l' => !is_vowel(before) && before != b'l' && before != b'r',
        b't' => closed && matches!(before, b'a' | b'u'),
        b'r' => closed && matches!(before, b'a' | b'i' | b'u'),
        b'd' => closed && before != b'e',
        b'n' => closed && before == b'i',
        _ => false,
    };
    Some(if short || silent { format!("{stem}e").into() } else { stem.into() })
}

/// One spelling for British and American words.
fn spelled(word: Cow<'_, str>) -> Cow<'_, str> {
    if word.len() >= 6 && word.ends_with("ise") {
        return format!("{}ize", &word[..word.len() - 3]).into();
    }
    if word.len() >= 5 && word.ends_with("our") {
        return format!("{}or", &word[..word.len() - 3]).into();
    }
    word
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_become_one() {
        for forms in [
            "make makes making",
            "hope hoped hoping hopes",
            "hop hopped hopping hops",
            "rotate rotating rotated",
            "open opening opened",
            "reduce reducing reduced",
            "solve solving",
            "city cities",
            "box boxes",
            "virus viruses",
            "house houses",
            "cause causes causing",
            "organise organize organising",
            "colour color colours",
            "use uses",
            "call called calling",
            "treat treating treated",
            "heat heating",
            "change changing",
            "handle handling",
            "compare comparing compared",
            "measure measured",
            "enter entered",
            "provide provided",
            "define defining",
            "explain explained",
            "train training",
            "tomato tomatoes",
            "study studies studied",
            "cookie cookies",
            "stop stopped stopping",
            "run running",
            "visit visiting",
            "play playing",
            "fix fixing",
            "bring bringing",
        ] {
            let lemmas: Vec<_> = forms.split(' ').map(lemma).collect();
            assert!(lemmas.iter().all(|lemma| *lemma == lemmas[0]), "{forms}: {lemmas:?}");
        }
    }

    #[test]
    fn other_words_stay_apart() {
        for (a, b) in [
            ("new", "news"),
            ("even", "evening"),
            ("organ", "organization"),
            ("universe", "university"),
            ("hop", "hoping"),
            ("plan", "plane"),
            ("big", "bigger"),
            ("employer", "employee"),
            ("bass", "bas"),
            ("need", "ne"),
            ("string", "str"),
            ("care", "car"),
            ("policy", "police"),
            ("general", "generate"),
        ] {
            assert_ne!(lemma(a), lemma(b), "{a}, {b}");
        }
    }
}
