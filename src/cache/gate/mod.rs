//! What may not differ between two questions of nearly the same meaning.
//!
//! An embedding hardly sees that 2+2 became 2+3, dogs cats, or that A and B changed places. So a stored answer is served
//! only where its question says the same as the one asked, word by word: every word that bears meaning needs its
//! counterpart (itself, a form of it, or a synonym), in the same relations. What may differ is how a question is put:
//! courtesies, contractions, articles, and the usual ways to ask the same. In doubt it is a difference, since a wrong
//! answer is worse than one that has to be given again.
//!
//! English is understood. Texts in other Latin-script languages must share all words; those in other scripts, and code,
//! have to be the same.
//!
//! - `signs`: what is told without words
//! - `scan`, `figures`: a text becomes words, numbers and code
//! - `opening`, `read`, `meaning`, `numbers`: these become what is asked
//! - `lemma`, `words`, `tables`: what words mean
//! - `order`: how they relate

mod figures;
mod lemma;
mod meaning;
mod numbers;
mod opening;
mod order;
mod read;
mod scan;
mod signs;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use self::order::Relation;
use self::read::{Item, Reading};
use self::words::{Content, Person};

/// What two questions may not differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// One has letters whose words are not understood, and the other is not the same.
    UnknownScript,
    /// One has code, and the other is not the same.
    Code,
    /// Numbers, ordinals and arithmetic.
    Numbers,
    /// Numbers that count releases.
    Versions,
    /// Units and currencies.
    Units,
    /// Days, times, and what is before or after.
    Dates,
    /// not, never, without; possible and impossible.
    Negation,
    /// enable and disable.
    Antonyms,
    /// all, some, only, most.
    Quantifiers,
    /// can, must, should.
    Modality,
    /// Natural languages and programming languages.
    Languages,
    /// Words with a capital.
    Names,
    /// Identifiers, paths, addresses, operators.
    Identifiers,
    /// How the answer is to look: its length, form or tone.
    Constraints,
    /// who, when, why, or whether.
    Question,
    /// is and was.
    Tense,
    /// my and your, he and she.
    Person,
    /// What stands in quotation marks, or is to be worked on word for word.
    QuotedText,
    /// Any other word that bears meaning.
    ContentWords,
    /// from and to, by and for, and and or.
    Relations,
    /// Who does what to whom.
    WordOrder,
}

/// What a text says, as far as it may not differ.
#[derive(Debug)]
pub struct Facts {
    reading: Reading,
    /// The items' places in the order of their words.
    sorted: Vec<usize>,
    quotes: Vec<Box<str>>,
    /// The whole text, where only the same one will do, and the rule that says so.
    whole: Option<(Rule, Box<str>)>,
}

/// Two questions, and the words that only one of them has.
struct Pair<'a> {
    asked: &'a Facts,
    stored: &'a Facts,
    only_asked: Vec<&'a Item>,
    only_stored: Vec<&'a Item>,
}

/// Whether a pair breaks a rule.
type Breaks = fn(&Pair) -> bool;

/// All rules, in the order in which they are tried.
const RULES: [(Rule, Breaks); 21] = [
    (Rule::UnknownScript, |pair| pair.wholes_differ(Rule::UnknownScript)),
    (Rule::Code, |pair| pair.wholes_differ(Rule::Code)),
    (Rule::Numbers, |pair| pair.differs_in(Content::Number)),
    (Rule::Versions, |pair| pair.differs_in(Content::Version)),
    (Rule::Units, |pair| pair.differs_in(Content::Unit)),
    (Rule::Negation, |pair| pair.differs_in(Content::Negation) || pair.is_opposed(words::are_denied)),
    (Rule::Antonyms, |pair| pair.is_opposed(words::are_opposite)),
    (Rule::Dates, |pair| pair.differs_in(Content::Date)),
    (Rule::Quantifiers, |pair| pair.differs_in(Content::Quantifier) || pair.weak_words_differ()),
    (Rule::Languages, |pair| pair.differs_in(Content::Language)),
    (Rule::Identifiers, |pair| pair.differs_in(Content::Code)),
    (Rule::Names, |pair| pair.differs_in(Content::Name)),
    (Rule::Constraints, |pair| pair.differs_in(Content::Constraint)),
    (Rule::ContentWords, |pair| !pair.only_asked.is_empty() || !pair.only_stored.is_empty()),
    (Rule::Question, |pair| pair.asks_differ()),
    (Rule::Modality, |pair| pair.asked.reading.modals != pair.stored.reading.modals),
    (Rule::Person, |pair| !are_same_people(&pair.asked.reading, &pair.stored.reading)),
    (Rule::QuotedText, |pair| pair.asked.reading.payload != pair.stored.reading.payload || pair.quotes_differ()),
    (Rule::Tense, |pair| pair.asked.reading.tense.is_opposed(pair.stored.reading.tense)),
    (Rule::Relations, |pair| pair.relation() == Relation::OtherTies),
    (Rule::WordOrder, |pair| pair.relation() == Relation::OtherOrder),
];

/// Whether an answer to `stored` may be served to `asked`, which an embedding holds for nearly the same.
///
/// # Errors
/// The first rule that forbids it.
pub fn judge(asked: &str, stored: &str) -> Result<(), Rule> {
    match Facts::of(asked).conflict(&Facts::of(stored)) {
        Some(rule) => Err(rule),
        None => Ok(()),
    }
}

// === impl Rule ===

