//! A file that lists a backend's peers, as something outside (a script, a scheduler) writes it: a YAML or JSON list in the
//! form of the config's `peers`.

use std::path::Path;

use anyhow::Context;

use super::file::Peer;
use super::load::read_bounded;
use super::marks::Marks;
use super::problem::Problems;
use super::schema::Schema;
use super::{validate, yaml};
use crate::findings::{self, Findings};

/// Reads the peers at `path`, which problems call `name`. An empty list is one; an empty file is not, as it may be one that
/// is being written.
pub(super) fn read(path: &Path, name: &str) -> anyhow::Result<Vec<Peer>> {
    let bytes = read_bounded(path).map_err(|message| anyhow::anyhow!("{name}: {message}"))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name}: not UTF-8 text"))?;
    Ok(parse(name, &text)?)
}

fn parse(name: &str, text: &str) -> Result<Vec<Peer>, Problems> {
    let broken = |error: yaml::Broken| Problems::unreadable(name, error.line, error.message);
    let mut value = yaml::read(text).map_err(broken)?;
    if !value.is_sequence() {
        return Err(Problems::unreadable(
            name,
            Some(1),
            "must be a list of peers, such as \"- url: http://host:8000\"",
        ));
    }
    let marks = Marks::read(text).map_err(broken)?;
    let mut findings = Findings::default();
    let schema = Schema::of::<Vec<Peer>>().map_err(|error| Problems::unreadable(name, None, error.to_string()))?;
    schema.check("", &mut value, &mut findings);
    let mut peers = Vec::new();
    for (i, item) in value.as_sequence().into_iter().flatten().enumerate() {
        let path = findings::item("", i);
        match serde_yaml::from_value::<Peer>(item.clone()) {
            Ok(peer) => {
                validate::peer(&path, &peer, &mut findings);
                peers.push(peer);
            }
            Err(_) => findings.add(path, "must have \"url\", and may have \"weight\" (a number) and \"host\""),
        }
    }
    Problems::of(findings, name, &marks).map_or(Ok(peers), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_listed_as_in_the_config() {
        let peers = parse("p", "- url: http://a:1\n- {url: \"http://b:1\", weight: 3, host: c}\n").unwrap();
        let read: Vec<_> = peers.iter().map(|peer| (peer.url.as_str(), peer.weight, peer.host.as_deref())).collect();
        assert_eq!(read, [("http://a:1", 1, None), ("http://b:1", 3, Some("c"))]);
        assert_eq!(parse("p", r#"[{"url": "http://a:1"}]"#).unwrap().len(), 1);
        assert!(parse("p", "[]").unwrap().is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        let problems = parse("p", "- url: http://a:1\n- weight: 1\n- url: ftp://x\n- {url: \"http://b\", wieght: 2}\n");
        let problems = problems.unwrap_err().to_string();
        for line in ["p:2: [1]", "p:3: [2].url", "p:4: [3].wieght: unknown key"] {
            assert!(problems.contains(line), "{line}\n{problems}");
        }
        for text in ["", "# none", "url: http://a", "x", "- [", "- 1"] {
            assert!(parse("p", text).is_err(), "{text:?}");
        }
    }
}
