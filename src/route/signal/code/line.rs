//! What of a program a line has.

/// Openings that a line of prose does not have; each needs one of the signs after it, somewhere in the rest.
const OPENINGS: [(&str, &[&str], f32); 56] = [
    ("def ", &["("], 2.5),
    ("class ", &[":", "{", "("], 1.5),
    ("async ", &["(", "{"], 1.5),
    ("fn ", &["("], 2.5),
    ("pub ", &["(", "{", ";", ":"], 2.5),
    ("impl ", &["{"], 2.5),
    ("func ", &["("], 2.5),
    ("function ", &["(", "{"], 2.0),
    ("import ", &[";", "{", "\"", "'", " as ", "*", "."], 1.5),
    ("from ", &[" import "], 3.0),
    ("#include", &["<", "\""], 3.0),
    ("#define ", &[""], 3.0),
    ("#ifdef ", &[""], 2.0),
    ("#ifndef ", &[""], 2.0),
    ("#pragma ", &[""], 2.0),
    ("#!/", &[""], 3.0),
    ("using ", &[";"], 2.0),
    ("namespace ", &["{", ";"], 2.0),
    ("package ", &[";"], 2.0),
    ("public ", &["(", "{", ";"], 2.0),
    ("private ", &["(", "{", ";"], 2.0),
    ("protected ", &["(", "{", ";"], 2.0),
    ("static ", &["(", "{", ";", "="], 2.0),
    ("const ", &["=", ";"], 2.0),
    ("let ", &[" = ", ";"], 1.5),
    ("var ", &["=", ";"], 1.5),
    ("val ", &[" = "], 1.5),
    ("int ", &["=", ";", "("], 2.0),
    ("void ", &["("], 2.0),
    ("double ", &["=", ";", "("], 1.5),
    ("struct ", &["{", ";"], 2.0),
    ("enum ", &["{"], 2.0),
    ("interface ", &["{"], 2.0),
    ("type ", &["= ", "struct", "interface {"], 2.0),
    ("export ", &["=", "{", "function", "default"], 2.0),
    ("return ", &[";", "(", "[", "{", " + ", " - ", " * "], 1.0),
    ("throw new ", &["("], 2.5),
    ("raise ", &["("], 1.5),
    ("except ", &[":"], 1.5),
    ("elif ", &[":"], 2.0),
    ("if (", &[")"], 1.0),
    ("if __name__", &["=="], 3.0),
    ("for (", &[";", " of ", " in ", ":"], 2.0),
    ("while (", &[")"], 1.0),
    ("switch (", &["{"], 2.0),
    ("} else", &[""], 2.0),
    ("} catch", &[""], 2.0),
    ("print(", &[")"], 2.5),
    ("console.log(", &[")"], 3.0),
    ("System.out.", &["("], 3.0),
    ("std::", &[""], 2.0),
    ("@Override", &[""], 3.0),
    ("<?php", &[""], 3.0),
    ("<!DOCTYPE", &[""], 3.0),
    ("</", &[">"], 1.0),
    ("lambda ", &[":"], 1.0),
];

/// Whole lines that only programs have.
const WHOLE: [&str; 18] = [
    "{", "}", "};", "});", "})", "},", ");", "],", "];", "else:", "try:", "finally:", "else {", "do {", "try {", "end",
    "pass", "break;",
];

/// Commands that a shell prompt or a script begins with.
const COMMANDS: [&str; 29] = [
    "sudo ",
    "git ",
    "docker ",
    "kubectl ",
    "npm ",
    "pip ",
    "cargo ",
    "curl ",
    "wget ",
    "grep ",
    "awk ",
    "sed ",
    "chmod ",
    "ssh ",
    "tar ",
    "apt ",
    "apt-get ",
    "systemctl ",
    "ls -",
    "rm -",
    "cp -",
    "find . ",
    "find / ",
    "echo \"",
    "echo $",
    "gcc ",
    "make ",
    "python ",
    "export ",
];

/// Pieces that prose seldom has, each with its weight.
const PIECES: [(&str, f32); 30] = [
    ("==", 0.8),
    ("!=", 0.8),
    ("&&", 1.0),
    ("||", 0.8),
    ("+=", 1.0),
    ("-=", 0.8),
    ("++", 0.5),
    ("->", 0.5),
    ("=>", 0.8),
    ("::", 1.0),
    (":=", 1.0),
    ("();", 1.5),
    ("()", 0.6),
    ("({", 1.0),
    (");", 1.0),
    ("[i]", 1.0),
    ("[0]", 0.8),
    ("/>", 0.8),
    ("</", 0.8),
    ("${", 1.0),
    ("self.", 1.2),
    ("this.", 0.4),
    ("null", 0.3),
    ("std::", 1.0),
    ("&mut ", 1.5),
    ("#[", 1.2),
    (" | grep ", 2.0),
    (" -exec ", 2.0),
    (" 2>&1", 2.0),
    ("[:", 0.8),
];

/// No line counts for more.
const MOST: f32 = 3.0;

