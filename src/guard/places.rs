//! A town belongs to its address, and is a place of its own: what is masked is the whole, what is found is both.

use std::ops::Range;

use super::{Entity, Finding, Strength};

/// As many places may follow a street: a town, a county, a state, a country.
const MOST_AFTER: usize = 4;
/// No more bytes may stand between two parts of one address.
const LONGEST_GAP: usize = 24;
/// No postcode has more, with its state.
const LONGEST_POSTCODE: usize = 12;

/// `names`, those of one text, in order, and with them every address whole: with the towns and postcodes next to it,
/// since half an address is one that leaked. Its parts stay, but for postcodes.
pub(super) fn with_whole_addresses(text: &str, mut names: Vec<Finding>) -> Vec<Finding> {
    names.sort_by_key(|name| name.range.start);
    let (mut all, mut at) = (Vec::with_capacity(names.len()), 0);
    while at < names.len() {
        let run = run(text, &names[at..]).max(1);
        let parts = &names[at..at + run];
        let addresses = || parts.iter().filter(|part| part.entity == Entity::Address);
        let score = addresses().map(|part| part.score).max_by(f32::total_cmp);
        if let (Some(score), true) = (score, run > 1) {
            let range = parts[0].range.start..parts[run - 1].range.end;
            all.push(Finding { entity: Entity::Address, range, score, strength: Strength::Model });
            all.extend(parts.iter().filter(|part| !is_postcode(part, text)).cloned());
        } else {
            all.extend_from_slice(parts);
        }
        at += run;
    }
    all
}

/// What of `found` lies within an address of `kept`, which is in order and apart: its parts, that are in `kept` with it.
pub(super) fn parts(found: Vec<Finding>, kept: &[Finding]) -> Vec<Finding> {
    let lies_within = |finding: &Finding| {
        let whole = kept.get(kept.partition_point(|whole| whole.range.end <= finding.range.start));
        whole.is_some_and(|whole| {
            whole.entity == Entity::Address && whole.range != finding.range && covers(&whole.range, &finding.range)
        })
    };
    let is_part = |finding: &Finding| {
        matches!(finding.entity, Entity::Address | Entity::Location)
            && finding.strength == Strength::Model
            && lies_within(finding)
    };
    found.into_iter().filter(is_part).collect()
}

/// Whether all of `inner` lies in `outer`.
pub(super) fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// How many of the first `names` are one address; 0 where they begin with none.
fn run(text: &str, names: &[Finding]) -> usize {
    let gap = |at: usize| text.get(names[at - 1].range.end..names[at].range.start);
    let is = |at: usize, entity: Entity| names.get(at).is_some_and(|name| name.entity == entity);
    // "Paris, 12 rue Cler", but no heading's town: that may be of all that stands under it.
    let is_led = is(0, Entity::Location)
        && is(1, Entity::Address)
        && gap(1).is_some_and(|gap| joins(gap) && !gap.contains('\n'));
    let street = usize::from(is_led);
    if !is(street, Entity::Address) {
        return 0;
    }
    let (mut end, mut places) = (street + 1, 0);
    while end < names.len() && gap(end).is_some_and(joins) {
        match names[end].entity {
            Entity::Location if places < MOST_AFTER => places += 1,
            Entity::Address if is_postcode(&names[end], text) => {}
            _ => break,
        }
        end += 1;
    }
    end
}

/// Whether what stands between two parts of an address lets them be one.
fn joins(gap: &str) -> bool {
    let gap = gap.trim_matches(|letter: char| letter.is_whitespace() || ",;-–—/|·".contains(letter));
    gap.len() <= LONGEST_GAP && (gap.is_empty() || looks_like_postcode(gap))
}

/// Whether it is no more of an address than its postcode.
pub(super) fn is_postcode(part: &Finding, text: &str) -> bool {
    part.entity == Entity::Address && text.get(part.range.clone()).is_some_and(looks_like_postcode)
}

