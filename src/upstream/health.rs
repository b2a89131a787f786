//! A peer's health as a state machine, and the check that drives it.

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::prelude::HttpPeer;
use pingora::upstreams::peer::BasicPeer;
use pingora::{ErrorType, Result};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::{HealthCheck, HttpHealthCheck, TcpHealthCheck};

use super::origin::Origin;
use super::settings::HealthSettings;

/// What the checks so far say of a peer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Health {
    /// Never checked: used only where no peer is known to be up.
    #[default]
    Unknown,
    /// In service, after this many failures in a row.
    Up {
        /// Failed checks since the last success.
        failures: u32,
    },
    /// Out of service, after this many successes in a row.
    Down {
        /// Passed checks since the last failure.
        successes: u32,
    },
}

/// vLLM's `/health`, or a TCP connect where the peer has no such path.
pub(super) struct Check {
    http: HttpHealthCheck,
    tcp: TcpHealthCheck,
    settings: HealthSettings,
}

const NO_HEALTH_PATH: ErrorType = ErrorType::Custom("NoHealthPath");

// === impl Health ===

impl Health {
    /// The state after one more check. The first check ever decides at once.
    pub fn after(self, passed: bool, fall: u32, rise: u32) -> Self {
        match (self, passed) {
            (Self::Unknown | Self::Up { .. }, true) => Self::Up { failures: 0 },
            (Self::Unknown, false) => Self::Down { successes: 0 },
            (Self::Up { failures }, false) if failures + 1 >= fall => Self::Down { successes: 0 },
            (Self::Up { failures }, false) => Self::Up { failures: failures + 1 },
            (Self::Down { successes }, true) if successes + 1 >= rise => Self::Up { failures: 0 },
            (Self::Down { successes }, true) => Self::Down { successes: successes + 1 },
            (Self::Down { .. }, false) => Self::Down { successes: 0 },
        }
    }

    /// Its name in metrics and on the admin listener.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up { .. } => "up",
            Self::Down { .. } => "down",
        }
    }

    /// Whether checks have shown it to be in service.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

// === impl Check ===

impl Check {
    /// A check of `origin`'s peers, which connects as `template` does.
    pub(super) fn new(settings: &HealthSettings, origin: &Origin, template: &HttpPeer) -> Result<Self> {
        let mut http = HttpHealthCheck::new(&origin.authority, origin.tls);
        let path = settings.path.clone().unwrap_or_else(|| origin.path("/health"));
        http.req.set_uri(path.parse().map_err(|_| pingora::Error::new(ErrorType::InternalError))?);
        http.peer_template = template.clone();
        http.peer_template.options.connection_timeout = Some(settings.timeout);
        http.peer_template.options.total_connection_timeout = Some(settings.timeout);
        http.peer_template.options.read_timeout = Some(settings.timeout);
        http.validator = Some(Box::new(validate));
        let mut tcp = TcpHealthCheck::default();
        tcp.peer_template = BasicPeer::new("0.0.0.0:1");
        tcp.peer_template.options = http.peer_template.options.clone();
        if origin.tls {
            tcp.peer_template.sni.clone_from(&origin.server_name);
        }
        Ok(Self { http, tcp, settings: settings.clone() })
    }
}

#[async_trait]
impl HealthCheck for Check {
    async fn check(&self, target: &Target) -> Result<()> {
        let check = async {
            match self.http.check(target).await {
                Err(error) if *error.etype() == NO_HEALTH_PATH => self.tcp.check(target).await,
                outcome => outcome,
            }
        };
        // The parts have timeouts of their own; this one bounds a body that drips.
        match tokio::time::timeout(self.settings.timeout, check).await {
            Ok(outcome) => outcome,
            Err(_) => pingora::Error::e_explain(ErrorType::ReadTimedout, "health check"),
        }
    }

    fn health_threshold(&self, success: bool) -> usize {
        (if success { self.settings.rise } else { self.settings.fall }) as usize
    }
}

fn validate(response: &ResponseHeader) -> Result<()> {
    match response.status.as_u16() {
        200..=299 => Ok(()),
        404 | 405 => pingora::Error::e_explain(NO_HEALTH_PATH, "a TCP check decides"),
        status => pingora::Error::e_explain(ErrorType::HTTPStatus(status), "health check"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: Health, checks: &[bool]) -> Health {
        checks.iter().fold(start, |health, &passed| health.after(passed, 3, 2))
    }

    #[test]
    fn the_first_check_decides_at_once() {
        assert!(run(Health::Unknown, &[true]).is_up());
        assert_eq!(run(Health::Unknown, &[false]), Health::Down { successes: 0 });
    }

    #[test]
    fn only_runs_of_outcomes_change_the_state() {
        let up = Health::Up { failures: 0 };
        assert!(run(up, &[false, false, true, false, false]).is_up());
        assert_eq!(run(up, &[false, false, false]).as_str(), "down");
        let down = Health::Down { successes: 0 };
        assert_eq!(run(down, &[true, false, true]).as_str(), "down");
        assert!(run(down, &[true, true]).is_up());
    }
}
