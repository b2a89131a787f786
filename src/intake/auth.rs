//! Which client asks: a bearer key, compared in constant time, leads to a tenant and to trust.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, header};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::failure::{Failure, Reason};

/// The tenant of everybody where no keys are configured.
pub const EVERYBODY: &str = "default";

/// The header by which a trusted client names the tenant that it asks for.
pub const TENANT_HEADER: &str = "x-pointsman-tenant";

/// The keys that are let in; without any, everybody is.
#[derive(Debug, Default)]
pub struct Keys {
    keys: Vec<Key>,
}

/// One client key.
pub struct Key {
    /// What errors call it.
    pub name: Arc<str>,
    /// The secret itself.
    pub secret: String,
    /// Whose requests these are.
    pub tenant: Arc<str>,
    /// Whether the client's own `x-pointsman-*` headers count.
    pub trusted: bool,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Whose request it is.
    pub tenant: Arc<str>,
    /// The name of its key; none where there are no keys.
    pub key: Option<Arc<str>>,
    /// Whether the client's own `x-pointsman-*` headers count.
    pub trusted: bool,
}

// === impl Keys ===

impl Keys {
    /// Lets in who presents one of `keys`; everybody, if there are none.
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// Whether anybody is let in.
    pub fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// Who sent `headers`, or a 401.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Client, Failure> {
        if self.is_open() {
            return Ok(Client { tenant: EVERYBODY.into(), key: None, trusted: false });
        }
        let presented =
            bearer(headers).ok_or_else(|| unauthorized("no API key was sent; send it as a bearer token"))?;
        let key = self.find(presented).ok_or_else(|| unauthorized("the API key is not known here"))?;
        let named = if key.trusted { named_tenant(headers)? } else { None };
        let tenant = named.map_or_else(|| key.tenant.clone(), Arc::from);
        Ok(Client { tenant, key: Some(key.name.clone()), trusted: key.trusted })
    }

    /// Every key is compared whole, so that the time tells nothing of which one came close.
    fn find(&self, presented: &str) -> Option<&Key> {
        let mut found = u64::MAX;
        for (index, key) in self.keys.iter().enumerate() {
            let equal: Choice = key.secret.as_bytes().ct_eq(presented.as_bytes());
            found.conditional_assign(&(index as u64), equal);
        }
        self.keys.get(usize::try_from(found).ok()?)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The tenant that a trusted client names. One that cannot be read is refused, as it must not become another tenant.
fn named_tenant(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(TENANT_HEADER) else { return Ok(None) };
    let name = value
        .to_str()
        .map_err(|_| Failure::new(Reason::InvalidRequest, format!("{TENANT_HEADER} must be printable ASCII")))?;
    Ok(Some(name).filter(|name| !name.trim().is_empty()))
}

fn unauthorized(message: &str) -> Failure {
    Failure::new(Reason::Unauthorized, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let key = |name: &str, trusted| Key {
            name: name.into(),
            secret: format!("sk-{name}"),
            tenant: format!("tenant-{name}").into(),
            trusted,
        };
        Keys::new(vec![key("app", false), key("gateway", true)])
    }

    fn headers(authorization: &str, tenant: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        if let Some(tenant) = tenant {
            headers.insert(TENANT_HEADER, tenant.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_a_known_key_is_let_in() {
        assert_eq!(&*keys().identify(&headers("Bearer sk-app", None)).unwrap().tenant, "tenant-app");
        for wrong in ["Bearer sk-ap", "Bearer sk-appp", "Bearer ", "Basic sk-app", "sk-app"] {
            assert_eq!(keys().identify(&headers(wrong, None)).unwrap_err().reason, Reason::Unauthorized);
        }
        assert!(keys().identify(&HeaderMap::new()).is_err());
    }

    #[test]
    fn only_a_trusted_key_may_name_the_tenant() {
        let tenant = |authorization| keys().identify(&headers(authorization, Some("acme"))).unwrap().tenant;
        assert_eq!(&*tenant("Bearer sk-gateway"), "acme");
        assert_eq!(&*tenant("Bearer sk-app"), "tenant-app");
    }

    #[test]
    fn a_tenant_that_cannot_be_read_becomes_no_other() {
        let client = |authorization, tenant: &'static [u8]| {
            let mut headers = headers(authorization, None);
            headers.insert(TENANT_HEADER, http::HeaderValue::from_bytes(tenant).unwrap());
            keys().identify(&headers)
        };
        assert_eq!(client("Bearer sk-gateway", b"Zo\xc3\xab").unwrap_err().reason, Reason::InvalidRequest);
        assert_eq!(&*client("Bearer sk-app", b"Zo\xc3\xab").unwrap().tenant, "tenant-app");
        assert_eq!(&*client("Bearer sk-gateway", b"").unwrap().tenant, "tenant-gateway");
    }

    #[test]
    fn without_keys_everybody_is_one_tenant_and_nobody_is_trusted() {
        let client = Keys::default().identify(&headers("Bearer x", Some("acme"))).unwrap();
        assert_eq!(client, Client { tenant: EVERYBODY.into(), key: None, trusted: false });
    }
}
