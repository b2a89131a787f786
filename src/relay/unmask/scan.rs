//! Placeholders in a text put back into what they stand for, and what of a text must wait for the rest.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::guard::mask::placeholder::{Candidates, Form, Name, Next, Reading};
use crate::guard::mask::{Ledger, Slot};

/// Puts the values of one exchange back where their placeholders stand.
#[derive(Clone)]
pub(super) struct Restorer {
    ledger: Arc<Ledger>,
    names: Arc<Names>,
}

/// The names of a ledger's placeholders, in order.
pub(super) struct Names(Vec<(Box<str>, Slot)>);

// === impl Restorer ===

impl Restorer {
    /// For the placeholders of `ledger` that have its salt.
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        let names = Arc::new(Names::of(&ledger, Ledger::salted));
        Self { ledger, names }
    }

    /// `text`, all of it, with its placeholders restored.
    pub(super) fn whole<'t>(&self, text: &'t str, form: Form) -> Cow<'t, str> {
        let mut out = String::with_capacity(text.len());
        let done = self.pass(text, form, &mut out);
        out.push_str(&text[done..]);
        if out == text { text.into() } else { out.into() }
    }

    /// Writes as much of `text` as can be told already, restored, and returns where the rest begins: the longest end of it
    /// that may be a placeholder's beginning.
    pub(super) fn pass(&self, text: &str, form: Form, out: &mut String) -> usize {
        let mut done = 0;
        for candidate in Candidates::new(text, form) {
            match candidate.reading {
                Reading::Whole { name, length } => {
                    if let Some(slot) = self.names.find(&name) {
                        out.push_str(&text[done..candidate.start]);
                        form.write(self.ledger.value(slot), out);
                        done = candidate.start + length;
                    }
                }
                Reading::Open { name, next } if self.names.any_begins(&name, next) => {
                    out.push_str(&text[done..candidate.start]);
                    return candidate.start;
                }
                Reading::Open { .. } => {}
            }
        }
        out.push_str(&text[done..]);
        text.len()
    }

    /// Where live placeholders stand in `text`, in order.
    pub(super) fn live(&self, text: &str) -> Vec<Range<usize>> {
        if self.ledger.is_empty() {
            return Vec::new();
        }
        let live = Candidates::new(text, Form::Text).filter_map(|candidate| match candidate.reading {
            Reading::Whole { name, length } if self.names.find(&name).is_some() => {
                Some(candidate.start..candidate.start + length)
            }
            _ => None,
        });
        live.collect()
    }

    /// What its placeholders stand for.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// No more bytes than these are ever left over.
    #[cfg(test)]
    pub(super) fn reach(&self) -> usize {
        crate::guard::mask::placeholder::AROUND_MAX
            + self.names.0.iter().map(|(name, _)| name.len()).max().unwrap_or_default()
    }
}

impl fmt::Debug for Restorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Restorer({:?})", self.ledger)
    }
}

// === impl Names ===

impl Names {
    /// The names that `written` gives a ledger's slots.
    pub(super) fn of(ledger: &Ledger, written: fn(&Ledger, Slot) -> String) -> Self {
        let name = |slot| written(ledger, slot).trim_matches(['<', '>']).to_ascii_uppercase().into();
        let mut names: Vec<(Box<str>, Slot)> = ledger.slots().map(|slot| (name(slot), slot)).collect();
        names.sort_unstable();
        Self(names)
    }

    /// Whose name this is.
    pub(super) fn find(&self, name: &Name) -> Option<Slot> {
        let at = self.0.binary_search_by(|(other, _)| (**other).cmp(name.as_str())).ok()?;
        Some(self.0[at].1)
    }

    /// Whether one of the names can be read where `begun` has been read so far.
    fn any_begins(&self, begun: &Name, next: Next) -> bool {
        let begun = begun.as_str();
        match next {
            Next::Any => self.any_follows(begun, |_| true),
            Next::Bracket => self.any_follows(begun, |rest| rest.is_empty()),
            Next::Part => {
                self.any_follows(begun, |rest| rest.is_empty()) || self.any_follows(&format!("{begun}_"), |_| true)
            }
        }
    }

