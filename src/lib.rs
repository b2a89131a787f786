//! Pointsman stands in front of vLLM servers, reads each prompt, and sends it to the cheapest model that can answer it.
//!
//! The way of a request, a room for each step:
//!
//! - [`intake`]: authenticate, read the body under a cap and a deadline, parse it once into a prompt
//! - [`guard`]: attempts to override instructions are refused, and personal data is masked
//! - [`route`]: one embedding (made by [`embed`]) becomes a decision
//! - [`cache`]: an answer that was given once, where the same was asked
//! - [`upstream`]: the peer of the decision's backend that has the least to do among those that may serve
//! - [`relay`]: the answer streams through as it comes
//! - [`record`]: one log line and the metrics, when the exchange ends
//!
//! [`proxy`] knows all of them; none knows a later one. [`config`] turns a file into a snapshot of their settings,
//! [`server`] and [`admin`] run them, [`cli`] holds the commands, [`sim`] stands in for vLLM in demos and tests.
//! [`degraded`], [`failure`], [`findings`], [`hash`], [`metrics`], [`openai`], `similarity` and [`spending`] are leaves that any may use.

pub mod admin;
pub mod cache;
pub mod cli;
pub mod config;
pub mod degraded;
pub mod embed;
pub mod failure;
pub mod findings;
pub mod guard;
pub mod hash;
pub mod intake;
pub mod metrics;
pub mod openai;
pub mod proxy;
pub mod record;
pub mod relay;
pub mod route;
pub mod server;
pub mod sim;
mod similarity;
pub mod spending;
pub mod upstream;
