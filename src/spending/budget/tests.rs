use serde_json::{Value, json};

use super::*;
use crate::spending::price;

fn settings(typed: Value) -> Settings {
    serde_json::from_value(typed).unwrap()
}

fn budget(typed: Value, now: Instant) -> Budget {
    Budget::new(settings(typed).limits().unwrap(), |unit| Arc::new(Meter::new(unit, now)))
}

fn of(tokens: u64) -> Estimate {
    Estimate { tokens, cost: Cost::of(tokens as f64 / 1e3) }
}

fn state(budget: &Budget, now: Instant) -> Vec<f64> {
    budget.state(now).map(|(_, spent)| spent).collect()
}

#[test]
fn requests_past_the_limit_are_not_admitted_until_a_minute_is_over() {
    let start = Instant::now();
    let budget = budget(json!({"requests_per_minute": 2, "over": "b"}), start);
    let admit = |seconds| budget.admit(of(9), start + Duration::from_secs(seconds)).map(drop);
    assert_eq!((admit(0), admit(30)), (Ok(()), Ok(())));
    assert_eq!(admit(31), Err(Spent { unit: Unit::Requests, relief: Some(Duration::from_secs(30)) }));
    assert!(admit(60).is_err() && admit(61).is_ok() && admit(62).is_err());
}

#[test]
fn one_request_may_exceed_the_limit_and_then_none() {
    let now = Instant::now();
    let budget = budget(json!({"tokens_per_minute": 100, "over": "b"}), now);
    let admit = |tokens| budget.admit(of(tokens), now).map(drop);
    assert_eq!((admit(99), admit(1_000)), (Ok(()), Ok(())));
    assert!(admit(0).is_err());
}

#[test]
fn what_a_request_took_takes_the_place_of_the_estimate() {
    let start = Instant::now();
    let budget = budget(json!({"tokens_per_minute": 100, "cost_per_hour": 1.0, "over": "b"}), start);
    let charge = budget.admit(of(90), start).unwrap();
    charge.settle(20, Cost::of(0.02), start);
    assert_eq!(state(&budget, start), [20.0, 0.02]);
    let charge = budget.admit(of(10), start).unwrap();
    let late = start + Duration::from_secs(70);
    charge.settle(50, Cost::of(0.05), late);
    assert_eq!(state(&budget, late), [40.0, 0.07], "the estimates were forgotten, what came on top was not");
    budget.admit(of(5), late).unwrap().cancel(late);
    assert_eq!(state(&budget, late), [40.0, 0.07]);
    drop(budget.admit(of(5), late));
    assert_eq!(state(&budget, late), [45.0, 0.075], "what is not settled stands");
}

#[test]
fn a_request_that_one_limit_refuses_is_charged_nowhere() {
    let now = Instant::now();
    let budget = budget(json!({"requests_per_minute": 9, "cost_per_hour": 0.001, "over": "b"}), now);
    assert!(budget.admit(of(1), now).is_ok());
    assert_eq!(budget.admit(of(1), now).unwrap_err().unit, Unit::Cost);
    assert_eq!(state(&budget, now), [1.0, 0.001]);
}

#[test]
fn who_is_served_in_any_case_is_charged_all_the_same() {
    let now = Instant::now();
    let budget = budget(json!({"requests_per_minute": 1, "over": "b"}), now);
    let charges = [budget.charge(of(1), now), budget.charge(of(1), now)];
    assert!(budget.admit(of(1), now).is_err());
    charges.into_iter().for_each(|charge| charge.cancel(now));
    assert!(budget.admit(of(1), now).is_ok());
}

#[test]
fn without_limits_all_are_admitted() {
    assert!(Budget::default().admit(of(u64::MAX), Instant::now()).is_ok());
}

#[test]
fn an_estimate_is_by_what_the_answer_may_have() {
    let price = Price::new(&price::Settings { input: 1.0, output: 2.0, cached_input: None });
    assert_eq!(Estimate::new(100, Some(10), Some(&price)), Estimate { tokens: 110, cost: Cost::of(0.00012) });
    assert_eq!(Estimate::new(100, Some(100_000), None), Estimate { tokens: 100 + ANSWER, cost: Cost::NOTHING });
    assert_eq!(Estimate::new(0, None, None).tokens, ANSWER);
}

#[test]
fn limits_out_of_range_are_refused() {
    let problem = |typed| settings(typed).limits().map_err(|(key, _)| key);
    assert_eq!(problem(json!({"over": "b"})), Err(""));
    assert_eq!(problem(json!({"over": "b", "requests_per_minute": 0})), Err("requests_per_minute"));
    assert_eq!(problem(json!({"over": "b", "tokens_per_minute": u64::MAX})), Err("tokens_per_minute"));
    assert_eq!(problem(json!({"over": "b", "cost_per_hour": -1.0})), Err("cost_per_hour"));
    assert_eq!(problem(json!({"over": "b", "cost_per_hour": 0.5})), Ok(vec![(Unit::Cost, 500_000_000_000)]));
    assert!(serde_json::from_value::<Settings>(json!({"requests_per_minute": 1})).is_err());
}

#[test]
fn threads_are_admitted_for_no_more_than_the_limit_and_one_request() {
    const LIMIT: u64 = 10_000;
    let now = Instant::now();
    let budget = budget(json!({"tokens_per_minute": LIMIT, "requests_per_minute": 1_000_000, "over": "b"}), now);
    let admitted: Vec<u64> = std::thread::scope(|scope| {
        let admit = |thread| {
            let budget = &budget;
            move || {
                let mut rng = fastrand::Rng::with_seed(thread);
                let tokens = (0..20_000).map(|_| rng.u64(1..300));
                tokens.filter(|tokens| budget.admit(of(*tokens), now).is_ok()).sum()
            }
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(admit(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let admitted: u64 = admitted.iter().sum();
    assert!((LIMIT..LIMIT + 300).contains(&admitted), "{admitted}");
}
