//! `reasoning` as a person types it: a word, or a mapping with the word in it. Everything that is wrong is told with its key's
//! path.

use serde_yaml::{Mapping, Value};

use super::Reasoning;
use super::level::{Cuts, Effort, Level};
use crate::findings::{self, Findings, either, suggestion};

const EFFORT: &str = "effort";

const FORCE: &str = "force";

const CUTS: &str = "cuts";

/// The word for as hard as the prompt is.
const AUTO: &str = "auto";

const NOT_CUTS: &str = "must be three numbers from -1 to 1, each at least the one before: the complexities from which on models think \
                        low, medium and high, such as [-0.1, 0, 0.1]";

/// The keys of the mapping.
const KEYS: [&str; 3] = [EFFORT, FORCE, CUTS];

/// Reads what stands at `path`: `low`, or `{effort: auto, force: true, cuts: [-0.1, 0, 0.1]}`. None where something is wrong with
/// it, which is then among the findings.
pub fn read(path: &str, typed: &Value, findings: &mut Findings) -> Option<Reasoning> {
    if let Value::Mapping(entries) = typed {
        return whole(path, entries, findings);
    }
    let effort = word(typed);
    if effort.is_none() {
        let words = words().join(", ");
        findings.add(path, format!("must be {words}, or a mapping with \"effort\"{}", meant(typed)));
    }
    effort.map(|effort| Reasoning { effort, force: false })
}

/// The mapping. All of it is read, so that all that is wrong is told.
fn whole(path: &str, entries: &Mapping, findings: &mut Findings) -> Option<Reasoning> {
    let mut wrong = |key: &str, message: String| findings.add(findings::key(path, key), message);
    let unknown = entries.keys().filter(|key| !key.as_str().is_some_and(|key| KEYS.contains(&key)));
    let unknown: Vec<_> = unknown.map(findings::written).collect();
    for key in &unknown {
        wrong(key, format!("unknown key{}", suggestion(key, KEYS)));
    }
    let force = entries.get(FORCE).map_or(Some(false), Value::as_bool);
    if force.is_none() {
        wrong(FORCE, "must be true or false".into());
    }
    let cuts = entries.get(CUTS).map(Cuts::read);
    if cuts == Some(None) {
        wrong(CUTS, NOT_CUTS.into());
    }
    let effort = entries.get(EFFORT);
    let read = effort.and_then(word);
    if read.is_none() {
        let be = if effort.is_some() { "be" } else { "be there, as" };
        wrong(EFFORT, format!("must {be} {}{}", either(&words()), effort.map(meant).unwrap_or_default()));
    }
    let effort = match (read?, cuts) {
        (Effort::Always(_), Some(_)) => {
            wrong(CUTS, "must stand beside \"effort: auto\" only".into());
            return None;
        }
        (Effort::Auto(_), Some(cuts)) => Effort::Auto(cuts?),
        (effort, None) => effort,
    };
    unknown.is_empty().then_some(Reasoning { effort, force: force? })
}

/// What a word means.
fn word(typed: &Value) -> Option<Effort> {
    match typed.as_str()? {
        AUTO => Some(Effort::Auto(Cuts::default())),
        name => Level::ALL.into_iter().find(|level| level.as_str() == name).map(Effort::Always),
    }
}

fn words() -> [&'static str; 5] {
    let [off, low, medium, high] = Level::ALL.map(Level::as_str);
    [off, low, medium, high, AUTO]
}

/// The word that was probably meant.
fn meant(typed: &Value) -> String {
    typed.as_str().map(|typed| suggestion(typed, words())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Reasoning, Vec<String>> {
        let mut findings = Findings::default();
        let read = super::read("reasoning", &serde_yaml::from_str(text).unwrap(), &mut findings);
        assert_eq!(read.is_some(), findings.is_empty(), "{text}");
        read.ok_or_else(|| findings.lines())
    }

    #[test]
    fn a_word_or_a_mapping() {
        let always = |level, force| Ok(Reasoning { effort: Effort::Always(level), force });
        let auto = |text: &str, force| {
            let cuts = Cuts::read(&serde_yaml::from_str(text).unwrap()).unwrap();
            Ok(Reasoning { effort: Effort::Auto(cuts), force })
        };
        for (text, expected) in [
            ("off", always(Level::Off, false)),
            ("auto", Ok(Reasoning { effort: Effort::Auto(Cuts::default()), force: false })),
            ("{effort: high}", always(Level::High, false)),
            ("{effort: off, force: true}", always(Level::Off, true)),
            ("{effort: auto, force: true, cuts: [-0.5, -0.5, 0.5]}", auto("[-0.5, -0.5, 0.5]", true)),
            ("{effort: auto, cuts: [-1, 0, 1]}", auto("[-1, 0, 1]", false)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_where_it_stands() {
        const WORDS: &str = "\"off\", \"low\", \"medium\", \"high\" or \"auto\"";
        let whole = "reasoning: must be off, low, medium, high, auto, or a mapping with \"effort\"";
        let cuts = format!("reasoning.cuts: {NOT_CUTS}");
        for (text, expected) in [
            ("hgih", vec![format!("{whole}; did you mean \"high\"?")]),
            ("false", vec![whole.into()]),
            ("[low]", vec![whole.into()]),
            ("{effort: hard}", vec![format!("reasoning.effort: must be {WORDS}")]),
            ("{effort: meduim}", vec![format!("reasoning.effort: must be {WORDS}; did you mean \"medium\"?")]),
            ("{effort: 1}", vec![format!("reasoning.effort: must be {WORDS}")]),
            ("{force: true}", vec![format!("reasoning.effort: must be there, as {WORDS}")]),
            ("{}", vec![format!("reasoning.effort: must be there, as {WORDS}")]),
            ("{effort: off, force: yes}", vec!["reasoning.force: must be true or false".into()]),
            ("{effort: off, force: null}", vec!["reasoning.force: must be true or false".into()]),
            ("{effort: auto, cut: [0, 0, 0]}", vec!["reasoning.cut: unknown key; did you mean \"cuts\"?".into()]),
            ("{effort: auto, 1: 2}", vec!["reasoning.1: unknown key".into()]),
            ("{effort: low, cuts: [0, 0, 0]}", vec!["reasoning.cuts: must stand beside \"effort: auto\" only".into()]),
            ("{effort: auto, cuts: null}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [0.1, 0, 0]}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [-2, 0, 0]}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [0, 0]}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [0, 0, 0, 0]}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [.nan, 0, 0]}", vec![cuts.clone()]),
            ("{effort: auto, cuts: [a, 0, 0]}", vec![cuts.clone()]),
            (
                "{effort: hard, force: 1, cuts: x}",
                vec![
                    "reasoning.force: must be true or false".into(),
                    cuts,
                    format!("reasoning.effort: must be {WORDS}"),
                ],
            ),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}
