//! What is one digit away from a number, or cannot be one.

use super::super::generate::generate;
use super::{ALL, announced, candidates, found};
use crate::guard::finding::{Entity, Strength};

/// Kinds whose check digit promises to see one wrong digit.
const CHECKED: &[Entity] = &[
    Entity::AbaRoutingNumber,
    Entity::UsNpi,
    Entity::MedicalLicense,
    Entity::CaSin,
    Entity::BrCpf,
    Entity::BrCnpj,
    Entity::UkNhs,
    Entity::DeTaxId,
    Entity::EsNif,
    Entity::EsNie,
    Entity::ItFiscalCode,
    Entity::FrNir,
    Entity::NlBsn,
    Entity::PlPesel,
    Entity::TrNationalId,
    Entity::SePersonnummer,
    Entity::FiPersonalIdentityCode,
    Entity::InAadhaar,
    Entity::SgNricFin,
    Entity::KrRrn,
    Entity::CnId,
    Entity::AuTfn,
    Entity::AuAbn,
    Entity::AuMedicare,
    Entity::ZaId,
    Entity::Imei,
    Entity::Vin,
];

/// Written as one, but never given to anybody.
const IMPOSSIBLE: &[(Entity, &[&str])] = &[
    (
        Entity::UsSsn,
        &["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "078-05-1120", "219-09-9999"],
    ),
    (Entity::UsSsn, &["111-11-1111", "123-456-789", "12-345-6789"]),
    (Entity::UsItin, &["912-69-3456", "912-89-3456", "912-93-3456", "812-90-3456"]),
    (Entity::AbaRoutingNumber, &["000000000", "130000002", "021000022"]),
    (Entity::UsNpi, &["3234567893", "1234567890"]),
    (Entity::MedicalLicense, &["AB1234560", "IB1234563", "A11234563"]),
    (Entity::BrCpf, &["111.111.111-11", "000.000.000-00", "390.533.447-50"]),
    (Entity::BrCnpj, &["00.000.000/0000-00", "12.ABC.345/01DE-36"]),
    (Entity::UkNino, &["QQ123456C", "BG123456A", "AO123456A", "AB123456E", "DA123456A", "number at 123456"]),
    (Entity::DeTaxId, &["12345678901", "11123456787", "06574261809", "11111111111"]),
    (Entity::EsNif, &["12345678A", "1234567Z"]),
    (Entity::EsNie, &["A1234567L", "X1234567A"]),
    (Entity::ItFiscalCode, &["RSSMRA85T10A562T", "RSSMRA85T00A562S", "RSSMRA85Z10A562S"]),
    (Entity::FrNir, &["2 69 13 49 588 157 80", "2 69 05 49 588 157 81"]),
    (Entity::NlBsn, &["000000000", "123456789"]),
    (Entity::PlPesel, &["44131401358", "44023001357"]),
    (Entity::TrNationalId, &["01234567890", "10000000147"]),
    (Entity::SePersonnummer, &["811318-9876", "811218-9870", "811218-0008"]),
    (Entity::FiPersonalIdentityCode, &["310252-308T", "131052-308U", "131052G308T", "131052-001V"]),
    (Entity::InAadhaar, &["1234 1234 1234", "0341 2341 2346", "2341 2341 2345"]),
    (Entity::InPan, &["AAADL1234C", "AAAPL0000C", "AAAP11234C"]),
    (Entity::SgNricFin, &["S1234567A", "A1234567D", "S123456D"]),
    (Entity::KrRrn, &["971313-1019902", "970230-1019902"]),
    (Entity::CnId, &["110105194912310021", "11010519491331002X", "99010519491231002X"]),
    (Entity::AuAbn, &["83 914 571 674", "10 907 443 054"]),
    (Entity::AuMedicare, &["7123 45670 1", "2123 45671 1", "2123 45670 0"]),
    (Entity::ZaId, &["7513305044089", "7503305044088"]),
    (Entity::Imei, &["49-015420-323751-7", "000000000000000"]),
    (Entity::Vin, &["11111111111111111", "1M8GDM9AXIP042788", "01234567890123456"]),
    (Entity::BicCode, &["BENEFICIARY", "REQUIRED", "TRANSFER", "DEUTXXFF", "DEUTDEF"]),
    (Entity::DateOfBirth, &["30.02.1985", "1985-13-45", "12 Foo 1985", "31/31/1985", "1785-03-12"]),
    (
        Entity::UsDriverLicense,
        &["INTRODUCTORY", "ABC123", "LICENSE", "1111111", "2270-6-1551", "K12-345-5678", "M-123-456-789"],
    ),
    (Entity::Passport, &["INTRODUCTORY", "CHRISTINA", "000000000"]),
];

#[test]
fn impossible_values_are_refused_even_where_announced() {
    for (entity, values) in IMPOSSIBLE {
        for value in *values {
            let text = format!("{} {value}", announced(entity));
            let hit =
                found(&text).into_iter().find(|(kind, range)| *kind == entity && range.end > text.len() - value.len());
            assert_eq!(hit, None, "{} {text}", entity.name());
        }
    }
}

/// Whether a checksum of `entity` holds for `value`.
fn holds(entity: &Entity, value: &str) -> bool {
    let checked = ALL.iter().filter(|(one, ..)| one.entity == *entity && one.strength == Strength::Checksum);
    checked
        .into_iter()
        .any(|(one, regex, _)| candidates(one, regex, value).iter().any(|range| range.len() == value.len()))
}

#[test]
fn a_wrong_digit_is_seen() {
    for entity in CHECKED {
        let (mut changed, mut seen) = (0, 0);
        for seed in 0..200 {
            let value = generate(entity, seed);
            assert!(holds(entity, &value), "{} {value}", entity.name());
            for (at, old) in value.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
                let new = (old as u8 - b'0' + 1 + (seed % 9) as u8) % 10;
                let wrong = format!("{}{new}{}", &value[..at], &value[at + 1..]);
                changed += 1;
                seen += usize::from(!holds(entity, &wrong));
            }
        }
        let share = seen as f64 / changed as f64;
        println!("{:28} {:.3} of {changed}", entity.name(), share);
        assert!(share >= 0.9, "{} {share}", entity.name());
    }
}
