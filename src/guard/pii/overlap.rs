//! Which of several finds in one place stays.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::guard::finding::{Entity, Finding, Strength};

/// The findings in `text` of which no two overlap, in the text's order. Of those that do, what rests on more stays, then the
/// longer, the surer and the earlier one. Of what a model sees, that which nothing else covers stays as well: its ends are
/// a guess, and half a name beside a card is still one. Only a street address is kept before a mere form inside it, since
/// the postcode of an address is part of it; a telephone number at its end is none.
#[must_use]
pub fn resolved(text: &str, mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| !finding.range.is_empty());
    let addresses: Vec<_> =
        findings.iter().filter(|finding| is_read_address(finding)).map(|f| f.range.clone()).collect();
    if !addresses.is_empty() {
        findings.retain(|finding| {
            finding.strength != Strength::Form || !addresses.iter().any(|address| is_part(finding, address))
        });
    }
    findings.sort_by(|a, b| {
        rank(b).cmp(&rank(a)).then(b.score.total_cmp(&a.score)).then(a.range.start.cmp(&b.range.start))
    });
    let mut kept: BTreeMap<usize, Finding> = BTreeMap::new();
    for finding in findings {
        let free = free(&finding.range, &kept);
        if finding.strength == Strength::Model {
            for range in free {
                let range = if range == finding.range { range } else { trimmed(text, range) };
                if !range.is_empty() {
                    kept.insert(range.start, Finding { range, ..finding.clone() });
                }
            }
        } else if free.first() == Some(&finding.range) {
            kept.insert(finding.range.start, finding);
        }
    }
    kept.into_values().collect()
}

/// What of `range` none of `kept` covers, which do not overlap.
fn free(range: &Range<usize>, kept: &BTreeMap<usize, Finding>) -> Vec<Range<usize>> {
    let before = kept.range(..range.start).next_back().map(|(_, finding)| finding.range.end);
    let (mut free, mut start) = (Vec::new(), before.unwrap_or(0).max(range.start));
    for (_, finding) in kept.range(range.start..range.end) {
        free.push(start..finding.range.start);
        start = finding.range.end;
    }
    free.push(start..range.end);
    free.retain(|range| range.start < range.end);
    free
}

/// `range` of `text` without what separates it from its neighbours; empty where it has neither letters nor digits.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(inside) = text.get(range.clone()) else { return range };
    let separates = |letter: char| !letter.is_alphanumeric();
    let start = range.start + inside.len() - inside.trim_start_matches(separates).len();
    start..start + inside.trim_matches(separates).len()
}

/// Whether `finding` is one of the things that an address has.
fn is_part(finding: &Finding, address: &Range<usize>) -> bool {
    let Range { start, end } = finding.range;
    let is_within = address.start <= start && end <= address.end && address.len() > finding.range.len();
    is_within && (finding.entity != Entity::PhoneNumber || address.start < start && end < address.end)
}

fn is_read_address(finding: &Finding) -> bool {
    finding.strength == Strength::Model && finding.entity == Entity::Address
}