impl Rule {
    /// All rules, in the order in which they are tried.
    pub fn all() -> impl Iterator<Item = Self> {
        RULES.iter().map(|(rule, _)| *rule)
    }

    /// Its name, as metrics and logs give it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownScript => "unknown-script",
            Self::Code => "code",
            Self::Numbers => "numbers",
            Self::Versions => "versions",
            Self::Units => "units",
            Self::Dates => "dates",
            Self::Negation => "negation",
            Self::Antonyms => "antonyms",
            Self::Quantifiers => "quantifiers",
            Self::Modality => "modality",
            Self::Languages => "languages",
            Self::Names => "names",
            Self::Identifiers => "identifiers",
            Self::Constraints => "constraints",
            Self::Question => "question",
            Self::Tense => "tense",
            Self::Person => "person",
            Self::QuotedText => "quoted-text",
            Self::ContentWords => "content-words",
            Self::Relations => "relations",
            Self::WordOrder => "word-order",
        }
    }
}

// === impl Facts ===

impl Facts {
    /// What `text` says. Takes time in proportion to its length, and about as much memory.
    pub fn of(text: &str) -> Self {
        let rule = match text {
            _ if !signs::is_latin(text) => Some(Rule::UnknownScript),
            _ if signs::is_code(text) => Some(Rule::Code),
            _ => None,
        };
        if let Some(rule) = rule {
            let whole = Some((rule, text.into()));
            return Self { reading: Reading::default(), sorted: Vec::new(), quotes: Vec::new(), whole };
        }
        let reading = read::read(&scan::scan(text));
        let mut sorted: Vec<usize> = (0..reading.items.len()).collect();
        sorted.sort_unstable_by(|&a, &b| reading.items[a].word.cmp(&reading.items[b].word));
        let quotes = signs::quotes(text).into_iter().map(Box::from).collect();
        Self { reading, sorted, quotes, whole: None }
    }

    /// The first rule that forbids to answer this question with the answer to `stored`.
    pub fn conflict(&self, stored: &Self) -> Option<Rule> {
        let pair = Pair::of(self, stored);
        RULES.iter().find(|(_, breaks)| breaks(&pair)).map(|(rule, _)| *rule)
    }
}

// === impl Pair ===

impl<'a> Pair<'a> {
    fn of(asked: &'a Facts, stored: &'a Facts) -> Self {
        let (mut only_asked, mut only_stored) = (Vec::new(), Vec::new());
        let items = |facts: &'a Facts| facts.sorted.iter().map(|&at| &facts.reading.items[at]).peekable();
        let (mut left, mut right) = (items(asked), items(stored));
        loop {
            match (left.peek(), right.peek()) {
                (Some(a), Some(b)) if a.word == b.word => {
                    left.next();
                    right.next();
                }
                (Some(a), Some(b)) if a.word < b.word => only_asked.extend(left.next()),
                (Some(_), None) => only_asked.extend(left.next()),
                (_, Some(_)) => only_stored.extend(right.next()),
                (None, None) => break,
            }
        }
        Self { asked, stored, only_asked, only_stored }
    }

    fn wholes_differ(&self, rule: Rule) -> bool {
        let bound = |facts: &Facts| facts.whole.as_ref().is_some_and(|(by, _)| *by == rule);
        (bound(self.asked) || bound(self.stored)) && self.asked.whole != self.stored.whole
    }

    fn differs_in(&self, class: Content) -> bool {
        self.only_asked.iter().chain(&self.only_stored).any(|item| item.class == class)
    }

    fn is_opposed(&self, by: fn(&str, &str) -> bool) -> bool {
        // Texts that differ in so much are refused for their words anyway.
        const MANY: usize = 8;
        let (asked, stored) = (&self.only_asked, &self.only_stored);
        asked.len() <= MANY && stored.len() <= MANY && asked.iter().any(|a| stored.iter().any(|b| by(&a.word, &b.word)))
    }

    fn weak_words_differ(&self) -> bool {
        let (asked, stored) = (self.asked.reading.weak, self.stored.reading.weak);
        asked.is_some() && stored.is_some() && asked != stored
    }

    fn asks_differ(&self) -> bool {
        let (asked, stored) = (&self.asked.reading, &self.stored.reading);
        let requests = asked.manner.zip(stored.manner);
        asked.asks != stored.asks || requests.is_some_and(|(asked, stored)| asked != stored)
    }

    fn quotes_differ(&self) -> bool {
        let (asked, stored) = (&self.asked.quotes, &self.stored.quotes);
        if asked.is_empty() || stored.is_empty() {
            // A word in quotation marks is the word, if it is one that the other text must have too.
            return asked.iter().chain(stored).any(|quote| quote.contains(' ') || is_silent(quote));
        }
        asked != stored
    }

    fn relation(&self) -> Relation {
        order::compare(&self.asked.reading.items, &self.stored.reading.items)
    }
}

fn is_silent(word: &str) -> bool {
    words::known(&word.to_lowercase()).is_some_and(|known| !matches!(known.class, words::Class::Content(_)))
}

/// Whether the same people play the same parts. An owner may go without saying: "my kitchen", "the kitchen".
fn are_same_people(a: &Reading, b: &Reading) -> bool {
    let unsaid = |silent: &Reading, owned: &Reading| {
        let owners = |(person, owner): &(Person, bool)| *owner && matches!(person, Person::I | Person::You);
        silent.people.is_empty()
            && owned.people.iter().all(owners)
            && silent.articles >= owned.articles + owned.people.len()
    };
    a.people == b.people || unsaid(a, b) || unsaid(b, a)
}
