//! The semantic cache: an answer that was given once is given again where the same was asked, and nowhere else.
//!
//! - `question`: what is asked, and all that may not differ
//! - `scope`: the hash of that, with the tenant, the route and the model
//! - `text`: a question's text as it is compared
//! - [`gate`]: what may not differ between two questions of nearly the same meaning
//! - `entry`: a stored answer
//! - `epochs`: what has been flushed
//! - [`store`]: the entries in memory
//! - `index`: the search among them for what was asked in other words
//! - `local`: both together, as this instance knows them
//! - [`redis`], [`milvus`]: the entries beside the memory
//! - `remote`: what those two have in common
//! - `lookup`: the cache as a request meets it
//! - `flight`: who asks what is being answered already waits for that answer
//! - `policy`: what the config says of it all
//! - [`audit`]: how often a semantic hit would have been answered otherwise
//! - `disk`: the entries from a clean stop to the next start

pub mod audit;
mod disk;
mod entry;
mod epochs;
mod flight;
pub mod gate;
mod index;
mod local;
mod lookup;
pub mod milvus;
mod policy;
mod question;
pub mod redis;
mod remote;
mod scope;
pub mod store;
mod text;

use std::sync::Arc;

pub use entry::{Entry, EntryId, Millis};
pub use epochs::{Epoch, Epochs};
pub use flight::{Boarding, Flight, Flights, Follower};
pub use local::Local;
pub use lookup::{Cache, Keys, Near, Remote, halves};
pub use policy::{Backing, Caching, Choice, Policy};
pub use question::{ExactOnly, Kind, Place, Question};
pub use remote::{Apply, Fault, State};
pub use scope::Scope;
pub use store::{Candidate, Usage};
pub use text::normalised;

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