    /// Whether the first name that begins so goes on as it should. If there is one that does not go on, it is the first.
    fn any_follows(&self, begun: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        let at = self.0.partition_point(|(name, _)| **name < *begun);
        self.0.get(at).and_then(|(name, _)| name.strip_prefix(begun)).is_some_and(is_meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::finding::Entity;
    use crate::guard::mask::Salt;

    /// A ledger of these persons, and the salt of its placeholders.
    fn ledger(values: &[&str]) -> (Arc<Ledger>, String) {
        let mut ledger = Ledger::new(Salt::of(&[7; 32], "", ""));
        values.iter().for_each(|value| _ = ledger.placeholder(&Entity::Person, value));
        let salted = ledger.salted(ledger.slots().next().unwrap());
        (Arc::new(ledger), salted.trim_matches(['<', '>']).rsplit_once('_').unwrap().1.to_owned())
    }

    fn restored(restorer: &Restorer, text: &str, form: Form) -> String {
        restorer.whole(text, form).into_owned()
    }

    #[test]
    fn live_placeholders_are_restored_however_they_are_spelled() {
        let (ledger, salt) = ledger(&["Zoë \"Z\"", "<PERSON_1>"]);
        let restorer = Restorer::new(ledger);
        for spelled in
            ["<PERSON_1_s>", "< Person _1_S >", "&lt;person_1_s&gt;", "\\u003cPERSON_1_s\\u003e", "<PERSON_1_s\n>"]
        {
            let text = format!(
                "a{0}<{0}b",
                spelled
                    .replace(['s', 'S'], "~")
                    .replace("PER~ON", "PERSON")
                    .replace("per~on", "person")
                    .replace("Per~on", "Person")
                    .replace('~', &salt)
            );
            assert_eq!(restored(&restorer, &text, Form::Text), "aZoë \"Z\"<Zoë \"Z\"b", "{text}");
            assert_eq!(restored(&restorer, &text, Form::Json), "aZoë \\\"Z\\\"<Zoë \\\"Z\\\"b", "{text}");
        }
        assert_eq!(restored(&restorer, &format!("<PERSON_2_{salt}>"), Form::Text), "<PERSON_1>", "values are not read");
        for other in [
            "<PERSON_1>".to_owned(),
            "<PERSON_1_zzzz>".into(),
            format!("<PERSON_3_{salt}>"),
            format!("PERSON_1_{salt}"),
        ] {
            assert!(matches!(restorer.whole(&other, Form::Text), Cow::Borrowed(same) if same == other), "{other}");
        }
    }

    #[test]
    fn only_the_longest_end_that_may_be_a_beginning_waits() {
        let (ledger, salt) = ledger(&["Ann", "Bob"]);
        let restorer = Restorer::new(ledger);
        let waits = |text: &str| {
            let mut out = String::new();
            let at = restorer.pass(text, Form::Text, &mut out);
            assert_eq!(out, text[..at]);
            text[at..].to_owned()
        };
        for (before, end) in [
            ("a ", "<"),
            ("<", "<"),
            ("<PERSON_7", "<per"),
            ("", "< Person "),
            ("", "<PERSON _ 2"),
            ("", "<PERSON_1_"),
            ("", "&"),
            ("&lt", "&lt;PERSON_1"),
            ("<PERSON_3&", "&l"),
            ("\\", "\\u00"),
            ("<PERSON_9\\", "\\u003C"),
            ("ü", &format!("<PERSON_2_{salt}")),
            ("", &format!("<PERSON_2_{salt} ")),
            ("", &format!("<PERSON_2_{salt}&g")),
            ("", &format!("<PERSON_2_{salt}\\u003")),
        ] {
            assert_eq!(waits(&format!("{before}{end}")), end, "{before}{end}");
        }
        for text in [
            "",
            "a",
            "<a",
            "<PERSON_3",
            "<PERSONS",
            "<PER ",
            "<PERSON_1 2",
            "&lt;X",
            "<PERSON_1&",
            "\\n",
            "\\u0041",
            "<\u{a0}",
        ] {
            let rest = if text.ends_with('&') { "&" } else { "" };
            assert_eq!(waits(text), rest, "{text}");
        }
        assert_eq!(waits(&format!("<PERSON_1_{salt}x")), "");
    }

    #[test]
    fn what_waits_is_bounded() {
        let (ledger, salt) = ledger(&["Ann"]);
        let restorer = Restorer::new(ledger);
        let space = " ".repeat(8);
        let longest = format!("\\u003c{space}PERSON_1_{salt}\\u003e");
        assert_eq!(longest.len(), restorer.reach());
        for end in 1..=longest.len() {
            let mut out = String::new();
            let at = restorer.pass(&longest[..end], Form::Text, &mut out);
            assert_eq!(at, if end == longest.len() { end } else { 0 });
        }
        let mut out = String::new();
        assert_eq!(restorer.pass(&format!("<{space} "), Form::Text, &mut out), 10);
    }

    #[test]
    fn many_values_and_hostile_texts_take_no_longer() {
        let values: Vec<String> = (0..10_000).map(|at| at.to_string()).collect();
        let (ledger, salt) = ledger(&values.iter().map(String::as_str).collect::<Vec<_>>());
        let restorer = Restorer::new(ledger);
        for piece in ["<", "<PERSON_", "<PERSON_1", "&lt;", "\\u003c", "\\", "<PERSON_1_&g", "< "] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert_eq!(restored(&restorer, &text, Form::Text), text);
            assert_eq!(restored(&restorer, &text, Form::Json), text);
        }
        let all: String = (1..=10_000).map(|at| format!("<PERSON_{at}_{salt}>")).collect();
        assert_eq!(restored(&restorer, &all, Form::Text), values.concat());
    }
}
