//! `tokens`: about how many tokens the prompt has, without a tokenizer.
//!
//! Every text is counted by what a byte-level BPE tokenizer cuts it into: runs of letters by their length, digits, marks,
//! indents, and characters of other scripts. The weights are fitted to Qwen 2.5 and 3, Llama 3 and gpt-oss (o200k); their
//! error is stated in the README.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

mod count;

pub use self::count::{Counts, FEATURES};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "tokens",
    cost: Cost::Cheap,
    kind: Kind::Number { least: 0.0, most: f64::INFINITY, whole: true },
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "about how many tokens the whole prompt has: send long prompts to a backend with the context for them",
    read,
};

/// What a chat template puts around each message: Qwen's and Llama 3's markers, role and line breaks.
const AROUND_A_MESSAGE: f64 = 4.0;

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    let request = facts.request();
    let texts: f64 = request.said.iter().map(|said| estimate(said.text)).sum();
    let known = request.ids as f64 + AROUND_A_MESSAGE * request.messages as f64;
    Some(Value::Number((texts + known).round()))
}

/// So much of each text is counted, in bytes; the rest is taken to be like it.
const READ: usize = 64 << 10;

/// About how many tokens `text` is, at least 0.
pub fn estimate(text: &str) -> f64 {
    let read = &text[..text.floor_char_boundary(READ)];
    let tokens = Counts::of(read).tokens();
    if read.len() == text.len() { tokens } else { tokens * text.len() as f64 / read.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real counts: the mean of Qwen 2.5, Llama 3 and o200k.
    #[test]
    fn the_estimate_is_near_the_tokenizers() {
        for (text, real) in [
            ("The quick brown fox jumps over the lazy dog, and then it sleeps for the rest of the day.", 20.0),
            ("def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n", 21.0),
            ("今天天气很好,我们去公园散步吧。", 11.0),
        ] {
            let got = estimate(text);
            assert!((got - real).abs() / real < 0.3, "{text:?}: {got} is not near {real}");
        }
    }

    #[test]
    fn a_long_text_is_taken_to_be_like_its_beginning() {
        let part = "A sentence of some words. ";
        let (once, often) = (estimate(part), estimate(&part.repeat(20_000)));
        assert!((often / once - 20_000.0).abs() < 400.0, "{once} {often}");
    }

    #[test]
    fn every_script_counts() {
        for text in [
            "Γειά σου Κόσμε",
            "שלום עולם",
            "สวัสดีชาวโลก",
            "नमस्ते दुनिया",
            "こんにちは世界",
            "안녕하세요",
            "გამარჯობა",
            "😀",
        ] {
            assert!(estimate(text) >= 1.0, "{text}: {}", estimate(text));
        }
    }

    #[test]
    fn nothing_is_no_token_and_more_is_more() {
        assert_eq!(estimate(""), 0.0);
        let mut before = 0.0;
        for words in 1..50 {
            let now = estimate(&"word ".repeat(words));
            assert!(now > before, "{words}");
            before = now;
        }
    }
}
