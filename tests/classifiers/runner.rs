//! The threads that run a classifier: bounds, deadlines, and what goes wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pointsman::embed::EncodeError;
use pointsman::guard::classifier::{Classifier, ClassifyError, Outcome, Runner, Sequence};

use crate::{cases, folder_of};

/// Counts bytes; waits before each text for a word to go on, and does what some texts say.
struct Counter {
    begun: Arc<AtomicUsize>,
    gate: Mutex<mpsc::Receiver<()>>,
}

/// A runner of a [`Counter`], and what it is seen and led by.
struct Setup {
    runner: Arc<Runner<Counter>>,
    begun: Arc<AtomicUsize>,
    gate: mpsc::Sender<()>,
}

type Answer = Result<Vec<Outcome<usize>>, EncodeError>;

impl Classifier for Counter {
    type Output = usize;

    fn classify(&self, text: &str, at_most: usize, go_on: &dyn Fn() -> bool) -> Result<Outcome<usize>, ClassifyError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.gate.lock().recv().unwrap();
        match text {
            _ if !go_on() => Err(ClassifyError::GivenUp),
            "panic" => panic!("as it was told"),
            "fail" => Err(ClassifyError::NoProbabilities),
            _ => Ok(Outcome { value: text.len(), unread: at_most }),
        }
    }
}

impl Setup {
    fn new(capacity: usize) -> Self {
        let (gate, waits) = mpsc::channel();
        let begun = Arc::<AtomicUsize>::default();
        let model = Counter { begun: Arc::clone(&begun), gate: Mutex::new(waits) };
        Self { runner: Runner::start(model, 1, capacity), begun, gate }
    }

    /// Hands in `texts`; the answer comes to the task.
    fn ask(&self, texts: &[&str], deadline: Instant) -> tokio::task::JoinHandle<Answer> {
        let (runner, texts) = (Arc::clone(&self.runner), texts.iter().map(|text| (*text).into()).collect());
        tokio::spawn(async move { runner.run(texts, 7, deadline).await })
    }

    /// Until the thread has begun with so many texts, and so many jobs wait.
    async fn until(&self, begun: usize, depth: usize) {
        while self.begun.load(Ordering::SeqCst) != begun || self.runner.depth() != depth {
            tokio::task::yield_now().await;
        }
    }

    fn let_go(&self, texts: usize) {
        (0..texts).for_each(|_| self.gate.send(()).unwrap());
    }
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

fn value(value: usize) -> Outcome<usize> {
    Outcome { value, unread: 7 }
}

#[tokio::test]
async fn texts_are_answered_in_their_order() {
    let setup = Setup::new(4);
    setup.let_go(3);
    assert_eq!(setup.ask(&["one", "three", ""], later()).await.unwrap(), Ok(vec![value(3), value(5), value(0)]));
    assert_eq!(setup.ask(&[], later()).await.unwrap(), Ok(vec![]));
}

#[tokio::test]
async fn a_full_queue_says_so_at_once() {
    let setup = Setup::new(2);
    let first = setup.ask(&["first"], later());
    setup.until(1, 0).await;
    let waiting = [setup.ask(&["second"], later()), setup.ask(&["third"], later())];
    setup.until(1, 2).await;
    assert_eq!(setup.ask(&["one too many"], later()).await.unwrap(), Err(EncodeError::Busy));
    setup.let_go(3);
    for answer in [first].into_iter().chain(waiting) {
        assert!(answer.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn who_has_left_holds_no_place_and_is_skipped() {
    let setup = Setup::new(1);
    let first = setup.ask(&["first"], later());
    setup.until(1, 0).await;
    let gone = setup.ask(&["gone"], later());
    setup.until(1, 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let second = setup.ask(&["second"], later());
    setup.let_go(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(vec![value(5)]), Ok(vec![value(6)])));
    assert_eq!(setup.begun.load(Ordering::SeqCst), 2, "nothing was made of the one that left");
}

#[tokio::test]
async fn who_leaves_on_the_way_is_given_up() {
    let setup = Setup::new(1);
    let gone = setup.ask(&["begun", "never"], later());
    setup.until(1, 0).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    setup.let_go(2);
    assert_eq!(setup.ask(&["next"], later()).await.unwrap(), Ok(vec![value(4)]));
    assert_eq!(setup.begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_takes_too_long_times_out() {
    let setup = Setup::new(4);
    let soon = || Instant::now() + Duration::from_millis(20);
    let first = setup.ask(&["first"], later());
    setup.until(1, 0).await;
    assert_eq!(setup.ask(&["waiting"], soon()).await.unwrap(), Err(EncodeError::Timeout));
    setup.let_go(2);
    assert_eq!(first.await.unwrap(), Ok(vec![value(5)]));
    assert_eq!(setup.ask(&["next"], later()).await.unwrap(), Ok(vec![value(4)]));
    assert_eq!(setup.begun.load(Ordering::SeqCst), 2, "whose time was up in the queue was skipped");
    assert_eq!(setup.ask(&["slow"], soon()).await.unwrap(), Err(EncodeError::Timeout));
    assert_eq!(setup.ask(&["late"], Instant::now()).await.unwrap(), Err(EncodeError::Timeout));
}

#[tokio::test]
async fn a_failure_or_a_panic_is_its_own_job_s_only() {
    let setup = Setup::new(4);
    setup.let_go(5);
    for texts in [["fine", "fail"], ["fine", "panic"]] {
        assert_eq!(setup.ask(&texts, later()).await.unwrap(), Err(EncodeError::Failed), "{texts:?}");
    }
    assert_eq!(setup.ask(&["next"], later()).await.unwrap(), Ok(vec![value(4)]));
}

#[tokio::test]
async fn its_threads_end_with_it() {
    let Setup { runner, begun, gate } = Setup::new(4);
    gate.send(()).unwrap();
    assert!(runner.run(vec!["first".into()], 7, later()).await.is_ok());
    drop(runner);
    // The last of them drops the model.
    while Arc::strong_count(&begun) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(gate.send(()).is_err());
}

#[tokio::test]
async fn a_model_runs_on_its_threads_as_it_does_alone() {
    let load = || Sequence::load(&folder_of("bert-sequence"), &[]).unwrap();
    let texts: Vec<Arc<str>> = cases("bert-sequence").into_iter().map(|(text, _)| text.into()).collect();
    let alone: Vec<_> = texts.iter().map(|text| load().score(text, 2).unwrap()).collect();
    let runner = Runner::start(load(), 2, 8);
    assert_eq!(runner.run(texts, 2, later()).await, Ok(alone));
}
