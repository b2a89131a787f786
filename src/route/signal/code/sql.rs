//! SQL statements: those in capitals, and those in any case that have a statement's signs.

/// Whether a statement is in `text`.
pub(super) fn is_in(text: &str) -> bool {
    let words: Vec<(usize, &str)> = words(text).collect();
    let is = |at: usize, wanted: &str| words.get(at).is_some_and(|(_, word)| word.eq_ignore_ascii_case(wanted));
    (0..words.len()).any(|at| {
        let (start, word) = words[at];
        let rest = &text[start..];
        let capitals = word.bytes().all(|b| b.is_ascii_uppercase());
        let within = |word: &str, far: usize| (at + 1..at + far).find(|at| is(*at, word));
        match word.to_ascii_lowercase().as_str() {
            "select" => within("from", 40).is_some_and(|from| {
                let between = &text[start..words[from].0];
                let from_capitals = words[from].1.starts_with('F');
                !between.contains(['.', '?', '!']) && capitals && from_capitals
                    || has_columns(between) && from + 1 < words.len() && !is(from + 1, "the")
            }),
            "insert" => is(at + 1, "into") && (rest.contains("VALUES") || rest.contains("values (") || capitals),
            "update" => within("set", 4).is_some_and(|set| capitals && words[set].1 == "SET"),
            "delete" => is(at + 1, "from") && (capitals || rest.contains(" where ") && rest.contains('=')),
            "create" | "alter" | "drop" => {
                let object = ["table", "index", "view", "database"].iter().any(|object| is(at + 1, object));
                object
                    && (capitals && words[at + 1].1.starts_with(|c: char| c.is_ascii_uppercase())
                        || rest.contains(" (") && rest.contains(");"))
            }
            _ => false,
        }
    })
}

/// Whether what stands between `select` and `from` is a list of columns: a star, or names with signs and without articles.
fn has_columns(between: &str) -> bool {
    let columns = between.get("select".len()..).unwrap_or_default().trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.*(),\"` \n\t".contains(c);
    let is_star = columns == "*" || columns.ends_with(".*") || columns.contains("(*)");
    let names: Vec<_> = columns.split(',').map(str::trim).collect();
    let single = |name: &&str| name.contains('_') || name.contains('(') || !name.contains(' ');
    is_star || names.len() > 1 && columns.chars().all(is_name) && names.iter().all(single)
}

/// Words of letters, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphabetic() || c == '_';
    let pieces = text.split(move |c| !is_part(c)).filter(|word| !word.is_empty());
    pieces.map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}
