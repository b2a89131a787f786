//! A peer's url, taken apart: where to connect, whom to ask for, and what stands before `/v1`.

use http::Uri;
use http::uri::Scheme;

/// One `url` of a backend. Its host may resolve to several addresses, each of them a peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether to speak TLS.
    pub tls: bool,
    /// The name or address to connect to, without brackets.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// The `Host` header.
    pub authority: String,
    /// The TLS server name, which the certificate must carry.
    pub server_name: String,
    /// The url's path without `/v1` and without a closing slash: what stands before every request's path.
    pub root: String,
    /// Its share of the load next to its siblings; at least 1.
    pub weight: usize,
}

/// Why a url cannot be an origin, in words that do not repeat it, as it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum OriginError {
    #[error("must be a URL such as \"http://host:8000/v1\"")]
    Malformed,
    #[error("must begin with \"http://\" or \"https://\"")]
    Scheme,
    #[error("must not hold a user or a password; give the peer's key with \"api_key_env\" or \"api_key_file\"")]
    Credentials,
    #[error("must not hold a query or a fragment")]
    Query,
    #[error("must have a port between 1 and 65535, or none")]
    Port,
}

// === impl Origin ===

impl Origin {
    /// Reads `url`. `host` overrides the `Host` header and the TLS server name.
    pub fn parse(url: &str, host: Option<&str>, weight: usize) -> Result<Self, OriginError> {
        let uri: Uri = url.parse().map_err(|_| OriginError::Malformed)?;
        let authority = uri.authority().ok_or(OriginError::Malformed)?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(OriginError::Scheme),
        };
        if authority.as_str().contains('@') {
            return Err(OriginError::Credentials);
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(OriginError::Query);
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(OriginError::Port);
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        if name.is_empty() {
            return Err(OriginError::Malformed);
        }
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            tls,
            host: name.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: host.unwrap_or(authority.as_str()).to_owned(),
            server_name: host.map_or(name, without_port).to_owned(),
            root: path.strip_suffix("/v1").unwrap_or(path).to_owned(),
            weight: weight.max(1),
        })
    }

    /// What tells servers behind one address apart: the `Host` header and what stands before `/v1`.
    pub fn identity(&self) -> (&str, &str) {
        (&self.authority, &self.root)
    }

    /// The path and query to ask a peer for, given the client's.
    pub fn path(&self, client: &str) -> String {
        format!("{}{client}", self.root)
    }
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.split(':').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::parse(url, None, 1).unwrap()
    }

    #[test]
    fn the_base_path_is_kept_and_v1_is_not_doubled() {
        assert_eq!(origin("http://h:8000/v1").path("/v1/models"), "/v1/models");
        assert_eq!(origin("http://h:8000").path("/v1/models"), "/v1/models");
        assert_eq!(origin("http://h/gw/v1/").path("/v1/models?a=b"), "/gw/v1/models?a=b");
        assert_eq!(origin("http://h/gw/v1").path("/health"), "/gw/health");
    }

    #[test]
    fn names_ports_and_overrides() {
        let tls = origin("https://models.example");
        assert_eq!((tls.port, tls.tls, tls.server_name.as_str()), (443, true, "models.example"));
        let v6 = origin("http://[::1]:8000/v1");
        assert_eq!((v6.host.as_str(), v6.authority.as_str()), ("::1", "[::1]:8000"));
        let override_ = Origin::parse("https://10.0.0.1:8443/v1", Some("gpu.example:8443"), 3).unwrap();
        assert_eq!(override_.authority, "gpu.example:8443");
        assert_eq!(override_.server_name, "gpu.example");
        assert_eq!(override_.host, "10.0.0.1");
    }

    #[test]
    fn what_is_not_an_origin_says_why() {
        for (url, why) in [
            ("", OriginError::Malformed),
            ("a", OriginError::Scheme),
            ("/v1", OriginError::Malformed),
            ("http://", OriginError::Malformed),
            ("a:80", OriginError::Scheme),
            ("ftp://a", OriginError::Scheme),
            ("http://u:p@a", OriginError::Credentials),
            ("http://a?q", OriginError::Query),
            ("http://a/#f", OriginError::Query),
            ("http://a:0", OriginError::Port),
            ("http://a:", OriginError::Port),
            ("http://a:99999", OriginError::Port),
        ] {
            assert_eq!(Origin::parse(url, None, 1), Err(why), "{url}");
        }
    }
}
