use std::sync::mpsc;

use futures::poll;

use super::*;

/// A queue with one thread, whose engine stops at each text called "gate" until the test lets it go on.
struct Rig {
    queue: Queue,
    /// Each text that the engine began, in order.
    began: mpsc::Receiver<String>,
    gate: mpsc::Sender<()>,
}

impl Rig {
    fn new(capacity: usize, timeout: Duration) -> Self {
        let (begin, began) = mpsc::channel();
        let (gate, opened) = mpsc::channel();
        let (begin, opened) = (Mutex::new(begin), Mutex::new(opened));
        let settings = Settings { threads: 1, queue: capacity, timeout };
        let queue = Queue::start(settings, move |text| {
            begin.lock().send(text.to_owned()).unwrap();
            match text {
                "gate" => opened.lock().recv().unwrap(),
                "panic" => panic!("as the test asked"),
                "error" => return Err(EmbedError::NoDirection),
                _ => {}
            }
            Ok(vec![text.len() as f32].into())
        });
        Self { queue, began, gate }
    }

    fn began(&self) -> String {
        self.began.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    fn count(&self, pick: fn(&Stats) -> &AtomicU64) -> u64 {
        pick(self.queue.stats()).load(Ordering::Relaxed)
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_full_queue_says_so_at_once() {
    let rig = Rig::new(2, LONG);
    let mut at_work = Box::pin(rig.queue.run("gate".into()));
    assert!(poll!(&mut at_work).is_pending());
    assert_eq!(rig.began(), "gate");

    let mut waiting = [(); 2].map(|()| Box::pin(rig.queue.run("wait".into())));
    for job in &mut waiting {
        assert!(poll!(job).is_pending());
    }
    assert_eq!(rig.queue.depth(), 2);
    assert_eq!(rig.queue.run("more".into()).await, Err(EncodeError::Busy));
    assert_eq!(rig.count(|stats| &stats.busy), 1);

    rig.gate.send(()).unwrap();
    for job in [at_work].into_iter().chain(waiting) {
        assert_eq!(job.await, Ok(vec![4.0].into()));
    }
    assert_eq!(rig.count(|stats| &stats.encoded), 3);
}

#[tokio::test]
async fn who_has_left_is_skipped() {
    let rig = Rig::new(8, LONG);
    let mut at_work = Box::pin(rig.queue.run("gate".into()));
    assert!(poll!(&mut at_work).is_pending());
    assert_eq!(rig.began(), "gate");

    let mut leaves = Box::pin(rig.queue.run("leaves".into()));
    let mut stays = Box::pin(rig.queue.run("stays".into()));
    assert!(poll!(&mut leaves).is_pending() && poll!(&mut stays).is_pending());
    drop(leaves);
    rig.gate.send(()).unwrap();

    assert_eq!(stays.await, Ok(vec![5.0].into()));
    assert_eq!(rig.began(), "stays");
    assert_eq!(rig.count(|stats| &stats.departed), 1);
}

#[tokio::test]
async fn who_has_left_keeps_no_place() {
    let rig = Rig::new(1, LONG);
    let mut at_work = Box::pin(rig.queue.run("gate".into()));
    assert!(poll!(&mut at_work).is_pending());
    assert_eq!(rig.began(), "gate");

    let mut leaves = Box::pin(rig.queue.run("leaves".into()));
    assert!(poll!(&mut leaves).is_pending());
    drop(leaves);
    let mut comes = Box::pin(rig.queue.run("comes".into()));
    assert!(poll!(&mut comes).is_pending());
    assert_eq!(rig.count(|stats| &stats.departed), 1);
    assert_eq!(rig.count(|stats| &stats.busy), 0);
    rig.gate.send(()).unwrap();
    assert!(comes.await.is_ok());
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let rig = Rig::new(8, Duration::from_millis(20));
    let (at_work, waiting) = tokio::join!(rig.queue.run("gate".into()), rig.queue.run("late".into()));
    assert_eq!((at_work, waiting), (Err(EncodeError::Timeout), Err(EncodeError::Timeout)));
    assert_eq!(rig.count(|stats| &stats.timeouts), 2);

    rig.gate.send(()).unwrap();
    assert!(rig.queue.run_patiently("next".into()).await.is_ok());
    assert_eq!(rig.began(), "gate");
    assert_eq!(rig.began(), "next", "a text past its deadline is not worth the work");
}

#[tokio::test]
async fn a_panic_or_an_error_costs_one_text() {
    let rig = Rig::new(8, LONG);
    assert_eq!(rig.queue.run("panic".into()).await, Err(EncodeError::Failed));
    assert_eq!(rig.queue.run("error".into()).await, Err(EncodeError::Failed));
    assert_eq!(rig.queue.run("fine".into()).await, Ok(vec![4.0].into()));
    assert_eq!(rig.count(|stats| &stats.failed), 2);
}

#[tokio::test]
async fn the_patient_wait_beyond_the_bound_and_the_timeout() {
    let rig = Rig::new(0, Duration::ZERO);
    assert_eq!(rig.queue.run("bounded".into()).await, Err(EncodeError::Busy));
    assert_eq!(rig.queue.run_patiently("patient".into()).await, Ok(vec![7.0].into()));
}

#[tokio::test]
async fn an_end_tells_those_who_wait() {
    let rig = Rig::new(8, LONG);
    let at_work = rig.queue.run_patiently("gate".into());
    assert_eq!(rig.began(), "gate");
    let waiting = rig.queue.run_patiently("waits".into());
    drop(rig.queue);
    assert_eq!(waiting.await, Err(EncodeError::Failed));
    rig.gate.send(()).unwrap();
    assert_eq!(at_work.await, Ok(vec![4.0].into()), "what was begun is finished");
}

#[tokio::test]
async fn a_job_that_is_skipped_for_its_time_has_timed_out_and_not_failed() {
    let rig = Rig::new(64, Duration::ZERO);
    for _ in 0..2000 {
        assert_eq!(rig.queue.run("late".into()).await, Err(EncodeError::Timeout));
    }
    assert_eq!(rig.count(|stats| &stats.timeouts), 2000);
    assert_eq!(rig.count(|stats| &stats.failed), 0);
}
