//! A text's tokens as what a question says: its content words, who is asked about, and what is asked for.

use std::borrow::Cow;

use super::meaning::is_being;
use super::numbers;
use super::opening::{self, Opening};
use super::scan::{Kind, Token};
use super::tables;
use super::words::{Class, Conjunction, Content, Known, Marker, Modal, Person, Wh, known};

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
    /// The number of its sentence.
    pub(super) sentence: usize,
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

/// What has been read, and where the reading stands.
pub(super) struct Reader<'a, 't> {
    pub(super) tokens: &'t [Token<'a>],
    pub(super) reading: Reading,
    pub(super) marker: Marker,
    pub(super) joined: Option<Conjunction>,
    pub(super) opens: bool,
    /// The place after the last item.
    pub(super) after_item: usize,
    /// Where a payload begins.
    pub(super) payload: Option<usize>,
    /// Whether the sentence is a question by its first words.
    pub(super) asking: bool,
    /// Whether the sentence opens with a request to be told.
    pub(super) indirect: bool,
    /// Whether a form of "to be" stands in the clause.
    pub(super) being: bool,
    /// Whether the sentence has a verb that tells it from a mere phrase.
    pub(super) finite: bool,
    /// The number of the sentence.
    pub(super) sentence: usize,
    /// The items that were there before the sentence.
    pub(super) said: usize,
}

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
        sentence: 0,
        said: 0,
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
                "is" | "are" | "am" | "do" | "does" | "has" | "have" | "will" | "would" => {
                    tense.present = true;
                }
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
        self.said = self.reading.items.len();
        self.sentence += 1;
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
