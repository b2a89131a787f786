//! What an error means.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::super::remote::Fault;

/// Its kind, and what the log may say of it: a server's own words, and words about them, can hold what was sent or read.
pub(super) fn classify(error: &RedisError) -> (Fault, String) {
    let fault = kind(error);
    let detail = match (error.code(), error.kind()) {
        (Some(code), _) => code.to_owned(),
        (None, ErrorKind::Io) => error.to_string(),
        (None, _) => error.category().to_owned(),
    };
    (fault, detail)
}

fn kind(error: &RedisError) -> Fault {
    if error.is_timeout() {
        return Fault::Timeout;
    }
    match error.code() {
        Some("OOM") => return Fault::Full,
        Some("WRONGPASS" | "NOAUTH" | "NOPERM") => return Fault::Refused,
        _ => {}
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => Fault::Refused,
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => Fault::Unreachable,
        ErrorKind::MasterNameNotFoundBySentinel => Fault::Unready,
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved,
        ) => Fault::Unready,
        _ => Fault::Failed,
    }
}
