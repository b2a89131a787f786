//! Where Redis is and how to get in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where Redis is and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// One of
    /// - `redis://[USER@]HOST[:PORT][/DB]`: a single server;
    /// - `redis+sentinel://[USER@]HOST[:PORT],…/MASTER[/DB]`: the master of this name, as the Sentinels say;
    /// - `redis+cluster://[USER@]HOST[:PORT],…`: a Cluster, by some of its nodes;
    /// - `redis+unix:///PATH`: a single server's socket.
    ///
    /// `rediss` in place of `redis` asks for TLS.
    pub url: String,
    /// The password; never shown.
    pub password: Option<String>,
    /// The Sentinels' own password, where they have one; never shown.
    pub sentinel_password: Option<String>,
    /// A PEM file with the authorities that a server's certificate may come from, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// What all keys begin with: letters, digits, `-`, `_`, `.` and `:`.
    pub prefix: String,
    /// Changes that may wait to be written.
    pub queue: usize,
    /// How long one command may take.
    pub timeout: Duration,
}

/// Settings that mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The URL begins otherwise.
    #[error("a Redis URL begins with redis://, redis+sentinel://, redis+cluster:// or redis+unix:// (rediss for TLS)")]
    Scheme,
    /// There is a password in the URL, where it would be shown.
    #[error("the password does not belong in the Redis URL")]
    Password,
    /// No host, or not a host and a port.
    #[error("'{0}' is not HOST or HOST:PORT")]
    Host(String),
    /// What follows the hosts is not what this kind of URL has there.
    #[error(
        "'{0}' is not the path that such a Redis URL has: /DB, /MASTER or /MASTER/DB for Sentinel, none for a Cluster"
    )]
    Path(String),
    /// The prefix holds other characters.
    #[error("'{0}' is not a prefix of letters, digits, '-', '_', '.' and ':'")]
    Prefix(String),
    /// The authorities' file can't be read.
    #[error("cannot read {0}: {1}")]
    Authorities(PathBuf, String),
}

/// What a URL means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) db: i64,
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Single((String, u16)),
    Sentinel { sentinels: Vec<(String, u16)>, master: String },
    Cluster(Vec<(String, u16)>),
    Socket(PathBuf),
}

// === impl Settings ===

impl Settings {
    /// The defaults, for this URL.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            password: None,
            sentinel_password: None,
            ca_file: None,
            prefix: "pointsman".to_owned(),
            queue: 1024,
            timeout: Duration::from_secs(1),
        }
    }

    /// Whether they mean something; the file of authorities is not looked at.
    pub fn check(&self) -> Result<(), BadSettings> {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.prefix.is_empty() || !self.prefix.chars().all(known) {
            return Err(BadSettings::Prefix(self.prefix.clone()));
        }
        Address::parse(&self.url).map(drop)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Settings")
            .field("url", &self.url)
            .field("password", &hidden(&self.password))
            .field("sentinel_password", &hidden(&self.sentinel_password))
            .field("ca_file", &self.ca_file)
            .field("prefix", &self.prefix)
            .field("queue", &self.queue)
            .field("timeout", &self.timeout)
            .finish()
    }
}

// === impl Address ===

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, BadSettings> {
        let (scheme, rest) = url.split_once("://").ok_or(BadSettings::Scheme)?;
        let (protocol, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match protocol {
            "redis" => false,
            "rediss" => true,
            _ => return Err(BadSettings::Scheme),
        };
        if kind == "unix" {
            let place = Place::Socket(PathBuf::from(rest));
            return if tls { Err(BadSettings::Scheme) } else { Ok(Self { place, tls, user: None, db: 0 }) };
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = user_and_hosts(authority)?;
        let number = |text: &str| match text {
            "" => Ok(0),
            _ => text.parse().map_err(|_| BadSettings::Path(format!("/{path}"))),
        };
        let (place, db) = match kind {
            "" => (Place::Single(host(hosts, 6379)?), number(path)?),
            "sentinel" => {
                let (master, db) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(BadSettings::Path(format!("/{path}")));
                }
                let sentinels = hosts.split(',').map(|text| host(text, 26379)).collect::<Result<_, _>>()?;
                (Place::Sentinel { sentinels, master: master.to_owned() }, number(db)?)
            }
            "cluster" if path.is_empty() => {
                (Place::Cluster(hosts.split(',').map(|text| host(text, 6379)).collect::<Result<_, _>>()?), 0)
            }
            "cluster" => return Err(BadSettings::Path(format!("/{path}"))),
            _ => return Err(BadSettings::Scheme),
        };
        Ok(Self { place, tls, user, db })
    }
}

fn user_and_hosts(authority: &str) -> Result<(Option<String>, &str), BadSettings> {
    match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => Err(BadSettings::Password),
        Some((user, hosts)) => Ok((Some(user.to_owned()).filter(|user| !user.is_empty()), hosts)),
        None => Ok((None, authority)),
    }
}

/// `HOST`, `HOST:PORT` or either with an IPv6 address in brackets.
fn host(text: &str, default: u16) -> Result<(String, u16), BadSettings> {
    let bad = || BadSettings::Host(text.to_owned());
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(bad)?,
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| bad())?,
        None if port.is_empty() => default,
        None => return Err(bad()),
    };
    if name.is_empty() || name.contains(char::is_whitespace) { Err(bad()) } else { Ok((name.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> (Place, bool, Option<String>, i64) {
        let Address { place, tls, user, db } = Address::parse(url).unwrap();
        (place, tls, user, db)
    }

    fn at(host: &str, port: u16) -> (String, u16) {
        (host.into(), port)
    }

    #[test]
    fn urls_are_understood() {
        assert_eq!(parse("redis://h"), (Place::Single(at("h", 6379)), false, None, 0));
        assert_eq!(parse("rediss://u@h:1/2"), (Place::Single(at("h", 1)), true, Some("u".into()), 2));
        assert_eq!(parse("redis://[::1]:5"), (Place::Single(at("::1", 5)), false, None, 0));
        assert_eq!(parse("redis+unix:///run/r"), (Place::Socket("/run/r".into()), false, None, 0));
        let sentinels = vec![at("a", 26379), at("b", 1)];
        let sentinel = Place::Sentinel { sentinels, master: "m".into() };
        assert_eq!(parse("redis+sentinel://a,b:1/m/3"), (sentinel, false, None, 3));
        assert_eq!(parse("rediss+cluster://a,b"), (Place::Cluster(vec![at("a", 6379), at("b", 6379)]), true, None, 0));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let error = |url| Address::parse(url).unwrap_err();
        assert_eq!(error("http://h"), BadSettings::Scheme);
        assert_eq!(error("redis+what://h"), BadSettings::Scheme);
        assert_eq!(error("redis://u:p@h"), BadSettings::Password);
        assert_eq!(error("redis://h:x"), BadSettings::Host("h:x".into()));
        assert_eq!(error("redis://"), BadSettings::Host(String::new()));
        assert_eq!(error("redis://h/x"), BadSettings::Path("/x".into()));
        assert_eq!(error("redis+sentinel://h"), BadSettings::Path("/".into()));
        assert_eq!(error("redis+cluster://h/1"), BadSettings::Path("/1".into()));
        let prefix = Settings { prefix: "a*".into(), ..Settings::new("redis://h") };
        assert_eq!(prefix.check(), Err(BadSettings::Prefix("a*".into())));
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = || Some("hunter2".to_owned());
        let settings = Settings { password: secret(), sentinel_password: secret(), ..Settings::new("redis://h") };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
