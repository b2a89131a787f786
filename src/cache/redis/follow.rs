//! From the server to the memory.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use redis::RedisResult;
use redis::streams::{StreamId, StreamReadReply};

use super::super::remote::{Apply, Backoff, Part};
use super::super::{Change, EntryId, Millis, Scope};
use super::names::{Names, News, read_entry};
use super::script::{self, Agreement, MessageId};
use super::server::{Link, Node, Server};
use super::{Shared, count, fault};

/// Reads what is there, then what is new.
pub(super) struct Follower {
    server: Arc<Server>,
    names: Arc<Names>,
    shared: Arc<Shared>,
    local: Arc<dyn Apply>,
    /// How far it has come; none before all entries were read.
    place: Option<Place>,
}

/// How far it has come.
#[derive(Debug, Clone)]
struct Place {
    /// At which server.
    identity: String,
    /// The last message heard.
    last: MessageId,
}

/// How long the server may hold back its answer while there is no message.
const SILENCE: Duration = Duration::from_secs(1);

/// How often to see that it is the same server still and knows of all flushes.
const AGREE: Duration = Duration::from_secs(5);

/// Messages in one answer.
const MESSAGES: usize = 512;

/// Keys that one step of a scan looks at.
const KEYS: usize = 512;

/// Entries asked for at once.
const ENTRIES: usize = 32;

// === impl Follower ===

impl Follower {
    pub(super) fn new(server: Arc<Server>, names: Arc<Names>, shared: Arc<Shared>, local: Arc<dyn Apply>) -> Self {
        Self { server, names, shared, local, place: None }
    }

