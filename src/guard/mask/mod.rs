//! Personal data put out of a prompt in a way that can be undone.
//!
//! - `placeholder`: how a placeholder is written, and read again as models spell it
//! - `salt`: what makes the placeholders of a conversation unguessable
//! - `ledger`: which placeholder stands for which value, for one exchange only
//! - `apply`: one text with its findings, masked

mod apply;
mod ledger;
pub mod placeholder;
mod salt;

use std::sync::Arc;

use self::placeholder::Form;

pub use apply::{Masked, Operator, Operators, apply};
pub use ledger::{Ledger, Slot};
pub use salt::Salt;

/// What was masked in a request, and how its answer gives it back.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The values by their placeholders.
    pub ledger: Arc<Ledger>,
    /// What the model was asked to answer in.
    pub said: Form,
}
