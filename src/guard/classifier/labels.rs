//! What a model's labels mean: an attack or none, a kind of personal data or nothing.

use crate::guard::finding::Entity;

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum LabelError {
    #[error("it is not known which of {labels} mean an attack; name them in attack_labels")]
    NoAttack { labels: String },
    #[error("attack_labels holds {given}, which is none of the model's labels, {labels}")]
    NotAnAttack { given: String, labels: String },
    #[error("all of them, {labels}, mean an attack, and so every text would be one")]
    AllAttacks { labels: String },
    #[error("it is not known what {unknown} stand for; say it in pii.labels")]
    NoEntity { unknown: String },
    #[error("pii.labels holds {given}, which is none of the model's labels, {labels}")]
    NotAnEntity { given: String, labels: String },
    #[error("none of {labels} stands for personal data")]
    NoEntities { labels: String },
}

/// What a token's label means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag {
    /// None for nothing.
    pub(super) entity: Option<Entity>,
    /// Whether it says that one begins.
    pub(super) begins: bool,
}

/// Labels that mean an attack, in upper case without separators.
const ATTACKS: [&str; 7] =
    ["INJECTION", "PROMPTINJECTION", "JAILBREAK", "MALICIOUS", "ATTACK", "UNSAFE", "ADVERSARIAL"];

/// Labels that mean none.
const HARMLESS: [&str; 10] =
    ["BENIGN", "SAFE", "LEGIT", "LEGITIMATE", "NORMAL", "OK", "CLEAN", "NEGATIVE", "HARMLESS", "NOINJECTION"];

/// What the names of labels that are found in published models stand for, in upper case without separators.
const ENTITIES: &[(Option<Entity>, &[&str])] = &[
    (None, &["O", "MISC", "MISCELLANEOUS"]),
    (
        Some(Entity::Person),
        &[
            "PER",
            "PERS",
            "PERSON",
            "NAME",
            "PERSONNAME",
            "FULLNAME",
            "FIRSTNAME",
            "MIDDLENAME",
            "LASTNAME",
            "GIVENNAME",
            "SURNAME",
            "FAMILYNAME",
        ],
    ),
    (Some(Entity::Location), &["LOC", "LOCATION", "GPE", "CITY", "STATE", "COUNTY", "COUNTRY", "REGION"]),
    (Some(Entity::Organization), &["ORG", "ORGANIZATION", "ORGANISATION", "COMPANY", "COMPANYNAME"]),
    (
        Some(Entity::Address),
        &["ADDRESS", "STREET", "STREETADDRESS", "SECONDARYADDRESS", "BUILDINGNUMBER", "BUILDINGNUM", "FULLADDRESS"],
    ),
    (Some(Entity::Postcode), &["ZIP", "ZIPCODE", "POSTCODE", "POSTALCODE"]),
    (Some(Entity::EmailAddress), &["EMAIL", "EMAILADDRESS"]),
    (
        Some(Entity::PhoneNumber),
        &["PHONE", "PHONENUMBER", "PHONENUM", "TEL", "TELEPHONE", "TELEPHONENUM", "TELEPHONENUMBER"],
    ),
    (Some(Entity::IpAddress), &["IP", "IPADDRESS", "IPV4", "IPV6"]),
    (Some(Entity::MacAddress), &["MAC", "MACADDRESS"]),
    (Some(Entity::Url), &["URL"]),
    (Some(Entity::UsSsn), &["SSN", "USSSN", "SOCIALSECURITYNUMBER", "SOCIALNUM"]),
    (Some(Entity::CreditCard), &["CREDITCARD", "CREDITCARDNUMBER", "CREDITDEBITCARD"]),
    (Some(Entity::IbanCode), &["IBAN", "IBANCODE"]),
    (Some(Entity::BicCode), &["BIC", "BICCODE", "SWIFTBIC", "SWIFTBICCODE"]),
    (Some(Entity::BankAccount), &["ACCOUNTNUMBER", "ACCOUNTNUM", "BANKACCOUNT", "BANKACCOUNTNUMBER"]),
    (Some(Entity::DateOfBirth), &["DATEOFBIRTH", "DOB", "BIRTHDATE"]),
    (Some(Entity::Secret), &["PASSWORD", "APIKEY", "SECRET"]),
    (Some(Entity::Passport), &["PASSPORT", "PASSPORTNUM", "PASSPORTNUMBER"]),
    (
        Some(Entity::DriverLicense),
        &["DRIVERLICENSE", "DRIVERLICENSENUM", "DRIVERLICENSENUMBER", "DRIVERSLICENSE", "DRIVERSLICENSENUMBER"],
    ),
    (Some(Entity::MedicalRecord), &["MEDICALRECORDNUMBER", "MRN"]),
    (Some(Entity::Crypto), &["BITCOINADDRESS", "ETHEREUMADDRESS", "LITECOINADDRESS"]),
    (Some(Entity::Imei), &["IMEI", "PHONEIMEI"]),
    (Some(Entity::Vin), &["VIN", "VEHICLEVIN"]),
];

