//! Waiting: for the lock that was refused last, and where SQLite sleeps.

use std::time::Duration;

use super::{Database, LONGEST_LOOK, OVERTAKEN};
use crate::layout::{self, locks};
use crate::locks::Contended;
use crate::signals::Signals;
use crate::vfs::busy::Polling;

impl Database {
    /// The busy handler begins to wait for a lock.
    pub fn start_waiting(&mut self, now: Duration) {
        self.waiting_until = now.saturating_add(self.busy_timeout.unwrap_or_default());
    }

    /// The busy handler returns to SQLite.
    pub fn stop_waiting(&mut self, now: Duration) {
        self.last_waited = Some(now);
    }

    /// When the busy handler returned to SQLite the last time.
    pub fn last_waited(&self) -> Option<Duration> {
        self.last_waited
    }

    /// How much longer the busy handler may wait.
    pub fn time_left(&self, now: Duration) -> Duration {
        let until = self.deadline.map_or(self.waiting_until, |deadline| self.waiting_until.min(deadline));
        until.saturating_sub(now)
    }

    /// The lock that was refused last, and not had since.
    pub fn contended(&self) -> Option<Contended> {
        self.contended
    }

    /// Sleeps until the lock that was refused last may be free; true if it may be.
    pub fn wait_for_contended(&mut self, timeout: Duration) -> bool {
        self.contended.is_some_and(|contended| self.locks.wait_for(contended, timeout))
    }

    /// As [`Database::wait_for_contended`], for a connection that has attached this database: what its
    /// main database is asked for ends the wait.
    pub fn wait_on_behalf(&mut self, of: Signals, timeout: Duration) -> bool {
        self.locks.wait_on_behalf(Some(of));
        let free = self.wait_for_contended(timeout);
        self.locks.wait_on_behalf(None);
        free
    }

    /// A sleep of SQLite's own busy handler: ends when the lock that was refused last is free and
    /// claimed for this connection.
    pub fn poll(&mut self, duration: Duration) {
        let Some(contended) = self.contended else { return self.pause(duration) };
        let mut polling = Polling::step(self.polling, contended, duration);
        self.locks.wait_for_turn(contended, polling.left());
        polling.woken();
        self.polling = Some(polling);
    }

    /// SQLite's sleep before it looks for a snapshot once more. A look takes about as long as a small
    /// commit, and a writer that never pauses can overtake one after the other, up to the hundredth and
    /// SQLITE_PROTOCOL: after some in vain, writers wait until the next one is over.
    pub fn pause_before_look(&mut self, duration: Duration) {
        let Ok(_inside) = self.fence.enter() else { return };
        self.pause(duration);
        if duration >= OVERTAKEN && self.exclusive & (1 << locks::WRITE) == 0 {
            self.locks.claim_for_look(locks::WRITE, duration.max(LONGEST_LOOK));
            self.looks_in_turn = true;
        }
    }

    /// Sleeps for a time, on a word that nobody notifies.
    pub fn pause(&self, duration: Duration) {
        let (words, at) = (self.runtime.control(), layout::slot(self.slot_index));
        let _ = self.fence.outside(|| words.wait(at, words.load(at), duration));
    }
}
