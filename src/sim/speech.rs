//! What a simulated model says: `[NAME] model`, then the words it was asked, over and over, one word a token.

/// A deterministic answer, token by token. Texts come out escaped, ready to stand inside a JSON string.
pub(super) struct Speech {
    name: String,
    model: String,
    /// The echoed words, one space between two.
    words: String,
    at: usize,
    said: usize,
    budget: usize,
    /// Whether it is the `arguments` of a tool call: the first token is then the call itself.
    tool: bool,
}

// === impl Speech ===

impl Speech {
    /// An answer of `budget` tokens; with `tool`, in the form of arguments `{"text": …}`.
    pub(super) fn new(name: &str, model: &str, echo: &str, budget: usize, tool: bool) -> Self {
        let mut words = echo.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            words.push_str("ok");
        }
        // Arguments are JSON inside a JSON string.
        let dress = |text: &str| if tool { escape(&escape(text)) } else { escape(text) };
        let [name, model, words] = [&format!("[{name}]"), model, &words].map(dress);
        Self { name, model, words, at: 0, said: 0, budget, tool }
    }

    /// Whether all has been said.
    pub(super) fn is_over(&self) -> bool {
        self.said >= self.budget
    }

    /// Appends the next token to `out`.
    pub(super) fn say(&mut self, out: &mut String) {
        let position = self.said.checked_sub(usize::from(self.tool));
        self.said += 1;
        match position {
            None => return,
            Some(0) => {
                out.push_str(if self.tool { r#"{\"text\":\""# } else { "" });
                out.push_str(&self.name);
            }
            Some(1) => {
                out.push(' ');
                out.push_str(&self.model);
            }
            Some(_) => self.echo(out),
        }
        if self.tool && self.is_over() {
            out.push_str(r#"\"}"#);
        }
    }

    fn echo(&mut self, out: &mut String) {
        let rest = &self.words[self.at..];
        let word = rest.split(' ').next().unwrap_or(rest);
        out.push(' ');
        out.push_str(word);
        self.at += word.len() + 1;
        if self.at >= self.words.len() {
            self.at = 0;
        }
    }
}

/// The inside of `text` as a JSON string.
pub(super) fn escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(mut speech: Speech) -> String {
        let mut out = String::new();
        while !speech.is_over() {
            speech.say(&mut out);
        }
        out
    }

    #[test]
    fn it_names_itself_and_echoes_until_the_budget_is_spent() {
        assert_eq!(whole(Speech::new("a", "m", " two  words\n", 6, false)), "[a] m two words two words");
        assert_eq!(whole(Speech::new("a", "m", "", 3, false)), "[a] m ok");
        assert_eq!(whole(Speech::new("a", "m", "x", 1, false)), "[a]");
        assert_eq!(whole(Speech::new("a", "m", "say \"hi\"", 4, false)), r#"[a] m say \"hi\""#);
    }

    #[test]
    fn arguments_are_whole_json() {
        for budget in 2..6 {
            let text = whole(Speech::new("a", "m", "say \"hi\"", budget, true));
            let arguments: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            let parsed: serde_json::Value = serde_json::from_str(&arguments).unwrap();
            assert!(parsed["text"].as_str().unwrap().starts_with("[a]"));
        }
    }
}
