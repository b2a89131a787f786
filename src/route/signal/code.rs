//! `code`: whether the routed text holds program text: a snippet, a stack trace, SQL, a command line.
//!
//! A question about programming in plain words is none, nor is data (JSON, CSV) by itself. Lines are scored by what only
//! programs have; code is where lines of it stand close together.

mod line;
mod sql;
mod trace;

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "code",
    cost: Cost::Cheap,
    kind: Kind::Flag,
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "whether the last message holds code, a stack trace or SQL: send it to a coding model without any samples",
    read,
};

/// The points that lines close together must reach.
const ENOUGH: f32 = 3.0;

/// What is kept of the points from line to line, and what a line of prose costs.
const KEPT: f32 = 0.85;
const PROSE: f32 = 1.0;

/// So much of a text is read, in bytes.
const READ: usize = 16 << 10;

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Flag(is_code(facts.request().text)))
}

/// Whether `text` holds code. Reads its first 16 KiB.
pub fn is_code(text: &str) -> bool {
    let text = &text[..text.floor_char_boundary(READ)];
    let (mut points, mut fenced) = (0.0f32, false);
    for line in text.lines() {
        let line = line.trim();
        if let Some(fence) = line.strip_prefix("```").or_else(|| line.strip_prefix("~~~")) {
            fenced = !fenced;
            points += fence_points(fence);
        } else if !line.is_empty() {
            let found = line::points(line) + trace::points(line) + if fenced { 0.3 } else { 0.0 };
            points = if found > 0.0 { points * KEPT + found } else { (points - PROSE).max(0.0) };
        }
        if points >= ENOUGH {
            return true;
        }
    }
    sql::is_in(text)
}

/// What a fence says by the language that it names.
fn fence_points(fence: &str) -> f32 {
    let word = fence.split_whitespace().next().unwrap_or_default();
    let is_name = !word.is_empty()
        && word.len() <= 16
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+#-_.".contains(&b));
    match word {
        "text" | "txt" | "plain" | "plaintext" | "md" | "markdown" | "json" | "csv" | "quote" | "email" => 0.0,
        _ if is_name => ENOUGH,
        _ => 0.8,
    }
}

#[cfg(test)]
mod tests;
