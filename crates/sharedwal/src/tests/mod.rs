//! Tests that look inside: real SQLite over the heap provider, each thread with a private
//! wal-index of its own, as a worker has.

pub mod model;
pub mod mortal;
pub mod mutations;
mod random;

mod checkpoint_start;
mod coherence;
mod counters;
mod dead_connections;
mod dead_reader;
mod deaths_in_the_middle;
mod eviction;
mod exclusive_mode;
mod export_snapshot;
mod feed;
mod file_locks;
mod file_model;
mod file_segments;
mod file_size;
mod first_look;
mod fuzz;
mod generated_files;
mod last_close;
mod lock_claims;
mod lock_model;
mod lock_threads;
mod ordered_section;
mod polling;
mod reaping_order;
mod recovered_header;
#[cfg(unix)]
mod recovery_equality;
mod requests;
mod shared_snapshots;
mod stalled_publisher;
mod steady_commits;
mod stress;
mod super_journals;
mod truncated_log;
mod wal_index;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::layout::{self, HEADER, HEADER_WORDS, SLOTS, slot_states, slot_word};
use crate::memory::{Change, Words};
use crate::ordered_section::{Section, patience};
use crate::{ConnectOptions, JournalMode, Runtime, RuntimeOptions};

/// Tests that keep all cores busy go one at a time.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static BUSY: Mutex<()> = Mutex::new(());
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has other threads end, also when this one fails: a scope waits for them.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Takes away the slot of one that died before it was attached, as is done after a time, since it holds
/// nothing; whether it was one.
fn take_unattached(control: &Arc<dyn Words>, slot: u32, generation: u32) -> bool {
    let [attaching, free] =
        [slot_states::ATTACHING, slot_states::FREE].map(|state| slot_word(generation, state));
    control.compare_exchange(layout::slot(slot), attaching, free) == attaching
}

/// Whether long runs are to be short.
fn quick() -> bool {
    std::env::var("SHAREDWAL_QUICK").is_ok_and(|value| value != "0")
}

fn create_runtime() -> Runtime {
    Runtime::create(&RuntimeOptions::default()).unwrap()
}

/// Makes both copies of the wal-index's header invalid, as for a connection that died while it published
/// under WRITE: who comes next recovers it from the log.
fn invalidate_header(words: &dyn Words) {
    let mut section = Section::enter(words, SLOTS - 1, patience()).unwrap();
    section.open();
    let zeros: Vec<_> = (HEADER..HEADER + HEADER_WORDS).map(|at| Change { at, value: 0 }).collect();
    words.scatter(&zeros);
}

fn connect(runtime: &Runtime, journal_mode: JournalMode, busy_timeout: Duration) -> Connection {
    let options = ConnectOptions { journal_mode, busy_timeout, ..ConnectOptions::default() };
    runtime.connect_blocking_with(&options).unwrap()
}

/// A connection in WAL mode that checkpoints when it is told to.
fn connect_without_checkpoints(runtime: &Runtime, busy_timeout: Duration) -> Connection {
    let db = connect(runtime, JournalMode::Wal, busy_timeout);
    db.execute_batch("pragma wal_autocheckpoint = 0").unwrap();
    db
}
