//! Which placeholder stands for which value.

use std::collections::HashMap;
use std::fmt;

use super::placeholder;
use super::salt::Salt;
use crate::guard::finding::Entity;

/// The values that were masked in one exchange, and the placeholders that stand for them. It lives as long as the exchange
/// does, is never written anywhere, and shows no value to a log.
#[derive(Default)]
pub struct Ledger {
    salt: Salt,
    entries: Vec<Entry>,
    /// The slots by type and value.
    known: HashMap<String, HashMap<Box<str>, Slot>>,
}

/// One value's place in the ledger that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(usize);

struct Entry {
    /// `TYPE_n`
    name: Box<str>,
    value: Box<str>,
}

// === impl Ledger ===

impl Ledger {
    /// An empty one, for a conversation with this salt.
    pub fn new(salt: Salt) -> Self {
        Self { salt, entries: Vec::new(), known: HashMap::new() }
    }

    /// The slot of this value of this kind; the next of its kind where it is new. Values are compared exactly.
    pub fn placeholder(&mut self, entity: &Entity, value: &str) -> Slot {
        let kind = placeholder::kind(entity);
        if let Some(slot) = self.known.get(&*kind).and_then(|known| known.get(value)) {
            return *slot;
        }
        let slot = Slot(self.entries.len());
        let known = self.known.entry(kind.to_string()).or_default();
        known.insert(value.into(), slot);
        let name = format!("{kind}_{}", known.len()).into();
        self.entries.push(Entry { name, value: value.into() });
        slot
    }

    /// The placeholder as a model reads it: `<PERSON_1_k7q2>`.
    pub fn salted(&self, slot: Slot) -> String {
        format!("<{}_{}>", self.name(slot), self.salt.as_str())
    }

    /// The placeholder as the cache keeps it: `<PERSON_1>`.
    pub fn plain(&self, slot: Slot) -> String {
        format!("<{}>", self.name(slot))
    }

    /// Whether `text` has the salt of this ledger's placeholders anywhere.
    pub fn has_salt(&self, text: &str) -> bool {
        !self.is_empty() && text.to_ascii_lowercase().contains(self.salt.as_str())
    }

    /// What the placeholder stands for.
    pub fn value(&self, slot: Slot) -> &str {
        &self.entries[slot.0].value
    }

    /// All slots, in the order in which their values appeared.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.entries.len()).map(Slot)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was masked.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `TYPE_n`
    fn name(&self, slot: Slot) -> &str {
        &self.entries[slot.0].name
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({} values)", self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        Ledger::new(Salt::of(&[7; 32], "tenant", "first"))
    }

    #[test]
    fn one_value_of_a_kind_has_one_placeholder() {
        let mut ledger = ledger();
        assert!(ledger.is_empty());
        let john = ledger.placeholder(&Entity::Person, "John");
        let jane = ledger.placeholder(&Entity::Person, "Jane");
        let place = ledger.placeholder(&Entity::Location, "John");
        assert_eq!(ledger.placeholder(&Entity::Person, "John"), john);
        assert_ne!(ledger.placeholder(&Entity::Person, "john"), john);
        assert_eq!([john, jane, place].map(|slot| ledger.plain(slot)), ["<PERSON_1>", "<PERSON_2>", "<LOCATION_1>"]);
        assert_eq!([john, jane, place].map(|slot| ledger.value(slot)), ["John", "Jane", "John"]);
        let salted = ledger.salted(jane);
        assert!(salted.starts_with("<PERSON_2_") && salted.len() == "<PERSON_2_k7q2>".len(), "{salted}");
        assert_eq!((ledger.slots().count(), ledger.len()), (4, 4));
    }

    #[test]
    fn kinds_that_are_spelled_alike_are_numbered_together() {
        let mut ledger = ledger();
        let own = |name: &str| Entity::Custom(name.into());
        let names: Vec<_> = [("staff id", "1"), ("staff-id", "2"), ("STAFF_ID", "3"), ("Staff_Id", "1")]
            .map(|(name, value)| ledger.placeholder(&own(name), value))
            .map(|slot| ledger.plain(slot))
            .into();
        assert_eq!(names, ["<STAFF_ID_1>", "<STAFF_ID_2>", "<STAFF_ID_3>", "<STAFF_ID_1>"]);
    }

    #[test]
    fn it_shows_no_values() {
        let mut ledger = ledger();
        ledger.placeholder(&Entity::Person, "John");
        assert_eq!(format!("{ledger:?}"), "Ledger(1 values)");
    }
}
