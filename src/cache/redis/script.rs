//! What has to happen at the server in one step.

use std::fmt;
use std::time::Duration;

use redis::{Cmd, RedisResult, Value, from_redis_value};
use uuid::Uuid;

use super::super::{EntryId, Epochs, Scope};
use super::names::{Names, REMEMBERED, epoch_fields, read_epochs};

/// What the server and this instance agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreement {
    /// Which server it is, and since which loss of all its data.
    pub(super) identity: String,
    /// The first and the last message in the stream, if there are any.
    pub(super) messages: Option<(MessageId, MessageId)>,
    /// All flushes that anyone knows of.
    pub(super) epochs: Epochs,
}

/// A message's place in the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageId {
    millis: u64,
    number: u64,
}

/// Raises the flushes to what the arguments say, and tells of it where that was new.
/// Keys: identity, epochs, changes. Arguments: an identity if there is none, messages to keep, who says so, then fields
/// and numbers. It writes nothing where nothing is new, and so works while the server is full.
const AGREE: &str = r"
local new = false
for at = 4, #ARGV, 2 do
    local known = tonumber(redis.call('HGET', KEYS[2], ARGV[at]) or '0') or 0
    if tonumber(ARGV[at + 1]) > known then
        redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
        new = true
    end
end
if new then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'from', ARGV[3], 'did', 'flush', 'what', '')
end
local identity = redis.call('GET', KEYS[1])
if not identity then
    identity = ARGV[1]
    redis.call('SET', KEYS[1], identity)
end
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
return {identity, first and first[1] or '', last and last[1] or '', redis.call('HGETALL', KEYS[2])}";

/// Leaves nothing in an entry's place for as long as it would have been there.
/// Key: the entry. Argument: milliseconds if that is unknown.
const REMOVE: &str = r"
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then
    left = ARGV[1]
end
return redis.call('SET', KEYS[1], '', 'PX', left)";

/// How long a removed entry's place is kept where nothing is known of its own end, so that nobody brings it back.
const REMOVED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Raises the server's epochs to these; the answer is an [`Agreement`].
pub(super) fn agree(names: &Names, epochs: &Epochs) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(AGREE).arg(3).arg(names.identity()).arg(names.epochs()).arg(names.changes());
    command.arg(Uuid::new_v4().simple().to_string()).arg(REMEMBERED).arg(&names.instance);
    for (field, flushes) in epoch_fields(epochs) {
        command.arg(field).arg(flushes);
    }
    command
}

/// Removes an entry.
pub(super) fn remove(names: &Names, scope: &Scope, id: &EntryId) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(REMOVE).arg(1).arg(names.entry(scope, id)).arg(REMOVED_FOR.as_millis() as u64);
    command
}

// === impl Agreement ===

impl Agreement {
    /// What [`agree`] was answered.
    pub(super) fn read(answer: Value) -> RedisResult<Self> {
        type Fields = Vec<(String, String)>;
        let (identity, first, last, fields): (String, String, String, Fields) = from_redis_value(answer)?;
        let messages = MessageId::parse(&first).zip(MessageId::parse(&last));
        Ok(Self { identity, messages, epochs: read_epochs(fields) })
    }
}

// === impl MessageId ===

impl MessageId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self { millis: millis.parse().ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}
