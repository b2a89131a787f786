//! What tells a secret from a placeholder or a word.

/// What stands in examples in place of a secret, as part of it.
const PLACEHOLDERS: [&str; 33] = [
    "your",
    "example",
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "redacted",
    "xxxx",
    "****",
    "....",
    "1234567890abcdef",
    "insert",
    "replace",
    "dummy",
    "sample",
    "foobar",
    "todo",
    "none",
    "null",
    "undefined",
    "secret-here",
    "hidden",
    "<",
    "${",
    "{{",
    "%(",
    "$(",
    "process.env",
    "os.environ",
    "getenv",
    "env.",
    "aaaaaaaa",
    "00000000",
];
/// Whole values that are words for the thing, or a type, a state or an answer.
const WORDS: [&str; 34] = [
    "password",
    "passwd",
    "secret",
    "token",
    "string",
    "str",
    "int",
    "number",
    "required",
    "optional",
    "true",
    "false",
    "nil",
    "empty",
    "bearer",
    "basic",
    "text",
    "varchar",
    "bytes",
    "boolean",
    "test",
    "default",
    "invalid",
    "incorrect",
    "correct",
    "wrong",
    "missing",
    "expired",
    "value",
    "user",
    "username",
    "admin",
    "yes",
    "no",
];

/// Whether `value` stands for a secret that the writer left out.
pub(super) fn is_placeholder(value: &str) -> bool {
    let mut kinds = [0_u128; 2];
    value.bytes().for_each(|byte| kinds[usize::from(byte >> 7)] |= 1 << (byte & 127));
    let is_repeated = kinds.iter().map(|kinds| kinds.count_ones()).sum::<u32>() <= 2;
    is_repeated || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)) || has_part(value.as_bytes())
}

/// Whether one of the placeholders stands in `value`.
fn has_part(value: &[u8]) -> bool {
    let stands = |at: usize, part: &str| {
        value.get(at..at + part.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(part.as_bytes()))
    };
    value.iter().enumerate().any(|(at, byte)| {
        let mut parts = BY_FIRST[usize::from(*byte)];
        while parts != 0 {
            if stands(at, PLACEHOLDERS[parts.trailing_zeros() as usize]) {
                return true;
            }
            parts &= parts - 1;
        }
        false
    })
}

/// For each byte, a bit for each placeholder that begins with it, in letters of either case.
static BY_FIRST: [u64; 256] = {
    let (mut by_first, mut nth) = ([0; 256], 0);
    while nth < PLACEHOLDERS.len() {
        let first = PLACEHOLDERS[nth].as_bytes()[0];
        by_first[first as usize] |= 1 << nth;
        if first.is_ascii_lowercase() {
            by_first[first.to_ascii_uppercase() as usize] |= 1 << nth;
        }
        nth += 1;
    }
    by_first
};

/// Bits of information for each byte of `value`, by how often each byte stands in it.
pub(super) fn entropy(value: &str) -> f32 {
    let (mut counts, mut kinds) = ([0_u16; 256], [0_u128; 2]);
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
        kinds[usize::from(byte >> 7)] |= 1 << (byte & 127);
    }
    let total = value.len() as f32;
    let bits = |count: u16| {
        let share = f32::from(count) / total;
        -share * share.log2()
    };
    // Most bytes stand in it as often as the one before.
    let (mut sum, mut last) = (0.0, (0, 0.0));
    for (half, mut kinds) in (0..).zip(kinds) {
        while kinds != 0 {
            let count = counts[half << 7 | kinds.trailing_zeros() as usize];
            if count != last.0 {
                last = (count, bits(count));
            }
            sum += last.1;
            kinds &= kinds - 1;
        }
    }
    sum
}

/// Whether `value` is made by chance: long enough, letters and digits mixed, few of them twice.
pub(super) fn is_random(value: &str, least: usize) -> bool {
    let has = |kind: fn(&u8) -> bool| value.bytes().any(|byte| kind(&byte));
    value.len() >= least
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && entropy(value) >= 3.0
        && !is_placeholder(value)
}

/// Whether `value` could be a password that somebody chose: more than one kind of character.
pub(super) fn is_chosen(value: &str, least: usize) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let signs = value.chars().count() - digits - letters;
    value.len() >= least
        && (letters > 0 && digits + signs > 0 || digits >= 6 && signs == 0 && letters == 0)
        && !is_placeholder(value)
        && (digits > 0
            || !value.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '_' | '.' | '\'' | '/' | ':' | '*')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_secrets() {
        for value in
            ["your-api-key", "changeme", "${TOKEN}", "xxxxxxxx1", "<token>", "os.environ['A1']", "********", "password"]
        {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("hunter2") && !is_placeholder("9f8A7c6E5d4B"));
    }

    #[test]
    fn chance_is_told_from_words() {
        assert!(
            is_random("9f8a7c6e5d4b3a21", 16)
                && !is_random("max-connections-limit", 16)
                && !is_random("1111111111111111a", 16)
        );
        assert!(is_chosen("hunter2", 6) && is_chosen("p@ssword!", 6) && is_chosen("135790", 6));
        assert!(!is_chosen("wrong", 5) && !is_chosen("well-known", 5) && !is_chosen("12345", 5));
        assert!((entropy("abcd") - 2.0).abs() < 1e-6);
    }
}
