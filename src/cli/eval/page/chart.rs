//! The frame of a chart: axes from 0 to 1 upwards and over any range to the right, with lines and marks in them.

use super::markup::{Element, el, short};

/// Where a chart's values lie.
pub(super) struct Chart {
    width: f64,
    height: f64,
    /// What the horizontal axis begins and ends with.
    from: f64,
    to: f64,
    /// Room for labels: left and below.
    left: f64,
    below: f64,
}

const ABOVE: f64 = 8.0;
const RIGHT: f64 = 12.0;

// === impl Chart ===

impl Chart {
    pub(super) fn new(width: f64, height: f64, from: f64, to: f64) -> Self {
        Self { width, height, from, to, left: 32.0, below: 34.0 }
    }

    /// An image of it that says what it is; `parts` lie above the axes.
    pub(super) fn draw(&self, name: &str, across: &str, parts: impl IntoIterator<Item = Element>) -> Element {
        let Self { width, height, .. } = self;
        el("svg")
            .class("chart")
            .attr("viewBox", format!("0 0 {width} {height}"))
            .attr("role", "img")
            .attr("aria-label", name)
            .with_all(self.axes(across))
            .with_all(parts)
    }

    fn axes(&self, across: &str) -> Vec<Element> {
        let (left, right, bottom) = (self.left, self.width - RIGHT, self.height - self.below);
        let mut axes = Vec::new();
        for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let y = self.y(tick);
            axes.push(line("grid", (left, y), (right, y)));
            axes.push(label("y", (left - 5.0, y + 3.5), format!("{tick}")));
        }
        for step in 0..=4 {
            let value = self.from + (self.to - self.from) * f64::from(step) / 4.0;
            let x = self.x(value);
            axes.push(line("tick", (x, bottom), (x, bottom + 4.0)));
            axes.push(label("x", (x, bottom + 15.0), format!("{}", (value * 100.0).round() / 100.0)));
        }
        axes.push(line("axis", (left, bottom), (right, bottom)));
        axes.push(label("x name", ((left + right) / 2.0, self.height - 4.0), across.to_owned()));
        axes
    }

    fn x(&self, value: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.left + share * (self.width - RIGHT - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        let bottom = self.height - self.below;
        bottom - value.clamp(0.0, 1.0) * (bottom - ABOVE)
    }

    /// A line through points; of several at one height in a row, the first and the last are enough.
    pub(super) fn line(&self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Element {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (x, y) in points {
            let next = (short(self.x(x)), short(self.y(y)));
            match kept.as_slice() {
                [.., before, last] if before.1 == last.1 && last.1 == next.1 => kept.pop(),
                _ => None,
            };
            kept.push(next);
        }
        let points: Vec<String> = kept.into_iter().map(|(x, y)| format!("{x},{y}")).collect();
        el("polyline").class(format!("line {class}")).attr("points", points.join(" "))
    }

    /// A line from bottom to top.
    pub(super) fn upright(&self, class: &str, at: f64) -> Element {
        line(class, (self.x(at), self.y(0.0)), (self.x(at), self.y(1.0)))
    }

    /// A short line just above the axis.
    pub(super) fn notch(&self, class: &str, at: f64, title: String) -> Element {
        let (x, y) = (short(self.x(at)), self.y(0.0));
        let path = format!("M{x} {}V{}", short(y), short(y - 10.0));
        // A path may hold a title only if it does not close itself.
        el("g").class(class).with(el("title").text(title)).with(el("path").attr("d", path))
    }

    pub(super) fn dot(&self, class: &str, at: (f64, f64), radius: f64, title: String) -> Element {
        let circle =
            el("circle").attr("cx", short(self.x(at.0))).attr("cy", short(self.y(at.1))).attr("r", short(radius));
        el("g").class(format!("dot {class}")).with(el("title").text(title)).with(circle)
    }
}

fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Element {
    el("line")
        .class(class)
        .attr("x1", short(from.0))
        .attr("y1", short(from.1))
        .attr("x2", short(to.0))
        .attr("y2", short(to.1))
}

fn label(class: &str, at: (f64, f64), text: String) -> Element {
    el("text").class(class).attr("x", short(at.0)).attr("y", short(at.1)).text(text)
}
