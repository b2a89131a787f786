//! The commands, one file each.

pub mod check;
pub mod eval;
pub mod guard;
mod handlers;
mod labelled;
mod lines;
mod offline;
pub mod route;
pub mod serve;
pub mod sim;
pub mod tune;
