//! A lease for a request: on the peer that suits it best among those that may serve, at once or after a wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::{Entered, Rank, Refused};
use super::backend::Backend;
use super::load;
use super::peer::{Lease, Peer, PeerState};
use super::pick::{Candidate, affine, in_turn, least_loaded};
use super::pool::Slot;
use super::settings::Balance;
use super::standing::{Standing, ramp};

/// What a request asks of a pool.
#[derive(Debug, Clone)]
pub struct Demand {
    /// About how many tokens its prompt has.
    pub tokens: usize,
    /// What tells its conversation from others.
    pub conversation: u64,
    /// When it has its turn, where some must wait.
    pub rank: Rank,
}

/// Why there is no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLease {
    /// Every peer is down, drained or was tried.
    Nobody,
    /// The peers do as much as they may, and the request could not wait, or waited for too long.
    Busy(Refused),
}

/// As many times is looked again where others were quicker.
const LOOKS: usize = 4;

// === impl Backend ===

impl Backend {
    /// Whether a peer is left that was not `tried` and may serve, now or once it has less to do.
    pub fn another_is_left(&self, tried: impl Fn(&Arc<PeerState>) -> bool) -> bool {
        !self.eligible(tried, Instant::now()).1.is_empty()
    }

    /// A lease on a peer that is not among `tried`; where the limits leave no room, after a wait of at most `patience`.
    ///
    /// A request that is sent again brings the `slot` of its last attempt, and has its turn before those who wait for
    /// their first.
    pub async fn lease(
        self: &Arc<Self>,
        demand: &Demand,
        tried: &[Arc<PeerState>],
        slot: Option<Slot>,
        patience: Duration,
    ) -> Result<Lease, NoLease> {
        let limits = &self.settings.limits;
        let (slot, again) = (slot.filter(|slot| self.pool.owns(slot)), !tried.is_empty());
        if !limits.any() || slot.is_some() {
            match self.try_lease(demand, tried, slot, Instant::now()) {
                Err(NoLease::Busy(_)) if limits.any() => {}
                leased => return leased,
            }
        }
        let (backend, wanted, but) = (self.clone(), demand.clone(), tried.to_vec());
        let take = Box::new(move || match backend.try_lease(&wanted, &but, None, Instant::now()) {
            Err(NoLease::Busy(_)) => None,
            leased => Some(leased),
        });
        let (size, rank) = match again {
            true => (limits.queue.max(1), Rank { priority: i32::MIN, ..demand.rank.clone() }),
            false => (limits.queue, demand.rank.clone()),
        };
        match self.pool.queue.enter(size, rank, take) {
            Ok(Entered::Granted(leased)) => leased,
            Ok(Entered::Waiting(waiting)) => {
                waiting.wait(patience.min(limits.patience)).await.unwrap_or_else(|refused| Err(NoLease::Busy(refused)))
            }
            Err(refused) => Err(NoLease::Busy(refused)),
        }
    }

    /// A lease at once or not at all, and none where others wait for one: what need not be served goes last.
    pub fn lease_if_idle(&self, demand: &Demand) -> Result<Lease, NoLease> {
        match self.pool.waiting() {
            0 => self.try_lease(demand, &[], None, Instant::now()),
            _ => Err(NoLease::Busy(Refused::Full)),
        }
    }

    /// When it may be worth trying again for who found it busy.
    pub fn retry_after(&self) -> Duration {
        self.pool.queue.retry_after()
    }

    /// Its peers with their loads in requests, as the choice sees them.
    pub fn loads(&self) -> Vec<(Arc<Peer>, f64)> {
        let peers = self.peers();
        let candidates = self.candidates(&peers, Instant::now());
        peers.iter().cloned().zip(candidates.into_iter().map(|candidate| candidate.load)).collect()
    }

    /// Since when the first of its peers has been up.
    pub fn up_since(&self) -> Option<Instant> {
        first_up(&self.peers())
    }

