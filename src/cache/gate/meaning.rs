//! What each word adds to what a question says.

use std::borrow::Cow;

use super::lemma::lemma;
use super::numbers;
use super::opening::{self, Opening};
use super::read::{Item, Reader, Request};
use super::scan::Kind;
use super::tables;
use super::words::{self, Class, Content, Known, Marker, Modal, Person, Wh, known};

/// Prepositions of meaning, which begin a phrase.
const OPENERS: [&str; 18] = [
    "before", "after", "during", "over", "under", "between", "against", "because", "since", "until", "while",
    "without", "above", "below", "despite", "unless", "except", "per",
];

/// Whether `word` is a form of "to be".
pub(super) fn is_being(word: &str) -> bool {
    matches!(word, "is" | "are" | "was" | "were" | "am" | "be" | "been" | "being")
}

fn is_scale(word: &str) -> bool {
    ["c", "f", "k", "celsius", "fahrenheit", "kelvin"].contains(&word)
}

// === impl Reader ===

impl Reader<'_, '_> {
    /// Whether the number at `at` counts releases of what stands before it.
    pub(super) fn is_release(&self, at: usize, number: &str) -> bool {
        let named = at.checked_sub(1).map(|before| &self.tokens[before]).is_some_and(|before| {
            let kind = known(&before.text);
            let common = kind.is_some_and(|kind| kind.class != Class::Content(Content::Language));
            let first = at == 1 || matches!(self.tokens[at - 2].kind, Kind::End(_) | Kind::Colon);
            before.is("version")
                || kind.is_some_and(|_| !common)
                || matches!(before.kind, Kind::Word | Kind::Code) && before.capital && !common && !first
        });
        named || number.matches('.').count() > 1
    }

    /// Reads the word at `at`; where the next one is.
    pub(super) fn word(&mut self, at: usize) -> usize {
        let text = self.tokens[at].text.as_ref();
        let next = self.tokens.get(at + 1);
        if let Some(next) = self.asked_late(at) {
            return next;
        }
        if let Some(joined) = next.and_then(|next| words::pair(text, &next.text)) {
            let class = match known(joined) {
                Some(Known { class: Class::Content(class), .. }) => class,
                _ => Content::Plain,
            };
            self.content(joined.into(), class, at);
            if let Some(item) = self.reading.items.last_mut() {
                item.done = false;
            }
            self.after_item = at + 2;
            return at + 2;
        }
        if let Some((word, class)) = self.special(at) {
            self.content(word.into(), class, at);
            return at + 1;
        }
        match known(text) {
            Some(Known { word, class }) => self.known(word, class, at),
            None => {
                let class = if self.is_named(at) { Content::Name } else { Content::Plain };
                self.content(lemma(text).into_owned().into(), class, at);
            }
        }
        at + 1
    }

    /// Reads what opens a question after its first words: "In Rust, how do I …"; where it goes on.
    fn asked_late(&mut self, at: usize) -> Option<usize> {
        if !matches!(self.tokens[at].text.as_ref(), "how" | "what") {
            return None;
        }
        let (opening, next) = opening::at(self.tokens, at)?;
        match opening {
            Opening::How(None) => self.reading.asks.push(Wh::How),
            Opening::ToDo => self.content("do".into(), Content::Plain, next - 1),
            _ => return None,
        }
        self.asking = true;
        Some(next)
    }

