//! What must be equal for an answer to be served at all.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The partition that an answer may be served in: a SHA-256 over everything but the question's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope([u8; 32]);

/// Not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is 64 hexadecimal digits")]
pub struct NoScope;

// === impl Scope ===

impl Scope {
    /// The scope of this hash.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoScope);
        }
        let half = |at| u128::from_str_radix(&text[at..at + 32], 16).map(u128::to_be_bytes).map_err(|_| NoScope);
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&half(0)?);
        bytes[16..].copy_from_slice(&half(32)?);
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let scope = Scope::from_bytes(std::array::from_fn(|at| 7 * at as u8));
        assert_eq!(scope.to_string().parse(), Ok(scope));
        for broken in ["", &"0".repeat(63), &"0".repeat(65), &"ä".repeat(32), &format!("+{}", "0".repeat(63))] {
            assert_eq!(broken.parse::<Scope>(), Err(NoScope));
        }
    }
}
