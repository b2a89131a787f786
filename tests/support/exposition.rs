//! Prometheus' text format, read strictly.

use std::collections::{BTreeMap, BTreeSet};

use super::Router;

/// A sample: its name, its labels, and its value.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All that was scraped at once.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) text: String,
    pub(crate) samples: Vec<Sample>,
}

// === impl Exposition ===

impl Exposition {
    /// Scrapes `router`.
    pub(crate) async fn of(router: &Router) -> Self {
        let response = reqwest::get(router.admin("/metrics")).await.expect("metrics");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
        Self::parse(response.text().await.expect("text"))
    }

    /// Reads `text`; whatever Prometheus would not take is a panic.
    fn parse(text: String) -> Self {
        let (mut help, mut types) = (BTreeSet::new(), BTreeMap::new());
        let (mut samples, mut seen) = (Vec::<Sample>::new(), BTreeSet::new());
        assert!(text.ends_with('\n'), "the last line has no end");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, words) = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
                assert!(!words.is_empty() && help.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            } else {
                let sample = Sample::parse(line);
                let family = family(&sample.name, &types);
                assert!(help.contains(family), "no HELP before {line}");
                assert!(seen.insert((sample.name.clone(), sample.labels.clone())), "twice: {line}");
                let counter = types[family] == "counter";
                assert!(!counter || sample.name.ends_with("_total"), "a counter's name: {line}");
                assert!(!counter || sample.value >= 0.0, "{line}");
                samples.push(sample);
            }
        }
        assert_eq!(help, types.keys().cloned().collect(), "HELP and TYPE");
        Self { text, samples }
    }

    /// The samples of `name` with these labels, whatever their others.
    pub(crate) fn all<'a>(&'a self, name: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name && sample.has(labels))
    }

    /// The one sample's value, or 0 where there is none.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).map(|sample| sample.value).sum()
    }
}

/// The family that a sample belongs to, by its type.
fn family<'a>(name: &'a str, types: &BTreeMap<String, String>) -> &'a str {
    if types.contains_key(name) {
        return name;
    }
    let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
    let family = parts.unwrap_or_else(|| panic!("no TYPE before {name}"));
    assert_eq!(types.get(family).map(String::as_str), Some("histogram"), "no TYPE before {name}");
    family
}

// === impl Sample ===

impl Sample {
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap_or_else(|| panic!("no brace: {line}"))),
            None => (series, ""),
        };
        let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_name_char);
        assert!(is_name(name) && name.starts_with("pointsman_"), "{line}");
        let label = |label: &str| {
            let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            let value = value.strip_suffix('"').unwrap_or_else(|| panic!("no quote: {line}"));
            assert!(is_name(name) && !value.contains(['"', '\\', '\n']), "{line}");
            (name.to_owned(), value.to_owned())
        };
        // No value of ours holds a comma.
        let labels = labels.split(',').filter(|text| !text.is_empty()).map(label).collect();
        Self { name: name.to_owned(), labels, value }
    }

    fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| self.labels.get(*name).is_some_and(|found| found == value))
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}
