//! A text's tokens as what a question says: its content words, who is asked about, and what is asked for.

use std::borrow::Cow;

use super::lemma::lemma;
use super::numbers;
use super::opening::{self, Opening};
use super::scan::{Kind, Token};
use super::tables;
use super::words::{self, Class, Conjunction, Content, Known, Marker, Modal, Person, Wh, known};

/// What a question says, in its order.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) items: Vec<Item>,
    /// Who is spoken of, and whether only as an owner.
    pub(super) people: Vec<(Person, bool)>,
    pub(super) modals: Vec<Modal>,
    pub(super) asks: Vec<Wh>,
    /// some or any.
    pub(super) weak: Option<&'static str>,
    /// How the answer is asked for, where that is said.
    pub(super) manner: Option<Request>,
    /// When it is, as far as forms of be, do and have say.
    pub(super) tense: Tense,
    /// How often a noun is said to be known: "the".
    pub(super) articles: usize,
    /// What counts word for word.
    pub(super) payload: Vec<Box<str>>,
}

/// A word that bears meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) word: Cow<'static, str>,
    pub(super) class: Content,
    pub(super) marker: Marker,
    /// What ties it to the item before.
    pub(super) joined: Option<Conjunction>,
    /// Whether a clause begins here.
    pub(super) opens: bool,
    /// Whether the word before it bears meaning as well.
    pub(super) follows: bool,
    /// Whether it is written as a doing: smoking.
    pub(super) doing: bool,
    /// Whether it is something that is done to what is spoken of: was killed.
    pub(super) done: bool,
    /// Whether it is an owner: Iceland's.
    pub(super) owns: bool,
}

/// Whether the present and the past are spoken of.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tense {
    present: bool,
    past: bool,
}

/// What an answer is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Explanation,
    Thing,
}

struct Reader<'a, 't> {
    tokens: &'t [Token<'a>],
    reading: Reading,
    marker: Marker,
    joined: Option<Conjunction>,
    opens: bool,
    /// The place after the last item.
    after_item: usize,
    /// Where a payload begins.
    payload: Option<usize>,
    /// Whether the sentence is a question by its first words.
    asking: bool,
    /// Whether the sentence opens with a request to be told.
    indirect: bool,
    /// Whether a form of "to be" stands in the clause.
    being: bool,
    /// Whether the sentence has a verb that tells it from a mere phrase.
    finite: bool,
}

/// Prepositions of meaning, which begin a phrase.
const OPENERS: [&str; 18] = [
    "before", "after", "during", "over", "under", "between", "against", "because", "since", "until", "while",
    "without", "above", "below", "despite", "unless", "except", "per",
];

/// What `tokens` say.
pub(super) fn read(tokens: &[Token]) -> Reading {
    let mut reader = Reader {
        tokens,
        reading: Reading::default(),
        marker: Marker::None,
        joined: None,
        opens: true,
        after_item: usize::MAX,
        payload: None,
        asking: false,
        indirect: false,
        being: false,
        finite: false,
    };
    reader.reading.tense = Tense::of(tokens);
    reader.text();
    reader.reading.asks.sort_unstable();
    reader.reading.modals.sort_unstable();
    reader.reading
}

// === impl Tense ===

impl Tense {
    fn of(tokens: &[Token]) -> Self {
        let mut tense = Self::default();
        for token in tokens.iter().filter(|token| token.kind == Kind::Word) {
            match token.text.as_ref() {
                "is" | "are" | "am" | "do" | "does" | "has" | "have" => tense.present = true,
                "was" | "were" | "did" | "had" => tense.past = true,
                _ => {}
            }
        }
        tense
    }

    /// Whether one speaks of the past alone and the other of the present alone.
    pub(super) fn is_opposed(self, other: Self) -> bool {
        let alone = |a: Self, b: Self| a.past && !a.present && b.present && !b.past;
        alone(self, other) || alone(other, self)
    }
}

// === impl Reader ===

impl Reader<'_, '_> {
    fn text(&mut self) {
        let tokens = self.tokens;
        let begins = tokens.iter().take(16).any(|token| tables::VERBATIM.contains(&&*token.text))
            || tokens.windows(4).take(3).any(|four| four.iter().map(|x| &*x.text).eq(["how", "do", "you", "say"]));
        let mut at = 0;
        let mut fresh = true;
        while at < tokens.len() {
            if fresh {
                at = self.opening(at);
                if begins && self.payload.is_none() {
                    self.payload = Some(at);
                }
                fresh = false;
                continue;
            }
            match tokens[at].kind {
                Kind::End(asked) => {
                    // "You are sure?" is a question by its mark alone.
                    if asked && self.finite && !self.asking && !self.indirect {
                        self.reading.asks.push(Wh::Whether);
                    }
                    fresh = true;
                }
                Kind::Colon => {
                    self.payload.get_or_insert(at + 1);
                    fresh = true;
                }
                _ => {
                    at = self.token(at);
                    continue;
                }
            }
            self.close(at);
            at += 1;
        }
        self.close(tokens.len());
        self.reading.payload = self.payload_from(self.payload.unwrap_or(tokens.len()));
    }

