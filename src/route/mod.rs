//! The decision: a request's name and text become the backend that serves.
//!
//! - `router`: by name or by meaning
//! - `names`: what the name in a request's `model` means
//! - `table`: compiled routes, and how a prompt's meaning decides; pure and synchronous
//! - `classifier`: which route a prompt belongs to, learnt from samples
//! - `decision`: what came out, and why
//! - `explain`: what came out, for people

pub mod classifier;
mod decision;
mod explain;
mod names;
mod router;
mod table;

pub use decision::{Decision, Reason};
pub use explain::Explanation;
pub use names::{Named, Names};
pub use router::{Router, UnknownModel};
pub use table::{CompileError, RouteSettings, Settings, Table, Threshold};
