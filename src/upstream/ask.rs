//! One request to a peer whose answer nobody reads.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::header;
use pingora::connectors::TransportConnector;
use pingora::http::RequestHeader;
use pingora::protocols::http::v1::client::HttpSession;
use tokio::time::{Instant, timeout, timeout_at};

use super::attentive::Attentive;
use super::outcome::{Fault, Outcome};
use super::peer::Peer;
use super::settings::Timeouts;

/// Every request has a connection of its own: one that was kept may break through no fault of its peer's.
static CONNECTOR: LazyLock<TransportConnector> = LazyLock::new(|| TransportConnector::new(None));

/// Sends `peer` a request, reads the answer to its end, and says how the peer fared.
pub async fn ask(peer: &Peer, head: RequestHeader, body: Bytes, timeouts: &Timeouts) -> Outcome {
    let asked = timeout(timeouts.request, converse(peer, head, body, timeouts));
    asked.await.unwrap_or(Ok(Outcome::Fault(Fault::Stalled))).unwrap_or_else(Outcome::Fault)
}

async fn converse(peer: &Peer, head: RequestHeader, body: Bytes, timeouts: &Timeouts) -> Result<Outcome, Fault> {
    let stream = CONNECTOR.new_stream(&peer.connect).await.map_err(|_| Fault::Connect)?;
    let mut session = HttpSession::new_with_options(Box::new(Attentive::new(stream)), &peer.connect);
    let due = Instant::now() + timeouts.first_byte;
    let sent = timeout(timeouts.write.min(timeouts.first_byte), sent(&mut session, head, body)).await;
    // The answer may be there all the same. Who broke off may still be saying it; who had time enough must have said it.
    let due = if sent.is_ok() { due } else { Instant::now() };
    let answered = timeout_at(due, answered(&mut session)).await;
    let outcome = answered.map_err(|_| Fault::FirstByteTimeout)?.map_err(|_| Fault::Reset)?;
    // What refuses a request that it has not read may never end.
    let was_sent = matches!(sent, Ok(Ok(())));
    while (was_sent || outcome == Outcome::Success) && next(&mut session, timeouts.idle).await? {}
    Ok(outcome)
}

/// Sends the request, which is gone with that.
async fn sent(session: &mut HttpSession, head: RequestHeader, body: Bytes) -> pingora::Result<()> {
    session.write_request_header(Box::new(head)).await?;
    session.write_body(&body).await?;
    session.finish_body().await.map(drop)
}

/// Reads the answer's head.
async fn answered(session: &mut HttpSession) -> pingora::Result<Outcome> {
    loop {
        session.read_response().await?;
        let status = session.get_status().map_or(0, |status| status.as_u16());
        if !(100..200).contains(&status) {
            let retry_after = session.get_header(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            return Ok(Outcome::from_status(status, retry_after));
        }
    }
}

/// Reads more of the answer's body; false at its end.
async fn next(session: &mut HttpSession, idle: Duration) -> Result<bool, Fault> {
    let read = timeout(idle, session.read_body_ref()).await.map_err(|_| Fault::Stalled)?;
    read.map(|chunk| chunk.is_some()).map_err(|_| Fault::BrokenStream)
}
