use std::sync::atomic::AtomicBool;

use futures::FutureExt;
use parking_lot::Mutex;

use super::*;

mod contention;

/// Places for everybody, given back by [`Permit`]s.
#[derive(Default)]
struct Pool {
    free: AtomicUsize,
    taken: AtomicUsize,
    most_taken: AtomicUsize,
    /// Who got a place, in order.
    served: Mutex<Vec<&'static str>>,
    queue: Arc<Queue<Permit>>,
}

struct Permit(Arc<Pool>);

type Entry = Result<Entered<Permit>, Refused>;

impl Pool {
    fn new(free: usize) -> Arc<Self> {
        Arc::new(Self { free: free.into(), ..Self::default() })
    }

    fn take(self: &Arc<Self>, name: &'static str) -> Option<Permit> {
        self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| free.checked_sub(1)).ok()?;
        let taken = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_taken.fetch_max(taken, Ordering::SeqCst);
        self.served.lock().push(name);
        Some(Permit(self.clone()))
    }

    /// `name`'s first letter is the tenant.
    fn enter(self: &Arc<Self>, size: usize, priority: i32, name: &'static str) -> Entry {
        self.enter_if(size, priority, name, || true)
    }

    /// As [`enter`](Self::enter), but with a closure that takes nothing unless `willing`.
    fn enter_if(
        self: &Arc<Self>,
        size: usize,
        priority: i32,
        name: &'static str,
        willing: impl Fn() -> bool + Send + 'static,
    ) -> Entry {
        let pool = self.clone();
        let rank = Rank { priority, tenant: name[..1].into() };
        self.queue.enter(size, rank, Box::new(move || willing().then(|| pool.take(name)).flatten()))
    }

    fn wait(self: &Arc<Self>, name: &'static str) -> Waiting<Permit> {
        waiting(self.enter(1000, 0, name))
    }

    /// A place comes free.
    fn release(&self) {
        self.recover();
        self.queue.advance();
    }

    /// A place comes free, and nobody says so.
    fn recover(&self) {
        self.free.fetch_add(1, Ordering::SeqCst);
    }

    fn free(&self) -> usize {
        self.free.load(Ordering::SeqCst)
    }

    fn served(&self) -> Vec<&'static str> {
        self.served.lock().clone()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
        self.0.release();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

