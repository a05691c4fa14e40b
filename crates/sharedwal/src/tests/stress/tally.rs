//! What the workers of the stress did.

use std::time::Duration;

/// What a worker did, or all of them.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub commits: u64,
    /// Commits in which the worker died, and which may be found in the end or not.
    pub in_flight: u64,
    pub reads: u64,
    pub rollbacks: u64,
    /// Deferred transactions that could not be upgraded.
    pub refused: u64,
    pub checkpoints: u64,
    pub vacuums: u64,
    pub reopened: u64,
    /// Transactions that wrote to the log, or touched every account, before they were committed.
    pub spills: u64,
    /// Transactions of one connection while another one of the same worker was reading.
    pub beside: u64,
    /// Waiters' claims to be next.
    pub claims: u64,
    /// The longest that a statement waited for its lock.
    pub longest_wait: Duration,
    /// The longest that the first look of a reader took.
    pub longest_read: Duration,
}

impl Tally {
    pub fn plus(mut self, other: &Tally) -> Tally {
        self.commits += other.commits;
        self.in_flight += other.in_flight;
        self.reads += other.reads;
        self.rollbacks += other.rollbacks;
        self.refused += other.refused;
        self.checkpoints += other.checkpoints;
        self.vacuums += other.vacuums;
        self.reopened += other.reopened;
        self.spills += other.spills;
        self.beside += other.beside;
        self.claims += other.claims;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        self.longest_read = self.longest_read.max(other.longest_read);
        self
    }
}
