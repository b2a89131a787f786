//! The cool-down.

use super::*;

#[test]
fn backpressure_cools_down_for_a_second_where_it_names_no_time() {
    let mut bench = Bench::cooling();
    assert_eq!((bench.name(), bench.pause()), ("cooling", Duration::from_secs(1)));
    assert_eq!(bench.why(), "backpressure (503)");
    assert!(!bench.breaker.may_probe(bench.now));
    bench.wait(1.0);
    assert_eq!(bench.state(), State::Probing);
    assert!(bench.breaker.may_probe(bench.now));
}

#[test]
fn backpressure_cools_down_for_the_time_it_names_up_to_ten_seconds() {
    for (asked, given) in [(0, 0), (3, 3), (10, 10), (11, 10), (u64::MAX, 10)] {
        let mut bench = Bench::new();
        bench.observe_all([retry_after(asked)]);
        assert_eq!(bench.pause(), Duration::from_secs(given));
    }
}

#[test]
fn cool_downs_in_a_row_double_up_to_ten_seconds() {
    let mut bench = Bench::cooling();
    for seconds in [2, 4, 8, 10, 10] {
        assert_eq!(bench.probe(BUSY), Verdict::Keep);
        assert_eq!((bench.name(), bench.pause()), ("cooling", Duration::from_secs(seconds)));
    }
    assert_eq!(bench.probe(retry_after(3)), Verdict::Keep);
    assert_eq!(bench.pause(), Duration::from_secs(3));
}

#[test]
fn an_answer_to_the_probe_ends_the_cool_down_and_its_row() {
    for answer in [Outcome::Success, Outcome::Neutral] {
        let mut bench = Bench::cooling();
        assert_eq!(bench.probe(BUSY), Verdict::Keep);
        assert_eq!(bench.probe(answer), Verdict::Keep);
        assert_eq!(bench.state(), State::Closed);
        bench.observe_all([BUSY]);
        assert_eq!(bench.pause(), Duration::from_secs(1));
    }
}

#[test]
fn the_rest_of_a_burst_does_not_change_the_cool_down() {
    let mut bench = Bench::cooling();
    let before = bench.state();
    bench.wait(0.5);
    bench.observe_all([BUSY, retry_after(9), Outcome::Success, Outcome::Neutral, RESET]);
    assert_eq!(bench.state(), before);
    bench.wait(0.5);
    bench.observe_all([BUSY, Outcome::Success]);
    assert_eq!(bench.state(), State::Probing);
}

#[test]
fn a_failed_probe_cools_down_again_and_counts_as_a_fault() {
    let mut bench = Bench::cooling();
    bench.observe_all([RESET; 3]);
    assert_eq!(bench.probe(RESET), Verdict::Keep);
    assert_eq!((bench.name(), bench.pause()), ("cooling", Duration::from_secs(2)));
    assert_eq!(bench.why(), "failed probe (reset)");
    assert_eq!(bench.probe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
    assert_eq!(bench.name(), "cooling");
    bench.trip();
    bench.assert_open_for(5.0);
}

#[test]
fn faults_while_it_cools_down_count() {
    let mut bench = Bench::cooling();
    bench.observe_all([RESET; 4]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
    bench.trip();
    assert_eq!(bench.name(), "open");
}