/// The greater stays; equal ones are told apart by their scores.
fn rank(finding: &Finding) -> (Strength, usize) {
    (finding.strength, finding.range.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(entity: Entity, range: Range<usize>, score: f32, strength: Strength) -> Finding {
        Finding { entity, range, score, strength }
    }

    fn kept(findings: Vec<Finding>) -> Vec<(Entity, usize)> {
        resolved(&"x".repeat(99), findings).into_iter().map(|finding| (finding.entity, finding.range.start)).collect()
    }

    #[test]
    fn the_stronger_stays_then_the_longer_then_the_surer() {
        use Entity::*;
        use Strength::*;
        let card = finding(CreditCard, 0..16, 0.9, Checksum);
        let phone = finding(PhoneNumber, 0..19, 0.9, Form);
        assert_eq!(kept(vec![phone.clone(), card]), [(CreditCard, 0)]);
        assert_eq!(kept(vec![finding(Postcode, 3..8, 1.0, Form), phone.clone()]), [(PhoneNumber, 0)]);
        let bank = finding(UsBankNumber, 0..19, 0.95, Form);
        assert_eq!(kept(vec![phone, bank]), [(UsBankNumber, 0)]);
        assert_eq!(kept(vec![finding(Url, 0..0, 1.0, Specific)]), []);
    }

    #[test]
    fn neighbours_stay_in_their_order() {
        use Entity::*;
        let all = vec![
            finding(Person, 9..12, 0.8, Strength::Model),
            finding(EmailAddress, 0..5, 0.9, Strength::Specific),
            finding(Secret, 5..9, 0.5, Strength::Specific),
        ];
        assert_eq!(kept(all), [(EmailAddress, 0), (Secret, 5), (Person, 9)]);
    }

    #[test]
    fn an_address_keeps_its_postcode() {
        use Entity::*;
        let address = finding(Address, 0..30, 0.6, Strength::Model);
        assert_eq!(kept(vec![finding(Postcode, 25..30, 1.0, Strength::Form), address.clone()]), [(Address, 0)]);
        let email = finding(EmailAddress, 20..30, 0.9, Strength::Specific);
        assert_eq!(kept(vec![email, address.clone()]), [(Address, 0), (EmailAddress, 20)]);
        let phone = finding(PhoneNumber, 25..40, 0.5, Strength::Form);
        assert_eq!(kept(vec![phone, address]), [(Address, 0), (PhoneNumber, 25)]);
    }

    #[test]
    fn a_telephone_number_at_an_end_of_an_address_stands_beside_it() {
        use Entity::*;
        let address = finding(Address, 0..30, 0.6, Strength::Model);
        let phone = |range| finding(PhoneNumber, range, 0.7, Strength::Form);
        assert_eq!(kept(vec![phone(20..30), address.clone()]), [(Address, 0), (PhoneNumber, 20)]);
        assert_eq!(kept(vec![address.clone(), phone(0..10)]), [(PhoneNumber, 0), (Address, 10)]);
        assert_eq!(kept(vec![address.clone(), phone(10..20)]), [(Address, 0)]);
        assert_eq!(kept(vec![address, phone(0..30)]), [(PhoneNumber, 0)]);
    }

    #[test]
    fn a_long_one_between_two_kept_ones_goes() {
        use Entity::*;
        let all = vec![
            finding(CreditCard, 0..4, 0.9, Strength::Checksum),
            finding(IbanCode, 20..24, 0.9, Strength::Checksum),
            finding(Url, 2..22, 0.9, Strength::Specific),
        ];
        assert_eq!(kept(all), [(CreditCard, 0), (IbanCode, 20)]);
    }

    #[test]
    fn what_a_model_sees_is_cut_at_what_is_sure() {
        use Entity::*;
        let text = "12 Baker Street, London 4111 1111 1111 1111, Maria k.m@b.co Ann";
        let range = |part: &str| text.find(part).map(|at| at..at + part.len()).unwrap();
        let found = vec![
            finding(Address, range("12 Baker Street, London 4111"), 0.6, Strength::Model),
            finding(CreditCard, range("4111 1111 1111 1111"), 0.9, Strength::Checksum),
            finding(Person, range("1111, Maria k.m@b.co Ann"), 0.6, Strength::Model),
            finding(EmailAddress, range("k.m@b.co"), 0.9, Strength::Specific),
            finding(Location, range("London"), 0.6, Strength::Model),
        ];
        let kept = resolved(text, found);
        let kept: Vec<_> = kept.iter().map(|finding| &text[finding.range.clone()]).collect();
        assert_eq!(kept, ["12 Baker Street, London", "4111 1111 1111 1111", "Maria", "k.m@b.co", "Ann"]);
    }
}
