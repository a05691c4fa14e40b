//! When a commit is told to those who listen (`feed`): once others can see it, and before anybody else
//! can commit. In WAL mode that is before WRITE is given up; with the file's EXCLUSIVE lock, when SQLite
//! says that it has committed.

use super::{Database, EXCLUSIVE};
use crate::feed::{self, Changes, Tables};
use crate::injection::Mutation;
use crate::layout::{self, FileKind, connection_word};
use crate::wal_index::WalIndex;

/// Bytes of a write-ahead log that has no frames (`WAL_HDRSIZE`).
const EMPTY_LOG: u64 = 32;

impl Database {
    /// What the open transaction changes: whoever runs its statements notes that here.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether somebody listens who wants to know the rows, too.
    #[cfg(feature = "row-ids")]
    pub fn wants_row_ids(&self) -> impl Fn() -> bool + use<> {
        let words = self.runtime.control().clone();
        move || words.load(layout::feed::LISTENING) & layout::feed::wants::ROW_IDS != 0
    }

    fn connection_id(&self) -> u32 {
        layout::connection_id(self.slot_index, self.fence.generation())
    }

    /// WRITE was taken, and the copy of the wal-index is fresh.
    pub(super) fn write_begins(&mut self) {
        self.commits_before = self.index.as_ref().map(WalIndex::commits);
        (self.recovered, self.commit_owed) = (false, false);
    }

    /// SQLite is building the wal-index anew: what comes to light may be the commit of a dead writer.
    pub(super) fn recovers(&mut self) {
        self.recovered = true;
    }

    /// WRITE is about to be given up, and what was done under it is published.
    pub(super) fn write_ends(&mut self) {
        let commits = self.index.as_ref().map(WalIndex::commits);
        self.write_ended_with(commits);
    }

    /// The same, where the wal-index is gone that told this of commits.
    pub(super) fn write_ended_with(&mut self, commits: Option<u32>) {
        let Some(before) = self.commits_before.take() else { return };
        if self.recovered && self.has_log() || self.commit_owed {
            self.announce(Tables::Unknown);
        } else if commits.is_some_and(|commits| commits != before) {
            self.announce_changes();
        }
    }

    /// WRITE is given up by SQLite, but kept, since what was done could not be published. By the time
    /// that it is, the next transaction may have begun to note its changes.
    pub(super) fn write_is_owed(&mut self) {
        self.commit_owed = true;
    }

    /// A transaction was committed. In WAL mode WRITE was given up before SQLite says so.
    pub(super) fn announce_exclusive(&mut self) {
        if self.level == EXCLUSIVE {
            self.announce_changes();
        }
    }

    /// EXCLUSIVE was taken, and nobody else has the database open. Others are told when they die with
    /// it that it was.
    pub(super) fn exclusive_begins(&mut self) {
        self.note_exclusive(1);
        // SQLite keeps a wal-index of its own now, and recovers the log into that.
        if self.index.is_none() && self.has_log() {
            self.announce(Tables::Unknown);
        }
    }

    /// EXCLUSIVE is about to be given up.
    pub(super) fn exclusive_ends(&mut self) {
        self.note_exclusive(0);
    }

    fn note_exclusive(&self, held: u32) {
        let at = layout::connection(self.slot_index) + connection_word::HOLDS_EXCLUSIVE;
        self.runtime.control().store(at, held);
    }

    fn has_log(&self) -> bool {
        self.runtime.file(FileKind::WriteAhead).size() > EMPTY_LOG
    }

    fn announce_changes(&mut self) {
        let changes = self.changes.take();
        self.announce(changes);
    }

    fn announce(&mut self, tables: Tables) {
        if !Mutation::CommitNotTold.is_on() {
            feed::tell(self.runtime.control(), self.connection_id(), tables);
        }
    }
}
