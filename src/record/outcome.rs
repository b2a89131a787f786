//! What the cache did for a request.

/// What the cache did, where it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The same text had been answered.
    HitExact,
    /// A text of the same meaning had been.
    HitSemantic,
    /// Neither.
    Miss,
}

// === impl Outcome ===

impl Outcome {
    /// Its name in headers, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HitExact => "hit-exact",
            Self::HitSemantic => "hit-semantic",
            Self::Miss => "miss",
        }
    }

    /// Its name in metrics where it was only looked up.
    pub fn as_shadow(self) -> &'static str {
        match self {
            Self::HitExact => "shadow-hit-exact",
            Self::HitSemantic => "shadow-hit-semantic",
            Self::Miss => "miss",
        }
    }
}
