//! The decision: an embedding becomes the backend that serves. Pure and synchronous.
//!
//! - `table`: compiled routes, and how the nearest sample decides
//! - `decision`: what came out, and why
//! - `samples`: what prompts are compared with, and the search for the nearest
//! - `similarity`: the dot products

mod decision;
mod samples;
mod similarity;
mod table;

pub use decision::{Decision, Reason};
pub use table::{CompileError, RouteSettings, Settings, Table};
