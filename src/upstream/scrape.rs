//! vLLM's own view of its load, by its `/metrics`: asked for, read, and doubted where it cannot be.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::BytesMut;
use http::header;
use pingora::connectors::http::v1::Connector;
use pingora::http::RequestHeader;
use pingora::prelude::HttpPeer;
use tokio::time::timeout;

use super::load::{Gauges, Scrape};
use super::origin::Origin;
use super::peer::{Peer, PeerState};
use super::settings::ScrapeSettings;

/// More text than this is no vLLM's, in bytes.
const MAX_TEXT: usize = 4 << 20;

/// Beyond this many requests a gauge is not believed.
const MOST: f64 = 100_000.0;

/// vLLM's names; the KV cache's was another one before 0.10.
const RUNNING: &str = "vllm:num_requests_running";
const WAITING: &str = "vllm:num_requests_waiting";
const KV_USAGE: [&str; 2] = ["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"];
const SLEEP: &str = "vllm:engine_sleep_state";

/// Keeps connections from one scrape to the next, whatever snapshot it is made for.
static CONNECTOR: LazyLock<Connector> = LazyLock::new(|| Connector::new(None));

/// Scrapes the peers of one origin.
pub(super) struct Scraper {
    settings: ScrapeSettings,
    path: String,
}

/// Why a peer's load is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScrapeError {
    #[error("{0}")]
    Http(#[from] Box<pingora::Error>),
    #[error("status {0}")]
    Status(u16),
    #[error("timed out")]
    Timeout,
    #[error("more than {MAX_TEXT} bytes")]
    TooLong,
    #[error("it does not tell its running and waiting requests")]
    NoGauges,
}

// === impl Scraper ===

impl Scraper {
    pub(super) fn new(settings: &ScrapeSettings, origin: &Origin) -> Self {
        let path = settings.path.clone().unwrap_or_else(|| origin.path("/metrics"));
        Self { settings: settings.clone(), path }
    }

    /// Asks `peer` once.
    pub(super) async fn scrape(&self, peer: &Peer) -> Result<Scrape, ScrapeError> {
        let before = peer.state.leases();
        let text = timeout(self.settings.timeout, self.fetch(peer)).await.map_err(|_| ScrapeError::Timeout)??;
        let gauges = read(&String::from_utf8_lossy(&text)).ok_or(ScrapeError::NoGauges)?;
        // What came or went in between may or may not be in it: rather too few others than our own counted twice.
        let own = before.max(peer.state.leases());
        Ok(Scrape { gauges, own, at: Instant::now(), interval: self.settings.interval })
    }

    async fn fetch(&self, peer: &Peer) -> Result<BytesMut, ScrapeError> {
        let connect = self.connection(&peer.connect);
        let (mut session, _) = CONNECTOR.get_http_session(&connect).await?;
        let mut request = RequestHeader::build("GET", self.path.as_bytes(), Some(2))?;
        request.insert_header(header::HOST, peer.origin.authority.as_str())?;
        session.write_request_header(Box::new(request)).await?;
        session.read_response().await?;
        session.respect_keepalive();
        if let Some(status) = session.get_status().filter(|status| !status.is_success()) {
            return Err(ScrapeError::Status(status.as_u16()));
        }
        let mut text = BytesMut::new();
        while let Some(chunk) = session.read_body_bytes().await? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_TEXT {
                return Err(ScrapeError::TooLong);
            }
        }
        let idle = connect.options.idle_timeout;
        CONNECTOR.release_http_session(session, &connect, idle).await;
        Ok(text)
    }

    /// As requests connect, within a scrape's time.
    fn connection(&self, template: &HttpPeer) -> HttpPeer {
        let mut connect = template.clone();
        connect.options.connection_timeout = Some(self.settings.timeout);
        connect.options.total_connection_timeout = Some(self.settings.timeout);
        connect
    }
}

/// One scrape loop runs on a server at a time, however many backends it serves.
pub(super) struct Turn(Arc<PeerState>);

// === impl Turn ===

