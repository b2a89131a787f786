//! A JSON object that is being changed, by one part after the other: read once, and written once, where what has changed
//! is new and all else stays byte for byte.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::edit::{Place, edited};
use super::json::fields;
use crate::failure::Failure;

/// An object that is being changed. What is read is what the parts before have made of it.
#[derive(Debug)]
pub struct Draft<'a> {
    whole: Cow<'a, str>,
    fields: Vec<Field>,
}

/// A field by its unescaped key.
#[derive(Debug)]
struct Field {
    key: Box<str>,
    place: Place,
    /// Its new value, where it has one.
    changed: Option<String>,
}

// === impl Draft ===

impl<'a> Draft<'a> {
    /// Reads the object `whole`; `what` names it to the client. A key that occurs twice is refused: what is changed must be
    /// what the model's server reads.
    pub fn read(whole: impl Into<Cow<'a, str>>, what: &str) -> Result<Self, Failure> {
        let whole = whole.into();
        let field = |(key, value): (Cow<str>, &RawValue)| Field {
            key: key.into(),
            place: Place::of(&whole, Some(value)),
            changed: None,
        };
        let fields = fields(&whole, what)?.into_iter().map(field).collect();
        Ok(Self { whole, fields })
    }

    /// The value of `key`, as JSON.
    pub fn get(&self, key: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| *field.key == *key)?;
        match (&field.changed, &field.place) {
            (Some(changed), _) => Some(changed),
            (None, Place::Over(range)) => Some(&self.whole[range.clone()]),
            (None, Place::First { .. }) => None,
        }
    }

    /// The value of `key`, as JSON. A null says no more than an absent key, as vLLM has it.
    pub fn given(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|value| *value != "null")
    }

    /// Gives `key` this value, which must be JSON.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        let value = value.into();
        if self.get(key) == Some(value.as_str()) {
            return;
        }
        match self.fields.iter_mut().find(|field| *field.key == *key) {
            Some(field) => field.changed = Some(value),
            None => {
                let place = Place::of(&self.whole, None);
                self.fields.push(Field { key: key.into(), place, changed: Some(value) });
            }
        }
    }

    /// Has `change` change the object that stands under `key`; one that is absent or null is begun, and written if anything
    /// comes of it. Anything but an object is left for the model's server to judge.
    pub fn within<T>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut Draft) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let inner = self.given(key).unwrap_or("{}");
        if !inner.starts_with('{') {
            return Ok(None);
        }
        let mut draft = Draft::read(inner.to_owned(), key)?;
        let made = change(&mut draft)?;
        if let Some(written) = draft.finish() {
            self.set(key, written);
        }
        Ok(Some(made))
    }

    /// The object as it is now; none where nothing has changed.
    pub fn finish(&self) -> Option<String> {
        let values =
            self.fields.iter().filter_map(|field| Some((&field.place, &*field.key, field.changed.as_deref()?)));
        let values: Vec<_> = values.collect();
        (!values.is_empty()).then(|| edited(&self.whole, &values))
    }
}

#[cfg(test)]
mod tests;
