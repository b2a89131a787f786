//! Whether comparisons of one signal can hold together: they are tried on values that stand for all there are.

use super::super::test::Test;
use super::solve::Sign;
use super::world::Range;
use crate::route::signal::{Kind, Signal, Value};

/// A text that no config holds, for every text that is not named.
const OTHER: &str = "\u{10ffff}";

/// Whether some value of `signal` in its `range`, or none, is as all of `tests` require. False is certain, true is not.
pub(super) fn possible(signal: &Signal, range: &Range, tests: &[(&Test, Sign)]) -> bool {
    if signal.cost.may_fail() && tests.iter().all(|(_, sign)| sign.may_be_unknown()) {
        return true;
    }
    let fits = |value: &Value<'_>| tests.iter().all(|(test, sign)| test.holds(value) == sign.holds());
    if signal.may_be_absent && range.may_be_absent && fits(&Value::Absent) {
        return true;
    }
    match signal.kind {
        Kind::Flag => [true, false].iter().any(|flag| fits(&Value::Flag(*flag))),
        Kind::Number { least, most, whole } => {
            numbers(tests, least, most, whole).any(|number| fits(&Value::Number(number)))
        }
        Kind::Count => numbers(tests, 0.0, f64::INFINITY, true).any(|number| fits(&Value::Number(number))),
        Kind::Label(labels) => labels.iter().any(|label| fits(&Value::Text(label))),
        Kind::Text => {
            let mut named = texts(tests, range).into_iter();
            named.any(|text| fits(&Value::Text(text))) || range.all().is_none() && other_text(tests)
        }
        Kind::Texts | Kind::Names => several(tests, range),
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

/// All texts that there are; where those cannot be listed, the ones that are named.
fn texts<'a>(tests: &[(&'a Test, Sign)], range: &'a Range) -> Vec<&'a str> {
    if let Some(all) = range.all() {
        return all.iter().map(String::as_str).collect();
    }
    let named = tests.iter().filter_map(|(test, _)| if let Test::Texts(texts) = test { Some(texts) } else { None });
    named.flatten().map(String::as_str).filter(|text| range.has(text)).collect()
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

/// Whether several texts, or none, may do: each that is asked for may be there unless it is what may not be.
fn several(tests: &[(&Test, Sign)], range: &Range) -> bool {
    let denied = || tests.iter().filter(|(_, sign)| !sign.holds()).map(|(test, _)| *test);
    let texts = texts(tests, range);
    let may_be: Vec<&&str> =
        texts.iter().filter(|text| !denied().any(|test| test.holds(&Value::Names(&[text])))).collect();
    let mut asked_for = tests.iter().filter(|(_, sign)| sign.holds()).map(|(test, _)| *test);
    asked_for.all(|test| {
        let is_named = may_be.iter().any(|text| test.holds(&Value::Names(&[text])));
        // Of expressions, only the same one twice is understood.
        let by_other =
            || !matches!(test, Test::Texts(_)) && !denied().any(|other| other == test || *other == Test::Some);
        is_named || range.all().is_none() && by_other()
    })
}
