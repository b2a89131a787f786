//! The semantic cache: an answer that was given once is given again where the same was asked, and nowhere else.
//!
//! - `scope`: what must be equal for an answer to be served at all
//! - `text`: a question's text as it is compared
//! - `gate`: what may not differ between two questions of nearly the same meaning
//! - `entry`: a stored answer
//! - `replay`: a stored answer as JSON or as a stream

mod entry;
mod scope;

pub use entry::{Entry, EntryId, Millis};
pub use scope::Scope;
