//! What scores tell without thresholds: whether they know what belongs to no route, and whether they are chances.

use super::chart::Chart;
use super::markup::{Element, el};
use super::{Page, share};
use crate::cli::eval::chances::{Bin, Reliability};

/// Those charts that the file and the scale allow.
pub(super) fn draw(page: &Page) -> Vec<Element> {
    let charts: Vec<Element> =
        page.roc.iter().map(|roc| curve(page, roc)).chain(page.report.reliability.iter().map(diagram)).collect();
    if charts.is_empty() { Vec::new() } else { vec![el("div").class("charts pair").with_all(charts)] }
}

/// The receiver operating characteristic.
fn curve(page: &Page, roc: &[(f64, f64)]) -> Element {
    let chart = Chart::new(340.0, 300.0, 0.0, 1.0);
    let parts = [chart.line("even", [(0.0, 0.0), (1.0, 1.0)]), chart.line("roc", roc.iter().copied())];
    let auroc = page.report.auroc.map(share).unwrap_or_default();
    let caption = el("figcaption").with(el("strong").text("Out of scope told from in scope")).text(format!(
        ". AUROC {auroc}: upwards the share of the prompts of no route that look strange, against that of the prompts \
             of a route that do. Guessing would give the broken line."
    ));
    el("figure").with(caption).with(chart.draw(
        "Receiver operating characteristic",
        "in scope, taken for strange",
        parts,
    ))
}

/// How often scores were right, beside what they promised.
fn diagram(reliability: &Reliability) -> Element {
    let chart = Chart::new(340.0, 300.0, 0.0, 1.0);
    let Reliability { error, bins } = reliability;
    let most = bins.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
    let dot = |bin: &Bin| {
        let Bin { from, to, n, score, right } = bin;
        let title = format!("{from:.1} to {to:.1}: {n} prompts, mean score {}, right {}", share(*score), share(*right));
        chart.dot("bin", (*score, *right), 3.0 + 7.0 * (*n as f64 / most).sqrt(), title)
    };
    let mut parts = vec![chart.line("even", [(0.0, 0.0), (1.0, 1.0)])];
    parts.push(chart.line("bin", bins.iter().map(|bin| (bin.score, bin.right))));
    parts.extend(bins.iter().map(dot));
    let caption = el("figcaption")
        .with(el("strong").text("The best score as a chance"))
        .text(format!(
            ". Off by {} on average: upwards the share that was right, against what the score promised; a larger dot stands \
             for more prompts. On the broken line scores are true; above it they promise too little.",
            share(*error)
        ));
    el("figure").with(caption).with(chart.draw("Reliability diagram", "mean score of the best route", parts))
}
