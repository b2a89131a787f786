//! Faults on demand: what was typed, what it means, and which request meets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::dice::Dice;
use crate::config::units::Span;

/// A fault, and which requests meet it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(try_from = "Typed", into = "Typed")]
pub struct Fault {
    kind: Kind,
    times: Option<u32>,
    probability: Option<f64>,
    path: Option<String>,
}

/// What goes wrong. `after` counts SSE events.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Status { status: u16, retry_after: Option<u64>, message: Option<String> },
    Slow { delay: Duration },
    LateToken { delay: Duration },
    Stall { after: usize },
    Cut { after: Option<usize>, reset: bool },
    Garbage { after: Option<usize> },
    ErrorEvent { after: usize, message: Option<String> },
    Dead,
    Hang,
    Stepped,
}

/// The faults in force.
pub(super) struct Faults {
    /// Whether there is any; spares requests the lock.
    armed: AtomicBool,
    list: Mutex<Vec<Fault>>,
    steps: Mutex<Arc<Semaphore>>,
    dice: Dice,
}

/// A fault as typed.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Typed {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

// === impl Fault ===

impl Fault {
    /// Reads one from JSON.
    ///
    /// # Errors
    /// What is wrong with it, for a person to read.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| format!("not a fault: {error}"))
    }

    pub(super) fn into_kind(self) -> Kind {
        self.kind
    }

    fn matches(&self, path: &str) -> bool {
        match self.path.as_deref() {
            Some("*") => true,
            Some(wanted) => wanted == path,
            None => {
                matches!(path, "/v1/chat/completions" | "/v1/completions")
                    || (self.kind == Kind::Dead && path == "/health")
            }
        }
    }

    /// Counts one more request down; whether there are any left to meet it.
    fn spend(&mut self) -> bool {
        self.times = self.times.map(|left| left.saturating_sub(1));
        self.times != Some(0)
    }
}

impl TryFrom<Typed> for Fault {
    type Error = String;

    fn try_from(typed: Typed) -> Result<Self, String> {
        let needs = |key: &str| format!("a fault of kind {:?} needs {key:?}", typed.kind);
        let delay = typed.delay.map(|delay| delay.0);
        let after = typed.after;
        let message = typed.message.clone();
        let kind = match typed.kind.as_str() {
            "status" => {
                let status = typed.status.filter(|status| (200..1000).contains(status));
                Kind::Status { status: status.ok_or_else(|| needs("status"))?, retry_after: typed.retry_after, message }
            }
            "slow" => Kind::Slow { delay: delay.ok_or_else(|| needs("delay"))? },
            "late-token" => Kind::LateToken { delay: delay.ok_or_else(|| needs("delay"))? },
            "stall" => Kind::Stall { after: after.unwrap_or(0) },
            "cut" => Kind::Cut { after, reset: typed.reset.unwrap_or(false) },
            "garbage" => Kind::Garbage { after },
            "error-event" => Kind::ErrorEvent { after: after.unwrap_or(0), message },
            "dead" => Kind::Dead,
            "hang" => Kind::Hang,
            "stepped" => Kind::Stepped,
            other => return Err(format!("no fault is of kind {other:?}")),
        };
        Ok(Self { kind, times: typed.times, probability: typed.probability, path: typed.path })
    }
}

impl From<Fault> for Typed {
    fn from(fault: Fault) -> Self {
        let Fault { kind, times, probability, path } = fault;
        let name = |kind: &str| Self { kind: kind.into(), times, probability, path, ..Self::default() };
        match kind {
            Kind::Status { status, retry_after, message } => {
                Self { status: Some(status), retry_after, message, ..name("status") }
            }
            Kind::Slow { delay } => Self { delay: Some(Span(delay)), ..name("slow") },
            Kind::LateToken { delay } => Self { delay: Some(Span(delay)), ..name("late-token") },
            Kind::Stall { after } => Self { after: Some(after), ..name("stall") },
            Kind::Cut { after, reset } => Self { after, reset: Some(reset), ..name("cut") },
            Kind::Garbage { after } => Self { after, ..name("garbage") },
            Kind::ErrorEvent { after, message } => Self { after: Some(after), message, ..name("error-event") },
            Kind::Dead => name("dead"),
            Kind::Hang => name("hang"),
            Kind::Stepped => name("stepped"),
        }
    }
}

