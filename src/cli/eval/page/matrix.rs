//! The confusion matrix as a picture: a row for each label, a column for each route that was given.

use std::collections::BTreeMap;

use super::markup::{Element, el, short};

/// Expected → given → times.
pub(super) type Confusion = BTreeMap<String, BTreeMap<String, usize>>;

/// The shares of a row at which a cell's colour grows stronger.
const STEPS: [f64; 4] = [0.02, 0.1, 0.3, 0.6];

/// How the steps are told.
const LEGEND: [&str; 5] = ["up to 2 %", "to 10 %", "to 30 %", "to 60 %", "more"];

/// Characters of a name that are shown beside the matrix; all of them where it is pointed at.
const NAME: usize = 26;

/// What a character of a label takes.
const CHARACTER: f64 = 6.4;

struct Layout {
    cell: f64,
    /// Room for names.
    margin: f64,
    /// By how much the columns' names are turned.
    angle: i32,
}

/// The matrix with its legend; `names` are those that occur, in the order of rows and columns.
pub(super) fn draw(confusion: &Confusion, names: &[&str]) -> Element {
    let layout = Layout::new(names);
    let side = layout.cell * names.len() as f64;
    // A turned name of the last column leans over the edge.
    let lean = if layout.angle == -90 { 8.0 } else { layout.margin * 0.7 };
    let (width, height) = (layout.margin + side + lean, layout.margin + side + 8.0);
    let cells = names.iter().enumerate().flat_map(|(row, expected)| {
        let total: usize = confusion.get(*expected).into_iter().flat_map(BTreeMap::values).sum();
        let (names, layout) = (names, &layout);
        names.iter().enumerate().filter_map(move |(column, given)| {
            let times = *confusion.get(*expected)?.get(*given)?;
            Some(layout.cell(row, column, (expected, given), (times, total)))
        })
    });
    let picture = el("svg")
        .class("matrix")
        .attr("viewBox", format!("0 0 {} {}", short(width), short(height)))
        .attr("width", short(width))
        .attr("height", short(height))
        .attr("role", "img")
        .attr("aria-label", "Confusion matrix: where the prompts of each label went. The mistakes are listed below.")
        .with(layout.grid(names.len()))
        .with_all(names.iter().enumerate().flat_map(|(index, name)| layout.names(index, name)))
        .with_all(cells);
    let scroll = el("div").class("scroll").attr("tabindex", 0).attr("role", "region");
    let scroll = scroll.attr("aria-label", "Confusion matrix").with(picture);
    el("figure").with(legend()).with(scroll)
}

/// What the colours mean.
fn legend() -> Element {
    let swatches = |kind: &'static str| {
        (1..).zip(LEGEND).map(move |(level, text)| {
            el("li").with(el("i").class(format!("swatch {kind}{level}"))).with(el("span").text(text))
        })
    };
    let list = |title: &str, kind| el("ul").class("legend").with(el("li").text(title)).with_all(swatches(kind));
    el("figcaption")
        .text("Rows are labels, columns where their prompts went. The colour says what share of the row a cell is.")
        .with(list("Right:", "r"))
        .with(list("Wrong:", "w"))
}

// === impl Layout ===

impl Layout {
    fn new(names: &[&str]) -> Self {
        let count = names.len().max(1);
        let longest = names.iter().map(|name| name.chars().count().min(NAME)).max().unwrap_or(0);
        let cell = (900.0 / count as f64).clamp(8.0, 44.0).floor();
        let angle = if count > 16 { -90 } else { -50 };
        Self { cell, margin: longest as f64 * CHARACTER + 18.0, angle }
    }

    /// Where the cell at `index` begins.
    fn at(&self, index: usize) -> f64 {
        self.margin + self.cell * index as f64
    }

    fn grid(&self, count: usize) -> Element {
        let (from, to) = (short(self.margin), short(self.at(count)));
        let lines = (0..=count).map(|index| {
            let at = short(self.at(index));
            format!("M{from} {at}H{to}M{at} {from}V{to}")
        });
        el("path").class("grid").attr("d", lines.collect::<String>())
    }

    fn names(&self, index: usize, name: &str) -> [Element; 2] {
        let middle = self.at(index) + self.cell / 2.0;
        let size = short((self.cell * 0.8).clamp(7.0, 12.0));
        let text = |class: &str, x: f64, y: f64| {
            let element = el("text").class(class).attr("x", short(x)).attr("y", short(y)).attr("font-size", &size);
            element.with(el("title").text(name))
        };
        let shown = cut(name);
        let row = text("row", self.margin - 6.0, middle + 3.5).text(&shown);
        let (x, y) = (middle + if self.angle == -90 { 3.5 } else { 0.0 }, self.margin - 6.0);
        let turned = format!("rotate({} {} {})", self.angle, short(x), short(y));
        [row, text("column", x, y).attr("transform", turned).text(shown)]
    }

    fn cell(&self, row: usize, column: usize, names: (&str, &str), counts: (usize, usize)) -> Element {
        let ((expected, given), (times, total)) = (names, counts);
        let share = times as f64 / total.max(1) as f64;
        let level = 1 + STEPS.iter().filter(|step| share > **step).count();
        let kind = if row == column { 'r' } else { 'w' };
        let (x, y) = (self.at(column), self.at(row));
        let square = el("rect")
            .attr("x", short(x + 0.5))
            .attr("y", short(y + 0.5))
            .attr("width", short(self.cell - 1.0))
            .attr("height", short(self.cell - 1.0));
        let what = if row == column { format!("{expected}, right") } else { format!("{expected} went to {given}") };
        let told = format!("{what}: {times} of {total} ({:.1} %)", share * 100.0);
        let cell = el("g").class(format!("{kind}{level}")).with(el("title").text(told)).with(square);
        match self.size_of(times) {
            Some(size) => cell.with(
                el("text")
                    .attr("x", short(x + self.cell / 2.0))
                    .attr("y", short(y + self.cell / 2.0 + size * 0.35))
                    .attr("font-size", short(size))
                    .text(times),
            ),
            None => cell,
        }
    }

    /// The size in which a count fits into a cell, if it does legibly.
    fn size_of(&self, times: usize) -> Option<f64> {
        let digits = times.to_string().len() as f64;
        let size = ((self.cell - 2.0) / (digits * 0.62)).min(13.0).min(self.cell * 0.7);
        (size >= 7.5).then_some(size)
    }
}

/// A name without its middle, where it is long: what is told apart at its end remains so.
fn cut(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME {
        return name.to_owned();
    }
    let (start, end) = (NAME / 2, count - (NAME - NAME / 2 - 1));
    name.chars().take(start).chain(['…']).chain(name.chars().skip(end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(cut("kitchen"), "kitchen");
        let cut = cut("kitchen_and_dining-reservations");
        assert_eq!((cut.as_str(), cut.chars().count()), ("kitchen_and_d…reservations", NAME));
    }

    #[test]
    fn counts_are_shown_where_they_fit() {
        let layout = |count: usize| Layout::new(&vec!["route"; count]);
        assert!([1, 99, 999].iter().all(|times| layout(11).size_of(*times).is_some()));
        assert!(layout(51).size_of(9).is_some() && layout(51).size_of(9999).is_none());
        assert!(layout(200).size_of(1).is_none());
    }
}
