//! What the name in a request's `model` means.

use std::collections::HashMap;
use std::sync::Arc;

/// Every name that a client may ask for.
#[derive(Debug, Default)]
pub struct Names {
    aliases: Vec<Arc<str>>,
    backends: HashMap<Arc<str>, usize>,
    in_order: Vec<Arc<str>>,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The router is to choose.
    Alias,
    /// This backend, by its name or its model.
    Backend(usize),
    /// Nothing here.
    Nobody,
}

// === impl Names ===

impl Names {
    /// `backends` are names and models, in the order of their indices.
    pub fn new(aliases: Vec<Arc<str>>, backends: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut names = Self { in_order: aliases.clone(), aliases, ..Self::default() };
        for (index, (name, model)) in backends.enumerate() {
            for key in [name, model] {
                if names.backends.insert(key.clone(), index).is_none() {
                    names.in_order.push(key);
                }
            }
        }
        names
    }

    /// What `name` means.
    pub fn find(&self, name: &str) -> Named {
        if self.aliases.iter().any(|alias| **alias == *name) {
            return Named::Alias;
        }
        self.backends.get(name).map_or(Named::Nobody, |index| Named::Backend(*index))
    }

    /// Every name: the aliases, then each backend's name and model.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.in_order.iter().map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_found_by_its_name_and_by_its_model() {
        let backends = [("fast", "qwen"), ("same", "same")].map(|(name, model)| (name.into(), model.into()));
        let names = Names::new(vec!["auto".into()], backends.into_iter());
        assert_eq!(names.find("auto"), Named::Alias);
        assert_eq!(names.find("fast"), Named::Backend(0));
        assert_eq!(names.find("qwen"), Named::Backend(0));
        assert_eq!(names.find("same"), Named::Backend(1));
        assert_eq!(names.find("Auto"), Named::Nobody);
        assert_eq!(names.all().collect::<Vec<_>>(), ["auto", "fast", "qwen", "same"]);
    }
}
