//! Whether the same words stand in the same relations. Who does what to whom is told by their order and by the
//! prepositions before them; a few other orders say the same all the same.

use super::read::Item;
use super::words::{Conjunction, Content, Marker};

/// What tells two texts of the same words apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    /// The words stand in the same order, but differently tied.
    OtherTies,
    OtherOrder,
}

/// A preposition, the number of its sentence, and the words that it governs.
type Phrase<'a> = (Marker, usize, Vec<&'a str>);

/// Beyond so many words only the same order is understood.
const LONG: usize = 24;

/// How the words of `a` relate to each other, compared with the same words in `b`.
pub(super) fn compare(a: &[Item], b: &[Item]) -> Relation {
    let (a, b) = (&ordered(a), &ordered(b));
    if a.iter().map(|x| &x.word).eq(b.iter().map(|x| &x.word)) {
        let tied = a.iter().zip(b).all(|(x, y)| are_alike(x, y) && x.joined == y.joined && x.done == y.done);
        return if tied { Relation::Same } else { Relation::OtherTies };
    }
    let same = a.len() <= LONG && joints(a) == joints(b) && (are_moved(a, b) || is_drawn_in(a, b) || is_drawn_in(b, a));
    if same { Relation::Same } else { Relation::OtherOrder }
}

/// Without what may stand anywhere, with "cats and dogs" as "dogs and cats", and with "why don't magnets attract" as "why
/// do magnets not attract".
fn ordered(items: &[Item]) -> Vec<Item> {
    let mut items: Vec<Item> = items.iter().filter(|item| item.class != Content::Manner).cloned().collect();
    if items.len() > 2 && items[0].word == "not" && !items.iter().any(|item| item.class == Content::Quantifier) {
        items.swap(0, 1);
        items[0].opens = true;
    }
    for at in 1..items.len() {
        let compared = at > 1 && items[at - 2].word == "compare";
        // "black cats and dogs" are other dogs; a name hardly takes part in the next.
        let free = !items[at - 1].follows || compared || (is_name(&items[at - 1]) && is_name(&items[at]));
        if items[at].joined.is_some() && items[at].marker == Marker::None && free && items[at].word < items[at - 1].word
        {
            let (left, right) = items.split_at_mut(at);
            std::mem::swap(&mut left[at - 1].word, &mut right[0].word);
            std::mem::swap(&mut left[at - 1].class, &mut right[0].class);
        }
    }
    items
}

fn is_name(item: &Item) -> bool {
    matches!(item.class, Content::Name | Content::Language | Content::Code)
}

/// Whether two of the same words can be tied in the same way to what stands before them.
fn are_alike(a: &Item, b: &Item) -> bool {
    let alike = |a: &Item, b: &Item| match (a.marker, b.marker) {
        // "stop smoking" is not "stop to smoke".
        (Marker::None, Marker::To) => !a.doing || !a.follows || b.doing,
        (Marker::None, Marker::Of | Marker::In | Marker::At | Marker::On | Marker::For | Marker::As) => true,
        (Marker::Of, Marker::In | Marker::For) | (Marker::On, Marker::About) => true,
        _ => false,
    };
    // Accounting is not an account, but to account.
    let named = |a: &Item, b: &Item| a.doing && !b.doing && b.marker != Marker::To;
    (a.marker == b.marker || alike(a, b) || alike(b, a)) && !named(a, b) && !named(b, a)
}

fn joints(items: &[Item]) -> (usize, usize) {
    let count = |conjunction| items.iter().filter(|item| item.joined == Some(conjunction)).count();
    (count(Conjunction::And), count(Conjunction::Or))
}

/// Whether only whole phrases stand elsewhere in their sentences: "in Python, …" and "… in Python".
fn are_moved(a: &[Item], b: &[Item]) -> bool {
    let (mut a, mut b) = (phrases(a), phrases(b));
    // Sorted by preposition and sentence alone, phrases without a preposition keep their order. Where one comes twice in a
    // sentence, what it belongs to is told by its place.
    a.sort_by_key(|phrase| (phrase.0, phrase.1));
    b.sort_by_key(|phrase| (phrase.0, phrase.1));
    let twice = a.windows(2).any(|two| (two[0].0, two[0].1) == (two[1].0, two[1].1) && two[0].0 != Marker::None);
    a == b && !twice
}

fn phrases(items: &[Item]) -> Vec<Phrase<'_>> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for item in items {
        match phrases.last_mut() {
            Some((.., words)) if !item.opens => words.push(&item.word),
            _ => phrases.push((item.marker, item.sentence, vec![&item.word])),
        }
    }
    phrases
}

/// Whether a phrase of `a` stands before its noun in `b`: "the population of Iceland", "Iceland's population".
fn is_drawn_in(a: &[Item], b: &[Item]) -> bool {
    // A gift for her is not her gift.
    let begins = |at: usize, owned: bool| match a[at].marker {
        Marker::Of => true,
        Marker::In | Marker::For => !owned,
        _ => false,
    };
    (1..a.len()).filter(|&at| begins(at, false)).any(|start| {
        let end = (start + 1..a.len()).find(|&at| a[at].opens).unwrap_or(a.len());
        let phrase = &a[start..end];
        (0..b.len().saturating_sub(phrase.len())).any(|place| {
            let after = place + phrase.len();
            let here = b[place..after].iter().map(|x| &x.word).eq(phrase.iter().map(|x| &x.word));
            let together = a[start].sentence == b[place].sentence;
            here && together
                && begins(start, b[after - 1].owns)
                && !b[after].opens
                && !b[place + 1..after].iter().any(|x| x.opens)
                && {
                    let head = Item { marker: b[place].marker, ..b[after].clone() };
                    let rest = b[..place].iter().chain([&head]).chain(&b[after + 1..]);
                    let left = a[..start].iter().chain(&a[end..]);
                    left.zip(rest).all(|(x, y)| x.word == y.word && are_alike(x, y))
                }
        })
    })
}
