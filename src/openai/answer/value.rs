//! What an answer's pieces say, as it is kept: values as they stood in the text, and arrays that go on.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::openai::json::{Object, fields, is_null};

/// Values by their names.
#[derive(Debug, Default)]
pub struct Values(BTreeMap<Box<str>, Box<RawValue>>);

/// An array, or null as long as there was none.
#[derive(Debug, Default)]
pub struct List {
    /// The elements with commas between them.
    inside: Option<String>,
}

/// Arrays by their names, or null as long as there were none.
#[derive(Debug, Default)]
pub struct Lists(Option<BTreeMap<Box<str>, List>>);

/// What people look for first.
const FIRST: [&str; 2] = ["model", "role"];

/// What a kept name and value take beside their bytes, roughly.
pub(super) const OVERHEAD: usize = 64;

// === impl Values ===

impl Values {
    /// Keeps what may be said once only: said again, it could be another piece or the same thing.
    pub(super) fn put(&mut self, name: &str, value: &RawValue) -> Option<()> {
        self.keep(name, value, false)
    }

    /// Keeps what may be said again, as long as it is the same.
    pub(super) fn put_again(&mut self, name: &str, value: &RawValue) -> Option<()> {
        self.keep(name, value, true)
    }

    fn keep(&mut self, name: &str, value: &RawValue, may_repeat: bool) -> Option<()> {
        match self.0.get(name) {
            Some(_) if is_null(value) => Some(()),
            Some(kept) if !is_null(kept) => (may_repeat && kept.get() == value.get()).then_some(()),
            _ => {
                self.0.insert(name.into(), value.to_owned());
                Some(())
            }
        }
    }

    /// The value of this name, as JSON.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// All of them as JSON, `model` or `role` before the others.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = FIRST.into_iter().filter_map(|name| Some((name, self.get(name)?)));
        first.chain(self.0.iter().map(|(name, value)| (&**name, value.get())).filter(|(name, _)| !FIRST.contains(name)))
    }

    /// Sets what has not been said.
    pub(super) fn set_default(&mut self, name: &str, value: &'static str) {
        if self.get(name).is_none_or(|kept| kept == "null")
            && let Ok(value) = RawValue::from_string(value.to_owned())
        {
            self.0.insert(name.into(), value);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len() + OVERHEAD).sum()
    }
}

// === impl List ===

impl List {
    /// Goes on with the elements of an array; none where `value` is something else.
    pub(super) fn go_on(&mut self, value: &RawValue) -> Option<()> {
        if is_null(value) {
            return Some(());
        }
        let elements = value.get().strip_prefix('[')?.strip_suffix(']')?.trim();
        let inside = self.inside.get_or_insert_default();
        if !inside.is_empty() && !elements.is_empty() {
            inside.push(',');
        }
        inside.push_str(elements);
        Some(())
    }

    /// The whole array, or null.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.inside {
            Some(inside) => [b"[", inside.as_bytes(), b"]"].iter().for_each(|part| out.extend_from_slice(part)),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        OVERHEAD + self.inside.as_ref().map_or(0, String::capacity)
    }
}

// === impl Lists ===

impl Lists {
    /// Goes on with each of the arrays that `value` holds; none where it holds anything else.
    pub(super) fn go_on(&mut self, value: &RawValue) -> Option<()> {
        if is_null(value) {
            return Some(());
        }
        let lists = self.0.get_or_insert_default();
        fields(value.get())?
            .iter()
            .try_for_each(|(name, value)| lists.entry((&**name).into()).or_default().go_on(value))
    }

    /// Whether there were none.
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// The arrays, or null.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Some(lists) = &self.0 else { return out.extend_from_slice(b"null") };
        let mut object = Object::open(out);
        lists.iter().for_each(|(name, list)| list.write(object.field(name)));
        object.close();
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.iter().flat_map(BTreeMap::values).map(List::bytes).sum()
    }
}
