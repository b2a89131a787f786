//! An evaluation as one page that needs nothing else: no script, no font, no address.
//!
//! - `markup`: elements, in which nothing that is shown can become markup
//! - `tables`: figures, routes, mistakes; `matrix`: the confusion
//! - `chart`: axes; `curves`: thresholds in them; `scores`: what scores tell without thresholds

mod chart;
mod curves;
mod markup;
mod matrix;
mod scores;
mod tables;

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use self::markup::{Element, el};
use super::Report;
use super::detail::Detail;
use crate::metrics::label;
use crate::route::Table;

/// What a page shows.
pub(super) struct Page<'a> {
    pub(super) report: &'a Report,
    pub(super) table: &'a Table,
    pub(super) detail: &'a Detail,
    /// Shares of the prompts of a route and of those of none that look stranger than some bar.
    pub(super) roc: Option<Vec<(f64, f64)>>,
    pub(super) config: &'a Path,
    pub(super) data: &'a Path,
}

/// A file that is written whole or not at all. What is not kept is removed.
pub(super) struct Draft {
    path: PathBuf,
    beside: PathBuf,
    file: File,
}

const STYLE: &str = include_str!("style.css");

/// What a browser may load for it: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

// === impl Draft ===

impl Draft {
    /// Begins beside `path`, so that a folder that cannot be written to is known before the work is done.
    pub(super) fn beside(path: &Path) -> anyhow::Result<Self> {
        // What a link points to is what is meant; and what is no file, such as a device, must not become one.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = fs::metadata(path).ok();
        ensure!(before.as_ref().is_none_or(Metadata::is_file), "{}: not a regular file", cannot_write(path));
        let name = path.file_name().with_context(|| format!("{} is no name for a file", path.display()))?;
        let beside = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let file = File::create(&beside).with_context(|| cannot_write(path))?;
        if let Some(before) = before {
            file.set_permissions(before.permissions()).with_context(|| cannot_write(path))?;
        }
        Ok(Self { path: path.to_owned(), beside, file })
    }

    pub(super) fn keep(mut self, content: &str) -> anyhow::Result<()> {
        let written = self.file.write_all(content.as_bytes()).and_then(|()| self.file.sync_all());
        written.and_then(|()| fs::rename(&self.beside, &self.path)).with_context(|| cannot_write(&self.path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `keep` it is gone already.
        let _ = fs::remove_file(&self.beside);
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

// === impl Page ===

impl Page<'_> {
    pub(super) fn render(&self) -> String {
        let meta = |name, content| el("meta").attr("name", name).attr("content", content);
        let policy = el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", POLICY);
        let head = el("head")
            .with(el("meta").attr("charset", "utf-8"))
            .with(policy)
            .with(meta("viewport", "width=device-width, initial-scale=1"))
            .with(meta("color-scheme", "light dark"))
            .with(el("title").text("Routing evaluation"))
            .with(el("style").literal(STYLE));
        let body = el("body").with(self.header()).with(self.main());
        format!("<!DOCTYPE html>\n{}\n", el("html").attr("lang", "en").with(head).with(body))
    }

    fn header(&self) -> Element {
        let Self { report, config, data, .. } = self;
        let what = el("p")
            .text(format!("{} prompts of ", report.n))
            .with(el("code").text(data.display()))
            .text(", routed by ")
            .with(el("code").text(config.display()));
        let how = format!(
            "Classifier {}: scores are {}s. Made by pointsman {}.",
            report.classifier,
            report.scale,
            env!("CARGO_PKG_VERSION")
        );
        el("header").with(el("h1").text("Routing evaluation")).with(what).with(el("p").class("quiet").text(how))
    }

    fn main(&self) -> Element {
        let names = self.occurring();
        let mut sections = vec![
            ("figures", "Figures", tables::figures(self)),
            ("routes", "Routes", vec![tables::routes(self)]),
            ("confusion", "Confusion", vec![matrix::draw(&self.report.confusion, &names)]),
            ("thresholds", "Thresholds", curves::draw(self)),
            ("scores", "Scores", scores::draw(self)),
            ("mistakes", "Mistakes", tables::mistakes(self)),
        ];
        sections.retain(|(.., parts)| !parts.is_empty());
        let links = sections.iter().map(|(id, title, _)| el("a").attr("href", format!("#{id}")).text(title));
        let nav = el("nav").attr("aria-label", "Sections").with_all(links);
        let sections = sections
            .into_iter()
            .map(|(id, title, parts)| el("section").attr("id", id).with(el("h2").text(title)).with_all(parts));
        el("main").with(nav).with_all(sections)
    }

    /// The names of labels and routes that occur, in the config's order; `default` is the last.
    fn occurring(&self) -> Vec<&str> {
        self.names().filter(|name| self.report.by_route.contains_key(*name)).collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.table.names().map(|name| &**name).chain([label::DEFAULT])
    }

    fn name(&self, route: Option<usize>) -> &str {
        super::label(self.table, route)
    }

    /// For each route, the least score that passes.
    fn thresholds(&self) -> Vec<Option<f32>> {
        (0..self.table.names().len()).map(|route| self.table.threshold(route)).collect()
    }
}

/// A share, as tables have it.
fn share(share: f64) -> String {
    format!("{share:.3}")
}

#[cfg(test)]
mod tests;
