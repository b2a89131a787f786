//! Addresses as they are typed: a peer's URL, and what a listener binds.

use http::Uri;

/// A peer's URL: `http` or `https`, a host, perhaps a port and a base path, and nothing else.
///
/// # Errors
/// What is wrong with it, in words that do not repeat the URL, as it may hold a password.
pub fn url(text: &str) -> Result<Uri, &'static str> {
    const SHAPE: &str = "must be a URL such as \"http://host:8000/v1\"";
    let uri: Uri = text.parse().map_err(|_| SHAPE)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(SHAPE);
    };
    if !["http", "https"].contains(&scheme) {
        return Err("must begin with \"http://\" or \"https://\"");
    }
    if authority.as_str().contains('@') {
        return Err(
            "must not hold a user or a password; give the peer's key with \"api_key_env\" or \"api_key_file\"",
        );
    }
    if uri.query().is_some() || text.contains('#') {
        return Err("must not hold a query or a fragment");
    }
    let has_port = authority.as_str().len() > authority.host().len();
    if has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("must have a port between 1 and 65535, or none");
    }
    if authority.host().is_empty() { Err(SHAPE) } else { Ok(uri) }
}

/// Splits what a listener binds into its host and port; port 0 lets the system choose. IPv6 stands in brackets.
pub fn listen(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(rest) => {
            rest.strip_suffix(']').filter(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok())?
        }
        None => host,
    };
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let is_host = !bare.is_empty() && (bare != host || is_name(host));
    let is_port = port.chars().all(|c| c.is_ascii_digit());
    port.parse().ok().filter(|_| is_host && is_port).map(|port| (host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_host_port_and_path() {
        for good in
            ["http://a", "https://a.b:8443/v1", "http://127.0.0.1:80/x/y", "http://[::1]:8000/v1"]
        {
            assert!(url(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "a",
            "a:80",
            "/v1",
            "ftp://a",
            "http://",
            "http://u:p@a",
            "http://a?q",
            "http://a/#f",
            "http://a:0",
            "http://a:65536",
            "http://a:",
            "http://a:b",
            "http:///v1",
            "http://a b",
            "http://:80",
        ];
        for bad in bad {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn listeners_are_host_and_port() {
        assert_eq!(listen("0.0.0.0:8080"), Some(("0.0.0.0", 8080)));
        assert_eq!(listen("[::1]:0"), Some(("[::1]", 0)));
        assert_eq!(listen("localhost:80"), Some(("localhost", 80)));
        for bad in
            ["", ":80", "a", "a:", "a:b", "a:65536", "::1:80", "[x]:1", "a:+1", "http://a:80"]
        {
            assert_eq!(listen(bad), None, "{bad}");
        }
    }
}