/// The points of a line, 0 to 3; it is trimmed and not empty.
pub(super) fn points(line: &str) -> f32 {
    if WHOLE.contains(&line) {
        return if line == "end" { 0.5 } else { 1.0 };
    }
    let bytes = line.as_bytes();
    // Most prose leaves here: it has no sign that a program has.
    let is_plain = !bytes.iter().any(|b| b"(){}[]=<>;:#$&|/\\*`@_".contains(b));
    if is_plain && !is_command(line) && !line.starts_with("import ") {
        return 0.0;
    }
    let mut points =
        opening(line) + command(line) + pieces(line) + ending(line, bytes) + assignment(line) + calls(bytes);
    points += span(line) + markup(line) + property(line);
    points.min(MOST)
}

fn opening(line: &str) -> f32 {
    let open = |(opening, signs, points): &(&str, &[&str], f32)| {
        let rest = line.strip_prefix(opening)?;
        signs.iter().any(|sign| rest.contains(sign)).then_some(*points)
    };
    OPENINGS.iter().find_map(open).unwrap_or(0.0)
}

fn is_command(line: &str) -> bool {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    COMMANDS.iter().any(|command| line.starts_with(command))
}

/// A command with an option, a pipe or a path, or one after a shell's prompt.
fn command(line: &str) -> f32 {
    let prompted = line.strip_prefix("$ ");
    if !is_command(line) {
        return if prompted.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())) { 1.5 } else { 0.0 };
    }
    let has_sign = [" -", " | ", " /", "./", "&&", "://"].iter().any(|sign| line.contains(sign));
    // What is written as a sentence ("git is slow. …") is about a command.
    if has_sign && !line.ends_with(['.', '?', '!']) || prompted.is_some() { 3.0 } else { 0.3 }
}

fn pieces(line: &str) -> f32 {
    PIECES.iter().filter(|(piece, _)| line.contains(piece)).map(|(_, points)| points).sum()
}

/// A line that ends as statements and blocks do, or that is a comment.
fn ending(line: &str, bytes: &[u8]) -> f32 {
    let has = |signs: &[u8]| bytes.iter().any(|b| signs.contains(b));
    let comment = line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with("*/")
        || line.starts_with("# ") && has(b"=(_");
    let end = match bytes.last() {
        Some(b';') if has(b"=(_[") => 1.5,
        Some(b';') => 0.4,
        Some(b'{') => 1.2,
        Some(b':') if block_opens(line) => 1.5,
        Some(b',') if has(b"=([") => 0.7,
        Some(b'\\') => 0.5,
        _ => 0.0,
    };
    end + if comment { 0.8 } else { 0.0 }
}

/// `for x in y:`, `if x == y:`, `while x:`, `with x as y:`.
fn block_opens(line: &str) -> bool {
    let head = line.split([' ', '(']).next().unwrap_or_default();
    let is_keyword = matches!(head, "for" | "if" | "while" | "with" | "elif" | "except" | "match" | "case");
    let is_short = line.split(' ').count() <= 6;
    is_keyword && (line.contains(['=', '(', '_', '[', '<', '>']) || head == "for" && line.contains(" in ") && is_short)
}

/// `name = value`, `a.b[c] = value`.
fn assignment(line: &str) -> f32 {
    let Some((left, right)) = line.split_once(" = ") else { return 0.0 };
    let left = left.strip_prefix(['$', '*', '&', '@']).unwrap_or(left);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.[]'\":, ".contains(c);
    let words = left.split(' ').count();
    // One letter is as often a formula's.
    if left.is_empty() || words > 3 || !left.chars().all(is_name) || right.is_empty() {
        0.0
    } else {
        let is_call = right.contains('(') && right.ends_with([')', '}', ';']) && !right.contains(" (");
        let name = if left.len() <= 2 { 0.4 } else { 1.0 };
        name + if is_call { 0.8 } else { 0.0 }
    }
}

/// A line that begins with a tag.
fn markup(line: &str) -> f32 {
    let tag = line.strip_prefix('<').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    if tag && line.contains('>') { 1.2 } else { 0.0 }
}

/// A line of a style sheet: `padding: 4px;`.
fn property(line: &str) -> f32 {
    let Some((key, value)) = line.strip_suffix(';').and_then(|line| line.split_once(": ")) else { return 0.0 };
    let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if is_key && value.split(' ').count() <= 4 { 0.8 } else { 0.0 }
}

/// `object.method(…)` and `some_name(…)`, twice at most.
fn calls(bytes: &[u8]) -> f32 {
    let mut found = 0.0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'(') {
        let is_part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'.');
        let name = bytes[..at].iter().rev().take_while(is_part).count();
        let name = &bytes[at - name..at];
        let dotted = name.len() > 3 && name[1..name.len() - 1].contains(&b'.') && name[0].is_ascii_alphabetic();
        if dotted || name.len() > 3 && name[1..].contains(&b'_') {
            found += 0.8;
        }
    }
    if found > 1.6 { 1.6 } else { found }
}

/// A span in backticks that is more than a name.
fn span(line: &str) -> f32 {
    let mut parts = line.split('`');
    parts.next();
    let is_code = |span: &str| span.contains(['(', '=', '{', ';', '[']) && span.len() > 4;
    if line.matches('`').count() >= 2 && parts.step_by(2).any(is_code) { 1.5 } else { 0.0 }
}