    /// A lease at once, as things stand at `now`; in `slot`, if it is given.
    pub(super) fn try_lease(
        &self,
        demand: &Demand,
        tried: &[Arc<PeerState>],
        mut slot: Option<Slot>,
        now: Instant,
    ) -> Result<Lease, NoLease> {
        let (limits, busy) = (&self.settings.limits, NoLease::Busy(Refused::Full));
        for look in 1..=LOOKS {
            // First of all, as who finds none must not take a turn; and cheap, as all who wait look for it.
            let free = slot.take().or_else(|| self.pool.slot(limits.backend, limits.any()));
            let Some(free) = free else {
                let is_able =
                    |peer: &Arc<Peer>| !is_among(&peer.state, tried) && Standing::of(&peer.state, now).is_some();
                return Err(if self.peers().iter().any(is_able) { busy } else { NoLease::Nobody });
            };
            let (standing, mut peers) = self.eligible(|peer| is_among(peer, tried), now);
            let Some(standing) = standing else { return Err(NoLease::Nobody) };
            peers.retain(|peer| limits.peer.is_none_or(|limit| peer.state.leases() < limit));
            let Some(peer) = self.choose(&peers, demand, now) else { return Err(busy) };
            let Some(mut lease) = Lease::take(&peer, load::weight(demand.tokens), limits.peer, free) else { continue };
            // Others may have begun to probe the peer meanwhile. One request more will do no harm.
            if standing > Standing::Ready || lease.may_serve(&self.settings.breaker, now) || look == LOOKS {
                return Ok(lease);
            }
        }
        Err(busy)
    }

    /// The untried peers of the best standing that any of them has; none where all are tried, down or draining.
    fn eligible(&self, tried: impl Fn(&Arc<PeerState>) -> bool, now: Instant) -> (Option<Standing>, Vec<Arc<Peer>>) {
        let peers = self.peers();
        let untried = peers.iter().filter(|peer| !tried(&peer.state));
        let mut able: Vec<_> = untried.filter_map(|peer| Some((Standing::of(&peer.state, now)?, peer))).collect();
        let best = able.iter().map(|(standing, _)| *standing).min();
        able.retain(|(standing, _)| Some(*standing) == best);
        (best, able.into_iter().map(|(_, peer)| peer.clone()).collect())
    }

    fn choose(&self, peers: &[Arc<Peer>], demand: &Demand, now: Instant) -> Option<Arc<Peer>> {
        let (candidates, turns) = (self.candidates(peers, now), &self.pool.turns);
        let chosen = match self.settings.balance {
            Balance::LeastLoaded => least_loaded(&candidates, turns.next()),
            Balance::RoundRobin => in_turn(&candidates, turns),
            Balance::PrefixAffinity { .. } => affine(&candidates, demand.conversation),
        };
        chosen.map(|index| peers[index].clone())
    }

    fn candidates(&self, peers: &[Arc<Peer>], now: Instant) -> Vec<Candidate> {
        let scrapes: Vec<_> = peers.iter().map(|peer| peer.state.scrape()).collect();
        let weights = || peers.iter().map(|peer| peer.origin.weight as f64);
        let typical = load::typical(scrapes.iter().map(Option::as_ref).zip(weights()), now);
        let first = first_up(peers);
        let candidate = |((peer, scrape), weight): ((&Arc<Peer>, &Option<_>), f64)| {
            let up_since = peer.state.condition.lock().up_since;
            Candidate {
                load: load::load(peer.state.own_load(), scrape.as_ref(), weight * typical, now),
                weight,
                ramp: ramp(up_since, first, self.settings.slow_start, now),
                key: peer.state.key,
            }
        };
        peers.iter().zip(&scrapes).zip(weights()).map(candidate).collect()
    }
}

fn is_among(peer: &Arc<PeerState>, tried: &[Arc<PeerState>]) -> bool {
    tried.iter().any(|tried| Arc::ptr_eq(tried, peer))
}

fn first_up(peers: &[Arc<Peer>]) -> Option<Instant> {
    peers.iter().filter_map(|peer| peer.state.condition.lock().up_since).min()
}
