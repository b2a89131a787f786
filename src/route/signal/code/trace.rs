//! Stack traces and compilers' complaints.

/// What stands in lines of them and hardly elsewhere.
const SIGNS: [&str; 22] = [
    "Traceback (most recent call last)",
    "Exception in thread \"",
    "panicked at ",
    "goroutine 1 [",
    "Segmentation fault",
    "segfault at ",
    "core dumped",
    "undefined reference to",
    "Uncaught TypeError",
    "Uncaught ReferenceError",
    "Caused by: ",
    "error[E0",
    "error TS",
    "error: expected ",
    "fatal error: ",
    "NullPointerException",
    "ModuleNotFoundError:",
    "AttributeError:",
    "TypeError:",
    "ValueError:",
    "KeyError:",
    "SyntaxError:",
];

/// The points of a line as one of a trace; it is trimmed.
pub(super) fn points(line: &str) -> f32 {
    if is_frame(line) {
        return 2.0;
    }
    let is_sign = SIGNS.iter().any(|sign| line.contains(sign));
    let sign = match line.ends_with('?') || !is_sign {
        true => 0.0,
        // A sentence may speak of an error by its name; one that is pasted says more.
        false if line.starts_with(char::is_uppercase) || line.contains("error") => 2.5,
        false => 1.5,
    };
    sign + if has_place(line) { 1.5 } else { 0.0 }
}

/// `main.c:3:10`: a file's name with a line.
fn has_place(line: &str) -> bool {
    let is_place = |word: &str| {
        let mut parts = word.split(':');
        let file = parts.next().unwrap_or_default();
        let named = file.rsplit_once('.').is_some_and(|(stem, end)| {
            !stem.is_empty() && (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase())
        });
        named && parts.next().is_some_and(|row| !row.is_empty() && row.bytes().all(|b| b.is_ascii_digit()))
    };
    line.contains(':') && line.split([' ', '(', ')']).any(is_place)
}

/// `at a.b.C(D.java:12)`, `File "x.py", line 3`, `#0 0x… in main`, `  --> src/main.rs:1:2`.
fn is_frame(line: &str) -> bool {
    let numbered = |rest: &str| rest.contains(':') && rest.bytes().any(|b| b.is_ascii_digit());
    line.strip_prefix("at ").is_some_and(|rest| rest.contains(['(', '/']) && numbered(rest) && rest.contains('.'))
        || line.starts_with("File \"") && line.contains("\", line ")
        || line.starts_with('#') && line.contains(" 0x") && line.contains(" in ")
        || line.strip_prefix("--> ").is_some_and(numbered)
}
