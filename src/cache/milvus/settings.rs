//! Where Milvus is and how to get in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where Milvus is and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `http://HOST:PORT`, or `https` for TLS; usually port 19530.
    pub uri: String,
    /// The database; empty for the default one.
    pub database: String,
    /// What collections' names begin with: a letter, then letters, digits and `_`. What follows tells namespaces apart.
    pub collection: String,
    /// `USER:PASSWORD` or an API key; never shown.
    pub token: Option<String>,
    /// A PEM file with the authorities that the server's certificate may come from, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Changes that may wait to be written.
    pub queue: usize,
    /// How long a lookup may take; a request waits for it.
    pub timeout: Duration,
}

/// Settings that mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// Not such a URI.
    #[error("'{0}' is not http://HOST:PORT or https://HOST:PORT")]
    Uri(String),
    /// The collection's name holds other characters.
    #[error("'{0}' is not a collection's name: a letter, then letters, digits and '_', 200 at the most")]
    Collection(String),
    /// The token can't be sent.
    #[error("the token for Milvus holds characters that can't be sent")]
    Token,
    /// The authorities' file can't be used.
    #[error("cannot use {0}: {1}")]
    Authorities(PathBuf, String),
}

// === impl Settings ===

impl Settings {
    /// The defaults, for this URI.
    pub fn new(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            database: String::new(),
            collection: "pointsman".to_owned(),
            token: None,
            ca_file: None,
            queue: 1024,
            timeout: Duration::from_millis(50),
        }
    }

    /// Whether they mean something; the file of authorities is not looked at.
    pub fn check(&self) -> Result<(), BadSettings> {
        let uri: Option<http::Uri> = self.uri.parse().ok();
        let whole = uri.is_some_and(|uri| {
            let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
            let host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            scheme && host && matches!(uri.path(), "" | "/") && uri.query().is_none()
        });
        if !whole {
            return Err(BadSettings::Uri(self.uri.clone()));
        }
        let letter = self.collection.starts_with(|c: char| c.is_ascii_alphabetic());
        let known = self.collection.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !letter || !known || self.collection.len() > 200 {
            return Err(BadSettings::Collection(self.collection.clone()));
        }
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Settings")
            .field("uri", &self.uri)
            .field("database", &self.database)
            .field("collection", &self.collection)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("ca_file", &self.ca_file)
            .field("queue", &self.queue)
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_refused() {
        for uri in ["http://h:19530", "https://h", "http://[::1]:1/"] {
            assert_eq!(Settings::new(uri).check(), Ok(()), "{uri}");
        }
        for uri in ["h:19530", "tcp://h:1", "http://u:p@h", "http://h/x", "http://h?x", ""] {
            assert_eq!(Settings::new(uri).check(), Err(BadSettings::Uri(uri.into())));
        }
        for name in ["", "1a", "a-b", "ä"] {
            let settings = Settings { collection: name.into(), ..Settings::new("http://h") };
            assert_eq!(settings.check(), Err(BadSettings::Collection(name.into())));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = Settings { token: Some("root:hunter2".into()), ..Settings::new("http://h") };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
