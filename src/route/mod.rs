//! The decision: an embedding becomes the backend that serves. Pure and synchronous.
//!
//! - `table`: compiled routes, and how the nearest sample decides
//! - `decision`: what came out, and why
//! - `similarity`: the dot products

mod decision;
mod similarity;
mod table;

pub use decision::{Decision, Reason};
pub use table::{CompileError, RouteSettings, Settings, Table};
