//! `pointsman sim`, from outside: shapes, load, faults, and what it tells tests.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod answers;
mod ask;
mod faults;
mod life;
mod load;
#[path = "../support/mod.rs"]
mod support;
mod tape;
