//! The lock table: shared and exclusive locks by connection slot, in words of the control block.
//!
//! A lock always says who holds it, so that a death between any two instructions leaves nothing
//! anonymous. Trying never blocks; [`LockTable::wait_for`] sleeps until a release. Nothing here
//! knows what a lock protects.

use std::sync::Arc;
use std::time::Duration;

use crate::counters::count;
use crate::layout::{
    self, CONNECTION_STRIDE, LOCK_WAIT_MS, LOCK_WAITS, SLOT_WORDS, SLOTS, SLOTS_USED, connection_word,
    lock_word, locks::COUNT,
};
use crate::memory::{Words, can_block, now};
use crate::signals;

/// How a lock is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Beside other shared holders.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock that could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contended {
    /// Which lock.
    pub lock: u32,
    /// How it was wanted.
    pub mode: Mode,
}

/// A waiter claims to be next after this time, which is long enough for a busy writer to make
/// many commits in one go and short enough that nobody starves.
const PATIENCE: Duration = Duration::from_millis(1);
/// A claim is void after this time, in case its maker gave up or died.
const CLAIM_LIFETIME: Duration = Duration::from_millis(50);
/// The longest single sleep: a bound, in case a wake-up is lost with its sender.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// The locks of one runtime, as one connection sees them.
pub struct LockTable {
    words: Arc<dyn Words>,
    slot: u32,
    /// The locks that this connection holds shared: nobody else changes its word while it lives.
    shared: u32,
    /// Claims made so far, so that no two look the same.
    claims: u32,
    /// Per lock: since when this connection has wanted it exclusively and not had it. It may have
    /// been woken in the meantime and have lost the race for the lock.
    waiting_since: [Option<Duration>; COUNT as usize],
    /// Per lock: the claim of another slot, and when this connection first saw it.
    seen_claims: [(u32, Duration); COUNT as usize],
    /// Time slept that makes no whole millisecond yet.
    uncounted_wait: Duration,
    /// Per lock: how often it was tried exclusively.
    #[cfg(test)]
    pub tries: [u64; COUNT as usize],
}

impl LockTable {
    /// The table in `words`, for the connection in `slot`.
    pub fn new(words: Arc<dyn Words>, slot: u32) -> Self {
        let mut used = words.load(SLOTS_USED);
        while used <= slot {
            let was = words.compare_exchange(SLOTS_USED, used, slot + 1);
            used = if was == used { slot + 1 } else { was };
        }
        LockTable {
            words,
            slot,
            shared: 0,
            claims: 0,
            waiting_since: [None; COUNT as usize],
            seen_claims: [(0, Duration::ZERO); COUNT as usize],
            uncounted_wait: Duration::ZERO,
            #[cfg(test)]
            tries: [0; COUNT as usize],
        }
    }

    fn me(&self) -> u32 {
        self.slot + 1
    }

    fn shared_word(&self) -> u32 {
        layout::connection(self.slot) + connection_word::SHARED
    }

    /// Where this connection shows that it waits for the lock.
    fn waiting(&self, lock: u32) -> (u32, u32) {
        (layout::lock(lock) + lock_word::WAITING + self.slot / 32, 1 << (self.slot % 32))
    }

    /// Whether another connection holds the lock shared.
    fn is_shared(&self, lock: u32) -> bool {
        let used = self.words.load(SLOTS_USED).min(SLOTS);
        let mut shared = [0; SLOTS as usize];
        let shared = &mut shared[..used as usize];
        self.words.load_strided(layout::connection(0) + connection_word::SHARED, CONNECTION_STRIDE, shared);
        (0..).zip(shared).any(|(slot, held)| slot != self.slot && *held & 1 << lock != 0)
    }

    /// Takes the lock exclusively. The owner's own shared hold does not stand in the way.
    pub fn try_exclusive(&mut self, lock: u32) -> Result<(), Contended> {
        #[cfg(test)]
        {
            self.tries[lock as usize] += 1;
        }
        let refused = Contended { lock, mode: Mode::Exclusive };
        let base = layout::lock(lock);
        if self.words.compare_exchange(base + lock_word::OWNER, 0, self.me()) != 0 {
            return Err(refused);
        }
        // The owner word is set before the shared holders are looked for, and a shared taker sets
        // its bit before it reads the owner: of two that meet, at least one sees the other.
        let claim = self.words.load(base + lock_word::RESERVATION);
        let claimed = claim != 0 && claim & 0xff != self.me() && self.claim_stands(lock, claim);
        if claimed || self.is_shared(lock) {
            self.release_exclusive(lock);
            return Err(refused);
        }
        if claim & 0xff == self.me() {
            self.words.compare_exchange(base + lock_word::RESERVATION, claim, 0);
        }
        self.waiting_since[lock as usize] = None;
        Ok(())
    }

    /// Takes the lock beside other shared holders.
    pub fn try_shared(&mut self, lock: u32) -> Result<(), Contended> {
        self.shared |= 1 << lock;
        self.words.store(self.shared_word(), self.shared);
        if self.words.load(layout::lock(lock) + lock_word::OWNER) != 0 {
            self.release_shared(lock);
            return Err(Contended { lock, mode: Mode::Shared });
        }
        Ok(())
    }

    /// Gives the lock up, if this connection owns it, and wakes who waits for it.
    pub fn release_exclusive(&self, lock: u32) {
        self.words.compare_exchange(layout::lock(lock) + lock_word::OWNER, self.me(), 0);
        self.wake(lock);
    }