    fn payload_from(&self, start: usize) -> Vec<Box<str>> {
        let mut words: Vec<Box<str>> = Vec::new();
        for token in &self.tokens[start..] {
            words.push(match token.kind {
                Kind::Possessive => "is".into(),
                Kind::Break => ",".into(),
                Kind::End(_) | Kind::Colon => ".".into(),
                _ => token.text.as_ref().into(),
            });
        }
        let courtesy = |word: &str| [".", ",", "please", "thanks"].contains(&word);
        while words.last().is_some_and(|word| courtesy(word)) {
            words.pop();
        }
        words
    }

    /// A clause ends at `at`.
    fn close(&mut self, at: usize) {
        // Common words that end a clause bear meaning: "what is money for", "what does it do", "when do I use were".
        if let Some(last) = at.checked_sub(1).map(|last| &self.tokens[last])
            && let Some(known) = known(&last.text)
            && self.after_item != at
            && ends_with_meaning(known, self.indirect)
        {
            self.content(known.word.into(), Content::Plain, at);
        }
        (self.marker, self.joined, self.opens, self.being) = (Marker::None, None, true, false);
    }

    /// Reads what only says that something is asked.
    fn opening(&mut self, mut at: usize) -> usize {
        (self.asking, self.indirect, self.finite) = (false, false, false);
        while let Some((opening, next)) = opening::at(self.tokens, at) {
            at = next;
            self.indirect |= matches!(opening, Opening::Courtesy | Opening::Tell | Opening::Explain | Opening::Give);
            match opening {
                Opening::Courtesy => {}
                Opening::Explain => self.request(Request::Explanation),
                Opening::Give => self.request(Request::Thing),
                Opening::Tell => {}
                Opening::Whether => {
                    self.reading.asks.push(Wh::Whether);
                    self.reading.modals.push(Modal::Can);
                    self.reading.people.push((Person::I, false));
                }
                Opening::Asks(wh) => self.reading.asks.extend(wh),
                Opening::How(adjective) => {
                    self.reading.asks.push(Wh::How);
                    if let Some(adjective) = adjective {
                        self.content(adjective.to_owned().into(), Content::Manner, usize::MAX - 1);
                    }
                }
                Opening::ToDo => self.content("do".into(), Content::Plain, at - 1),
            }
            if matches!(opening, Opening::Asks(_) | Opening::How(_) | Opening::Whether | Opening::ToDo) {
                self.asking = true;
                return at;
            }
        }
        let Some(first) = self.tokens.get(at).filter(|first| first.kind == Kind::Word) else { return at };
        let asks_whether = self.indirect && (first.is("if") || first.is("whether"));
        if asks_whether || tables::AUXILIARIES.contains(&&*first.text) {
            self.reading.asks.push(Wh::Whether);
            self.asking = true;
        } else {
            self.asking = first.is("what") || first.is("which") || is_asking(&first.text);
        }
        at + usize::from(asks_whether)
    }

    fn request(&mut self, request: Request) {
        self.reading.manner.get_or_insert(request);
    }

    /// Reads the token at `at`; where the next one is.
    fn token(&mut self, at: usize) -> usize {
        let token = &self.tokens[at];
        if let Some((number, next)) = numbers::at(self.tokens, at) {
            let class = if self.is_release(at, &number) { Content::Version } else { Content::Number };
            self.content(number.into(), class, at);
            self.after_item = next;
            return next;
        }
        match token.kind {
            Kind::Break => self.close(at),
            Kind::Code => {
                let language = known(&token.text).filter(|known| matches!(known.class, Class::Content(_)));
                match language {
                    Some(Known { word, class: Class::Content(class) }) => self.content(word.into(), class, at),
                    _ => self.content(token.text.to_string().into(), Content::Code, at),
                }
            }
            Kind::Word => return self.word(at),
            Kind::Possessive => {
                if let Some(owner) = self.reading.items.last_mut() {
                    owner.owns = true;
                }
            }
            // Numbers were read above.
            Kind::Number | Kind::End(_) | Kind::Colon => {}
        }
        at + 1
    }

