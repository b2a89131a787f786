//! An open breaker, and the probes that close it.

use super::*;

#[test]
fn a_trip_opens_it_for_the_configured_time() {
    let mut bench = Bench::open();
    bench.assert_open_for(5.0);
    assert!(!bench.breaker.may_probe(bench.now));
    assert_eq!(bench.breaker.begin_probe(&SETTINGS, bench.now), None);
    bench.wait(5.5);
    assert_eq!(bench.state(), State::HalfOpen);
    assert!(bench.breaker.may_probe(bench.now));
}

#[test]
fn the_second_of_two_verdicts_does_not_trip_it_again() {
    let mut bench = Bench::open();
    bench.wait(1.0);
    let before = bench.state();
    assert!(!bench.breaker.trip(Cause::Row(6, Fault::Connect), &SETTINGS, bench.now));
    assert_eq!(bench.state(), before);
    assert_eq!(bench.why(), "5 faults in a row (reset)");
}

#[test]
fn breakers_that_trip_together_do_not_end_together() {
    let pauses: std::collections::HashSet<_> = (0..20).map(|_| Bench::open().pause()).collect();
    assert!(pauses.len() > 1);
}

#[test]
fn an_answer_to_the_probe_closes_it() {
    for answer in [Outcome::Success, Outcome::Neutral] {
        let mut bench = Bench::open();
        assert_eq!(bench.probe(answer), Verdict::Keep);
        assert_eq!((bench.state(), bench.why()), (State::Closed, String::new()));
    }
}

#[test]
fn each_failed_probe_opens_it_for_twice_as_long_up_to_the_longest_time() {
    let mut bench = Bench::open();
    for seconds in [10.0, 20.0, 40.0, 60.0, 60.0] {
        assert_eq!(bench.probe(RESET), Verdict::Keep);
        bench.assert_open_for(seconds);
        assert_eq!(bench.why(), "failed probe (reset)");
    }
}

#[test]
fn a_probe_that_meets_backpressure_turns_an_open_breaker_into_a_cool_down() {
    let mut bench = Bench::open();
    assert_eq!(bench.probe(BUSY), Verdict::Keep);
    assert_eq!((bench.name(), bench.pause()), ("cooling", Duration::from_secs(1)));
    assert_eq!(bench.state().as_str(), "closed");
}

#[test]
fn a_cool_down_after_an_open_breaker_counts_anew_but_remembers_the_trip() {
    let mut bench = Bench::new();
    bench.observe_all([RESET; 4]);
    bench.trip();
    assert_eq!(bench.probe(BUSY), Verdict::Keep);
    bench.observe_all([RESET; 4]);
    bench.trip();
    bench.assert_open_for(10.0);
}

#[test]
fn older_requests_change_nothing_while_it_is_open_or_half_open() {
    let mut bench = Bench::open();
    for seconds in [1.0, 5.0, 100.0] {
        bench.wait(seconds);
        let before = bench.state();
        bench.observe_all([Outcome::Success, Outcome::Neutral, BUSY, retry_after(3)]);
        bench.observe_all([RESET; 20]);
        assert_eq!(bench.state(), before);
    }
    let probe = bench.begin_probe();
    bench.observe_all([RESET, Outcome::Success]);
    assert_eq!(bench.state(), State::HalfOpen);
    assert_eq!(bench.end_probe(probe, Outcome::Success), Verdict::Keep);
    assert_eq!(bench.state(), State::Closed);
}

#[test]
fn it_counts_anew_once_closed() {
    let mut bench = Bench::new();
    bench.observe_all([RESET; 4]);
    bench.trip();
    bench.probe_closes();
    bench.observe_all([RESET; 4]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
}

#[test]
fn the_share_counts_anew_once_closed() {
    let mut bench = Bench::new();
    let settings = BreakerSettings { open: Duration::from_secs(1), ..SETTINGS };
    bench.observe_all([RESET, RESET, RESET, RESET, Outcome::Success, RESET, RESET, RESET, RESET]);
    assert!(bench.breaker.trip(Cause::Share { faults: 9, outcomes: 10 }, &settings, bench.now));
    bench.probe_closes();
    bench.observe_all([RESET, Outcome::Success, RESET]);
}

#[test]
fn a_trip_soon_after_it_closed_lasts_twice_as_long() {
    let mut bench = Bench::open();
    bench.probe_closes();
    bench.wait(599.0);
    bench.trip();
    bench.assert_open_for(10.0);
}

#[test]
fn a_long_time_of_being_closed_forgets_the_trips() {
    let mut bench = Bench::open();
    assert_eq!(bench.probe(RESET), Verdict::Keep);
    bench.probe_closes();
    bench.wait(600.0);
    bench.trip();
    bench.assert_open_for(5.0);
}

#[test]
fn a_long_time_of_being_open_forgets_nothing() {
    let mut bench = Bench::open();
    bench.probe_closes();
    bench.trip();
    bench.wait(3_600.0);
    assert_eq!(bench.probe(RESET), Verdict::Keep);
    bench.assert_open_for(20.0);
}

#[test]
fn one_probe_runs_at_a_time() {
    for mut bench in [Bench::open(), Bench::cooling()] {
        bench.now += bench.pause();
        let _probe = bench.begin_probe();
        assert!(!bench.breaker.may_probe(bench.now));
        assert_eq!(bench.breaker.begin_probe(&SETTINGS, bench.now), None);
    }
}

#[test]
fn an_abandoned_probe_makes_room_for_the_next() {
    for mut bench in [Bench::open(), Bench::cooling()] {
        bench.now += bench.pause();
        let (first, before) = (bench.begin_probe(), bench.state());
        bench.breaker.abandon_probe(first);
        assert_eq!(bench.state(), before);
        let second = bench.begin_probe();
        assert_eq!(bench.end_probe(second, Outcome::Success), Verdict::Keep);
        assert_eq!(bench.state(), State::Closed);
    }
}

#[test]
fn a_probe_that_does_not_report_is_followed_by_another_after_the_longest_open_time() {
    for mut bench in [Bench::open(), Bench::cooling()] {
        bench.now += bench.pause();
        let first = bench.begin_probe();
        bench.wait(59.9);
        assert!(!bench.breaker.may_probe(bench.now));
        bench.wait(0.1);
        let second = bench.begin_probe();
        bench.breaker.abandon_probe(first);
        assert!(!bench.breaker.may_probe(bench.now), "the first must not make room in place of the second");
        assert_eq!(bench.end_probe(second, Outcome::Success), Verdict::Keep);
        assert_eq!(bench.state(), State::Closed);
    }
}

#[test]
fn a_probe_whose_answer_takes_longer_than_that_proves_as_much() {
    for mut bench in [Bench::open(), Bench::cooling()] {
        bench.now += bench.pause();
        let first = bench.begin_probe();
        bench.wait(60.0);
        let _second = bench.begin_probe();
        bench.wait(30.0);
        assert_eq!(bench.end_probe(first, Outcome::Success), Verdict::Keep);
        assert_eq!(bench.state(), State::Closed);
    }
}

#[test]
fn a_probe_from_before_the_trip_decides_nothing_after_it() {
    let mut bench = Bench::cooling();
    bench.wait(1.0);
    let probe = bench.begin_probe();
    bench.trip();
    assert_eq!(bench.end_probe(probe, Outcome::Success), Verdict::Keep);
    assert_eq!(bench.name(), "open");
}

#[test]
fn a_sound_peer_is_not_probed() {
    let mut bench = Bench::new();
    assert!(!bench.breaker.may_probe(bench.now));
    assert_eq!(bench.breaker.begin_probe(&SETTINGS, bench.now), None);
}
