//! Who waits, in four lanes, and who goes next with whom. Pure: knows no threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{EncodeError, Reading};
use crate::embed::model::MAX_TOKENS;
use crate::embed::text::{Cut, End};

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Line {
    lanes: [VecDeque<Job>; Lane::COUNT],
    /// Turns so far.
    turns: usize,
}

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embed) enum Lane {
    /// On the way of a request; goes first.
    Request,
    /// What a request with much to read has beyond its first windows: others' short prompts do not wait behind it.
    Further,
    /// Many at a time, for somebody who waits: `/v1/embeddings`.
    Bulk,
    /// Ahead of time: samples, offline work.
    Ahead,
}

/// How somebody waits.
#[derive(Debug, Clone, Copy)]
pub(in crate::embed) struct Terms {
    pub(in crate::embed) lane: Lane,
    /// Whether a full lane turns them away.
    pub(in crate::embed) bounded: bool,
    /// None where they wait as long as it takes.
    pub(in crate::embed) deadline: Option<Instant>,
    /// Whether they ask for spans.
    pub(in crate::embed) spans: bool,
}

/// A piece of a text, and who waits for its reading.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) text: Arc<str>,
    pub(super) end: End,
    pub(super) spans: bool,
    deadline: Option<Instant>,
    /// About how many tokens it has.
    tokens: usize,
    pub(super) reply: oneshot::Sender<Result<Reading, EncodeError>>,
}

/// Those who go together, and how many were found to have left.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    pub(super) departed: usize,
}

/// About how many tokens go through the model together. Short prompts fill its matrices only in company; beyond this
/// more company saves next to nothing and delays who comes next.
const BATCH_TOKENS: usize = 128;

/// One turn in so many goes through the lanes from the last, or from another of those behind requests, one after the
/// other: whoever waits there gets on, however many requests there are.
const LAST_FIRST: usize = 8;

/// Bytes of a token, of English prose and a little less than that of other texts.
const TOKEN_BYTES: usize = 4;

// === impl Line ===

impl Line {
    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    pub(super) fn waiting(&self, lane: Lane) -> usize {
        self.lanes[lane as usize].len()
    }

    pub(super) fn push(&mut self, lane: Lane, job: Job) {
        self.lanes[lane as usize].push_back(job);
    }

    pub(super) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
    }

    /// Forgets who has left a lane; says how many had.
    pub(super) fn forget_departed(&mut self, lane: Lane) -> usize {
        let jobs = &mut self.lanes[lane as usize];
        let before = jobs.len();
        jobs.retain(|job| !job.reply.is_closed());
        before - jobs.len()
    }

    /// The next jobs for one thread, of one lane, while `idle` other threads have nothing to do. The first goes in any
    /// case. Others go with it while they are short, and no more than this thread's share: what company saves is less
    /// than what an idle thread does. Skips who has left and whose time is up.
    pub(super) fn next(&mut self, idle: usize, now: Instant) -> Batch {
        let mut batch = Batch::default();
        self.turns = self.turns.wrapping_add(1);
        for lane in Lane::order(self.turns) {
            let jobs = &mut self.lanes[lane];
            let mut tokens = 0;
            while let Some(job) = jobs.pop_front() {
                if job.reply.is_closed() {
                    batch.departed += 1;
                    continue;
                }
                // Its asker takes that, as its own timer, for the end of its time.
                if job.deadline.is_some_and(|deadline| deadline <= now) {
                    continue;
                }
                let share = (batch.jobs.len() + 1 + jobs.len()).div_ceil(idle + 1);
                tokens += job.tokens;
                if !batch.jobs.is_empty() && (tokens > BATCH_TOKENS || batch.jobs.len() >= share) {
                    jobs.push_front(job);
                    return batch;
                }
                batch.jobs.push(job);
            }
            if !batch.jobs.is_empty() {
                return batch;
            }
        }
        batch
    }
}

// === impl Lane ===

impl Lane {
    const COUNT: usize = Self::Ahead as usize + 1;

    /// Lanes behind requests.
    const BEHIND: usize = Self::COUNT - 1;

    /// All lanes, in the order of the turn `turn`.
    fn order(turn: usize) -> [usize; Self::COUNT] {
        if !turn.is_multiple_of(LAST_FIRST) {
            return std::array::from_fn(|lane| lane);
        }
        // Down from the one that is to be first, round and round; requests last.
        let skipped = turn / LAST_FIRST + Self::BEHIND - 1;
        let behind = |place: usize| Self::BEHIND - (skipped + place) % Self::BEHIND;
        std::array::from_fn(|place| if place < Self::BEHIND { behind(place) } else { 0 })
    }
}

