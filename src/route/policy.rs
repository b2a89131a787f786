//! What a route says of its requests beyond where they go first.

/// What a route says of its requests beyond where they go first.
#[derive(Debug, Default)]
pub struct Policy {
    /// Who serves where those before cannot, as indices into the backends.
    pub fallbacks: Vec<usize>,
    /// How soon they are served where some must wait: lower is sooner.
    pub priority: i32,
}
