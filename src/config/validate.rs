//! The rules that types cannot state: names that must differ or exist, ranges, and keys that exclude each other.
//! A pure function of the file. Values from the environment are quoted as they were typed, never as they are.

mod actions;
mod backends;
mod cache;
mod guardrails;
mod router;
mod spending;

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) use self::backends::peer;
use super::environment::Typed;
use super::file::{Auth, File, Limits};
use super::units::Span;
use super::{address, units::ByteSize};
use crate::findings::{self, Findings, suggestion};

/// The longest span that a config may ask for: far beyond any use, and safe to add to a point in time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Every rule that `file` breaks.
pub fn validate(file: &File, typed: &Typed) -> Findings {
    let mut rules = Rules { file, typed, findings: Findings::default() };
    rules.listeners();
    rules.limits(&file.limits);
    rules.auth(&file.auth);
    rules.backends();
    rules.router();
    rules.spending();
    rules.within("threads", file.threads, 0..=1024);
    rules.within("embedding.threads", file.embedding.threads, 0..=1024);
    rules.within("embedding.queue", file.embedding.queue, 1..=1_000_000);
    rules.lasting("embedding.timeout", file.embedding.timeout);
    rules.within("embedding.windows", file.embedding.windows, 1..=64);
    rules.within("embedding.memo", file.embedding.memo, 0..=1_000_000);
    rules.cache();
    rules.guardrails();
    rules.bounded("shutdown.delay", file.shutdown.delay);
    rules.bounded("shutdown.grace", file.shutdown.grace);
    rules.findings
}

struct Rules<'a> {
    file: &'a File,
    typed: &'a Typed,
    findings: Findings,
}

/// Names that are taken, each with the path of who has it.
#[derive(Default)]
struct Taken<'a>(HashMap<&'a str, String>);

// === impl Rules ===

impl<'a> Rules<'a> {
    fn listeners(&mut self) {
        let (listen, admin) = (&self.file.listen, &self.file.admin.listen);
        for (path, text) in [("listen", listen), ("admin.listen", admin)] {
            if address::listen(text).is_none() {
                self.findings.add(path, "must be a host and a port, such as \"0.0.0.0:8080\" or \"[::1]:8080\"");
            }
        }
        let (Some((host, port)), Some((admin_host, admin_port))) = (address::listen(listen), address::listen(admin))
        else {
            return;
        };
        if port == 0 {
            self.findings.add("listen", "must name a port: nobody could know one that the system chose");
        }
        let overlap = host == admin_host || [host, admin_host].iter().any(|host| matches!(*host, "0.0.0.0" | "[::]"));
        if port == admin_port && port != 0 && overlap {
            self.findings.add("admin.listen", "must differ from \"listen\"");
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let ByteSize(size) = limits.body_size;
        if !(1 << 10..=1 << 30).contains(&size) {
            self.findings.add("limits.body_size", "must be between 1KiB and 1GiB");
        }
        self.lasting("limits.body_timeout", limits.body_timeout);
        self.within("limits.max_in_flight", limits.max_in_flight, 1..=10_000_000);
    }

    fn auth(&mut self, auth: &'a Auth) {
        let mut taken = Taken::default();
        for (i, key) in auth.keys.iter().enumerate() {
            let path = findings::item("auth.keys", i);
            self.name(findings::key(&path, "name"), &key.name);
            self.unique(findings::key(&path, "name"), &key.name, &mut taken);
            if let Some(tenant) = &key.tenant {
                self.name(findings::key(&path, "tenant"), tenant);
            }
            match (&key.key_env, &key.key_file) {
                (None, None) => self.findings.add(path, "must have \"key_env\" or \"key_file\""),
                (Some(_), Some(_)) => self.findings.add(path, "must have \"key_env\" or \"key_file\", not both"),
                _ => {}
            }
        }
    }

    /// A name that can stand in a header: printable ASCII, not too long.
    fn name(&mut self, path: String, name: &str) {
        if name.trim().is_empty() {
            self.findings.add(path, "must not be empty");
        } else if name.len() > 64 {
            self.findings.add(path, "must not be longer than 64 characters");
        } else if name.trim() != name || !name.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            self.findings.add(path, "must be printable ASCII without spaces around it, as it stands in headers");
        }
    }

    fn unique(&mut self, path: String, name: &'a str, taken: &mut Taken<'a>) {
        match taken.0.get(name) {
            Some(other) => {
                let message = format!("{} is taken by {other}", self.quote(&path, name));
                self.findings.add(path, message);
            }
            None => drop(taken.0.insert(name, path)),
        }
    }

    /// A reference to a backend. Without any backend, that is the problem to solve first.
    fn backend(&mut self, path: &str, name: &str) {
        let backends = &self.file.backends;
        if backends.is_empty() || backends.iter().any(|backend| backend.name == name) {
            return;
        }
        let is_literal = |i: usize| self.typed.at(&format!("backends[{i}].name")).is_none();
        let names =
            backends.iter().enumerate().filter(|(i, _)| is_literal(*i)).map(|(_, backend)| backend.name.as_str());
        let message = format!("no backend is named {}{}", self.quote(path, name), suggestion(name, names));
        self.findings.add(path, message);
    }

    /// A value as the file has it.
    fn quote(&self, path: &str, value: &str) -> String {
        format!("\"{}\"", self.typed.at(path).unwrap_or(value))
    }

    fn within<T: PartialOrd + Display>(&mut self, path: impl Into<String>, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            let message = format!("must be between {} and {}", range.start(), range.end());
            self.findings.add(path, message);
        }
    }

    /// A span that must be more than nothing.
    fn lasting(&mut self, path: impl Into<String>, span: Span) {
        if span.0.is_zero() {
            self.findings.add(path, "must be longer than 0");
        } else {
            self.bounded(path, span);
        }
    }

    fn bounded(&mut self, path: impl Into<String>, span: Span) {
        if span.0 > LONGEST {
            self.findings.add(path, "must not be longer than a year");
        }
    }
}