    /// Whether the number at `at` counts releases of what stands before it.
    fn is_release(&self, at: usize, number: &str) -> bool {
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

    fn word(&mut self, at: usize) -> usize {
        let text = self.tokens[at].text.as_ref();
        let next = self.tokens.get(at + 1);
        // "In Rust, how do I …" opens a question as well as "How do I …".
        match if matches!(text, "how" | "what") { opening::at(self.tokens, at) } else { None } {
            Some((Opening::How(None), next)) => {
                self.reading.asks.push(Wh::How);
                self.asking = true;
                return next;
            }
            Some((Opening::ToDo, next)) => {
                self.content("do".into(), Content::Plain, next - 1);
                self.asking = true;
                return next;
            }
            _ => {}
        }
        if let Some(joined) = next.and_then(|next| words::pair(text, &next.text)) {
            match known(joined) {
                Some(Known { word, class: Class::Content(class) }) => self.content(word.into(), class, at),
                _ => self.content(joined.into(), Content::Plain, at),
            }
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

    fn known(&mut self, word: &'static str, class: Class, at: usize) {
        let text = self.tokens[at].text.as_ref();
        let next = self.tokens.get(at + 1);
        match class {
            Class::Silent if word == "have" && next.is_some_and(|next| next.is("to")) => {
                self.reading.modals.push(Modal::Must);
            }
            Class::Silent if word == "there" && self.is_said_to_be(at) => {
                self.content(word.into(), Content::Manner, at)
            }
            Class::Silent => {
                let being = is_being(text);
                self.being |= being;
                self.finite |= being || matches!(word, "do" | "have");
                self.asking |= matches!(word, "what" | "which");
                self.reading.articles += usize::from(text == "the");
            }
            Class::Person(person) => {
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
            Class::Preposition(marker) => {
                (self.marker, self.opens) = (marker, true);
            }
            Class::Conjunction(conjunction) => self.joined = Some(conjunction),
            Class::Asking(Wh::When) if self.asking && self.after_item != usize::MAX => {
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
            Class::Content(Content::Plain) if self.is_named(at) => self.content(word.into(), Content::Name, at),
            Class::Content(class) => self.content(word.into(), class, at),
        }
    }

    /// Whether the word has a capital that no sentence's start gave it.
    fn is_named(&self, at: usize) -> bool {
        self.tokens[at].capital && at > 0 && !matches!(self.tokens[at - 1].kind, Kind::End(_) | Kind::Colon)
    }

    /// "there is", "is there".
    fn is_said_to_be(&self, at: usize) -> bool {
        let is = |at: usize| self.tokens.get(at).is_some_and(|token| is_being(&token.text));
        is(at + 1) || at.checked_sub(1).is_some_and(is)
    }

    fn content(&mut self, word: Cow<'static, str>, class: Content, at: usize) {
        let opener = OPENERS.contains(&word.as_ref());
        let opens = self.opens || opener;
        let joined = self.joined.take();
        let follows = self.after_item == at;
        let written = self.tokens.get(at).map_or("", |token| token.text.as_ref());
        let doing = written.ends_with("ing") && !word.ends_with("ing");
        let done = self.being && (written.ends_with("ed") || tables::DONE.contains(&written));
        // "a command for listing" is one to list.
        let purpose = doing && matches!(self.marker, Marker::Of | Marker::For | Marker::On | Marker::In);
        let marker = if purpose { Marker::To } else { self.marker };
        self.reading.items.push(Item { word, class, marker, joined, opens, follows, doing, done, owns: false });
        self.after_item = if opener { usize::MAX - 1 } else { at + 1 };
        (self.marker, self.opens) = (Marker::None, false);
    }
}

fn is_being(word: &str) -> bool {
    matches!(word, "is" | "are" | "was" | "were" | "am" | "be" | "been" | "being")
}

/// Whether a common word at a clause's end says more than that the clause has ended.
fn ends_with_meaning(known: Known, indirect: bool) -> bool {
    match known.class {
        Class::Preposition(_) | Class::Asking(_) | Class::Conjunction(_) | Class::Modal(_) => true,
        Class::Silent if is_being(known.word) => !indirect,
        Class::Silent => matches!(known.word, "do" | "have" | "a" | "an" | "the"),
        _ => false,
    }
}

fn is_asking(word: &str) -> bool {
    known(word).is_some_and(|known| matches!(known.class, Class::Asking(_)))
}

fn is_scale(word: &str) -> bool {
    ["c", "f", "k", "celsius", "fahrenheit", "kelvin"].contains(&word)
}
