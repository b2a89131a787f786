//! Tables in a text: CSV, tab-separated lines, Markdown.

use std::cell::RefCell;
use std::ops::Range;

/// The signs that part cells.
const SIGNS: [u8; 4] = [b'|', b'\t', b';', b','];
/// The most bytes of a line in which a cell's column is counted, and of a column's head.
const LINE: usize = 1024;
const HEAD: usize = 48;

/// Where a text has tables, in their order.
pub(super) struct Tables {
    all: Vec<Table>,
    /// The columns of the table that was last asked about. To look for each cell's anew would take the square of the time
    /// where heads are long.
    columns: RefCell<Option<Columns>>,
}

/// The heads of a table's columns, as far as cells are counted.
struct Columns {
    /// Where the table begins.
    at: usize,
    heads: Vec<Range<usize>>,
}

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
        Self { all: tables, columns: RefCell::new(None) }
    }

    /// Whether what stands at `at` is in a table about whose head `is_of_use` holds.
    pub(super) fn has_head(&self, at: usize, is_of_use: impl Fn(&Range<usize>) -> bool) -> bool {
        self.table(at).is_some_and(|table| is_of_use(&table.head))
    }

    /// The table that `at` stands in, but for its first line.
    fn table(&self, at: usize) -> Option<&Table> {
        let before = self.all.partition_point(|table| table.range.start <= at).checked_sub(1)?;
        self.all.get(before).filter(|table| (table.head.end..table.range.end).contains(&at))
    }

    /// The cell that `at` stands in, but for those of the first line.
    pub(super) fn cell(&self, text: &str, at: usize) -> Option<Cell> {
        let table = self.table(at)?;
        let floor = at.saturating_sub(LINE).max(table.head.end);
        let before = &text.as_bytes()[floor..at];
        let line = memchr::memrchr(b'\n', before).map_or(floor, |end| floor + end + 1);
        if line == floor && floor > table.head.end {
            return None;
        }
        let column = memchr::memchr_iter(table.sign, &text.as_bytes()[line..at]).count();
        let start = memchr::memrchr(table.sign, &text.as_bytes()[line..at]).map_or(line, |sign| line + sign + 1);
        let head = self.head(text, table, column).filter(|head| head.len() <= HEAD)?;
        let mut bytes = text[head.clone()].bytes();
        let is_named = table.is_strict && bytes.any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
        Some(Cell { head, start, is_named })
    }

    /// The head of a table's column.
    fn head(&self, text: &str, table: &Table, column: usize) -> Option<Range<usize>> {
        let mut columns = self.columns.borrow_mut();
        if columns.as_ref().is_none_or(|columns| columns.at != table.range.start) {
            let mut from = table.head.start;
            let heads = text[table.head.clone()].split(char::from(table.sign)).take(LINE + 1).map(|head| {
                let start = from;
                from += head.len() + 1;
                start..start + head.len()
            });
            *columns = Some(Columns { at: table.range.start, heads: heads.collect() });
        }
        columns.as_ref()?.heads.get(column).cloned()
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
    fn tables_are_told_apart() {
        let text = "a;b\n1;2\n\nc;d\n3;4\n";
        let tables = Tables::of(text);
        let head = |value: &str| tables.cell(text, text.find(value).unwrap()).map(|cell| text[cell.head].trim());
        assert_eq!(["1", "4", "2", "3"].map(head), [Some("a"), Some("d"), Some("b"), Some("c")]);
        assert!(tables.has_head(4, |head| *head == (0..4)) && !tables.has_head(0, |_| true));
    }

    #[test]
    fn lines_of_other_widths_are_no_table() {
        assert_eq!(head("a,b\n1,2,3\n", "2"), None);
        assert_eq!(head("a,b\nnothing 1\n", "1"), None);
    }
}
