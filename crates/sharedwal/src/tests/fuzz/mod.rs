//! Everything that parses what comes from outside, fuzzed with bolero as ordinary tests: the handle,
//! the options, paths, and shared memory that says anything at all. The answer is an error or it
//! works; never a panic, not even one that is caught, since in WebAssembly that ends the instance.
//!
//! A failure prints `BOLERO_RANDOM_SEED`, which replays it. `SHAREDWAL_STRESS_SECONDS` makes each
//! test as long as one likes.

mod control_block;
mod handle;
mod options;
mod paths;

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use bolero::TypeGenerator;

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `body`, which must not panic, and must be done within `bound`. Nothing ends a thread that
/// hangs, so the process is ended then; a debugger or `BOLERO_RANDOM_SEED` tells where.
fn without_panic<T>(bound: Duration, body: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANIC.set(Some(info.to_string()));
            hook(info);
        }));
    });
    PANIC.take();
    let (done, waits) = channel::<()>();
    let watch = std::thread::spawn(move || {
        if waits.recv_timeout(bound) == Err(RecvTimeoutError::Timeout) {
            eprintln!("not done after {bound:?}: this hangs");
            std::process::abort();
        }
    });
    let result = body();
    drop(done);
    watch.join().unwrap();
    // A check of debug builds alone, which takes foreign words for forgotten ones.
    const FORGOTTEN: &str = "that were not published";
    if let Some(panic) = PANIC.take().filter(|panic| !panic.contains(FORGOTTEN)) {
        panic!("somebody caught this: {panic}");
    }
    result
}

/// Gives `test` random values for a while, and the smallest that fails.
fn fuzz<T: Debug + TypeGenerator + 'static>(time: Duration, test: impl Fn(&T)) {
    let test = AssertUnwindSafe(test);
    bolero::check!().with_test_time(time).with_type::<T>().for_each(|value: &T| {
        let test = &test;
        test(value);
    });
}

/// How long each test goes on.
fn duration() -> Duration {
    let quick = std::env::var("SHAREDWAL_QUICK").is_ok_and(|value| value != "0");
    let seconds = std::env::var("SHAREDWAL_STRESS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(if quick { 0.5 } else { 2.0 }))
}