    /// Words that mean something else where they stand.
    fn special(&self, at: usize) -> Option<(&'static str, Content)> {
        let token = &self.tokens[at];
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let counted = before.is_some_and(|before| before.kind == Kind::Number);
        if counted || before.is_some_and(|before| before.is("degree") || before.is("degrees")) {
            let unit = match token.text.as_ref() {
                "m" => "meter",
                "s" => "second",
                "g" => "gram",
                "l" => "liter",
                "h" => "hour",
                "w" => "watt",
                "v" => "volt",
                "c" => "celsius",
                "f" => "fahrenheit",
                "am" => return counted.then_some(("am", Content::Date)),
                _ => "",
            };
            if !unit.is_empty() {
                return Some((unit, Content::Unit));
            }
        }
        let counts = counted && self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Number);
        match token.text.as_ref() {
            "plus" if counts => Some(("+", Content::Code)),
            "minus" if counts => Some(("-", Content::Code)),
            "times" if counts => Some(("*", Content::Code)),
            "may" if token.capital && at > 0 => Some(("may/month", Content::Date)),
            _ => None,
        }
    }

    /// Reads a word that is known by what it does.
    fn known(&mut self, word: &'static str, class: Class, at: usize) {
        let next = self.tokens.get(at + 1);
        match class {
            Class::Silent if word == "have" && next.is_some_and(|next| next.is("to")) => {
                self.reading.modals.push(Modal::Must);
            }
            Class::Silent if word == "there" => self.content(word.into(), Content::Manner, at),
            Class::Silent => self.silent(word),
            Class::Person(person) => self.person(person, at),
            Class::Preposition(marker) => {
                (self.marker, self.opens) = (marker, true);
            }
            Class::Conjunction(conjunction) => self.joined = Some(conjunction),
            Class::Asking(Wh::When) if self.asking && self.reading.items.len() > self.said => {
                (self.marker, self.opens) = (Marker::If, true);
            }
            Class::Asking(wh) => {
                self.reading.asks.push(wh);
                self.asking = true;
            }
            Class::Modal(_) if at > 0 && self.tokens[at - 1].is("how") => {}
            Class::Modal(Modal::Will)
                if self.reading.asks.last() == Some(&Wh::How) && next.is_some_and(|x| x.is("it")) => {}
            Class::Modal(modal) => {
                self.finite = true;
                self.reading.modals.push(modal);
            }
            Class::Weak => self.reading.weak = Some(word),
            Class::Content(Content::Unit) if word == "degree" && next.is_some_and(|next| is_scale(&next.text)) => {}
            // "exactly one" says how many; "what exactly" says nothing more.
            Class::Content(_) if word == "exactly" && numbers::at(self.tokens, at + 1).is_none() => {}
            Class::Content(Content::Plain) if self.is_named(at) => self.content(word.into(), Content::Name, at),
            Class::Content(class) => self.content(word.into(), class, at),
        }
    }

    fn silent(&mut self, word: &'static str) {
        self.being |= is_being(word);
        self.finite |= is_being(word) || matches!(word, "do" | "have");
        self.asking |= matches!(word, "what" | "which");
        self.reading.articles += usize::from(word == "the");
    }

    fn person(&mut self, person: Person, at: usize) {
        let text = self.tokens[at].text.as_ref();
        let before = at.checked_sub(1).map_or("", |before| &self.tokens[before].text);
        let explained = before == "to" && self.reading.manner == Some(Request::Explanation);
        let given = text == "me" && (explained || tables::REQUESTS.contains(&before));
        let thanked = text == "you" && before == "thank";
        let owner = matches!(text, "my" | "your" | "our" | "his" | "their");
        self.finite |= !given && !owner;
        if !given && !thanked {
            self.reading.people.push((person, owner));
        }
    }

    /// Whether the word has a capital that no sentence's start gave it.
    fn is_named(&self, at: usize) -> bool {
        self.tokens[at].capital && at > 0 && !matches!(self.tokens[at - 1].kind, Kind::End(_) | Kind::Colon)
    }

    /// Adds a word that bears meaning, at `at`.
    pub(super) fn content(&mut self, word: Cow<'static, str>, class: Content, at: usize) {
        let opener = OPENERS.contains(&word.as_ref());
        let opens = self.opens || opener;
        let joined = self.joined.take();
        let follows = self.after_item == at;
        let written = self.tokens.get(at).map_or("", |token| token.text.as_ref());
        // A meaning is what something means, not a doing.
        let doing = written.ends_with("ing") && !word.ends_with("ing") && written != "meaning";
        let done = self.being && (written.ends_with("ed") || tables::DONE.contains(&written));
        // "a command for listing" is one to list.
        let purpose = doing && matches!(self.marker, Marker::Of | Marker::For | Marker::On | Marker::In);
        let marker = if purpose { Marker::To } else { self.marker };
        let sentence = self.sentence;
        let item = Item { word, class, marker, joined, sentence, opens, follows, doing, done, owns: false };
        self.reading.items.push(item);
        self.after_item = if opener { usize::MAX - 1 } else { at + 1 };
        (self.marker, self.opens) = (Marker::None, false);
    }
}
