//! The semantic cache: an answer that was given once is given again where the same was asked, and nowhere else.
//!
//! - `scope`: what must be equal for an answer to be served at all
//! - `text`: a question's text as it is compared
//! - `gate`: what may not differ between two questions of nearly the same meaning
//! - `entry`: a stored answer
//! - `epochs`: what has been flushed
//! - `replay`: a stored answer as JSON or as a stream
//! - [`redis`]: the entries beside the memory, shared by all instances
//! - [`milvus`]: the entries that memory has no room for
//! - `remote`: what caches outside the process have in common

mod entry;
mod epochs;
pub mod milvus;
pub mod redis;
mod remote;
mod scope;

use std::sync::Arc;

pub use entry::{Entry, EntryId, Millis};
pub use epochs::{Epoch, Epochs};
pub use remote::{Apply, Fault, State};
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