    /// Gives a shared hold up and wakes who waits for it.
    pub fn release_shared(&mut self, lock: u32) {
        self.shared &= !(1 << lock);
        self.words.store(self.shared_word(), self.shared);
        self.wake(lock);
    }

    /// Whether somebody owns the lock exclusively.
    pub fn is_owned(&self, lock: u32) -> bool {
        self.words.load(layout::lock(lock) + lock_word::OWNER) != 0
    }

    fn wake(&self, lock: u32) {
        let base = layout::lock(lock);
        let mut waiting = [0; SLOT_WORDS as usize];
        self.words.load_many(base + lock_word::WAITING, &mut waiting);
        // A waiter shows itself before it looks at the lock once more, so one that is not seen
        // here will see the lock free.
        if waiting.iter().any(|word| *word != 0) {
            self.words.add(base + lock_word::RELEASES, 1);
            self.words.notify(base + lock_word::RELEASES);
        }
    }

    /// Sleeps until the lock may be free for this connection, for `timeout` at the longest;
    /// returns whether it may be. Where blocking is not allowed it returns false at once.
    pub fn wait_for(&mut self, contended: Contended, timeout: Duration) -> bool {
        if !can_block() {
            return false;
        }
        let Contended { lock, mode } = contended;
        let base = layout::lock(lock);
        let (waiting, bit) = self.waiting(lock);
        let start = now();
        let deadline = start.saturating_add(timeout);
        let mut slept = false;
        self.words.or(waiting, bit);
        let free = loop {
            // Read before looking at the lock, or a release in between would be slept over.
            let releases = self.words.load(base + lock_word::RELEASES);
            let (free, claim) = self.look(lock, mode);
            if free {
                break true;
            }
            let now = now();
            let asked = signals::asked(self.words.as_ref(), self.slot);
            if now >= deadline || asked != 0 || !can_block() {
                break false;
            }
            let mut sleep = (deadline - now).min(LONGEST_SLEEP);
            if mode == Mode::Exclusive {
                let since = *self.waiting_since[lock as usize].get_or_insert(now);
                let waited = now.saturating_sub(since);
                if waited < PATIENCE {
                    sleep = sleep.min(PATIENCE - waited);
                } else if claim & 0xff != self.me() {
                    // Tried at each look, since a claim may have become void in the meantime.
                    self.claim(lock);
                }
            }
            self.words.wait(base + lock_word::RELEASES, releases, sleep);
            slept = true;
        };
        self.words.and(waiting, !bit);
        if slept {
            self.count_wait(now() - start);
        }
        if !free {
            self.give_up();
        }
        free
    }

    fn count_wait(&mut self, waited: Duration) {
        self.uncounted_wait += waited;
        let whole = self.uncounted_wait.as_millis() as u32;
        self.uncounted_wait -= Duration::from_millis(whole.into());
        count(self.words.as_ref(), LOCK_WAITS, 1);
        if whole > 0 {
            count(self.words.as_ref(), LOCK_WAIT_MS, whole);
        }
    }

    /// For the table of a dead connection: gives up whatever it had to do with the lock.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub fn reap(&mut self, lock: u32) {
        let base = layout::lock(lock);
        let (waiting, bit) = self.waiting(lock);
        self.words.and(waiting, !bit);
        let claim = self.words.load(base + lock_word::RESERVATION);
        if claim & 0xff == self.me() {
            self.withdraw(lock, claim);
        }
        self.release_exclusive(lock);
        self.words.and(self.shared_word(), !(1 << lock));
        self.wake(lock);
    }

    /// Withdraws all claims; for a connection that stops trying.
    pub fn give_up(&mut self) {
        for lock in 0..COUNT {
            if self.waiting_since[lock as usize].take().is_some() {
                let claim = self.words.load(layout::lock(lock) + lock_word::RESERVATION);
                if claim & 0xff == self.me() {
                    self.withdraw(lock, claim);
                }
            }
        }
    }

    fn withdraw(&self, lock: u32, claim: u32) {
        let word = layout::lock(lock) + lock_word::RESERVATION;
        if self.words.compare_exchange(word, claim, 0) == claim {
            self.wake(lock);
        }
    }

    /// Claims to be next, unless another slot has done so already.
    fn claim(&mut self, lock: u32) {
        self.claims = self.claims.wrapping_add(1);
        let claim = self.claims << 8 | self.me();
        self.words.compare_exchange(layout::lock(lock) + lock_word::RESERVATION, 0, claim);
    }

    /// Whether the lock may be free for this connection, and the claim on it.
    fn look(&mut self, lock: u32, mode: Mode) -> (bool, u32) {
        let mut words = [0; 2];
        self.words.load_many(layout::lock(lock) + lock_word::OWNER, &mut words);
        let [owner, claim] = words;
        let free = owner == 0 && (mode == Mode::Shared || !self.is_shared(lock));
        let claimed = mode == Mode::Exclusive && claim != 0 && claim & 0xff != self.me();
        (free && !(claimed && self.claim_stands(lock, claim)), claim)
    }

    /// Whether a claim of another slot is to be respected. The observer times it on its own
    /// clock, so no clocks are compared across workers, and clears one that is too old.
    fn claim_stands(&mut self, lock: u32, claim: u32) -> bool {
        let now = now();
        let (seen, since) = &mut self.seen_claims[lock as usize];
        if *seen != claim {
            (*seen, *since) = (claim, now);
        }
        if now.saturating_sub(*since) < CLAIM_LIFETIME {
            return true;
        }
        self.withdraw(lock, claim);
        false
    }
}
