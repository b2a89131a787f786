//! One text with its findings, masked.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::ledger::Ledger;
use super::placeholder::{self, Form, TEXT};
use super::salt;
use crate::guard::finding::{Entity, Finding};

/// What becomes of a value that is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Operator {
    /// A placeholder stands for it, and the answer says it again: `<PERSON_1_k7q2>`.
    #[default]
    Mask,
    /// It goes for good: `[PERSON]`.
    Redact,
    /// It goes, but can be told from others: `[PERSON:3fa8c1d29b07]`.
    Hash,
    /// It stays.
    Keep,
}

/// What becomes of the values of each kind.
#[derive(Clone)]
pub struct Operators {
    usual: Operator,
    of_kind: HashMap<Entity, Operator>,
    key: [u8; 32],
}

/// A text without its personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked {
    /// As a model reads it.
    pub salted: String,
    /// As the cache keeps it: without salt, so that the same question about somebody else is the same text.
    pub plain: String,
}

/// A piece of the text that something else stands for.
struct Cut {
    range: Range<usize>,
    entity: Entity,
    operator: Operator,
}

/// `text` with what was found in it masked as `operators` say. The findings lie in order and do not overlap. What looks like
/// a placeholder already is given one of its own, so that it comes back as it was and passes for no other. In JSON, values
/// are what they stand for there.
pub fn apply(text: &str, form: Form, findings: &[Finding], operators: &Operators, ledger: &mut Ledger) -> Masked {
    let mut masked = Masked { salted: String::with_capacity(text.len()), plain: String::with_capacity(text.len()) };
    let mut done = 0;
    for cut in cuts(text, form, findings, operators) {
        let (Some(before), Some(value)) = (text.get(done..cut.range.start), text.get(cut.range.clone())) else {
            continue;
        };
        masked.push(before, before);
        done = cut.range.end;
        let kind = placeholder::kind(&cut.entity);
        match cut.operator {
            Operator::Mask => {
                let slot = ledger.placeholder(&cut.entity, &form.read(value));
                masked.push(&ledger.salted(slot), &ledger.plain(slot));
            }
            Operator::Redact => masked.push_same(&format!("[{kind}]")),
            Operator::Hash => masked.push_same(&format!("[{kind}:{}]", salt::hash(&operators.key, value))),
            Operator::Keep => masked.push_same(value),
        }
    }
    masked.push_same(&text[done..]);
    masked
}

/// What is to be replaced, in order and apart from each other.
fn cuts(text: &str, form: Form, findings: &[Finding], operators: &Operators) -> Vec<Cut> {
    let lookalikes = placeholder::scan(text, form).map(|look| Cut {
        range: look.range,
        entity: Entity::Custom(Arc::from(TEXT)),
        operator: Operator::Mask,
    });
    let found = findings.iter().map(|finding| Cut {
        range: finding.range.clone(),
        entity: finding.entity.clone(),
        operator: operators.of(&finding.entity),
    });
    let mut cuts: Vec<Cut> = found.filter(|cut| cut.operator != Operator::Keep && !cut.range.is_empty()).collect();
    cuts.extend(lookalikes);
    cuts.sort_by_key(|cut| (cut.range.start, std::cmp::Reverse(cut.range.end)));
    let mut apart: Vec<Cut> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match apart.last_mut() {
            Some(last) if cut.range.end <= last.range.end => {}
            // Neither can be told from the other any more; all of it comes back as it was.
            Some(last) if cut.range.start < last.range.end => {
                *last = Cut {
                    range: last.range.start..cut.range.end,
                    entity: Entity::Custom(Arc::from(TEXT)),
                    operator: Operator::Mask,
                };
            }
            _ => apart.push(cut),
        }
    }
    apart
}

// === impl Operators ===

impl Operators {
    /// `of_kind` for the kinds that are named there and `usual` for all others; hashes are made with `key`.
    pub fn new(usual: Operator, of_kind: HashMap<Entity, Operator>, key: [u8; 32]) -> Self {
        Self { usual, of_kind, key }
    }

    /// What becomes of a value of this kind.
    pub fn of(&self, entity: &Entity) -> Operator {
        self.of_kind.get(entity).copied().unwrap_or(self.usual)
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").field("usual", &self.usual).field("of_kind", &self.of_kind).finish_non_exhaustive()
    }
}

// === impl Masked ===

impl Masked {
    fn push(&mut self, salted: &str, plain: &str) {
        self.salted.push_str(salted);
        self.plain.push_str(plain);
    }

    fn push_same(&mut self, text: &str) {
        self.push(text, text);
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} bytes)", self.salted.len())
    }
}

#[cfg(test)]
mod tests;