#[track_caller]
fn waiting(entry: Entry) -> Waiting<Permit> {
    match entry {
        Ok(Entered::Waiting(waiting)) => waiting,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn granted(entry: Entry) -> Permit {
    match entry {
        Ok(Entered::Granted(permit)) => permit,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(entry: Entry) -> Refused {
    entry.map(|entered| panic!("{entered:?}")).unwrap_err()
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_free_place_is_taken_at_once() {
    let pool = Pool::new(1);
    let permit = granted(pool.enter(0, 0, "a1"));
    assert_eq!((pool.free(), pool.queue.waiting()), (0, 0));
    drop(permit);
    assert_eq!(pool.free(), 1);
}

#[test]
fn one_request_is_not_kept_by_anothers_hundred() {
    let pool = Pool::new(0);
    let _hundred: Vec<_> = (0..100).map(|_| pool.wait("a")).collect();
    let _one = pool.wait("b");
    pool.release();
    pool.release();
    assert_eq!(pool.served(), ["a", "b"]);
    assert_eq!(pool.queue.waiting(), 99);
}

#[test]
fn a_better_priority_is_served_first() {
    let pool = Pool::new(0);
    let _waiting = [("a1", 1), ("a2", 0), ("b1", -1)].map(|(name, priority)| waiting(pool.enter(9, priority, name)));
    (0..3).for_each(|_| pool.release());
    assert_eq!(pool.served(), ["b1", "a2", "a1"]);
}

#[test]
fn nobody_passes_those_who_wait() {
    let pool = Pool::new(0);
    let _first = pool.wait("a1");
    pool.recover();
    let _second = pool.wait("b1");
    assert_eq!(pool.served(), ["a1"]);
    let third = pool.enter(1, 0, "c1");
    assert_eq!((refused(third), pool.served()), (Refused::Full, vec!["a1"]));
}

#[test]
fn a_place_that_those_who_wait_cannot_use_is_the_newcomers() {
    let pool = Pool::new(1);
    let _picky = waiting(pool.enter_if(1, 0, "a1", || false));
    drop(granted(pool.enter(1, 0, "b1")));
    assert_eq!((pool.queue.waiting(), pool.free()), (1, 1));
}

#[test]
fn the_queue_is_bounded() {
    let pool = Pool::new(0);
    assert_eq!(refused(pool.enter(0, 0, "a1")), Refused::Full);
    let _waiting = [pool.wait("a1"), pool.wait("b1")];
    assert_eq!(refused(pool.enter(2, 0, "c1")), Refused::Full);
    assert_eq!(refused(pool.enter(2, 1, "c1")), Refused::Full);
    assert_eq!(refused(pool.enter(0, -1, "c1")), Refused::Full);
    assert_eq!(pool.queue.waiting(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_displaces_a_worse_priority_or_a_greedy_tenant() {
    let pool = Pool::new(0);
    let [first, second, third] = ["a1", "a2", "a3"].map(|name| waiting(pool.enter(3, 0, name)));
    let third = tokio::spawn(third.wait(LONG));
    let other = waiting(pool.enter(3, 0, "b1"));
    assert_eq!(third.await.unwrap().unwrap_err(), Refused::Displaced);
    let urgent = waiting(pool.enter(3, -1, "a4"));
    assert_eq!(second.wait(LONG).await.unwrap_err(), Refused::Displaced);
    assert_eq!(pool.queue.waiting(), 3);
    (0..3).for_each(|_| pool.release());
    assert_eq!(pool.served(), ["a4", "a1", "b1"]);
    for served in [first, other, urgent] {
        assert!(served.wait(LONG).await.is_ok());
    }
}

#[tokio::test]
async fn who_leaves_gives_up_the_place_at_once() {
    let pool = Pool::new(0);
    let (first, second, _third) = (pool.wait("a1"), pool.wait("b1"), pool.wait("c1"));
    drop(first);
    assert_eq!(pool.queue.waiting(), 2);
    let mut second = Box::pin(second.wait(LONG));
    assert!((&mut second).now_or_never().is_none());
    drop(second);
    assert_eq!(pool.queue.waiting(), 1);
    pool.release();
    assert_eq!(pool.served(), ["c1"]);
}

#[test]
fn what_was_granted_to_one_who_leaves_goes_to_the_next() {
    let pool = Pool::new(0);
    let (first, second) = (pool.wait("a1"), pool.wait("b1"));
    pool.release();
    drop(first);
    assert_eq!((pool.served(), pool.free()), (vec!["a1", "b1"], 0));
    drop(second);
    assert_eq!((pool.free(), pool.queue.waiting()), (1, 0));
}

#[test]
fn it_goes_to_the_next_also_where_its_end_calls_nobody() {
    struct Silent(Arc<AtomicUsize>);
    impl Drop for Silent {
        fn drop(&mut self) {
            self.0.store(1, Ordering::SeqCst);
        }
    }
    let (queue, free) = (Arc::<Queue<Silent>>::default(), Arc::new(AtomicUsize::new(0)));
    let [first, mut second] = ["a", "b"].map(|tenant| {
        let (place, free) = (Rank { priority: 0, tenant: tenant.into() }, free.clone());
        let take = move || (free.swap(0, Ordering::SeqCst) == 1).then(|| Silent(free.clone()));
        match queue.enter(2, place, Box::new(take)) {
            Ok(Entered::Waiting(waiting)) => waiting,
            _ => panic!("there was no place"),
        }
    });
    free.store(1, Ordering::SeqCst);
    queue.advance();
    drop(first);
    assert!(second.answer.try_recv().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_use_a_place_neither_blocks_the_others_nor_loses_its_turn() {
    let (pool, willing) = (Pool::new(0), Arc::new(AtomicBool::default()));
    let flag = willing.clone();
    let _picky = waiting(pool.enter_if(9, 0, "a1", move || flag.load(Ordering::SeqCst)));
    let _others = ["a2", "b1", "b2"].map(|name| pool.wait(name));
    pool.release();
    willing.store(true, Ordering::SeqCst);
    (0..3).for_each(|_| pool.release());
    assert_eq!(pool.served(), ["b1", "a1", "b2", "a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_freed_place_is_offered_to_so_many_and_then_found_by_those_behind() {
    let (pool, asked) = (Pool::new(0), Arc::new(AtomicUsize::default()));
    let picky: Vec<_> = (0..MISSES + 5)
        .map(|_| {
            let asked = asked.clone();
            waiting(pool.enter_if(99, 0, "a", move || asked.fetch_add(1, Ordering::SeqCst) == usize::MAX))
        })
        .collect();
    let behind = waiting(pool.enter(99, 1, "b1"));
    asked.store(0, Ordering::SeqCst);
    pool.release();
    assert_eq!((asked.load(Ordering::SeqCst), pool.free()), (MISSES, 1));
    let started = Instant::now();
    assert!(behind.wait(LONG).await.is_ok());
    assert!(started.elapsed() <= RETRY + Duration::from_millis(1));
    assert_eq!(pool.queue.waiting(), picky.len());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_nobody_told_of_is_found() {
    let pool = Pool::new(0);
    let started = Instant::now();
    let first = tokio::spawn(pool.wait("a1").wait(LONG));
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_millis(50)).await;
    let second = tokio::spawn(pool.wait("b1").wait(LONG));
    tokio::task::yield_now().await;
    pool.recover();
    let permit = first.await.unwrap().unwrap();
    assert!(started.elapsed() <= RETRY + Duration::from_millis(1));
    std::mem::forget(permit);
    let recovered = Instant::now();
    pool.recover();
    assert!(second.await.unwrap().is_ok());
    assert!(recovered.elapsed() <= RETRY + SWEEP_GAP);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_but_never_before_a_grant() {
    let pool = Pool::new(0);
    let started = Instant::now();
    let patience = Duration::from_secs(10);
    assert_eq!(pool.wait("a1").wait(patience).await.unwrap_err(), Refused::TimedOut);
    assert_eq!((started.elapsed().as_secs(), pool.queue.waiting()), (10, 0));
    let waiting = pool.wait("a2");
    pool.release();
    let _permit = waiting.wait(Duration::ZERO).await.unwrap();
    let mut late = pool.wait("a3");
    pool.release();
    assert!(late.give_up().is_some_and(|answer| answer.is_ok()));
}

#[test]
fn a_closure_may_take_a_place_and_drop_it() {
    let pool = Pool::new(1);
    let (inner, tries) = (pool.clone(), Arc::new(AtomicUsize::default()));
    let counted = tries.clone();
    let fickle = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        drop(inner.take("fickle"));
        false
    };
    let _fickle = waiting(pool.enter_if(9, 0, "a1", fickle));
    pool.queue.advance();
    assert_eq!((tries.load(Ordering::SeqCst), pool.free()), (2, 1));
    drop(granted(pool.enter(9, 0, "b1")));
    assert_eq!(pool.queue.waiting(), 1);
}

#[test]
fn a_closure_that_enters_its_own_queue_is_refused() {
    let pool = Pool::new(1);
    let (inner, refusals) = (pool.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = refusals.clone();
    let curious = move || {
        seen.lock().push(inner.enter(9, 0, "c1").unwrap_err());
        true
    };
    drop(granted(pool.enter_if(9, 0, "a1", curious)));
    assert_eq!((&refusals.lock()[..], pool.served()), (&[Refused::Full][..], vec!["a1"]));
}

#[test]
fn a_grant_that_nobody_takes_is_given_back() {
    let pool = Pool::new(0);
    let gone = Arc::new(Mutex::new(None));
    let slot = gone.clone();
    let _killer =
        waiting(pool.enter_if(9, -1, "k1", move || slot.lock().take().map(drop::<Waiting<_>>).is_some_and(|()| false)));
    *gone.lock() = Some(pool.wait("a1"));
    let next = pool.wait("b1");
    pool.release();
    // Within the first closure the second waiter leaves; it cannot leave the queue, which is at work.
    assert_eq!((pool.served(), pool.free()), (vec!["a1", "b1"], 0));
    drop(next);
    assert_eq!((pool.free(), pool.queue.waiting()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn retry_after_follows_the_rate_and_the_number_waiting() {
    let pool = Pool::new(0);
    assert_eq!(pool.queue.retry_after().as_secs(), 1);
    for _ in 0..60 {
        tokio::time::advance(Duration::from_secs(1)).await;
        pool.queue.advance();
    }
    assert_eq!(pool.queue.retry_after().as_secs(), 1);
    let mut waiting: Vec<_> = (0..19).map(|_| pool.wait("a")).collect();
    assert!((18..=22).contains(&pool.queue.retry_after().as_secs()), "{:?}", pool.queue.retry_after());
    waiting.extend((0..900).map(|_| pool.wait("b")));
    assert_eq!(pool.queue.retry_after().as_secs(), 60);
}
