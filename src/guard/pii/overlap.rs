//! Which of several finds in one place stays.

use std::ops::Range;

use crate::guard::finding::{Entity, Finding, Strength};

/// The findings of which no two overlap, in the text's order. Of those that do, what rests on more stays, then the
/// longer, the surer and the earlier one. Only a street address that a model sees is kept before a mere form inside it,
/// since the postcode of an address is part of it.
#[must_use]
pub fn resolved(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| !finding.range.is_empty());
    let phones: Vec<_> = findings.iter().filter(|finding| is_phone(finding)).map(|f| f.range.clone()).collect();
    for address in findings.iter_mut().filter(|finding| is_read_address(finding)) {
        phones.iter().for_each(|phone| cut_off(&mut address.range, phone));
    }
    let addresses: Vec<_> =
        findings.iter().filter(|finding| is_read_address(finding)).map(|f| f.range.clone()).collect();
    if !addresses.is_empty() {
        findings.retain(|finding| {
            let within = |address: &Range<usize>| {
                address.start <= finding.range.start
                    && finding.range.end <= address.end
                    && address.len() > finding.range.len()
            };
            finding.strength != Strength::Form || !addresses.iter().any(within)
        });
    }
    findings.sort_by(|a, b| {
        rank(b).cmp(&rank(a)).then(b.score.total_cmp(&a.score)).then(a.range.start.cmp(&b.range.start))
    });
    let mut kept: std::collections::BTreeMap<usize, Finding> = std::collections::BTreeMap::new();
    for finding in findings {
        // Those kept do not overlap, so the last one that begins before this one's end is the only one that may reach it.
        let reaches =
            kept.range(..finding.range.end).next_back().is_some_and(|(_, last)| last.range.end > finding.range.start);
        if !reaches {
            kept.insert(finding.range.start, finding);
        }
    }
    kept.into_values().collect()
}

fn is_phone(finding: &Finding) -> bool {
    finding.strength == Strength::Form && finding.entity == Entity::PhoneNumber
}

/// Ends an address where a telephone number begins that its model took for the last part of it, or begins it behind one.
fn cut_off(address: &mut Range<usize>, phone: &Range<usize>) {
    if address.start < phone.start && phone.end == address.end {
        address.end = phone.start;
    } else if address.start == phone.start && phone.end < address.end {
        address.start = phone.end;
    }
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
        resolved(findings).into_iter().map(|finding| (finding.entity, finding.range.start)).collect()
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
        assert_eq!(kept(vec![email, address.clone()]), [(EmailAddress, 20)]);
        assert_eq!(kept(vec![finding(PhoneNumber, 25..40, 0.5, Strength::Form), address]), [(PhoneNumber, 25)]);
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
}
