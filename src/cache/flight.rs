//! Single flight: who asks what is being answered already waits for that answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Entry, EntryId};

/// How long somebody waits for another's answer at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many wait for one answer at most; further ones go on alone.
const FOLLOWERS: usize = 1024;

/// The questions that are being answered.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<EntryId, Arc<watch::Sender<Landing>>>>);

/// One question on its way. Dropped before it has landed, it tells all who wait to go on alone.
#[derive(Debug)]
pub struct Flight {
    flights: Arc<Flights>,
    id: EntryId,
    landing: Arc<watch::Sender<Landing>>,
}

/// What somebody finds who asks.
#[derive(Debug)]
pub enum Boarding {
    /// Nobody asked before: bring the answer.
    Lead(Flight),
    /// It is being answered.
    Follow(Follower),
    /// Too many wait.
    Alone,
}

/// Somebody who waits.
#[derive(Debug)]
pub struct Follower(watch::Receiver<Landing>);

#[derive(Debug, Clone)]
enum Landing {
    UnderWay,
    Whole(Arc<Entry>),
}

// === impl Flights ===

impl Flights {
    /// Joins the question `id`.
    pub fn board(self: &Arc<Self>, id: EntryId) -> Boarding {
        let mut flights = self.0.lock();
        match flights.get(&id) {
            Some(landing) if landing.receiver_count() >= FOLLOWERS => Boarding::Alone,
            Some(landing) => Boarding::Follow(Follower(landing.subscribe())),
            None => {
                let landing = Arc::new(watch::Sender::new(Landing::UnderWay));
                flights.insert(id, landing.clone());
                Boarding::Lead(Flight { flights: self.clone(), id, landing })
            }
        }
    }
}

// === impl Flight ===

impl Flight {
    /// Hands the answer to all who wait.
    pub fn land(self, entry: Arc<Entry>) {
        self.landing.send_replace(Landing::Whole(entry));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // The last sender goes with this one, and with it the hope of all who wait.
        self.flights.0.lock().remove(&self.id);
    }
}

// === impl Follower ===

impl Follower {
    /// The answer; none where it failed or takes too long.
    pub async fn wait(mut self) -> Option<Arc<Entry>> {
        let landed = self.0.wait_for(|landing| matches!(landing, Landing::Whole(_)));
        match timeout(PATIENCE, landed).await.ok()?.ok()?.clone() {
            Landing::Whole(entry) => Some(entry),
            Landing::UnderWay => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::entry::tests::entry;

    fn lead(flights: &Arc<Flights>, id: EntryId) -> Flight {
        match flights.board(id) {
            Boarding::Lead(flight) => flight,
            other => panic!("{other:?}"),
        }
    }

    fn follow(flights: &Arc<Flights>, id: EntryId) -> Follower {
        match flights.board(id) {
            Boarding::Follow(follower) => follower,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn all_who_wait_get_the_leaders_answer() {
        let (flights, entry) = (Arc::<Flights>::default(), Arc::new(entry("a")));
        let flight = lead(&flights, entry.id);
        let followers = [follow(&flights, entry.id), follow(&flights, entry.id)];
        flight.land(entry.clone());
        for follower in followers {
            assert_eq!(follower.wait().await.as_deref(), Some(&*entry));
        }
        drop(lead(&flights, entry.id));
    }

    #[tokio::test]
    async fn a_leader_that_fails_lets_them_go_on_alone() {
        let (flights, id) = (Arc::<Flights>::default(), entry("a").id);
        let flight = lead(&flights, id);
        let waiting = tokio::spawn(follow(&flights, id).wait());
        drop(flight);
        assert_eq!(waiting.await.unwrap(), None);
        drop(lead(&flights, id));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_and_room_are_bounded() {
        let (flights, id) = (Arc::<Flights>::default(), entry("a").id);
        let _flight = lead(&flights, id);
        let followers: Vec<_> = (0..FOLLOWERS).map(|_| follow(&flights, id)).collect();
        assert!(matches!(flights.board(id), Boarding::Alone));
        for follower in followers {
            assert_eq!(follower.wait().await, None);
        }
    }
}
