//! Rules: what a route's `when` asks of the signals, and how it decides.
//!
//! - `tree`: conditions under `all`, `any` and `not`, in a logic that knows "not known yet"
//! - `test`: one comparison; `shown`: lists of keywords, for people
//! - `parse`: from the config's shape to a tree
//! - `routes`: every route's tree at once: what is settled early, and what is chosen
//! - `explain`: every signal and every tree with what came out
//! - `check`: rules that never hold, always hold, or are never reached

mod check;
mod explain;
mod parse;
mod routes;
mod shown;
mod test;
mod tree;

pub use check::{Range, Texts, Warning, World, check};
pub use explain::{Explanation, LabelShown, RouteShown, SignalShown, TreeShown};
pub use parse::{Scope, parse, parse_list};
pub use routes::{Choice, Early, RouteRule, Routes, Score};
pub use test::{Relation, Test};
pub use tree::{Condition, Node, Truth};

#[cfg(test)]
mod testing;
