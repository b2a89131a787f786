//! Whether comparisons of one signal can hold together: they are tried on values that stand for all there are.

use super::super::test::Test;
use super::solve::Sign;
use crate::route::signal::{Kind, Signal, Value};

/// A text that no config holds, for every text that is not named.
const OTHER: &str = "\u{10ffff}";

/// Names of entities of which all combinations are tried.
const NAMES: usize = 6;

/// Whether some value of `signal`, or none, is as all of `tests` require. False is certain, true is not.
pub(super) fn possible(signal: &Signal, tests: &[(&Test, Sign)]) -> bool {
    if signal.cost.may_fail() && tests.iter().all(|(_, sign)| sign.may_be_unknown()) {
        return true;
    }
    let fits = |value: &Value<'_>| tests.iter().all(|(test, sign)| test.holds(value) == sign.holds());
    if signal.may_be_absent && fits(&Value::Absent) {
        return true;
    }
    match signal.kind {
        Kind::Flag => [true, false].iter().any(|flag| fits(&Value::Flag(*flag))),
        Kind::Number { least, most, whole } => {
            numbers(tests, least, most, whole).any(|number| fits(&Value::Number(number)))
        }
        Kind::Count => numbers(tests, 0.0, f64::INFINITY, true).any(|number| fits(&Value::Number(number))),
        Kind::Label(labels) => labels.iter().any(|label| fits(&Value::Text(label))),
        Kind::Text => texts(tests).any(|text| fits(&Value::Text(text))) || other_text(tests),
        Kind::Names => names(tests),
    }
}

/// The numbers that are named, and one of each gap between them.
fn numbers(tests: &[(&Test, Sign)], least: f64, most: f64, whole: bool) -> impl Iterator<Item = f64> {
    let mut named = vec![least, most];
    for (test, _) in tests {
        match test {
            Test::Number(_, number) => named.push(*number),
            Test::Numbers(numbers) => named.extend(numbers),
            _ => {}
        }
    }
    named.retain(|number| (least..=most).contains(number));
    named.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = named.windows(2).map(|pair| between(pair[0], pair[1], whole)).collect();
    let all = named.into_iter().chain(gaps);
    all.filter(move |number| number.is_finite() && (!whole || number.fract() == 0.0) && (least..=most).contains(number))
}

/// A number above `low` and, where there is one, below `high`.
fn between(low: f64, high: f64, whole: bool) -> f64 {
    match (whole, high.is_finite()) {
        (true, _) => low.floor() + 1.0,
        (false, true) => low + (high - low) / 2.0,
        (false, false) => low + 1.0,
    }
}

/// The texts that are named.
fn texts<'a>(tests: &[(&'a Test, Sign)]) -> impl Iterator<Item = &'a str> {
    let of = |test: &'a Test| if let Test::Texts(texts) = test { texts.as_slice() } else { &[] };
    tests.iter().flat_map(move |(test, _)| of(test)).map(String::as_str)
}

/// Whether a text that is not named may do. Of expressions, only the same one twice is understood.
fn other_text(tests: &[(&Test, Sign)]) -> bool {
    let contradicts = |(i, (test, sign)): (usize, &(&Test, Sign))| {
        let is_pattern = matches!(test, Test::Matches(_));
        is_pattern && tests[..i].iter().any(|(other, other_sign)| other == test && sign.holds() != other_sign.holds())
    };
    let others = tests.iter().filter(|(test, _)| !matches!(test, Test::Matches(_)));
    let mut others = others.map(|(test, sign)| test.holds(&Value::Text(OTHER)) == sign.holds());
    others.all(|fits| fits) && !tests.iter().enumerate().any(contradicts)
}

/// Whether a set of names may do.
fn names(tests: &[(&Test, Sign)]) -> bool {
    let mut named: Vec<&str> = texts(tests).chain([OTHER]).collect();
    named.sort_unstable();
    named.dedup();
    if named.len() > NAMES || tests.iter().any(|(test, _)| matches!(test, Test::Matches(_))) {
        return true;
    }
    (0..1u32 << named.len()).any(|chosen| {
        let some: Vec<&str> =
            named.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1).map(|(_, name)| *name).collect();
        tests.iter().all(|(test, sign)| test.holds(&Value::Names(&some)) == sign.holds())
    })
}
