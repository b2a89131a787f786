//! The decision: a request's name and text become the backend that serves.
//!
//! - `router`: by name, by rules or by meaning
//! - `reading`: what rules may ask of a body, read; `learned`: what networks say of a prompt
//! - `names`: what the name in a request's `model` means
//! - `table`: compiled routes, and how a prompt's meaning decides; pure and synchronous
//! - `signal`: what a route's `when` may ask of a request; `rule`: the tree over signals, and what it decides
//! - `topics`: what a prompt is about and what it wants, by networks over its meaning; `labelers`: by classifiers of the operator's own
//! - `action`: what a route does to its requests; `sticky`: where a conversation stays
//! - `classifier`: which route a prompt belongs to, learnt from samples
//! - `decision`: what came out, and why
//! - `policy`: what a route says of its requests beyond where they go first
//! - `explain`: what came out, for people; `handling`: what its route does then; `brief`: the same in a header

pub mod action;
mod brief;
pub mod classifier;
mod decision;
mod explain;
mod handling;
pub mod labelers;
mod learned;
mod names;
mod policy;
mod reading;
mod router;
pub mod rule;
pub mod signal;
pub mod sticky;
mod table;
pub mod topics;

pub use brief::brief;
pub use decision::{Decision, Reason};
pub use explain::Explanation;
pub use handling::Handling;
pub use learned::{Labels, Lessons};
pub use names::{Named, Names};
pub use policy::{Mirror, Policy};
pub use reading::{Asked, Nowhere, Reading};
pub use router::{Pace, Router, UnknownModel};
pub use table::{CompileError, RouteSettings, Settings, Table, Threshold};
