//! Keys and messages.
//!
//! | key | what |
//! |---|---|
//! | `{PREFIX:NAMESPACE:SCOPE}:ID` | an entry's bytes; nothing where it was removed |
//! | `{PREFIX:NAMESPACE}:changes` | the stream of messages |
//! | `{PREFIX:NAMESPACE}:epochs` | a hash of flushes: `all`, and `route:NAME` |
//! | `{PREFIX:NAMESPACE}:identity` | made up by who came first: with another one, this is another server or it was flushed |
//!
//! What is in braces decides which node of a Cluster has a key. There is one stream, on one node, since its messages are
//! short: they name entries and leave these where they are.

use redis::streams::StreamId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::{Entry, EntryId, Epochs, Scope};

/// About so many messages stay in the stream; who was away for longer reads all entries again.
pub(super) const REMEMBERED: usize = 1 << 16;

/// The keys of one namespace.
#[derive(Debug)]
pub(super) struct Names {
    base: String,
    /// Who we are, to know our own messages again.
    pub(super) instance: String,
}

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// There is an entry, or another in its place.
    Put(Scope, EntryId),
    /// An entry is gone.
    Remove(Scope, EntryId),
    /// Something was flushed.
    Flush,
}

// === impl Names ===

impl Names {
    pub(super) fn new(prefix: &str, namespace: &str) -> Self {
        let hash = Sha256::digest(namespace);
        let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { base: format!("{prefix}:{hash}"), instance: Uuid::new_v4().simple().to_string() }
    }

    pub(super) fn changes(&self) -> String {
        format!("{{{}}}:changes", self.base)
    }

    pub(super) fn epochs(&self) -> String {
        format!("{{{}}}:epochs", self.base)
    }

    pub(super) fn identity(&self) -> String {
        format!("{{{}}}:identity", self.base)
    }

    pub(super) fn entry(&self, scope: &Scope, id: &EntryId) -> String {
        format!("{{{}:{scope}}}:{id}", self.base)
    }

    /// Matches the keys of all entries; a prefix has no characters that mean anything else in it.
    pub(super) fn entries(&self) -> String {
        format!("{{{}:*}}:*", self.base)
    }

    /// The entry that has this key.
    pub(super) fn parse(&self, key: &[u8]) -> Option<(Scope, EntryId)> {
        let key = str::from_utf8(key).ok()?;
        let rest = key.strip_prefix('{')?.strip_prefix(&self.base)?.strip_prefix(':')?;
        let (scope, id) = rest.split_once("}:")?;
        Some((scope.parse().ok()?, id.parse().ok()?))
    }
}

// === impl News ===

impl News {
    /// The message's fields.
    pub(super) fn fields(&self) -> [(&'static str, String); 2] {
        match self {
            Self::Put(scope, id) => [("did", "put".into()), ("what", format!("{scope}:{id}"))],
            Self::Remove(scope, id) => [("did", "remove".into()), ("what", format!("{scope}:{id}"))],
            Self::Flush => [("did", "flush".into()), ("what", String::new())],
        }
    }

    /// What a message tells; none where it is not one of ours.
    pub(super) fn parse(message: &StreamId) -> Option<Self> {
        let did: String = message.get("did")?;
        let what: String = message.get("what")?;
        let named = || {
            let (scope, id) = what.split_once(':')?;
            Some((scope.parse().ok()?, id.parse().ok()?))
        };
        match did.as_str() {
            "put" => named().map(|(scope, id)| Self::Put(scope, id)),
            "remove" => named().map(|(scope, id)| Self::Remove(scope, id)),
            "flush" => Some(Self::Flush),
            _ => None,
        }
    }
}

/// The entry that `bytes` hold, if it belongs to this scope and id.
pub(super) fn read_entry(scope: &Scope, id: &EntryId, bytes: &[u8]) -> Option<Entry> {
    Entry::from_bytes(bytes).filter(|entry| entry.scope == *scope && entry.id == *id)
}

/// The hash's fields for these epochs.
pub(super) fn epoch_fields(epochs: &Epochs) -> impl Iterator<Item = (String, u64)> {
    let routes = epochs.routes.iter().map(|(route, &flushes)| (format!("route:{route}"), flushes));
    std::iter::once(("all".to_owned(), epochs.all)).chain(routes)
}

/// The epochs that the hash's fields tell; others are left out.
pub(super) fn read_epochs(fields: impl IntoIterator<Item = (String, String)>) -> Epochs {
    let mut epochs = Epochs::default();
    for (field, flushes) in fields {
        let Ok(flushes) = flushes.parse() else { continue };
        match field.strip_prefix("route:") {
            Some(route) => drop(epochs.routes.insert(route.into(), flushes)),
            None if field == "all" => epochs.all = flushes,
            None => {}
        }
    }
    epochs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_entry() {
        let names = Names::new("p", "n");
        let scope = Scope::from_bytes(std::array::from_fn(|at| at as u8));
        let id = EntryId::of(&scope, "a");
        let key = names.entry(&scope, &id);
        assert_eq!(names.parse(key.as_bytes()), Some((scope, id)));
        assert_eq!(Names::new("p", "m").parse(key.as_bytes()), None);
        for end in 0..key.len() {
            assert_eq!(names.parse(&key.as_bytes()[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn epochs_are_read_as_they_are_written() {
        let epochs = Epochs { all: 3, routes: [("a".into(), 1), ("all".into(), 2)].into() };
        let fields = epoch_fields(&epochs).map(|(field, flushes)| (field, flushes.to_string()));
        let foreign = ["x", "all"].map(|field| (field.to_owned(), "y".to_owned()));
        assert_eq!(read_epochs(fields.chain(foreign)), epochs);
    }
}