// === impl Faults ===

impl Faults {
    pub(super) fn new(list: Vec<Fault>) -> Self {
        let faults = Self {
            armed: AtomicBool::new(false),
            list: Mutex::default(),
            steps: Mutex::new(Arc::new(Semaphore::new(0))),
            dice: Dice::new(),
        };
        faults.set(list);
        faults
    }

    /// Replaces all of them, and forgets steps that nobody waited for.
    pub(super) fn set(&self, list: Vec<Fault>) {
        let mut current = self.list.lock();
        *self.steps.lock() = Arc::new(Semaphore::new(0));
        self.armed.store(!list.is_empty(), Ordering::Release);
        *current = list;
    }

    /// Those in force, with what is left of `times`.
    pub(super) fn list(&self) -> Vec<Fault> {
        self.list.lock().clone()
    }

    /// The fault that a request to `path` meets, if any.
    pub(super) fn draw(&self, path: &str) -> Option<Kind> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock();
        let index = list.iter().position(|fault| {
            fault.matches(path) && fault.probability.is_none_or(|probability| self.dice.fraction() < probability)
        })?;
        let kind = list[index].kind.clone();
        if !list[index].spend() {
            list.remove(index);
        }
        Some(kind)
    }

    /// Lets `count` events of stepped streams go.
    pub(super) fn release(&self, count: usize) {
        self.steps.lock().add_permits(count.min(Semaphore::MAX_PERMITS / 2));
    }

    /// Waits for one step.
    pub(super) async fn step(&self) {
        let steps = Arc::clone(&self.steps.lock());
        // The semaphore is never closed.
        if let Ok(permit) = steps.acquire().await {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        Fault::parse(json).unwrap()
    }

    #[test]
    fn a_fault_reads_back_as_it_was_typed() {
        for json in [
            r#"{"kind":"status","status":503,"retry_after":2,"times":3}"#,
            r#"{"kind":"slow","delay":2.5,"path":"*"}"#,
            r#"{"kind":"cut","after":3,"reset":true,"probability":0.5}"#,
            r#"{"kind":"error-event","message":"no","after":1}"#,
            r#"{"kind":"stepped"}"#,
        ] {
            assert_eq!(serde_json::to_string(&fault(json)).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_with_its_reason() {
        assert!(Fault::parse(r#"{"kind":"flood"}"#).unwrap_err().contains("flood"));
        assert!(Fault::parse(r#"{"kind":"status"}"#).unwrap_err().contains("\"status\""));
        assert!(Fault::parse(r#"{"kind":"cut","aftr":3}"#).unwrap_err().contains("aftr"));
    }

    #[test]
    fn the_first_match_is_met_as_often_as_it_says() {
        let faults = Faults::new(vec![fault(r#"{"kind":"hang","times":2}"#), fault(r#"{"kind":"dead"}"#)]);
        let chat = || faults.draw("/v1/chat/completions");
        assert_eq!([chat(), chat(), chat()], [Some(Kind::Hang), Some(Kind::Hang), Some(Kind::Dead)]);
        assert_eq!(faults.draw("/health"), Some(Kind::Dead));
        assert_eq!(faults.draw("/v1/models"), None);
    }

    #[test]
    fn a_probability_is_kept_roughly() {
        let faults = Faults::new(vec![fault(r#"{"kind":"hang","probability":0.25}"#)]);
        let met = (0..4000).filter(|_| faults.draw("/v1/completions").is_some()).count();
        assert!((800..1200).contains(&met), "{met} of 4000");
    }
}
