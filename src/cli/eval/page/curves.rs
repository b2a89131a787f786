//! Thresholds: what others than those in force would have made of the same scores.

use super::chart::Chart;
use super::markup::{Element, el};
use super::{Page, share};
use crate::cli::eval::curves::{self, Curve, Point};

/// What a line shows.
struct Line {
    class: &'static str,
    name: &'static str,
    value: fn(&Point) -> Option<f64>,
}

const RIGHT: Line = Line { class: "right", name: "right decisions", value: |point| point.right };
const RECALL: Line = Line { class: "recall", name: "recall", value: |point| point.recall };
const PRECISION: Line = Line { class: "precision", name: "precision", value: |point| point.precision };
const STRANGERS: Line = Line { class: "strangers", name: "out of scope, accepted", value: |point| point.strangers };

const OVERALL: [Line; 4] = [RIGHT, RECALL, PRECISION, STRANGERS];
const OF_ROUTE: [Line; 3] = [RECALL, PRECISION, STRANGERS];

/// One chart for all routes together, and one for each that could be chosen; nothing where no score was asked for.
pub(super) fn draw(page: &Page) -> Vec<Element> {
    if page.detail.seen.iter().all(|seen| seen.scores.is_none()) {
        return Vec::new();
    }
    let routes = (0..page.table.names().len()).filter(|route| page.table.sample_count(*route) > 0);
    let charts = el("div").class("charts small").with_all(routes.map(|route| of_route(page, route)));
    let note = "What would come of another threshold of one route, while the others keep theirs. The upright line is the \
                threshold in force, whose number stands above.";
    vec![
        el("h3").text("One threshold for all routes"),
        of_all(page),
        el("h3").text("Route by route"),
        el("p").class("quiet").text(note),
        legend(&OF_ROUTE, "threshold in force"),
        charts,
    ]
}

fn of_all(page: &Page) -> Element {
    let lowest = f64::from(curves::lowest(page.detail));
    let chart = Chart::new(460.0, 280.0, lowest, 1.0);
    let curve = curves::of_all(page.detail);
    let notches = page.thresholds().into_iter().zip(page.table.names()).filter_map(|(least, name)| {
        let least = least?;
        Some(chart.notch("force", f64::from(least), format!("{name}: {least:.3} in force")))
    });
    let mut parts = lines(&chart, &OVERALL, &curve);
    parts.extend(notches);
    let best = curve.0.iter().reduce(|best, next| if next.right > best.right { next } else { best });
    let best = best.and_then(|best| Some((best.threshold, best.right?)));
    parts.extend(best.map(|(least, right)| {
        chart.dot("right", (least.into(), right), 4.0, format!("{} right at {least:.2}", share(right)))
    }));
    let told = best.map(|(least, right)| {
        format!(
            "Most decisions, {} of all, would be right with a threshold of {least:.2}; in force it is {}.",
            share(right),
            share(page.report.accuracy)
        )
    });
    let caption =
        el("figcaption").text(told.unwrap_or_default()).with(legend(&OVERALL, "a route's threshold in force"));
    el("figure").class("wide").with(caption).with(chart.draw(
        "What one threshold for all routes would come to",
        "threshold",
        parts,
    ))
}

fn of_route(page: &Page, route: usize) -> Element {
    let thresholds = page.thresholds();
    let name = page.name(Some(route));
    let curve = curves::of_route(page.detail, route, &thresholds);
    let chart = Chart::new(280.0, 180.0, curves::lowest(page.detail).into(), 1.0);
    let mut parts = lines(&chart, &OF_ROUTE, &curve);
    if let Some(least) = thresholds[route] {
        parts.insert(0, chart.upright("force", least.into()));
    }
    // In force, or the first, which refuses nothing.
    let point = curve.0.iter().find(|point| thresholds[route].is_none_or(|least| point.threshold == least));
    let dots = OF_ROUTE.iter().filter_map(|line| {
        let (point, value) = point.and_then(|point| Some((point, (line.value)(point)?)))?;
        Some(chart.dot(line.class, (point.threshold.into(), value), 3.2, format!("{} {}", line.name, share(value))))
    });
    parts.extend(dots);
    let least = thresholds[route].map_or("none".into(), |least| format!("{least:.3}"));
    let caption = el("figcaption").with(el("strong").text(name)).text(" ").with(el("span").class("quiet").text(least));
    el("figure").with(caption).with(chart.draw(&format!("Thresholds of route {name}"), "threshold", parts))
}

fn lines(chart: &Chart, lines: &[Line], curve: &Curve) -> Vec<Element> {
    let line = |line: &Line| {
        let points = curve.0.iter().filter_map(|point| Some((f64::from(point.threshold), (line.value)(point)?)));
        chart.line(line.class, points)
    };
    lines.iter().map(line).collect()
}

fn legend(lines: &[Line], force: &str) -> Element {
    let key = |class: &str, name: &str| {
        let stroke = el("line").class(format!("line {class}")).attr("x1", 1).attr("y1", 5).attr("x2", 27).attr("y2", 5);
        let key = el("svg").class("key").attr("viewBox", "0 0 28 10").attr("aria-hidden", "true").with(stroke);
        el("li").with(key).with(el("span").text(name))
    };
    el("ul").class("legend").with_all(lines.iter().map(|line| key(line.class, line.name))).with(key("force", force))
}
