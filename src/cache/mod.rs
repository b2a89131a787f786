//! The semantic cache: an answer that was given once is given again where the same was asked, and nowhere else.
//!
//! - `question`: what is asked, and all that may not differ
//! - `scope`: the hash of that, with the tenant, the route and the model
//! - `text`: a question's text as it is compared
//! - `gate`: what may not differ between two questions of nearly the same meaning
//! - `entry`: a stored answer
//! - `epochs`: what has been flushed
//! - `flight`: who asks what is being answered already waits for that answer
//! - `replay`: a stored answer as JSON or as a stream

mod entry;
mod epochs;
mod flight;
mod question;
mod scope;

use std::sync::Arc;

pub use entry::{Entry, EntryId, Millis};
pub use epochs::{Epoch, Epochs};
pub use flight::{Boarding, Flight, Flights, Follower};
pub use question::{ExactOnly, Kind, Place, Question};
pub use scope::Scope;

/// What happens to the entries, here or at another instance.
#[derive(Debug, Clone)]
pub enum Change {
    /// An entry is there, or another in its place.
    Put(Arc<Entry>),
    /// An entry is gone.
    Remove(Scope, EntryId),
    /// Something was flushed.
    Flush(Epochs),
}