impl Turn {
    /// None where another loop has it.
    pub(super) fn take(peer: &Peer) -> Option<Self> {
        peer.state.begin_scraping().then(|| Self(peer.state.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.end_scraping();
    }
}

/// The gauges in Prometheus's text: running and waiting requests over all engines, the fullest cache. None where it has
/// not both of the first two: what is absent is not 0. A number that cannot be is as good as none.
fn read(text: &str) -> Option<Gauges> {
    let (mut running, mut waiting, mut kv_usage, mut awake) = (None, None, None::<f64>, None::<bool>);
    for line in text.lines() {
        let Some((name, labels, value)) = sample(line) else { continue };
        let requests = Some(value).filter(|value| (0.0..=MOST).contains(value));
        match name {
            RUNNING => *running.get_or_insert(0.0) += requests?,
            WAITING => *waiting.get_or_insert(0.0) += requests?,
            _ if KV_USAGE.contains(&name) && (0.0..=1.0).contains(&value) => {
                kv_usage = Some(kv_usage.map_or(value, |before| before.max(value)));
            }
            SLEEP if labels.contains("sleep_state=\"awake\"") => awake = Some(awake.unwrap_or(false) || value > 0.0),
            _ => {}
        }
    }
    Some(Gauges { running: running?, waiting: waiting?, kv_usage, asleep: awake == Some(false) })
}

/// A line's name, labels and value.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let line = line.trim();
    if !line.starts_with("vllm:") {
        return None;
    }
    let (name, labels, rest) = match line.split_once('{') {
        Some((name, rest)) => {
            let end = rest.rfind('}')?;
            (name, &rest[..end], &rest[end + 1..])
        }
        None => {
            let (name, rest) = line.split_once(char::is_whitespace)?;
            (name, "", rest)
        }
    };
    // A time may follow the value.
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: &str = "vllm:num_requests_running 0\nvllm:num_requests_waiting 0";

    #[test]
    fn engines_are_summed_and_the_fullest_cache_counts() {
        let text = "# HELP vllm:num_requests_running Number\n# TYPE vllm:num_requests_running gauge\n\
            vllm:num_requests_running{engine=\"0\",model_name=\"a}b\"} 3.0\n\
            vllm:num_requests_running{engine=\"1\",model_name=\"m\"} 4.0 1700000000\n\
            vllm:num_requests_waiting{engine=\"0\"} 1.0\nvllm:num_requests_waiting_by_reason{engine=\"0\"} 9\n\
            vllm:kv_cache_usage_perc{engine=\"0\"} 0.25\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.75\n";
        let gauges = Gauges { running: 7.0, waiting: 1.0, kv_usage: Some(0.75), asleep: false };
        assert_eq!(read(text), Some(gauges));
    }

    #[test]
    fn the_older_name_of_the_caches_use_is_known() {
        let gauges = read(
            "vllm:num_requests_running 1\nvllm:num_requests_waiting 0\nvllm:gpu_cache_usage_perc{model_name=\"m\"} 0.5",
        )
        .unwrap();
        assert_eq!(gauges.kv_usage, Some(0.5));
    }

    #[test]
    fn what_is_absent_or_cannot_be_is_unknown() {
        for text in [
            "",
            "up 1",
            "<html>",
            "vllm:num_requests_running",
            "vllm:num_requests_running{ 1",
            "vllm:num_requests_running 0",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        for value in ["NaN", "-1", "+Inf", "1e9", "1e400"] {
            let text = format!("vllm:num_requests_waiting 1\nvllm:num_requests_running {value}");
            assert_eq!(read(&text), None, "{value}");
        }
        let odd_cache =
            read("vllm:num_requests_running 1\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 7").unwrap();
        assert_eq!(odd_cache.kv_usage, None);
    }

    #[test]
    fn an_engine_may_be_asleep() {
        let state = |awake: u8| {
            let text = format!(
                "{IDLE}\nvllm:engine_sleep_state{{sleep_state=\"awake\"}} {awake}\n\
                 vllm:engine_sleep_state{{sleep_state=\"weights_offloaded\"}} {}",
                1 - awake
            );
            read(&text).unwrap().asleep
        };
        assert!(state(0) && !state(1));
        assert!(!read(IDLE).unwrap().asleep);
    }
}
