//! Postal codes, which only their announcement tells from other numbers.

use crate::guard::finding::{Entity, Recognizer, Strength};

const POSTCODE: &[&str] = &[
    "postcode",
    "post code",
    "postcodes",
    "postal code",
    "postal",
    "zip",
    "zip code",
    "zipcode",
    "zip+4",
    "postalcode",
    "plz",
    "postleitzahl",
    "code postal",
    "código postal",
    "codigo postal",
    "c.p.",
    "codice postale",
    "codice di avviamento postale",
    "c.a.p.",
    "cep",
    "código de endereçamento postal",
    "postnummer",
    "postnr",
    "postinumero",
    "kod pocztowy",
    "posta kodu",
    "pin code",
    "pincode",
    "postal index",
    "cod poștal",
    "psč",
    "irányítószám",
    "почтовый индекс",
    "индекс",
    "邮编",
    "邮政编码",
    "郵便番号",
    "우편번호",
    "eircode",
    "poskod",
];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[Recognizer {
    entity: Entity::Postcode,
    pattern: concat!(
        // Britain, Canada, Ireland, the Netherlands, Argentina.
        "(?i:[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-CEGHJ-NPR-TVXY][0-9][A-Z][ -]?[0-9][A-Z][0-9]",
        "|[AC-FHKNPRTV-Y][0-9][0-9W] ?[0-9AC-FHKNPRTV-Y]{4}|[A-HJ-NP-Z][0-9]{4}[A-Z]{3})|[1-9][0-9]{3} ?[A-Z]{2}",
        // The United States with four more, Brazil, Japan, Poland, Portugal, Sweden, India.
        "|[0-9]{5}-[0-9]{3,4}|[0-9]{3}-[0-9]{4}|[0-9]{2}-[0-9]{3}|[0-9]{4}-[0-9]{3}|[0-9]{3} [0-9]{2,3}",
        "|[A-Z]{1,2}-[0-9]{4,5}|[0-9]{4,6}",
    ),
    is_valid: is_postcode,
    strength: Strength::Form,
    alone: 0.1,
    in_context: 0.7,
    context: POSTCODE,
}];

/// Neither zeros only, nor four digits that are rather a year of our time: Sydney's 2000 to 2009 are codes.
fn is_postcode(text: &str) -> bool {
    let year = text.parse().is_ok_and(|number: u32| text.len() == 4 && matches!(number, 1900..2000 | 2010..2040));
    !year && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}
