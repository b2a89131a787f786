//! The decision: a request's name and text become the backend that serves.
//!
//! - `router`: by name or by meaning
//! - `names`: what the name in a request's `model` means
//! - `table`: compiled routes, and how the nearest sample decides; pure and synchronous
//! - `decision`: what came out, and why
//! - `similarity`: the dot products

mod decision;
mod names;
mod router;
mod similarity;
mod table;

pub use decision::{Decision, Reason};
pub use names::{Named, Names};
pub use router::{Router, UnknownModel};
pub use table::{CompileError, RouteSettings, Settings, Table};
