//! What was found to be a name in one place is one wherever else it stands: a name that is masked here and told there
//! would be no secret.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Entity, Finding, Strength};
use crate::intake::Pieces;

/// Shorter names stand in too many other words' places.
const SHORTEST: usize = 4;

/// `findings`, those of each piece, and with them every other place where the same name stands as words of their own,
/// or one of the `parts` of a longer one. None overlap, neither before nor after.
pub(super) fn everywhere(
    pieces: &Pieces,
    mut findings: Vec<Vec<Finding>>,
    parts: &[Vec<Finding>],
) -> Vec<Vec<Finding>> {
    let mut names: HashMap<&str, (Entity, f32)> = HashMap::new();
    for ((piece, found), parts) in pieces.all.iter().zip(&findings).zip(parts) {
        for finding in found.iter().chain(parts).filter(|finding| finding.strength == Strength::Model) {
            let name = &piece.text[finding.range.clone()];
            if name.len() >= SHORTEST {
                names.entry(name).or_insert((finding.entity.clone(), finding.score));
            }
        }
    }
    if names.is_empty() {
        return findings;
    }
    let names: Vec<_> = names.into_iter().collect();
    let patterns = names.iter().map(|(name, _)| name);
    // It fails beyond some billion bytes, which no request has.
    let Ok(finder) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns) else {
        return findings;
    };
    for (piece, found) in pieces.all.iter().zip(&mut findings) {
        let text = &piece.text;
        let known = found.len();
        for place in finder.find_iter(text).filter(|place| stands_alone(text, place.start(), place.end())) {
            let range = place.range();
            // They are in order and apart, so that only the next one can be in the way.
            let next = found[..known].partition_point(|finding| finding.range.end <= range.start);
            if found[..known].get(next).is_none_or(|finding| range.end <= finding.range.start) {
                let (entity, score) = names[place.pattern().as_usize()].1.clone();
                found.push(Finding { entity, range, score, strength: Strength::Model });
            }
        }
        found.sort_by_key(|finding| finding.range.start);
    }
    findings
}

/// Whether no word goes on before `start` or after `end`.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::intake::Endpoint;

    fn found(texts: [&str; 2], name: &str) -> [Vec<String>; 2] {
        let body = serde_json::json!({ "prompt": texts }).to_string();
        let pieces = Pieces::read(Endpoint::Completions, &Bytes::from(body)).unwrap();
        let start = texts[0].find(name).unwrap();
        let finding =
            Finding { entity: Entity::Person, range: start..start + name.len(), score: 0.9, strength: Strength::Model };
        let all = everywhere(&pieces, vec![vec![finding], Vec::new()], &[Vec::new(), Vec::new()]);
        [0, 1].map(|at| all[at].iter().map(|finding| texts[at][finding.range.clone()].to_owned()).collect())
    }

    #[test]
    fn a_name_is_found_wherever_it_stands_alone() {
        let [first, second] = found(["Ann Lee called. Ann Lee!", "ask Ann Lee, not Ann Leet"], "Ann Lee");
        assert_eq!(first, ["Ann Lee", "Ann Lee"]);
        assert_eq!(second, ["Ann Lee"]);
    }

    #[test]
    fn short_names_are_not_looked_for() {
        assert_eq!(found(["Al is here", "et Al says"], "Al"), [vec!["Al".to_owned()], vec![]]);
    }
}
