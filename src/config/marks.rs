//! Where each key stands in the file, from a second pass over the text with a parser that keeps positions.

use std::collections::{HashMap, HashSet};

use saphyr::{LoadableYamlNode, MarkedYaml, YamlData};

use super::problem;
use super::yaml::Broken;

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
    /// What this parser, which is the stricter one, refuses.
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

    /// Whether the scalar was typed without quotes, so that what it says decides its type.
    pub fn is_plain(&self, path: &str) -> bool {
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
                    self.entry(problem::item(path, i), value.span.start.line(), value);
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
                self.entry(problem::key(path, &name), key.span.start.line(), value);
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
        let plain = self.is_plain(value.span.start.index());
        self.marks.insert(path, Mark { line, plain });
    }

    fn is_plain(&self, at: usize) -> bool {
        match self.text.get(at) {
            Some('*') => self.anchored(at).is_some_and(|anchored| self.is_plain(anchored)),
            Some('"' | '\'' | '|' | '>') | None => false,
            Some(_) => true,
        }
    }

    /// Where the value that an alias stands for begins: behind the last `&name` above it.
    fn anchored(&self, alias: usize) -> Option<usize> {
        let end = |at: usize| {
            let length = self.text[at..].iter().position(|c| c.is_whitespace() || ",]}".contains(*c));
            length.map_or(self.text.len(), |length| at + length)
        };
        let name = &self.text[alias + 1..end(alias)];
        let is_anchor = |at: &usize| self.text[*at] == '&' && &self.text[at + 1..end(*at)] == name;
        let after = end((0..alias).rev().find(is_anchor)?);
        Some(after + self.text[after..].iter().position(|c| !c.is_whitespace())?)
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

    const TEXT: &str =
        "# é\r\nbase: &base\r\n  ttl: 5\r\n  é: x\r\nlist:\r\n- name: \"a\"\r\n  <<: *base\r\n  ttl: 'b'\r\n";

    #[test]
    fn paths_have_lines_and_styles_through_merges_and_odd_newlines() {
        let marks = Marks::read(TEXT).unwrap();
        let line = |path| marks.line(path);
        assert_eq!((line("base"), line("base.ttl"), line("list[0].name")), (Some(2), Some(3), Some(6)));
        assert_eq!((line("list[0].ttl"), line("list[0].é")), (Some(8), Some(4)));
        assert_eq!((line("list[0].nowhere.at[3]"), line("nowhere")), (Some(6), None));
        assert!(marks.is_plain("base.ttl") && marks.is_plain("list[0].é"));
        assert!(!marks.is_plain("list[0].ttl") && !marks.is_plain("list[0].name"));
    }

    #[test]
    fn an_alias_has_the_style_of_what_it_stands_for() {
        let text = "a: &a ${X}\nb: &b \"${X}\"\nc: *a\nd: [*b, *a]\ne: |\n  ${X}\n";
        let marks = Marks::read(text).unwrap();
        let plain = ["a", "b", "c", "d[0]", "d[1]", "e"].map(|path| marks.is_plain(path));
        assert_eq!(plain, [true, false, true, false, true, false]);
    }
}
