use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn window() -> (Window, Instant) {
    let now = Instant::now();
    (Window::new(MINUTE, now), now)
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn what_is_spent_is_forgotten_after_a_minute_and_not_before() {
    let (window, start) = window();
    window.spend(3, start + seconds(0.9));
    window.spend(4, start + seconds(1.0));
    assert_eq!(window.spent(start + seconds(60.9)), 7);
    assert_eq!(window.spent(start + seconds(61.0)), 4);
    assert_eq!(window.spent(start + seconds(62.0)), 0);
    window.spend(5, start + seconds(62.0));
    assert_eq!(window.spent(start + seconds(1e6)), 0);
    window.spend(6, start + seconds(3.0));
    assert_eq!(window.spent(start + seconds(1e6)), 6, "an earlier moment counts as the newest");
}

#[test]
fn no_more_is_spent_than_the_limit_and_one_amount() {
    let (window, now) = window();
    assert!((0..3).all(|_| window.spend_within(10, 4, now).is_some()));
    assert_eq!(window.spend_within(10, 1, now), None);
    assert_eq!(window.spent(now), 12);
    assert_eq!(window.spend_within(0, 1, now), None);
}

#[test]
fn what_is_given_back_may_be_spent_until_it_is_forgotten() {
    let (window, start) = window();
    let step = window.spend_within(10, 10, start).unwrap();
    window.give_back(4, step, start + seconds(60.0));
    assert_eq!(window.spent(start + seconds(60.0)), 6);
    window.spend(5, start + seconds(61.0));
    window.give_back(6, step, start + seconds(61.0));
    assert_eq!(window.spent(start + seconds(61.0)), 5, "it was forgotten");
}

#[test]
fn it_is_known_when_there_is_relief() {
    let (window, start) = window();
    assert_eq!(window.relief(start), None);
    window.spend(1, start + seconds(2.5));
    window.spend(1, start + seconds(9.0));
    assert_eq!(window.relief(start + seconds(10.0)), Some(seconds(53.0)));
    assert_eq!(window.spent(start + seconds(62.999)), 2);
    assert_eq!(window.spent(start + seconds(63.0)), 1);
}

#[test]
fn the_sum_is_that_of_a_plain_list() {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (window, start) = window();
        let (mut spent, mut elapsed): (Vec<(u64, i64)>, _) = (Vec::new(), Duration::ZERO);
        for _ in 0..3_000 {
            elapsed += seconds(if rng.u8(..100) == 0 { 90.0 * rng.f64() } else { rng.f64() });
            let (now, second) = (start + elapsed, elapsed.as_secs());
            let is_new = |at: u64| at + STEPS >= second;
            let sum = |spent: &[(u64, i64)]| {
                spent.iter().filter(|(at, _)| is_new(*at)).map(|(_, amount)| amount).sum::<i64>()
            };
            let amount = rng.i64(1..9);
            match rng.u8(..3) {
                0 => {
                    let before = sum(&spent);
                    let granted = window.spend_within(100, amount, now);
                    assert_eq!(granted.is_some(), before < 100, "seed {seed}");
                    spent.extend(granted.map(|_| (second, amount)));
                }
                1 if !spent.is_empty() => {
                    let at = rng.usize(..spent.len());
                    let back = rng.i64(0..=spent[at].1);
                    window.give_back(back, Step(spent[at].0), now);
                    spent[at].1 -= if is_new(spent[at].0) { back } else { 0 };
                }
                _ => {
                    window.spend(amount, now);
                    spent.push((second, amount));
                }
            }
            assert_eq!(window.spent(now), sum(&spent), "seed {seed}");
        }
    }
}

#[test]
fn threads_spend_no_more_than_the_limit_in_any_minute() {
    const LIMIT: i64 = 500;
    const THREADS: usize = 8;
    let (window, start) = window();
    // What was spent in which second.
    let spent: Vec<AtomicI64> = (0..300).map(|_| AtomicI64::new(0)).collect();
    let second_begins = std::sync::Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS as u64 {
            let (window, spent, second_begins) = (&window, &spent, &second_begins);
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(thread);
                for second in 1..290 {
                    // Together, so that all of them find the step to be over.
                    second_begins.wait();
                    for _ in 0..rng.u32(..40) {
                        let now = start + seconds(f64::from(second) + rng.f64() * 1.5 - 0.5);
                        if let Some(Step(step)) = window.spend_within(LIMIT, 1, now) {
                            spent[step as usize].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let spent: Vec<i64> = spent.into_iter().map(AtomicI64::into_inner).collect();
    for (begin, minute) in spent.windows(STEPS as usize + 1).enumerate() {
        let spent: i64 = minute.iter().sum();
        assert!(spent <= LIMIT, "{spent} from second {begin} on");
    }
    assert!(spent.iter().sum::<i64>() >= 4 * LIMIT, "the limit was made use of");
}

#[test]
fn what_threads_give_back_adds_up() {
    let (window, start) = window();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let window = &window;
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(thread);
                for millis in (0..300_000).step_by(20) {
                    let now = start + Duration::from_millis(millis);
                    let amount = rng.i64(1..9);
                    if let Some(step) = window.spend_within(1_000, amount, now) {
                        window.give_back(amount, step, now + Duration::from_millis(rng.u64(..90_000)));
                    }
                }
            });
        }
    });
    let end = start + Duration::from_secs(390);
    let held: i64 = window.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).sum();
    assert_eq!(window.sum.load(Ordering::Relaxed), held);
    assert!(window.spent(end) >= 0, "never less than nothing");
    assert_eq!(window.spent(end + 2 * MINUTE), 0);
}

#[test]
fn however_closely_threads_meet_none_slips_through() {
    const THREADS: usize = 2;
    let start = Instant::now();
    let windows: Vec<Window> = (0..20_000).map(|_| Window::new(MINUTE, start)).collect();
    let (arrived, granted) = (AtomicU64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for (round, window) in windows.iter().enumerate() {
                    // A barrier would wake them one after the other.
                    arrived.fetch_add(1, Ordering::AcqRel);
                    while arrived.load(Ordering::Acquire) < ((round + 1) * THREADS) as u64 {
                        std::thread::yield_now();
                    }
                    let spent = (0..200).filter(|_| window.spend_within(200, 1, start).is_some()).count();
                    granted.fetch_add(spent as i64, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 200 * windows.len() as i64);
}
