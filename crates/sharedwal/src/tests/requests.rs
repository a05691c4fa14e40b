//! What others ask of a connection while its statement runs.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{connect, create_runtime};
use crate::connections::Slot;
use crate::layout::{self, signals::REAP, slot_states, slot_word};
use crate::memory::Words;
use crate::vfs::database_of;
use crate::{JournalMode, signals};

const LONG: &str = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 20000)
                    select sum(i) from c";
const DURATION: Duration = Duration::from_millis(1000);

/// A connection that died, and that somebody has proof of.
fn die(words: &Arc<dyn Words>) {
    if let Some(slot) = Slot::claim(words, 0) {
        slot.attach();
        words.store(layout::slot(slot.index()), slot_word(slot.generation(), slot_states::DEAD));
        mem::forget(slot);
    }
}

/// Deaths follow each other closely: the next request to reap comes while the last is obeyed.
#[test]
fn a_request_to_reap_ends_no_statement() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    // SAFETY: the connection is open, and nothing else uses it.
    let id = unsafe { database_of(db.handle()) }.unwrap().signals().connection_id();
    let words = runtime.inner().control();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut requests = 0_u64;
            while !over.load(Ordering::Relaxed) {
                die(words);
                assert!(signals::raise(words.as_ref(), id, REAP));
                requests += 1;
            }
            requests
        });
        let start = Instant::now();
        let mut outcome = Ok(0);
        while start.elapsed() < DURATION && outcome.is_ok() {
            outcome = db.query_row(LONG, [], |row| row.get::<_, i64>(0));
        }
        over.store(true, Ordering::Relaxed);
        assert_ne!(asking.join().unwrap(), 0);
        assert_eq!(outcome, Ok(200_010_000));
    });
}
