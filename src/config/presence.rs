//! What a config refers to outside itself: variables that must be set, and files that must be readable and not empty.
//! Only their presence is looked at; no message repeats what they hold.

use std::io::Read;
use std::path::Path;

use super::environment::{self, Lookup, Typed};
use super::file::File;
use super::peers_file;
use crate::findings::{self, Findings};

/// Checks every `*_env` and `*_file` of the config.
pub fn check(file: &File, typed: &Typed, lookup: Lookup, findings: &mut Findings) {
    let mut check = Check { typed, lookup, findings };
    for (i, key) in file.auth.keys.iter().enumerate() {
        let path = findings::item("auth.keys", i);
        check.variable(findings::key(&path, "key_env"), key.key_env.as_deref());
        check.file(findings::key(&path, "key_file"), key.key_file.as_deref());
    }
    for (i, backend) in file.backends.iter().enumerate() {
        let path = findings::item("backends", i);
        check.variable(findings::key(&path, "api_key_env"), backend.api_key_env.as_deref());
        check.file(findings::key(&path, "api_key_file"), backend.api_key_file.as_deref());
        check.file(findings::key(&path, "tls.ca_file"), backend.tls.ca_file.as_deref());
        check.peers_file(findings::key(&path, "peers_file"), backend.peers_file.as_deref());
    }
    let pii = &file.middleware.guardrails.pii;
    check.variable("middleware.guardrails.pii.key_env".into(), pii.key_env.as_deref());
    check.file("middleware.guardrails.pii.key_file".into(), pii.key_file.as_deref());
}

struct Check<'a> {
    typed: &'a Typed,
    lookup: Lookup<'a>,
    findings: &'a mut Findings,
}

// === impl Check ===

impl Check<'_> {
    fn variable(&mut self, path: String, name: Option<&str>) {
        let Some(name) = name else { return };
        if !environment::is_name(name) {
            self.findings.add(path, "must name an environment variable, not hold the key itself");
        } else if (self.lookup)(name).is_none_or(|value| value.trim().is_empty()) {
            let which = self.quotable(&path, name);
            self.findings.add(path, format!("the environment variable{which} is not set or is empty"));
        }
    }

    /// The name, where it cannot be a key that was put in the name's place.
    fn quotable(&self, path: &str, name: &str) -> String {
        let shouts = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        match self.typed.at(path) {
            Some(typed) => format!(" \"{typed}\""),
            None if shouts => format!(" {name}"),
            None => " named here".into(),
        }
    }

    fn peers_file(&mut self, path: String, file: Option<&Path>) {
        let Some(file) = file else { return };
        let name = self.typed.at(&path).map_or_else(|| file.display().to_string(), str::to_owned);
        if let Err(error) = peers_file::read(file, &name) {
            self.findings.add(path, format!("{error:#}").replace('\n', "; "));
        }
    }

    fn file(&mut self, path: String, file: Option<&Path>) {
        if let Some(Err(message)) = file.map(readable) {
            self.findings.add(path, format!("the file named here {message}"));
        }
    }
}

/// Whether a regular file can be read and holds anything but white space.
fn readable(path: &Path) -> Result<(), String> {
    let why = |error: std::io::Error| format!("cannot be read: {error}");
    // Asked before it is opened, as opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(why)?.is_file() {
        return Err("is not a regular file".into());
    }
    let mut start = Vec::new();
    std::fs::File::open(path).map_err(why)?.take(64 << 10).read_to_end(&mut start).map_err(why)?;
    if start.trim_ascii().is_empty() { Err("is empty".into()) } else { Ok(()) }
}
