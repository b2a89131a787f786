//! What a listener binds, as it is typed.

/// Splits what a listener binds into its host and port; port 0 lets the system choose. IPv6 stands in brackets.
pub fn listen(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok())?,
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
    fn listeners_are_host_and_port() {
        assert_eq!(listen("0.0.0.0:8080"), Some(("0.0.0.0", 8080)));
        assert_eq!(listen("[::1]:0"), Some(("[::1]", 0)));
        assert_eq!(listen("localhost:80"), Some(("localhost", 80)));
        for bad in ["", ":80", "a", "a:", "a:b", "a:65536", "::1:80", "[x]:1", "a:+1", "http://a:80"] {
            assert_eq!(listen(bad), None, "{bad}");
        }
    }
}
