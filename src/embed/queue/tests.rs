use std::sync::mpsc;

use futures::FutureExt;

use super::*;

/// An engine whose tokens are a text's bytes. It stops at each text called "gate" until the test lets it go on.
struct Fake {
    /// Each batch that it began, its texts joined by "+".
    begin: Mutex<mpsc::Sender<String>>,
    opened: Mutex<mpsc::Receiver<()>>,
}

impl Engine for Fake {
    type Workspace = ();

    fn tokenize(&self, text: &str, _end: End, _spans: bool) -> Result<Tokens, EmbedError> {
        match text {
            "unreadable" => Err(EmbedError::NoDirection),
            _ => Ok(Tokens {
                ids: text.bytes().map(u32::from).collect(),
                read: 0..text.len(),
                offsets: Vec::new(),
                marks: Vec::new(),
            }),
        }
    }

    fn encode(&self, batch: &[Tokens], _: &mut ()) -> Result<Vec<Encoded>, EmbedError> {
        let text = |tokens: &Tokens| tokens.ids.iter().map(|id| char::from_u32(*id).unwrap()).collect::<String>();
        let texts: Vec<String> = batch.iter().map(text).collect();
        self.begin.lock().send(texts.join("+")).unwrap();
        for text in &texts {
            match &**text {
                "gate" => self.opened.lock().recv().unwrap(),
                "panic" => panic!("as the test asked"),
                "error" => return Err(EmbedError::NoDirection),
                _ => {}
            }
        }
        let encoded = |text: &String| Encoded { embedding: vec![text.len() as f32].into(), spans: Arc::default() };
        Ok(texts.iter().map(encoded).collect())
    }
}

/// A queue in front of the engine.
struct Rig {
    queue: Queue,
    stats: Arc<Stats>,
    began: mpsc::Receiver<String>,
    gate: mpsc::Sender<()>,
}

type Answer = Result<Embedding, EncodeError>;

impl Rig {
    fn new(threads: usize, capacity: usize) -> Self {
        let (begin, began) = mpsc::channel();
        let (gate, opened) = mpsc::channel();
        let settings = Settings { threads, queue: capacity, timeout: LONG, windows: 1, memo: 0 };
        let engine = Fake { begin: Mutex::new(begin), opened: Mutex::new(opened) };
        let stats = Arc::<Stats>::default();
        Self { queue: Queue::start(&settings, Arc::clone(&stats), Arc::new(engine)), stats, began, gate }
    }

    /// With its only thread at work until the gate is opened.
    fn at_work(capacity: usize) -> (Self, impl Future<Output = Answer> + use<>) {
        let rig = Self::new(1, capacity);
        let at_work = rig.request("gate");
        assert_eq!(rig.began(), "gate");
        (rig, at_work)
    }

    fn run(&self, text: &str, terms: Terms) -> impl Future<Output = Answer> + use<> {
        let answer = self.queue.run(&Cut { text, at: 0, end: End::Head }, terms);
        async { answer.await.map(|reading| reading.embedding) }
    }

    fn within(&self, text: &str, timeout: Duration) -> impl Future<Output = Answer> + use<> {
        self.run(
            text,
            Terms { lane: Lane::Request, bounded: true, deadline: Some(Instant::now() + timeout), spans: false },
        )
    }

    fn request(&self, text: &str) -> impl Future<Output = Answer> + use<> {
        self.within(text, LONG)
    }

    fn bulk(&self, text: &str) -> impl Future<Output = Answer> + use<> {
        self.run(text, Terms { lane: Lane::Bulk, bounded: true, deadline: None, spans: false })
    }

    fn patiently(&self, text: &str) -> impl Future<Output = Answer> + use<> {
        self.run(text, Terms { lane: Lane::Ahead, bounded: false, deadline: None, spans: false })
    }

