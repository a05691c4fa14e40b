//! The change feed: which tables each commit changed, for everybody who has the runtime.
//!
//! A connection notes what its transaction changes ([`Changes`]), and puts a record of it into a ring
//! in shared memory ([`Ring`]) when the commit is visible and before anybody else can commit. Knows
//! nothing of SQLite: what a statement changes is found by `vfs::tables`.

mod changes;
mod commit;
mod ring;

pub use changes::{Changes, TableChange};
#[cfg(test)]
pub use commit::Commit;
pub use commit::Tables;
#[cfg(test)]
pub use ring::Reader;
pub use ring::Ring;

use std::sync::Arc;

#[cfg(any(test, target_arch = "wasm32"))]
use crate::connections::is_writer;
#[cfg(any(test, target_arch = "wasm32"))]
use crate::layout;
use crate::layout::feed;
use crate::memory::Words;

/// Puts the record of a commit into the ring, if there ever was a listener.
///
/// Whoever calls this holds WRITE or the file's EXCLUSIVE lock, or reaps who does, so that nobody else
/// does it now.
pub fn tell(words: &Arc<dyn Words>, connection: u32, tables: Tables) {
    if words.load(feed::LISTENING) != 0 {
        Ring::of(words.clone()).append(connection, tables);
    }
}

/// Tells of a connection that died while it may have committed: what, nobody knows. To be called
/// before its locks are given back; may be done twice.
#[cfg(any(test, target_arch = "wasm32"))]
pub fn tell_of_death(words: &Arc<dyn Words>, slot: u32, generation: u32) {
    if is_writer(words.as_ref(), slot) {
        tell(words, layout::connection_id(slot, generation), Tables::Unknown);
    }
    // Before the lock is free: a second reaper must not find it, and tell beside a living writer.
    words.store(layout::connection(slot) + layout::connection_word::HOLDS_EXCLUSIVE, 0);
}
