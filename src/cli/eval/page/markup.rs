//! Markup that cannot be broken by what it shows: tags, attribute names and literals are written in this program, and
//! everything else is escaped. What comes out is well-formed XML as well as HTML.

use std::fmt::{self, Display, Write};

/// An element under construction.
#[derive(Debug, Clone)]
pub(super) struct Element {
    tag: &'static str,
    attributes: String,
    content: String,
}

/// Writes to a string what is safe in text and between double quotes.
struct Escaped<'a>(&'a mut String);

/// Those that HTML, or SVG within it, lets close themselves.
const CLOSED: [&str; 7] = ["meta", "line", "rect", "path", "polyline", "circle", "use"];

/// An empty element.
pub(super) fn el(tag: &'static str) -> Element {
    Element { tag, attributes: String::new(), content: String::new() }
}

/// A number with so many decimals at most, as coordinates are written.
pub(super) fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), Into::into)
}

// === impl Element ===

impl Element {
    pub(super) fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push_str(&format!(" {name}=\""));
        escape(&mut self.attributes, value);
        self.attributes.push('"');
        self
    }

    pub(super) fn class(self, classes: impl Display) -> Self {
        self.attr("class", classes)
    }

    pub(super) fn text(mut self, text: impl Display) -> Self {
        escape(&mut self.content, text);
        self
    }

    /// Text as it is, such as a style sheet.
    pub(super) fn literal(mut self, text: &'static str) -> Self {
        self.content.push_str(text);
        self
    }

    pub(super) fn with(self, child: Self) -> Self {
        self.with_all([child])
    }

    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().for_each(|child| child.write(&mut self.content));
        self
    }

    fn write(&self, out: &mut String) {
        let Self { tag, attributes, content } = self;
        let close = if CLOSED.contains(tag) { "/>".into() } else { format!(">{content}</{tag}>") };
        out.extend(["<", tag, attributes, &close]);
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

fn escape(out: &mut String, value: impl Display) {
    // A string takes whatever is written.
    let _ = write!(Escaped(out), "{value}");
}

// === impl Escaped ===

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Neither has them, not even escaped.
                '\u{fffe}' | '\u{ffff}' => self.0.push(char::REPLACEMENT_CHARACTER),
                c if c.is_control() && !c.is_whitespace() => self.0.push(char::REPLACEMENT_CHARACTER),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_become_markup() {
        let hostile = "</title><script>alert(\"1\" & '2')</script>\u{0}";
        let page = el("p").attr("title", hostile).text(hostile).with(el("rect").attr("x", short(1.0)));
        let safe = "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;\u{fffd}";
        assert_eq!(page.to_string(), format!("<p title=\"{safe}\">{safe}<rect x=\"1\"/></p>"));
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 0.25, -2.5625].map(short), ["1", "0.2", "-2.6"]);
    }
}