/// Such as `62701`, `IL 62701`, `LS1 2AB` and `H-5493`.
fn looks_like_postcode(text: &str) -> bool {
    let is_of_it = |letter: char| letter.is_ascii_alphanumeric() || " -\n".contains(letter);
    let has_word = text.split(|letter: char| !letter.is_ascii_alphabetic()).any(|letters| letters.len() > 2);
    text.len() <= LONGEST_POSTCODE
        && text.chars().all(is_of_it)
        && text.contains(|letter: char| letter.is_ascii_digit())
        && !has_word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a text in which `[…]` are addresses and `{…}` places: the addresses, and what is no part of one.
    fn found(marked: &str) -> (Vec<String>, Vec<String>) {
        let (mut text, mut names, mut start) = (String::new(), Vec::new(), 0);
        for letter in marked.chars() {
            match letter {
                '[' | '{' => start = text.len(),
                ']' | '}' => {
                    let entity = if letter == ']' { Entity::Address } else { Entity::Location };
                    names.push(Finding { entity, range: start..text.len(), score: 0.5, strength: Strength::Model });
                }
                letter => text.push(letter),
            }
        }
        let all = with_whole_addresses(&text, names);
        let kept = crate::guard::pii::overlap::resolved(&text, all.clone());
        let text_of = |finding: &Finding| text[finding.range.clone()].to_owned();
        let parts = parts(all, &kept);
        (kept.iter().map(text_of).collect(), parts.iter().map(text_of).collect())
    }

    #[test]
    fn a_town_next_to_a_street_is_part_of_its_address() {
        for (marked, whole, inner) in [
            ("at [12 Elm St], {Salem}.", "12 Elm St, Salem", vec!["12 Elm St", "Salem"]),
            (
                "[12 Elm St]\n {Salem}\n\n {Ohio} [44460]",
                "12 Elm St\n Salem\n\n Ohio 44460",
                vec!["12 Elm St", "Salem", "Ohio"],
            ),
            (
                "[Elmstr. 5], 10115 {Berlin}, {Germany}",
                "Elmstr. 5, 10115 Berlin, Germany",
                vec!["Elmstr. 5", "Berlin", "Germany"],
            ),
            ("[1 High St]\n{Leeds}\n[LS1 2AB]", "1 High St\nLeeds\nLS1 2AB", vec!["1 High St", "Leeds"]),
            ("{Paris}, [12 rue Cler]", "Paris, 12 rue Cler", vec!["Paris", "12 rue Cler"]),
        ] {
            let inner = inner.into_iter().map(str::to_owned).collect();
            assert_eq!(found(marked), (vec![whole.to_owned()], inner), "{marked}");
        }
    }

    #[test]
    fn what_stands_apart_stays_apart() {
        for (marked, kept) in [
            ("[12 Elm St] is in {Salem}", vec!["12 Elm St", "Salem"]),
            ("[12 Elm St]. {Salem}", vec!["12 Elm St", "Salem"]),
            ("{Salem}\n[12 Elm St]", vec!["Salem", "12 Elm St"]),
            ("[12 Elm St], [9 Oak St]", vec!["12 Elm St", "9 Oak St"]),
            ("{Salem}, {Ohio}", vec!["Salem", "Ohio"]),
            ("[12 Elm St, Salem, OH 44460]", vec!["12 Elm St, Salem, OH 44460"]),
        ] {
            let kept = kept.into_iter().map(str::to_owned).collect();
            assert_eq!(found(marked), (kept, Vec::new()), "{marked}");
        }
    }

    #[test]
    fn two_addresses_stay_two() {
        let (kept, parts) = found("[12 Elm St]\n{Salem}\n\n[9 Oak St]\n{Dover}");
        assert_eq!(kept, ["12 Elm St\nSalem", "9 Oak St\nDover"]);
        assert_eq!(parts, ["12 Elm St", "Salem", "9 Oak St", "Dover"]);
    }

    #[test]
    fn a_list_of_places_ends_the_address() {
        let (kept, _) = found("[12 Elm St], {Rye}, {Kent}, {Fife}, {Ayr}, {Bath}, {York}");
        assert_eq!(kept, ["12 Elm St, Rye, Kent, Fife, Ayr", "Bath", "York"]);
    }
}
