//! A streamed answer: a state machine that gives one event after the other, at its pace, until it is over or a fault
//! strikes.
//!
//! It owns its slot, so that a client that leaves, at whatever point, gives it back by dropping the stream.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::app::App;
use super::ask::{Api, Usage};
use super::door::Fate;
use super::engine::{Finish, Seat, Ticket};
use super::fault::Kind;
use super::generate::{Plan, pause, pause_until, prefill};
use super::refusal::Refusal;
use super::tape::Turn;

const DONE: &[u8] = b"data: [DONE]\n\n";
const NOT_JSON: &[u8] = b"data: {\"id\": \x00\xff not JSON\n\n";

/// A streamed answer.
pub(super) struct Talk {
    app: Arc<App>,
    plan: Plan,
    ticket: Option<Ticket>,
    seat: Option<Seat>,
    fault: Option<Kind>,
    turn: Turn,
    next: Event,
    /// Events given so far.
    events: usize,
    /// Tokens generated so far, over all choices.
    said: usize,
    /// The token in turn, the same for each choice.
    token: String,
    /// When the next token is due.
    due: Instant,
    out: BytesMut,
}

/// What is to be given next; the number is the choice's.
#[derive(Debug, Clone, Copy)]
enum Event {
    Role(usize),
    Token(usize),
    CallEnd(usize),
    Usage,
    Done,
    Over,
}

// === impl Talk ===

impl Talk {
    pub(super) fn new(app: Arc<App>, plan: Plan, ticket: Ticket, fault: Option<Kind>, turn: Turn) -> Self {
        let next = match plan.api {
            Api::Chat => Event::Role(0),
            Api::Text => Event::Token(0),
        };
        Self {
            app,
            plan,
            ticket: Some(ticket),
            seat: None,
            fault,
            turn,
            next,
            events: 0,
            said: 0,
            token: String::new(),
            due: Instant::now(),
            out: BytesMut::new(),
        }
    }

    /// The next event's bytes; an error makes the server drop the connection.
    pub(super) async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if matches!(self.next, Event::Over) {
            return None;
        }
        if let Some(ticket) = self.ticket.take() {
            self.take_seat(ticket).await;
        }
        if let Some(struck) = self.meet_fault().await {
            return Some(struck);
        }
        if matches!(self.next, Event::Token(0)) {
            self.keep_pace().await;
        }
        self.write_event();
        self.events += 1;
        Some(Ok(self.out.split().freeze()))
    }

    /// Waits for the slot, and then for the first token.
    async fn take_seat(&mut self, ticket: Ticket) {
        let mut seat = ticket.seat().await;
        let mut wait = prefill(&self.app, &mut seat, &self.plan.ask);
        self.seat = Some(seat);
        if let Some(Kind::LateToken { delay }) = self.fault {
            wait += delay;
        }
        pause(wait).await;
        self.due = Instant::now();
    }

    /// Lets the fault strike if this is its event. Whatever it gives stands in the place of that event.
    async fn meet_fault(&mut self) -> Option<io::Result<Bytes>> {
        match &self.fault {
            Some(Kind::Stepped) if self.events > 0 => {
                self.app.faults.step().await;
                None
            }
            Some(Kind::Stall { after }) if *after == self.events => pending().await,
            Some(Kind::Cut { after: Some(after), reset }) if *after == self.events => {
                let fate = if *reset { Fate::Reset } else { Fate::Close };
                // What was given before has to leave first: the server writes when the stream has nothing ready.
                yield_now().await;
                self.end(Finish::Error);
                self.turn.doom(fate);
                Some(Err(ErrorKind::ConnectionAborted.into()))
            }
            Some(Kind::Garbage { after: Some(after) }) if *after == self.events => {
                self.fault = None;
                Some(Ok(Bytes::from_static(NOT_JSON)))
            }
            Some(Kind::ErrorEvent { after, message }) if *after == self.events => {
                let error = Refusal::internal(message.as_deref().unwrap_or("Internal server error")).event();
                self.out.extend_from_slice(error.as_bytes());
                self.out.extend_from_slice(DONE);
                self.end(Finish::Error);
                Some(Ok(self.out.split().freeze()))
            }
            _ => None,
        }
    }

    /// Waits until the next token is due. Deadlines, not pauses, so that the rate is right over many tokens.
    async fn keep_pace(&mut self) {
        let itl = self.app.settings.itl;
        if itl > Duration::ZERO && self.said > 0 {
            self.due += itl;
            pause_until(self.due).await;
        }
    }

    fn write_event(&mut self) {
        let (frame, out) = (&self.plan.frame, &mut self.out);
        match self.next {
            Event::Role(choice) => {
                frame.role(out, choice);
                self.next = self.following(choice, Event::Role, Event::Token(0));
            }
            Event::Token(choice) => self.write_token(choice),
            Event::CallEnd(choice) => {
                frame.call_end(out, choice, self.said);
                self.next = self.following(choice, Event::CallEnd, self.closing());
            }
            Event::Usage => {
                frame.usage(out, self.said);
                self.next = Event::Done;
            }
            Event::Done => {
                out.extend_from_slice(DONE);
                self.end(self.plan.finish);
            }
            Event::Over => {}
        }
    }

    fn write_token(&mut self, choice: usize) {
        let plan = &mut self.plan;
        if choice == 0 {
            self.token.clear();
            plan.speech.say(&mut self.token);
        }
        self.said += 1;
        if let Some(seat) = &mut self.seat {
            seat.generated(1);
        }
        let over = plan.speech.is_over();
        // A call that got as far as its arguments ends with an event of its own.
        let call_ends = plan.calls_tool && plan.budget > 1;
        let finish = (over && !call_ends).then_some(plan.finish);
        plan.frame.token(&mut self.out, choice, &self.token, finish, self.said);
        let after = match (over, call_ends) {
            (false, _) => Event::Token(0),
            (true, true) => Event::CallEnd(0),
            (true, false) => self.closing(),
        };
        self.next = self.following(choice, Event::Token, after);
    }

    /// The same for the next choice, or what comes after the last one.
    fn following(&self, choice: usize, same: fn(usize) -> Event, after: Event) -> Event {
        if choice + 1 < self.plan.choices { same(choice + 1) } else { after }
    }

    fn closing(&self) -> Event {
        if self.plan.ask.usage == Usage::Never { Event::Done } else { Event::Usage }
    }

    fn end(&mut self, finish: Finish) {
        if let Some(seat) = self.seat.take() {
            seat.finish(finish);
        }
        self.turn.finish();
        self.next = Event::Over;
    }
}
