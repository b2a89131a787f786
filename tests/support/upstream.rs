//! An upstream server that follows a script to the byte, for what a well-behaved simulator would never do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::PATIENCE;

/// A scripted server on a port of its own; its connections close when it is dropped.
pub(crate) struct Upstream {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The request line and the headers, their names in lower case.
    pub(crate) head: String,
    /// As many bytes as the head declares.
    pub(crate) body: Vec<u8>,
    /// How many requests came before it on its connection.
    pub(crate) before: usize,
}

/// A step of an answer. When a script ends without [`Close`](Act::Close), the next request is awaited.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Reads the body, where the script acts on the head.
    Read,
    /// Waits until this many connections were made in all.
    Meet(usize),
    /// Waits until this is true.
    Until(Arc<AtomicBool>),
    /// Waits.
    Pause(Duration),
    /// Sends a byte of a body again and again, for as long as it is taken.
    Drip,
    /// Says nothing more, until the other side closes.
    Hang,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(5);

type Script = Box<dyn Fn(&Seen) -> Vec<Act> + Send + Sync>;

struct Shared {
    script: Script,
    /// Reads no body: the script acts on the head.
    head_only: bool,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    closed: AtomicUsize,
    left: AtomicUsize,
}

/// A whole answer with a body of known length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(format!("HTTP/1.1 {status} Whatever\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes())
}

/// A whole chat answer that says `text`.
pub(crate) fn whole(text: &str) -> Act {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    });
    answer(200, "content-type: application/json\r\n", &body.to_string())
}

