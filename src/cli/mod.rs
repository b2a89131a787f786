//! The commands, one file each.

pub mod check;
pub mod eval;
mod offline;
pub mod route;
pub mod serve;
pub mod sim;
