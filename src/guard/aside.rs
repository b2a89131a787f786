//! Long work off the workers' threads.

use tokio::task::spawn_blocking;

use super::Gap;

/// Work on more text than this would hold up the other requests of its thread.
const INLINE: usize = 16 << 10;

/// Does `work` on so many `bytes` of text: at once, or on a thread where it blocks nobody.
///
/// # Errors
/// [`Gap::Failed`] where it ends in a panic there.
pub(super) async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Gap> {
    if bytes <= INLINE {
        return Ok(work());
    }
    spawn_blocking(work).await.map_err(|_| Gap::Failed)
}
