use super::*;
use crate::guard::finding::Strength;
use crate::guard::mask::Salt;

const KEY: [u8; 32] = [7; 32];

fn ledger() -> Ledger {
    Ledger::new(Salt::of(&KEY, "tenant", "first"))
}

fn operators(of_kind: impl IntoIterator<Item = (Entity, Operator)>) -> Operators {
    Operators::new(Operator::Mask, of_kind.into_iter().collect(), KEY)
}

/// A finding of each of these values where it stands first.
fn findings(text: &str, values: &[(Entity, &str)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = values
        .iter()
        .map(|(entity, value)| {
            let start = text.find(value).unwrap();
            Finding { entity: entity.clone(), range: start..start + value.len(), score: 1.0, strength: Strength::Form }
        })
        .collect();
    findings.sort_by_key(|finding| finding.range.start);
    findings
}

#[test]
fn each_operator_does_what_it_says() {
    let text = "Zoë (zoe@x.org, +44 20 7946 0000) lives in Köln.";
    let found = findings(
        text,
        &[
            (Entity::Person, "Zoë"),
            (Entity::EmailAddress, "zoe@x.org"),
            (Entity::PhoneNumber, "+44 20 7946 0000"),
            (Entity::Location, "Köln"),
        ],
    );
    let operators = operators([
        (Entity::EmailAddress, Operator::Redact),
        (Entity::PhoneNumber, Operator::Hash),
        (Entity::Location, Operator::Keep),
    ]);
    let mut ledger = ledger();
    let masked = apply(text, Form::Text, &found, &operators, &mut ledger);
    let hash = salt::hash(&KEY, "+44 20 7946 0000");
    assert_eq!(masked.plain, format!("<PERSON_1> ([EMAIL_ADDRESS], [PHONE_NUMBER:{hash}]) lives in Köln."));
    let salted = ledger.salted(ledger.slots().next().unwrap());
    assert_eq!(masked.salted, masked.plain.replace("<PERSON_1>", &salted));
    assert_eq!(placeholder::scan(&masked.salted, Form::Text).count(), 1, "only the placeholder looks like one");
    assert_eq!(ledger.len(), 1);
    for shown in [format!("{masked:?}"), format!("{operators:?}")] {
        assert!(!shown.contains("Köln") && !shown.contains("7, 7"), "{shown}");
    }
}

#[test]
fn a_value_has_its_placeholder_in_every_text() {
    let mut ledger = ledger();
    let operators = operators([]);
    let mut mask = |text: &str, name: &str| {
        apply(text, Form::Text, &findings(text, &[(Entity::Person, name)]), &operators, &mut ledger).plain
    };
    assert_eq!(mask("Ann and I", "Ann"), "<PERSON_1> and I");
    assert_eq!(mask("Bob", "Bob"), "<PERSON_2>");
    assert_eq!(mask("dear Ann", "Ann"), "dear <PERSON_1>");
}

#[test]
fn what_looks_like_a_placeholder_gets_one() {
    let mut ledger = ledger();
    let mask = |text: &str, values: &[(Entity, &str)], ledger: &mut Ledger| {
        apply(text, Form::Text, &findings(text, values), &operators([]), ledger).plain
    };
    assert_eq!(
        mask("<PERSON_1> and < person_2_abcd > met Ann", &[(Entity::Person, "Ann")], &mut ledger),
        "<TEXT_1> and <TEXT_2> met <PERSON_1>"
    );
    let values: Vec<&str> = ledger.slots().map(|slot| ledger.value(slot)).collect();
    assert_eq!(values, ["<PERSON_1>", "< person_2_abcd >", "Ann"]);
    // Inside of a finding, it is part of the value.
    assert_eq!(mask("x/<TEXT_1>/y", &[(Entity::Url, "x/<TEXT_1>/y")], &mut ledger), "<URL_1>");
    // And of what overlaps, nothing is left.
    let own = Entity::Custom("OWN".into());
    assert_eq!(mask("a b<TEXT_7> c", &[(own.clone(), "b<TEXT")], &mut ledger), "a <TEXT_3> c");
    assert_eq!(mask("a <TEXT_8>b c", &[(own.clone(), "8>b")], &mut ledger), "a <TEXT_4> c");
    assert_eq!(mask("a <TEXT_9> c", &[(own, "TEXT_9")], &mut ledger), "a <TEXT_5> c");
    assert_eq!(ledger.slots().last().map(|slot| ledger.value(slot)), Some("<TEXT_9>"));
}

#[test]
fn what_is_kept_may_still_not_forge() {
    let mut ledger = ledger();
    let text = "<PERSON_1>";
    let kept = operators([(Entity::Person, Operator::Keep)]);
    let masked = apply(text, Form::Text, &findings(text, &[(Entity::Person, text)]), &kept, &mut ledger);
    assert_eq!(masked.plain, "<TEXT_1>");
}

#[test]
fn a_text_without_findings_stays() {
    let mut ledger = ledger();
    let text = "a <doc_1> & b \\u003c";
    let masked = apply(text, Form::Text, &[], &operators([]), &mut ledger);
    assert_eq!((&*masked.salted, &*masked.plain), (text, text));
    assert!(ledger.is_empty());
}
