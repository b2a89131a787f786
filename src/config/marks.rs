//! Where each key stands in the file, from a second pass over the text with a parser that keeps positions.

use std::collections::{HashMap, HashSet};

use saphyr::{LoadableYamlNode, MarkedYaml, YamlData};

use super::yaml::Broken;
use crate::findings;

/// The place and the style of every key path, merge keys resolved as `serde_yaml` does.
#[derive(Debug, Default)]
pub struct Marks(HashMap<String, Mark>);

#[derive(Debug, Clone, Copy)]
struct Mark {
    line: usize,
    plain: bool,
}

struct Walk {
    text: Vec<char>,
    marks: HashMap<String, Mark>,
}

// === impl Marks ===

impl Marks {
    /// Reads a text that [`super::yaml::read`] took, which bounds its depth and size.
    ///
    /// # Errors
    /// What this parser, which is the stricter one, refuses; a key that occurs twice, among others.
    pub fn read(text: &str) -> Result<Self, Broken> {
        let documents = MarkedYaml::load_from_str(text).map_err(|error| Broken {
            line: Some(error.marker().line()),
            message: format!("cannot be read as YAML: {}", error.info()),
        })?;
        let mut walk = Walk { text: text.chars().collect(), marks: HashMap::new() };
        if let Some(root) = documents.first() {
            walk.node("", root);
        }
        Ok(Self(walk.marks))
    }

    /// The line of a path, or of the nearest path above it that was typed.
    pub fn line(&self, mut path: &str) -> Option<usize> {
        loop {
            if let Some(mark) = self.0.get(path) {
                return Some(mark.line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Whether a scalar that holds a variable was typed without quotes, so that what it says decides its type.
    pub fn is_plain_variable(&self, path: &str) -> bool {
        self.0.get(path).is_some_and(|mark| mark.plain)
    }
}

// === impl Walk ===

impl Walk {
    fn node(&mut self, path: &str, node: &MarkedYaml) {
        match &node.data {
            YamlData::Mapping(_) => self.mapping(path, node, &mut HashSet::new()),
            YamlData::Sequence(items) => {
                for (i, value) in items.iter().enumerate() {
                    self.entry(findings::item(path, i), value.span.start.line(), value);
                }
            }
            _ => {}
        }
    }

    /// Marks a mapping's own keys, then those it merges; the first mapping that has a key wins.
    fn mapping(&mut self, path: &str, node: &MarkedYaml, seen: &mut HashSet<String>) {
        let YamlData::Mapping(entries) = &node.data else { return };
        for (key, value) in entries {
            let name = name(key);
            if name != "<<" && seen.insert(name.clone()) {
                self.entry(findings::key(path, &name), key.span.start.line(), value);
            }
        }
        for (_, merged) in entries.iter().filter(|(key, _)| name(key) == "<<") {
            match &merged.data {
                YamlData::Sequence(list) => list.iter().for_each(|one| self.mapping(path, one, seen)),
                _ => self.mapping(path, merged, seen),
            }
        }
    }

    fn entry(&mut self, path: String, line: usize, value: &MarkedYaml) {
        self.node(&path, value);
        // Only where it is asked for: looking for an alias's anchor takes time.
        let has_variable = value.data.as_str().is_some_and(|text| text.contains("${"));
        let plain = has_variable && self.is_plain(value.span.start.index());
        self.marks.insert(path, Mark { line, plain });
    }

    /// Whether the scalar at `at` has no quotes, no `|` or `>`, and no tag.
    fn is_plain(&self, at: usize) -> bool {
        match self.text.get(at) {
            Some('&') => self.is_plain(self.after_word(at)),
            Some('*') => self.anchored(at).is_some_and(|anchored| self.is_plain(anchored)),
            Some('"' | '\'' | '|' | '>' | '!') | None => false,
            Some(_) => !self.is_block(at),
        }
    }

    /// A block scalar without an anchor is placed at its content, so the line above tells it from a plain one.
    fn is_block(&self, at: usize) -> bool {
        let above = self.text[..at].iter().rposition(|c| !c.is_whitespace()).map_or(0, |last| last + 1);
        if !self.text[above..at].contains(&'\n') {
            return false;
        }
        let start = self.text[..above].iter().rposition(|c| *c == '\n').map_or(0, |newline| newline + 1);
        let line: String = self.text[start..above].iter().collect();
        let code = line.split(" #").next().unwrap_or_default();
        code.split_whitespace().next_back().is_some_and(|word| word.starts_with(['|', '>']))
    }

    /// The anchor that an alias stands for: the last `&name` above it.
    fn anchored(&self, alias: usize) -> Option<usize> {
        let name = &self.text[alias + 1..self.word_end(alias)];
        (0..alias).rev().find(|at| self.text[*at] == '&' && &self.text[at + 1..self.word_end(*at)] == name)
    }

    fn word_end(&self, at: usize) -> usize {
        let length = self.text[at..].iter().position(|c| c.is_whitespace() || ",]}".contains(*c));
        length.map_or(self.text.len(), |length| at + length)
    }

    fn after_word(&self, at: usize) -> usize {
        let end = self.word_end(at);
        let space = self.text[end..].iter().take_while(|c| c.is_whitespace());
        // Past the end of the text, and so nowhere, if nothing follows.
        end + space.count()
    }
}

/// A key as `serde_yaml` would print it; only strings matter, as no other key is known.
fn name(key: &MarkedYaml) -> String {
    match key.data.as_str() {
        Some(name) => name.into(),
        None => format!("{:?}", key.data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# é\r\nbase: &base\r\n  ttl: ${X}\r\n  é: x${X}\r\nlist:\r\n- name: \"${X}\"\r\n  <<: *base\r\n  ttl: '${X}'\r\n";

    #[test]
    fn paths_have_lines_and_styles_through_merges_and_odd_newlines() {
        let marks = Marks::read(TEXT).unwrap();
        let line = |path| marks.line(path);
        assert_eq!((line("base"), line("base.ttl"), line("list[0].name")), (Some(2), Some(3), Some(6)));
        assert_eq!((line("list[0].ttl"), line("list[0].é")), (Some(8), Some(4)));
        assert_eq!((line("list[0].nowhere.at[3]"), line("nowhere")), (Some(6), None));
        assert!(marks.is_plain_variable("base.ttl") && marks.is_plain_variable("list[0].é"));
        assert!(!marks.is_plain_variable("list[0].ttl") && !marks.is_plain_variable("list[0].name"));
    }

    #[test]
    fn an_alias_has_the_style_of_what_it_stands_for() {
        let text = "a: &a ${X}\nb: &b \"${X}\"\nc: *a\nd: [*b, *a]\n";
        let marks = Marks::read(text).unwrap();
        let plain = ["a", "b", "c", "d[0]", "d[1]"].map(|path| marks.is_plain_variable(path));
        assert_eq!(plain, [true, false, true, false, true]);
    }

    #[test]
    fn a_key_that_occurs_twice_is_told_with_its_line() {
        assert_eq!(Marks::read("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\n").unwrap_err().line, Some(5));
    }

    #[test]
    fn blocks_and_tagged_scalars_are_not_plain() {
        let text = "a: |\n  ${X}\nb: >- # why\n  ${X}\nc: &c |\n  ${X}\nd:\n  ${X}\ne: !!str ${X}\nf: &f\n  ${X}\n";
        let marks = Marks::read(text).unwrap();
        let plain = ["a", "b", "c", "d", "e", "f"].map(|path| marks.is_plain_variable(path));
        assert_eq!(plain, [false, false, false, true, false, true]);
    }
}