    /// Reads for ever.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let Err(error) = self.follow(&mut backoff).await;
            count(&self.shared.errors);
            let (fault, detail) = fault::classify(&error);
            self.shared.health.fails(Part::Read, fault, &detail);
            tokio::time::sleep(backoff.fail()).await;
        }
    }

    /// Reads until that fails.
    async fn follow(&mut self, backoff: &mut Backoff) -> RedisResult<Infallible> {
        let link = self.server.connect(self.server.timeout().saturating_add(SILENCE)).await?;
        loop {
            let met = self.agree(&link).await?;
            let last = match &self.place {
                Some(place) if place.reaches(&met) => place.last,
                _ => {
                    self.load(&link).await?;
                    met.messages.map(|(_, last)| last).unwrap_or_default()
                }
            };
            self.place = Some(Place { identity: met.identity, last });
            backoff.succeed();
            self.shared.health.works(Part::Read);
            let until = Instant::now() + AGREE;
            while Instant::now() < until {
                self.listen(&link).await?;
            }
        }
    }

    /// Tells the server of the flushes known here, and learns of others.
    async fn agree(&self, link: &Link) -> RedisResult<Agreement> {
        let mut known = self.local.epochs();
        let met = Agreement::read(link.ask(&script::agree(&self.names, &known)).await?)?;
        if known.merge(&met.epochs) {
            self.local.apply(Change::Flush(known));
        }
        Ok(met)
    }

    /// Reads all entries.
    async fn load(&self, link: &Link) -> RedisResult<()> {
        for node in link.nodes().await? {
            let mut cursor = 0_u64;
            loop {
                let (next, keys) = self.scan(link, node, cursor).await?;
                let named: Vec<_> = keys.iter().filter_map(|key| self.own(key)).collect();
                for change in self.fetch(link, &named).await? {
                    let is_entry = matches!(change, Change::Put(_));
                    if self.apply(change) && is_entry {
                        count(&self.shared.loaded);
                    }
                }
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn scan(&self, link: &Link, node: Node, cursor: u64) -> RedisResult<(u64, Vec<Vec<u8>>)> {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(self.names.entries()).arg("COUNT").arg(KEYS);
        link.ask_node(node, command).await
    }

    /// The entry that a key names; counts what is none of ours.
    fn own(&self, key: &[u8]) -> Option<(Scope, EntryId)> {
        let named = self.names.parse(key);
        if named.is_none() {
            count(&self.shared.skipped);
        }
        named
    }

    /// What has become of these entries: puts and removals, and nothing where there is none any more.
    async fn fetch(&self, link: &Link, named: &[(Scope, EntryId)]) -> RedisResult<Vec<Change>> {
        let fetching = stream::iter(named).map(|(scope, id)| self.get(link, scope, id)).buffered(ENTRIES);
        fetching.try_filter_map(async |change| Ok(change)).try_collect().await
    }

    async fn get(&self, link: &Link, scope: &Scope, id: &EntryId) -> RedisResult<Option<Change>> {
        let mut command = redis::cmd("GET");
        command.arg(self.names.entry(scope, id));
        let bytes = match link.ask::<Option<Vec<u8>>>(&command).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            // A value of another type, which someone else left under our name.
            Err(error) if error.code() == Some("WRONGTYPE") => {
                count(&self.shared.skipped);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok(Some(Change::Remove(*scope, *id)));
        }
        let entry = read_entry(scope, id, &bytes);
        if entry.is_none() {
            count(&self.shared.skipped);
        }
        Ok(entry.filter(|entry| !entry.is_over(Millis::now())).map(|entry| Change::Put(Arc::new(entry))))
    }

    /// Hears and applies the next messages; returns without any after a while of silence.
    async fn listen(&mut self, link: &Link) -> RedisResult<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(MESSAGES).arg("BLOCK").arg(SILENCE.as_millis() as u64);
        command.arg("STREAMS").arg(self.names.changes()).arg(place.last.to_string());
        let heard: Option<StreamReadReply> = link.ask(&command).await?;
        let messages: Vec<StreamId> = heard.into_iter().flat_map(|heard| heard.keys).flat_map(|key| key.ids).collect();
        let Some(last) = messages.last().and_then(|message| MessageId::parse(&message.id)) else { return Ok(()) };
        self.hear(link, &messages).await?;
        if let Some(place) = &mut self.place {
            place.last = last;
        }
        Ok(())
    }

    async fn hear(&self, link: &Link, messages: &[StreamId]) -> RedisResult<()> {
        let mut flushed = false;
        // Of several messages about an entry the last one counts.
        let mut entries: HashMap<(Scope, EntryId), bool> = HashMap::new();
        for message in messages {
            if message.get("from").as_ref() == Some(&self.names.instance) {
                continue;
            }
            match News::parse(message) {
                Some(News::Put(scope, id)) => drop(entries.insert((scope, id), true)),
                Some(News::Remove(scope, id)) => drop(entries.insert((scope, id), false)),
                Some(News::Flush) => flushed = true,
                None => count(&self.shared.skipped),
            }
            count(&self.shared.received);
        }
        if flushed {
            self.agree(link).await?;
        }
        let (put, removed): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, put)| *put);
        removed.into_iter().for_each(|((scope, id), _)| self.local.apply(Change::Remove(scope, id)));
        let put: Vec<_> = put.into_iter().map(|(named, _)| named).collect();
        for change in self.fetch(link, &put).await? {
            self.apply(change);
        }
        Ok(())
    }

    /// Applies a change, but for an entry that was flushed; whether it did.
    fn apply(&self, change: Change) -> bool {
        if let Change::Put(entry) = &change {
            let mut known = self.local.epochs();
            // Nobody may have told the server of a flush since it lost its data.
            if known.learn(&entry.route, entry.epoch) {
                self.local.apply(Change::Flush(known.clone()));
            }
            if entry.epoch != known.of(&entry.route) {
                return false;
            }
        }
        self.local.apply(change);
        true
    }
}

// === impl Place ===

impl Place {
    /// Whether the stream still has all that came after it, at the same server.
    fn reaches(&self, met: &Agreement) -> bool {
        let within = match met.messages {
            Some((first, last)) => first <= self.last && self.last <= last,
            None => self.last == MessageId::default(),
        };
        self.identity == met.identity && within
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Epochs;
    use super::*;

    fn id(text: &str) -> MessageId {
        MessageId::parse(text).unwrap()
    }

    fn met(identity: &str, messages: Option<(&str, &str)>) -> Agreement {
        let messages = messages.map(|(first, last)| (id(first), id(last)));
        Agreement { identity: identity.into(), messages, epochs: Epochs::default() }
    }

    #[test]
    fn only_a_stream_without_a_gap_is_followed_on() {
        let place = Place { identity: "a".into(), last: id("7-1") };
        assert!(place.reaches(&met("a", Some(("7-0", "9-0")))));
        assert!(place.reaches(&met("a", Some(("7-1", "7-1")))));
        assert!(!place.reaches(&met("b", Some(("7-0", "9-0")))), "another server");
        assert!(!place.reaches(&met("a", Some(("7-2", "9-0")))), "trimmed");
        assert!(!place.reaches(&met("a", Some(("1-0", "6-0")))), "fallen back");
        assert!(!place.reaches(&met("a", None)), "deleted");
        let start = Place { identity: "a".into(), last: MessageId::default() };
        assert!(start.reaches(&met("a", None)));
        assert!(!start.reaches(&met("a", Some(("7-0", "9-0")))));
    }
}
