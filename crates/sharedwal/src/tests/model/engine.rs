//! The search itself: it finds what can happen, all of it.

use std::collections::BTreeSet;

use shuttle::scheduler::DfsScheduler;

use super::memory::control;
use super::search::{Exhaustive, Search};
use super::{FOR_EVER, Model, await_end, reached};

const X: u32 = 100;
const Y: u32 = 101;

/// Three threads whose outcome depends on their order.
fn racing() -> Model {
    let racer = |n: u32| {
        move || {
            let words = control();
            if n == 3 {
                return words.store(X, 50);
            }
            let x = words.load(X);
            words.store(X, 3 * x + n);
            words.compare_exchange(Y, x, n);
        }
    };
    Model::new("three racers").thread(racer(1)).thread(racer(2)).thread(racer(3)).check(|| {
        let words = control();
        reached(&format!("{} {}", words.load(X), words.load(Y)));
    })
}

#[test]
fn what_shuttles_own_search_reaches_is_reached() {
    let ours = racing().explore();
    let everywhere = racing().switch_everywhere().explore();
    let no_pruning = racing().run(Exhaustive, Search::without_memory());
    let shuttles = racing().switch_everywhere().run(DfsScheduler::new(None, false), Search::default());
    let outcomes: BTreeSet<_> = shuttles.reached;
    assert!(outcomes.len() > 10, "{outcomes:?}");
    for report in [&ours, &everywhere, &no_pruning] {
        assert_eq!(report.reached, outcomes);
    }
    assert!(ours.executions * 5 < no_pruning.executions, "turning back saves nothing");
}

#[test]
fn deaths_strike_before_each_change_and_after_the_last() {
    let report = Model::new("a death")
        .mortal(|| {
            let words = control();
            (0..3).for_each(|n| words.store(X + n, 1));
            words.add(Y, 7);
        })
        .thread(|| {
            let words = control();
            if await_end(0) {
                reached(&format!("{:?}", [0, 1, 2].map(|n| words.load(X + n))));
            } else {
                reached("no death");
            }
        })
        .explore();
    report.assert_reached(&["[0, 0, 0]", "[1, 0, 0]", "[1, 1, 0]", "[1, 1, 1]", "no death"]);
}

/// What a guard stores when a dead thread unwinds does not take place.
#[test]
fn guards_of_the_dead_store_nothing() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            control().store(X, 2);
        }
    }
    let report = Model::new("a guard")
        .mortal(|| {
            let _guard = Guard;
            control().store(X, 1);
            control().store(Y, 1);
        })
        .check(|| reached(&format!("{} {}", control().load(X), control().load(Y))))
        .explore();
    report.assert_reached(&["0 0", "1 0", "1 1", "2 1"]);
    assert!(!report.reached.contains("2 0"));
}

fn sleeper(looks_again: bool) -> Model {
    Model::new("a sleeper")
        .thread(move || {
            let words = control();
            let turn = words.load(Y);
            if words.load(X) == 0 {
                words.wait(Y, if looks_again { turn } else { words.load(Y) }, FOR_EVER);
            }
        })
        .thread(|| {
            let words = control();
            words.store(X, 1);
            words.add(Y, 1);
            words.notify(Y);
        })
}

#[test]
fn a_wake_up_in_time_is_not_taken_for_a_lost_one() {
    sleeper(true).explore();
}

#[test]
#[should_panic(expected = "everybody sleeps for ever")]
fn a_lost_wake_up_is_found() {
    sleeper(false).explore();
}

#[test]
#[should_panic(expected = "somebody goes round in circles")]
fn going_round_in_circles_is_found() {
    Model::new("a circle")
        .thread(|| while control().load(X) == 0 {})
        .thread(|| control().store(X, 0))
        .thread(|| {
            control().store(X, 1);
            control().store(X, 0);
        })
        .explore();
}
