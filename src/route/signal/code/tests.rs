use super::*;

/// Texts with their label and name, from `tests/data/code.txt`.
fn labelled() -> impl Iterator<Item = (bool, &'static str, &'static str)> {
    let file = include_str!("../../../../tests/data/signals/code.txt");
    file.split("\n---\n").map(|entry| {
        let (head, text) = entry.split_once('\n').unwrap();
        (head.starts_with('+'), &head[2..], text)
    })
}

#[test]
fn code_is_told_from_prose() {
    let (mut hits, mut misses, mut false_alarms) = (0, Vec::new(), Vec::new());
    for (is, name, text) in labelled() {
        match (is, is_code(text)) {
            (true, true) => hits += 1,
            (true, false) => misses.push(name),
            (false, true) => false_alarms.push(name),
            (false, false) => {}
        }
    }
    let recall = hits as f64 / (hits + misses.len()) as f64;
    let precision = hits as f64 / (hits + false_alarms.len()) as f64;
    println!("precision {precision:.3} recall {recall:.3}, missed: {misses:?}, false alarms: {false_alarms:?}");
    assert!(precision >= 0.95 && recall >= 0.93, "missed: {misses:?}, false alarms: {false_alarms:?}");
}

#[test]
fn a_long_text_is_read_in_part() {
    let text = "Nothing here.\n".repeat(5000) + "```rust\nfn main() {}\n```";
    assert!(!is_code(&text));
    assert!(!is_code(&"é".repeat(READ)));
    assert!(!is_code(""));
}