/// Which of `labels` mean an attack: those in `given`, or those that are known to where it is empty. At least one does,
/// and at least one does not.
pub(super) fn attacks(labels: &[String], given: &[String]) -> Result<Vec<bool>, LabelError> {
    if let Some(foreign) = given.iter().find(|given| !labels.iter().any(|label| label.eq_ignore_ascii_case(given))) {
        return Err(LabelError::NotAnAttack { given: foreign.clone(), labels: list(labels) });
    }
    let is_attack = |label: &String| {
        if given.is_empty() {
            is_one_of(label, &ATTACKS)
        } else {
            given.iter().any(|given| given.eq_ignore_ascii_case(label))
        }
    };
    let is_clear = |label: &String| !given.is_empty() || is_attack(label) || is_one_of(label, &HARMLESS);
    let attacks: Vec<bool> = labels.iter().map(is_attack).collect();
    if !labels.iter().all(is_clear) || !attacks.contains(&true) {
        return Err(LabelError::NoAttack { labels: list(labels) });
    }
    if !attacks.contains(&false) {
        return Err(LabelError::AllAttacks { labels: list(labels) });
    }
    Ok(attacks)
}

/// What each of `labels` stands for: what `given` says of it, by its name with or without the prefix, or what it is known
/// for.
pub(super) fn tags(labels: &[String], given: &[(String, Option<Entity>)]) -> Result<Vec<Tag>, LabelError> {
    let says = |given: &str, label: &String| {
        given.eq_ignore_ascii_case(label) || given.eq_ignore_ascii_case(without_prefix(label).1)
    };
    if let Some((foreign, _)) = given.iter().find(|(given, _)| !labels.iter().any(|label| says(given, label))) {
        return Err(LabelError::NotAnEntity { given: foreign.clone(), labels: list(labels) });
    }
    let mut unknown = Vec::new();
    let mut tags = Vec::new();
    for label in labels {
        let (prefix, name) = without_prefix(label);
        let said = given.iter().find(|(given, _)| says(given, label)).map(|(_, entity)| entity);
        // What looks like a prefix may be none: E-MAIL.
        let is_known = |names: &[&str]| is_one_of(name, names) || is_one_of(label, names);
        let known = || ENTITIES.iter().find(|(_, names)| is_known(names)).map(|(entity, _)| entity);
        match said.or_else(known) {
            // An entity of one word begins as any other.
            Some(entity) => tags.push(Tag { entity: entity.clone(), begins: matches!(prefix, 'B' | 'S' | 'U') }),
            None => unknown.push(label.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(LabelError::NoEntity { unknown: list(&unknown) });
    }
    if tags.iter().all(|tag| tag.entity.is_none()) {
        return Err(LabelError::NoEntities { labels: list(labels) });
    }
    Ok(tags)
}

/// The letter that says where in an entity the word stands, a space where there is none, and the entity's name.
fn without_prefix(label: &str) -> (char, &str) {
    match label.split_once(['-', '_']) {
        Some((prefix @ ("B" | "I" | "E" | "S" | "L" | "U"), name)) => (prefix.chars().next().unwrap_or(' '), name),
        _ => (' ', label),
    }
}

/// Whether `label` is one of `names`, but for case and separators.
fn is_one_of(label: &str, names: &[&str]) -> bool {
    let letters =
        label.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).map(|letter| letter.to_ascii_uppercase());
    let bare: String = letters.collect();
    names.contains(&bare.as_str())
}

fn list(labels: &[String]) -> String {
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| label.to_string()).collect()
    }

    fn tag(label: &str) -> Result<Tag, LabelError> {
        tags(&owned(&["B-PER", label]), &[]).map(|mut tags| tags.remove(1))
    }

    #[test]
    fn well_known_labels_need_no_word() {
        for (labels, expected) in [
            (["SAFE", "INJECTION"], [false, true]),
            (["benign", "jailbreak"], [false, true]),
            (["Malicious", "Legit"], [true, false]),
            (["prompt_injection", "negative"], [true, false]),
        ] {
            assert_eq!(attacks(&owned(&labels), &[]).unwrap(), expected, "{labels:?}");
        }
        let three = owned(&["BENIGN", "INJECTION", "JAILBREAK"]);
        assert_eq!(attacks(&three, &[]).unwrap(), [false, true, true]);
        assert_eq!(attacks(&three, &owned(&["jailbreak"])).unwrap(), [false, false, true]);
    }

    #[test]
    fn what_labels_mean_is_never_guessed() {
        for labels in [["LABEL_0", "LABEL_1"], ["SAFE", "LABEL_1"], ["INJECTION", "OTHER"], ["SAFE", "BENIGN"]] {
            let error = attacks(&owned(&labels), &[]).unwrap_err().to_string();
            assert!(error.contains(&labels.join(", ")) && error.contains("attack_labels"), "{error}");
        }
        let labels = owned(&["LABEL_0", "LABEL_1"]);
        assert_eq!(attacks(&labels, &owned(&["label_1"])).unwrap(), [false, true]);
        let foreign = attacks(&labels, &owned(&["LABEL_1", "INJECTION"])).unwrap_err().to_string();
        assert!(foreign.contains("attack_labels holds INJECTION"), "{foreign}");
        let all = attacks(&labels, &labels).unwrap_err().to_string();
        assert!(all.contains("every text"), "{all}");
    }

    #[test]
    fn prefixes_and_spelling_do_not_matter() {
        for (label, entity, begins) in [
            ("PERSON", Some(Entity::Person), false),
            ("I-per", Some(Entity::Person), false),
            ("B_LASTNAME", Some(Entity::Person), true),
            ("S-Location", Some(Entity::Location), true),
            ("U-ORG", Some(Entity::Organization), true),
            ("L-ORG", Some(Entity::Organization), false),
            ("E-street_address", Some(Entity::Address), false),
            ("I-date-of-birth", Some(Entity::DateOfBirth), false),
            ("EMAIL", Some(Entity::EmailAddress), false),
            ("B-E-mail", Some(Entity::EmailAddress), true),
            ("E-MAIL", Some(Entity::EmailAddress), false),
            ("B-MISC", None, true),
            ("O", None, false),
        ] {
            assert_eq!(tag(label).unwrap(), Tag { entity, begins }, "{label}");
        }
    }

    #[test]
    fn an_unknown_entity_is_asked_for() {
        for label in ["LABEL_1", "B-AGE", "SHOESIZE"] {
            let error = tag(label).unwrap_err().to_string();
            assert!(error.contains(label) && error.contains("pii.labels") && !error.contains("B-PER"), "{error}");
        }
        let labels = owned(&["O", "B-AGE", "I-AGE", "B-PER"]);
        let said =
            tags(&labels, &[("age".into(), None), ("B-PER".into(), Some(Entity::Custom("STAFF".into())))]).unwrap();
        let entities: Vec<_> = said.iter().map(|tag| tag.entity.clone()).collect();
        assert_eq!(entities, [None, None, None, Some(Entity::Custom("STAFF".into()))]);
        let foreign = tags(&labels, &[("AGES".into(), None)]).unwrap_err().to_string();
        assert!(foreign.contains("AGES") && foreign.contains("B-AGE"), "{foreign}");
        let nothing = tags(&owned(&["O", "MISC"]), &[]).unwrap_err().to_string();
        assert!(nothing.contains("O, MISC"), "{nothing}");
    }
}
