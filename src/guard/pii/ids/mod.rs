//! Numbers that states, professions, banks and makers give out, by where they are from.
//!
//! A number stands alone where its checksum or its written form is hardly met by chance. The others (a check digit that
//! one random number in ten passes, or none at all) count only where a context word announces them, so their `alone`
//! score lies below a half. Where an identifier has both a compact form and one with separators of its own, each has
//! its recogniser, because a bare number is more often a count, an order or a time than a person's.
//!
//! Context words are spelled as they are in prose; who compares them cuts text and phrase into words alike.

mod africa;
mod america;
mod asia;
mod bank;
mod birth;
mod britain;
mod devices;
mod europe;
#[cfg(test)]
mod generate;
mod iberia;
mod italy;
mod nordic;
mod pacific;
mod papers;
mod postcode;
#[cfg(test)]
mod tests;
mod usa;
mod usa_papers;

use super::super::finding::Recognizer;

/// All recognisers of identifiers, one table for each region or matter.
pub const RECOGNIZERS: &[&[Recognizer]] = &[
    usa::RECOGNIZERS,
    usa_papers::RECOGNIZERS,
    america::RECOGNIZERS,
    britain::RECOGNIZERS,
    europe::RECOGNIZERS,
    iberia::RECOGNIZERS,
    italy::RECOGNIZERS,
    nordic::RECOGNIZERS,
    asia::RECOGNIZERS,
    pacific::RECOGNIZERS,
    africa::RECOGNIZERS,
    devices::RECOGNIZERS,
    bank::RECOGNIZERS,
    papers::RECOGNIZERS,
    birth::RECOGNIZERS,
    postcode::RECOGNIZERS,
];
