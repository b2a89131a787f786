//! Figures, routes and mistakes in words and numbers.

use super::markup::{Element, el};
use super::{Page, share};
use crate::cli::eval::detail::EXAMPLES;
use crate::cli::eval::tally::Scores;
use crate::cli::labelled::EXCERPT;
use crate::metrics::label;

/// Kinds of mistakes that are listed.
const MISTAKES: usize = 12;

/// The headline.
pub(super) fn figures(page: &Page) -> Vec<Element> {
    let report = page.report;
    let mut figures = vec![("Accuracy", share(report.accuracy), "went where their label says".to_owned())];
    let (inside, outside) = (&report.in_scope, &report.out_of_scope);
    let of = |value, whole: usize| if whole > 0 { share(value) } else { "–".into() };
    figures.push(("In scope", of(inside.accuracy, inside.n), format!("right, of {} prompts of a route", inside.n)));
    figures.push((
        "Out of scope",
        of(outside.accuracy, outside.n),
        format!("left to the default, of {} of none", outside.n),
    ));
    if let Some(auroc) = report.auroc {
        figures.push(("AUROC", share(auroc), "scope told by scores, whatever the thresholds".into()));
    }
    let given_default = |expected: &str| report.times(expected, label::DEFAULT);
    let defaulted: usize = report.confusion.keys().map(|expected| given_default(expected)).sum();
    let missed = defaulted - given_default(label::DEFAULT);
    let part = |part: usize, whole: usize| of(part as f64 / whole as f64, whole);
    figures.push(("Coverage", part(inside.n - missed, inside.n), "of the prompts of a route found one".into()));
    figures.push(("Default share", part(defaulted, report.n), "of all prompts went to the default".into()));
    let cards = figures.into_iter().map(|(name, value, note)| {
        el("div").with(el("dt").text(name)).with(el("dd").class("value").text(value)).with(el("dd").text(note))
    });
    vec![el("dl").class("figures").with_all(cards)]
}

/// A row for each route, and one for none.
pub(super) fn routes(page: &Page) -> Element {
    let titles = ["Route", "Samples", "Asked", "Given", "Precision", "Recall", "F1", "Threshold"];
    let titles = titles.map(|title| el("th").attr("scope", "col").text(title));
    let rows = page.names().enumerate().map(|(index, name)| {
        let is_route = index < page.table.names().len();
        let samples = is_route.then(|| page.table.sample_count(index).to_string());
        let threshold = page.table.threshold(index).map(|least| format!("{least:.3}"));
        let given = page.report.given(name);
        let mut cells = vec![samples];
        cells.extend(measured(page.report.by_route.get(name), given));
        cells.push(if is_route { Some(threshold.unwrap_or_else(|| "none".into())) } else { None });
        let cells = cells.into_iter().map(|cell| el("td").text(cell.as_deref().unwrap_or("–")));
        el("tr").with(el("th").attr("scope", "row").text(name)).with_all(cells)
    });
    let caption = "Asked: prompts with this label. Given: prompts sent there. Precision: the share of those given that were \
                   asked; recall: of those asked that were given; F1: their harmonic mean.";
    let table = el("table")
        .with(el("caption").with(el("span").text(caption)))
        .with(el("thead").with(el("tr").with_all(titles)))
        .with(el("tbody").with_all(rows));
    el("div").class("scroll").with(table)
}

/// Asked, given, precision, recall and F1; what is a share of nothing is none.
fn measured(scores: Option<&Scores>, given: usize) -> [Option<String>; 5] {
    let asked = scores.map_or(0, |scores| scores.n);
    let of = |value: fn(&Scores) -> f64, any: bool| scores.filter(|_| any).map(|scores| share(value(scores)));
    [
        Some(asked.to_string()),
        Some(given.to_string()),
        of(|scores| scores.precision, given > 0),
        of(|scores| scores.recall, asked > 0),
        of(|scores| scores.f1, asked + given > 0),
    ]
}

/// The most frequent kinds of mistakes, with examples.
pub(super) fn mistakes(page: &Page) -> Vec<Element> {
    let times = |expected, given| page.report.times(page.name(expected), page.name(given));
    let examples = page.detail.examples.iter();
    let mut kinds: Vec<_> = examples.map(|((from, to), texts)| (times(*from, *to), *from, *to, texts)).collect();
    kinds.sort_by_key(|(times, ..)| std::cmp::Reverse(*times));
    let left_out = kinds.len().saturating_sub(MISTAKES);
    let items: Vec<Element> = kinds
        .into_iter()
        .take(MISTAKES)
        .map(|(times, from, to, texts)| {
            let pair = el("h3")
                .with(el("span").class("times").text(format!("{times} ×")))
                .text(" ")
                .with(el("strong").text(page.name(from)))
                .text(" went to ")
                .with(el("strong").text(page.name(to)));
            let quotes = texts.iter().map(|text| el("li").with(el("q").attr("dir", "auto").text(text)));
            el("li").with(pair).with(el("ul").class("quotes").with_all(quotes))
        })
        .collect();
    if items.is_empty() {
        return Vec::new();
    }
    let mut note = format!(
        "The most frequent first, each with at most {EXAMPLES} prompts from the evaluated file, cut at {EXCERPT} characters."
    );
    if left_out > 0 {
        note.push_str(&format!(" {left_out} rarer kinds are left out."));
    }
    vec![el("p").class("quiet").text(note), el("ol").class("mistakes").with_all(items)]
}
