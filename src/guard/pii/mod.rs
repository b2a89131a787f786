//! Personal data that its written form tells: numbers, addresses, keys.
//!
//! - `patterns`: all recognisers at work on one text
//! - `plain`: a text in ASCII's signs, whatever typography it has
//! - `scan`: a text cut into what could be an identifier
//! - `forms`, `ids`, `checks`: numbers that states, banks and makers give out
//! - `email`, `url`, `ip`, `mac`, `phone`, `card`, `iban`, `crypto`, `secrets`: kinds with a form of their own
//! - `context`, `hits`, `words`, `table`: what stands near and speaks for a find
//! - `custom`: recognisers of the operator's own
//! - `overlap`: which of several finds in one place stays

mod card;
pub(crate) mod checks;
mod context;
mod crypto;
pub mod custom;
mod email;
mod forms;
mod hits;
mod iban;
pub mod ids;
mod ip;
mod mac;
pub mod overlap;
pub mod patterns;
mod phone;
mod plain;
mod scan;
mod secrets;
mod table;
mod tld;
mod url;
mod words;

pub use custom::{Custom, Validator};
pub use patterns::{PatternError, Patterns};