    fn began(&self) -> String {
        self.began.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    fn count(&self, pick: fn(&Stats) -> &AtomicU64) -> u64 {
        pick(&self.stats).load(Ordering::Relaxed)
    }
}

const LONG: Duration = Duration::from_secs(60);

fn answer(float: f32) -> Answer {
    Ok(vec![float].into())
}

#[tokio::test]
async fn a_lone_text_goes_at_once() {
    let rig = Rig::new(1, 8);
    assert_eq!(rig.request("alone").await, answer(5.0));
    assert_eq!(rig.count(|stats| &stats.batches), 1);
}

#[tokio::test]
async fn a_reading_tells_what_was_read() {
    let rig = Rig::new(1, 8);
    let terms = Terms { lane: Lane::Bulk, bounded: true, deadline: None, spans: false };
    let reading = rig.queue.run(&Cut { text: "seven", at: 90, end: End::Tail }, terms).await;
    assert_eq!(reading, Ok(Reading { embedding: vec![5.0].into(), tokens: 5, read: 0..5, spans: Arc::default() }));
}

#[tokio::test]
async fn those_who_wait_go_together_and_each_gets_its_own_answer() {
    let (rig, at_work) = Rig::at_work(8);
    let waiting = ["a", "bb", "ccc"].map(|text| rig.request(text));
    rig.gate.send(()).unwrap();
    assert_eq!(at_work.await, answer(4.0));
    assert_eq!(futures::future::join_all(waiting).await, [1.0, 2.0, 3.0].map(answer));
    assert_eq!(rig.began(), "a+bb+ccc");
    assert_eq!(rig.count(|stats| &stats.batches), 2);
    assert_eq!(rig.count(|stats| &stats.encoded), 4);
}

#[tokio::test]
async fn a_burst_spreads_over_idle_threads() {
    let rig = Rig::new(2, 8);
    while rig.queue.shared.hall.lock().idle < 2 {
        thread::yield_now();
    }
    let burst = ["gate", "gate"].map(|text| rig.request(text));
    assert_eq!([rig.began(), rig.began()], ["gate", "gate"], "neither waits for the other");
    (0..2).for_each(|_| rig.gate.send(()).unwrap());
    assert_eq!(futures::future::join_all(burst).await, [4.0; 2].map(answer));
}

#[tokio::test]
async fn requests_go_first_and_never_with_what_can_wait() {
    let (rig, _at_work) = Rig::at_work(8);
    let bulk = ["b1", "b2"].map(|text| rig.bulk(text).boxed());
    let patient = rig.patiently("b3").boxed();
    let further = Terms { lane: Lane::Further, bounded: false, deadline: None, spans: true };
    let further = ["f1", "f2"].map(|text| rig.run(text, further).boxed());
    let requests = ["r1", "r2"].map(|text| rig.request(text).boxed());
    rig.gate.send(()).unwrap();
    assert_eq!([0; 4].map(|_| rig.began()), ["r1+r2", "f1+f2", "b1+b2", "b3"]);
    for answered in requests.into_iter().chain(further).chain(bulk).chain([patient]) {
        assert_eq!(answered.await, answer(2.0));
    }
}

#[tokio::test]
async fn a_full_queue_says_so_at_once() {
    let (rig, at_work) = Rig::at_work(2);
    let waiting = ["wait"; 2].map(|text| rig.request(text));
    assert_eq!(rig.queue.depth(), 2);
    assert_eq!(rig.request("more").await, Err(EncodeError::Busy));
    assert_eq!(rig.count(|stats| &stats.busy), 1);

    let bulk = ["bulk"; 2].map(|text| rig.bulk(text));
    assert_eq!(rig.queue.depth(), 4, "each lane has its own places");
    assert_eq!(rig.bulk("more").await, Err(EncodeError::Busy));

    rig.gate.send(()).unwrap();
    assert_eq!(at_work.await, answer(4.0));
    assert_eq!(futures::future::join_all(waiting).await, [4.0; 2].map(answer));
    assert_eq!(futures::future::join_all(bulk).await, [4.0; 2].map(answer));
    assert_eq!(rig.count(|stats| &stats.encoded), 5);
}

#[tokio::test]
async fn who_has_left_is_skipped() {
    let (rig, _at_work) = Rig::at_work(8);
    let leaves = ["first", "last"].map(|text| rig.request(text));
    let stays = rig.request("stays");
    drop(leaves);
    rig.gate.send(()).unwrap();
    assert_eq!(stays.await, answer(5.0));
    assert_eq!(rig.began(), "stays");
    assert_eq!(rig.count(|stats| &stats.departed), 2);
}

#[tokio::test]
async fn who_has_left_keeps_no_place() {
    let (rig, _at_work) = Rig::at_work(1);
    drop(rig.request("leaves"));
    let comes = rig.request("comes");
    assert_eq!(rig.count(|stats| &stats.departed), 1);
    assert_eq!(rig.count(|stats| &stats.busy), 0);
    rig.gate.send(()).unwrap();
    assert!(comes.await.is_ok());
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let rig = Rig::new(1, 8);
    let soon = Duration::from_millis(20);
    let (at_work, waiting) = tokio::join!(rig.within("gate", soon), rig.within("late", soon));
    assert_eq!((at_work, waiting), (Err(EncodeError::Timeout), Err(EncodeError::Timeout)));
    assert_eq!(rig.count(|stats| &stats.timeouts), 2);

    let next = rig.patiently("next");
    rig.gate.send(()).unwrap();
    assert!(next.await.is_ok());
    let began: Vec<String> = rig.began.try_iter().collect();
    assert_eq!(began.last().unwrap(), "next", "a text past its deadline is not worth the work");
    assert!(began[0].starts_with("gate") && began.len() == 2, "{began:?}");
}

#[tokio::test]
async fn only_the_one_to_blame_fails() {
    for culprit in ["panic", "error", "unreadable"] {
        let (rig, _at_work) = Rig::at_work(8);
        let [before, after] = ["before", "after"];
        let batch = [before, culprit, after].map(|text| rig.request(text));
        rig.gate.send(()).unwrap();
        let answers = futures::future::join_all(batch).await;
        assert_eq!(answers, [answer(6.0), Err(EncodeError::Failed), answer(5.0)], "{culprit}");
        assert_eq!(rig.count(|stats| &stats.failed), 1, "{culprit}");
        assert_eq!(rig.request("fine").await, answer(4.0), "the thread goes on");
    }
}

#[tokio::test]
async fn the_patient_wait_beyond_the_bound() {
    let rig = Rig::new(1, 0);
    assert_eq!(rig.request("bounded").await, Err(EncodeError::Busy));
    assert_eq!(rig.bulk("bounded").await, Err(EncodeError::Busy));
    assert_eq!(rig.patiently("patient").await, answer(7.0));
}

#[tokio::test]
async fn an_end_tells_those_who_wait() {
    let (rig, at_work) = Rig::at_work(8);
    let (request, bulk) = (rig.request("waits"), rig.bulk("waits"));
    let Rig { queue, gate, began: _began, .. } = rig;
    drop(queue);
    assert_eq!(tokio::join!(request, bulk), (Err(EncodeError::Failed), Err(EncodeError::Failed)));
    gate.send(()).unwrap();
    assert_eq!(at_work.await, answer(4.0), "what was begun is finished");
}

#[tokio::test]
async fn a_job_that_is_skipped_for_its_time_has_timed_out_and_not_failed() {
    let rig = Rig::new(1, 64);
    for _ in 0..2000 {
        assert_eq!(rig.within("late", Duration::ZERO).await, Err(EncodeError::Timeout));
    }
    assert_eq!(rig.count(|stats| &stats.timeouts), 2000);
    assert_eq!(rig.count(|stats| &stats.failed), 0);
}
