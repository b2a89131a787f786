//! Tables in a text: CSV, tab-separated lines, Markdown.

use std::ops::Range;

/// The signs that part cells.
const SIGNS: [u8; 4] = [b'|', b'\t', b';', b','];
/// The most bytes of a line in which a cell's column is counted, and of a column's head.
const LINE: usize = 1024;
const HEAD: usize = 48;

/// Where a text has tables, in their order.
pub(super) struct Tables(Vec<Table>);

/// Lines that have as many cells as the first of them.
struct Table {
    range: Range<usize>,
    /// The first line.
    head: Range<usize>,
    sign: u8,
    /// Whether the sign is none that prose has as well.
    is_strict: bool,
}

/// A place in a table.
pub(super) struct Cell {
    /// Where the head of its column is.
    pub(super) head: Range<usize>,
    /// Where it begins itself.
    pub(super) start: usize,
    /// Whether the head tells what the cell holds, so that its neighbours do not.
    pub(super) is_named: bool,
}

// === impl Tables ===

impl Tables {
    /// The tables of `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        let mut open: Option<(Table, usize, usize)> = None;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let range = start..start + line.len();
            start = range.end;
            open = match open.take() {
                Some((table, cells, lines)) if count(line, table.sign) == cells => {
                    Some((Table { range: table.range.start..range.end, ..table }, cells, lines + 1))
                }
                closed => {
                    tables.extend(closed.filter(|(_, _, lines)| *lines > 1).map(|(table, ..)| table));
                    let sign = SIGNS.into_iter().find(|sign| line.as_bytes().contains(sign));
                    sign.map(|sign| (Table::new(range, line, sign), count(line, sign), 1))
                }
            };
        }
        tables.extend(open.filter(|(_, _, lines)| *lines > 1).map(|(table, ..)| table));
        Self(tables)
    }

    /// The cell that `at` stands in, but for those of the first line.
    pub(super) fn cell(&self, text: &str, at: usize) -> Option<Cell> {
        let table = &self.0[self.0.partition_point(|table| table.range.start <= at).checked_sub(1)?];
        if !(table.head.end..table.range.end).contains(&at) {
            return None;
        }
        let floor = at.saturating_sub(LINE).max(table.head.end);
        let before = &text.as_bytes()[floor..at];
        let line = memchr::memrchr(b'\n', before).map_or(floor, |end| floor + end + 1);
        if line == floor && floor > table.head.end {
            return None;
        }
        let column = memchr::memchr_iter(table.sign, &text.as_bytes()[line..at]).count();
        let start = memchr::memrchr(table.sign, &text.as_bytes()[line..at]).map_or(line, |sign| line + sign + 1);
        let mut from = table.head.start;
        for (nth, head) in text[table.head.clone()].split(char::from(table.sign)).enumerate() {
            if nth == column {
                let is_named =
                    table.is_strict && head.bytes().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
                return (head.len() <= HEAD).then(|| Cell { head: from..from + head.len(), start, is_named });
            }
            from += head.len() + 1;
        }
        None
    }
}

// === impl Table ===

impl Table {
    /// A table of one line so far.
    fn new(range: Range<usize>, line: &str, sign: u8) -> Self {
        let is_prose = sign == b',' && line.contains(", ");
        Self { head: range.clone(), range, sign, is_strict: !is_prose }
    }
}

fn count(line: &str, sign: u8) -> usize {
    memchr::memchr_iter(sign, line.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(text: &'a str, value: &str) -> Option<&'a str> {
        Tables::of(text).cell(text, text.find(value).unwrap()).map(|cell| text[cell.head].trim())
    }

    #[test]
    fn a_cell_has_its_columns_head() {
        assert_eq!(head("a;b\n1;2\n3;4", "4"), Some("b"));
        assert_eq!(head("x\n\na\tb\tc\n1\t2\t3\n\ny, z\n", "3"), Some("c"));
        assert_eq!(head("a,b\n1,2\n", "a"), None);
        let is_named =
            |text: &str| Tables::of(text).cell(text, text.rfind('2').unwrap()).is_some_and(|cell| cell.is_named);
        assert!(is_named("a,b\n1,2\n") && !is_named("well, yes\n1, 2\n"));
    }

    #[test]
    fn lines_of_other_widths_are_no_table() {
        assert_eq!(head("a,b\n1,2,3\n", "2"), None);
        assert_eq!(head("a,b\nnothing 1\n", "1"), None);
    }
}