// === impl Job ===

impl Job {
    pub(super) fn new(cut: &Cut, terms: Terms) -> (Self, oneshot::Receiver<Result<Reading, EncodeError>>) {
        let (reply, answer) = oneshot::channel();
        let tokens = (cut.text.len() / TOKEN_BYTES + 2).min(MAX_TOKENS);
        let Terms { deadline, spans, .. } = terms;
        let job = Self { text: cut.text.into(), end: cut.end, spans, deadline, tokens, reply };
        (job, answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Waiting = oneshot::Receiver<Result<Reading, EncodeError>>;

    /// A line of requests with texts of these lengths, and those who wait.
    fn line(lengths: &[usize]) -> (Line, Vec<Waiting>) {
        let terms = Terms { lane: Lane::Request, bounded: true, deadline: None, spans: false };
        let mut line = Line::default();
        let push = |length: &usize| {
            let (job, answer) = Job::new(&Cut { text: &"x".repeat(*length), at: 0, end: End::Head }, terms);
            line.push(Lane::Request, job);
            answer
        };
        let waiting = lengths.iter().map(push).collect();
        (line, waiting)
    }

    /// The lengths of all batches, one after another, while as many threads stay idle.
    fn batches(lengths: &[usize], idle: usize) -> Vec<Vec<usize>> {
        let (mut line, _waiting) = line(lengths);
        let next = || Some(line.next(idle, Instant::now()).jobs).filter(|jobs| !jobs.is_empty());
        std::iter::from_fn(next).map(|jobs| jobs.iter().map(|job| job.text.len()).collect()).collect()
    }

    #[test]
    fn short_texts_go_together_up_to_a_bound() {
        let all: Vec<usize> = batches(&[40; 50], 0).iter().map(Vec::len).collect();
        assert_eq!(all, [10, 10, 10, 10, 10], "12 tokens each");
    }

    #[test]
    fn a_long_text_goes_alone() {
        assert_eq!(batches(&[600, 20, 20, 600, 20], 0), [vec![600], vec![20, 20], vec![600], vec![20]]);
        assert_eq!(batches(&[20, 600, 600], 0), [vec![20], vec![600], vec![600]]);
        assert_eq!(batches(&[32 << 10], 0), [[32 << 10]]);
    }

    #[test]
    fn a_thread_leaves_idle_ones_their_share() {
        assert_eq!(batches(&[8; 8], 3)[0].len(), 2);
        assert_eq!(batches(&[8; 5], 1)[0].len(), 3);
        assert_eq!(batches(&[8; 2], 7), [[8], [8]]);
        assert_eq!(batches(&[8; 8], 0)[0].len(), 8);
    }

    #[test]
    fn who_has_left_takes_nobody_s_share() {
        let (mut line, mut waiting) = line(&[8; 12]);
        waiting.drain(..4);
        let batch = line.next(1, Instant::now());
        assert_eq!((batch.jobs.len(), batch.departed), (4, 4), "half of those who are there");
    }

    #[test]
    fn who_waits_behind_requests_has_a_turn_now_and_then() {
        let (mut line, _requests) = line(&[600; 50]);
        let mut behind = Vec::new();
        for (lane, text) in [(Lane::Further, "further"), (Lane::Bulk, "bulk"), (Lane::Ahead, "ahead")] {
            let terms = Terms { lane, bounded: true, deadline: None, spans: false };
            let (job, answer) = Job::new(&Cut { text, at: 0, end: End::Head }, terms);
            line.push(lane, job);
            behind.push(answer);
        }
        let turns: Vec<String> =
            (0..3 * LAST_FIRST).map(|_| line.next(0, Instant::now()).jobs[0].text.chars().take(7).collect()).collect();
        let is_behind = |turn: &&String| **turn != "xxxxxxx";
        assert_eq!(turns.iter().filter(is_behind).collect::<Vec<_>>(), ["ahead", "bulk", "further"]);
        assert_eq!(turns[0], "xxxxxxx", "requests go first");
    }

    #[test]
    fn every_lane_behind_requests_comes_first_in_its_turn() {
        let first = |turn: usize| Lane::order(turn * LAST_FIRST)[0];
        assert_eq!((1..=6).map(first).collect::<Vec<_>>(), [3, 2, 1, 3, 2, 1]);
        for turn in 0..100 {
            let mut lanes = Lane::order(turn);
            lanes.sort_unstable();
            assert_eq!(lanes, [0, 1, 2, 3], "each lane once in turn {turn}");
        }
    }
}
