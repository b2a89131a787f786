use std::thread;

use futures::executor::block_on;

use super::*;

/// No timer helps here: a place that is freed and not passed on would keep a thread for ever.
#[test]
fn under_contention_no_place_is_lost_or_lent_twice() {
    let pool = Pool::new(3);
    let served = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (thread, name) in ["a", "b", "c", "d", "a", "a", "b", "a"].into_iter().enumerate() {
            let (pool, served) = (&pool, &served);
            scope.spawn(move || {
                for round in 0..2000 {
                    match pool.enter(1000, round % 3, name).unwrap() {
                        Entered::Granted(_permit) => thread::yield_now(),
                        Entered::Waiting(left) if (round as usize + thread).is_multiple_of(4) => drop(left),
                        Entered::Waiting(mut waiting) => drop(block_on(&mut waiting.answer).unwrap().unwrap()),
                    }
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(served.into_inner(), 16_000);
    assert_eq!((pool.free(), pool.queue.waiting()), (3, 0));
    assert_eq!(pool.most_taken.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_contention_everybody_gets_an_answer() {
    let pool = Pool::new(3);
    let tasks: Vec<_> = (0..400)
        .map(|number| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for round in number..number + 20 {
                    let patience = if round % 3 == 0 { Duration::from_millis(round % 5) } else { LONG };
                    match pool.enter(50, (round % 2) as i32, ["a", "b", "c"][number as usize % 3]) {
                        Ok(Entered::Granted(_permit)) => tokio::task::yield_now().await,
                        Ok(Entered::Waiting(waiting)) => drop(waiting.wait(patience).await),
                        Err(refused) => assert_ne!(refused, Refused::TimedOut),
                    }
                }
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        if number % 10 == 0 {
            task.abort();
        }
        assert!(task.await.map_or_else(|error| error.is_cancelled(), |()| true));
    }
    assert_eq!((pool.free(), pool.queue.waiting()), (3, 0));
    assert_eq!(pool.most_taken.load(Ordering::SeqCst), 3);
}