/// A 200 with a small JSON body.
pub(crate) fn ok() -> Vec<Act> {
    vec![answer(200, "content-type: application/json\r\n", r#"{"ok":true}"#)]
}

/// What vLLM says under overload, and when to come back.
pub(crate) fn busy() -> Vec<Act> {
    vec![answer(503, "content-type: application/json\r\nretry-after: 7\r\n", r#"{"error":{"message":"busy"}}"#)]
}

// === impl Upstream ===

impl Upstream {
    /// Answers health checks and scrapes with 200, and everything else by `script`.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::with(false, script).await
    }

    /// The same, but bodies stay unread.
    pub(crate) async fn on_head(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::with(true, script).await
    }

    /// Answers everything by `script`, `/health` too.
    pub(crate) async fn raw(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::launch(free_listener().await, false, Box::new(script))
    }

    /// The same as [`start`](Self::start) on a listener that is there already.
    pub(crate) fn on(listener: TcpListener, script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::launch(listener, false, Box::new(healthy(script)))
    }

    async fn with(head_only: bool, script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::launch(free_listener().await, head_only, Box::new(healthy(script)))
    }

    fn launch(listener: TcpListener, head_only: bool, script: Script) -> Self {
        let address = listener.local_addr().expect("an address");
        let zero = AtomicUsize::default;
        let (seen, connections) = (Mutex::default(), zero());
        let shared = Arc::new(Shared { script, head_only, seen, connections, closed: zero(), left: zero() });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, accepting }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came so far, health checks and scrapes left out.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().iter().filter(|seen| !seen.is_probe()).cloned().collect()
    }

    /// The health checks that came so far.
    pub(crate) fn checks(&self) -> Vec<Seen> {
        self.shared.seen.lock().iter().filter(|seen| seen.is_probe() && !seen.is_scrape()).cloned().collect()
    }

    /// The scrapes of its metrics that came so far.
    pub(crate) fn scrapes(&self) -> Vec<Seen> {
        self.shared.seen.lock().iter().filter(|seen| seen.is_scrape()).cloned().collect()
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        self.shared.seen.lock().clear();
    }

    /// Connections accepted so far, those of health checks included.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Connections that the other side closed when it owed no request.
    pub(crate) fn closed(&self) -> usize {
        self.shared.closed.load(Ordering::SeqCst)
    }

    /// How often a [`Act::Hang`] or [`Act::Drip`] ended because the other side had gone.
    pub(crate) fn left(&self) -> usize {
        self.shared.left.load(Ordering::SeqCst)
    }

    /// Refuses connections from now on, and keeps the port so that nobody else gets it.
    pub(crate) async fn refuse(self) -> TcpSocket {
        self.accepting.abort();
        let address = self.address;
        drop(self);
        let holder = async {
            loop {
                let socket = TcpSocket::new_v4().expect("a socket");
                socket.set_reuseaddr(true).expect("the option");
                if socket.bind(address).is_ok() && TcpStream::connect(address).await.is_err() {
                    return socket;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, holder).await.expect("the port is free again")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Seen ===

impl Seen {
    /// The path and query asked for.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// A header's values.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let values = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        values.filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
    }

    /// A health check or a scrape.
    fn is_probe(&self) -> bool {
        self.head.starts_with("GET ")
    }

    /// A scrape of its metrics.
    pub(crate) fn is_scrape(&self) -> bool {
        self.is_probe() && self.target().ends_with("/metrics")
    }

    fn length(&self) -> usize {
        self.header("content-length").first().map_or(0, |value| value.parse().expect("a length"))
    }
}

fn healthy(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync) -> impl Fn(&Seen) -> Vec<Act> + Send + Sync {
    move |seen| if seen.is_probe() { ok() } else { script(seen) }
}

async fn free_listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(converse(stream, shared.clone()));
    }
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut input = Vec::new();
    for before in 0.. {
        let Some(mut seen) = read_head(&mut stream, &mut input, before).await else {
            shared.closed.fetch_add(1, Ordering::SeqCst);
            return;
        };
        let length = seen.length();
        if !shared.head_only {
            let Some(body) = read_body(&mut stream, &mut input, length).await else { return };
            seen.body = body;
        }
        let acts = (shared.script)(&seen);
        shared.seen.lock().push(seen);
        for act in acts {
            let performed = match act {
                Act::Read => read_body(&mut stream, &mut input, length).await.map(drop),
                act => perform(act, &mut stream, &shared).await,
            };
            if performed.is_none() {
                return;
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream, input: &mut Vec<u8>, before: usize) -> Option<Seen> {
    let end = loop {
        match input.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end,
            None if matches!(stream.read_buf(input).await, Ok(1..)) => {}
            None => return None,
        }
    };
    let head: Vec<u8> = input.drain(..end + 4).collect();
    let head = String::from_utf8(head).expect("a head in ASCII");
    let lower = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    };
    let lines: Vec<String> = head.trim_end().lines().map(lower).collect();
    Some(Seen { head: lines.join("\n"), body: Vec::new(), before })
}

async fn read_body(stream: &mut TcpStream, input: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while input.len() < length {
        if !matches!(stream.read_buf(input).await, Ok(1..)) {
            return None;
        }
    }
    Some(input.drain(..length).collect())
}

/// None where the connection has come to its end.
async fn perform(act: Act, stream: &mut TcpStream, shared: &Shared) -> Option<()> {
    match act {
        Act::Say(bytes) => return stream.write_all(&bytes).await.ok(),
        Act::Read => return Some(()), // known to who has the input
        Act::Drip => {
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        // Nothing more is expected: whatever comes, it is the end that is waited for.
        Act::Hang => while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {},
        Act::Pause(span) => {
            tokio::time::sleep(span).await;
            return Some(());
        }
        Act::Meet(wanted) => {
            while shared.connections.load(Ordering::SeqCst) < wanted {
                tokio::time::sleep(PAUSE).await;
            }
            return Some(());
        }
        Act::Until(gate) => {
            while !gate.load(Ordering::SeqCst) {
                tokio::time::sleep(PAUSE).await;
            }
            return Some(());
        }
        Act::Close => return None,
        Act::Reset => {
            let _ = stream.set_zero_linger();
            return None;
        }
    }
    shared.left.fetch_add(1, Ordering::SeqCst);
    None
}
