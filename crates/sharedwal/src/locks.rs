//! The lock table: shared and exclusive locks by connection slot, in words of the control block.
//!
//! A lock always says who holds it, so that a death between any two instructions leaves nothing
//! anonymous. Trying never blocks; [`LockTable::wait_for`] sleeps until a release. Nothing here
//! knows what a lock protects.

use std::sync::Arc;
use std::time::Duration;

use crate::counters::count;
use crate::fence::Fence;
use crate::injection::Point;
use crate::layout::{
    self, CONNECTION_STRIDE, LOCK_WAIT_MS, LOCK_WAITS, SLOT_WORDS, SLOTS, SLOTS_USED, connection_word,
    lock_word, locks::COUNT,
};
use crate::memory::{Words, can_block, now};
use crate::signals::{self, Signals};

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
/// The same for one whom requests to another connection are to wake, which nobody wakes for them.
const LONGEST_SLEEP_FOR_ANOTHER: Duration = Duration::from_millis(5);

/// When a connection began to want a lock exclusively.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// On its own clock.
    at: Duration,
    /// By the lock's releases, which order the arrivals of all.
    releases: u32,
}

/// What a lock is claimed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To take it.
    Taking,
    /// To look at what it protects, while nobody changes it.
    Looking,
}

/// A claim to be next on a lock, as it stands in the lock's word: from the top 20 bits of the arrival,
/// 4 bits that tell apart the claims of one arrival, since a claim of which nothing was heard becomes
/// void, 1 bit for the purpose, and slot + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim(u32);

impl Claim {
    const NONE: Claim = Claim(0);
    const LOOKING: u32 = 0x80;

    fn new(arrival: Arrival, number: u32, purpose: Purpose, owner: u32) -> Claim {
        let purpose = if purpose == Purpose::Looking { Claim::LOOKING } else { 0 };
        Claim(arrival.releases << 12 | (number & 0xf) << 8 | purpose | owner)
    }

    /// Slot + 1 of its maker, or 0.
    fn owner(self) -> u32 {
        self.0 & 0x7f
    }

    fn is_for_a_look(self) -> bool {
        self.0 & Claim::LOOKING != 0
    }

    /// Whether its maker arrived before the other's.
    fn is_before(self, other: Claim) -> bool {
        ((self.0 & !0xfff).wrapping_sub(other.0 & !0xfff) as i32) < 0
    }
}

/// The locks of one runtime, as one connection sees them.
pub struct LockTable {
    words: Arc<dyn Words>,
    slot: u32,
    /// The locks that this connection holds shared: nobody else changes its word while it lives.
    shared: u32,
    /// Another connection, in whose name this one waits as well: what that is asked for ends it.
    on_behalf: Option<Signals>,
    /// Claims made so far.
    claims: u32,
    /// Per lock: since when this connection has wanted it exclusively and not had it. It may have
    /// been woken in the meantime and have lost the race for the lock.
    arrivals: [Option<Arrival>; COUNT as usize],
    /// Per lock: the claim of another slot, and when this connection first saw it.
    seen_claims: [(Claim, Duration); COUNT as usize],
    /// Time slept that makes no whole millisecond yet.
    uncounted_wait: Duration,
    /// The connection's fence; a dead one's table has none.
    fence: Option<Arc<Fence>>,
    /// What is to be done now and then while the connection sleeps for a lock.
    meanwhile: Option<Box<dyn FnMut() + Send>>,
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
            on_behalf: None,
            claims: 0,
            arrivals: [None; COUNT as usize],
            seen_claims: [(Claim::NONE, Duration::ZERO); COUNT as usize],
            uncounted_wait: Duration::ZERO,
            fence: None,
            meanwhile: None,
            #[cfg(test)]
            tries: [0; COUNT as usize],
        }
    }

    /// Has the connection sleep outside of its fence, and do something else now and then.
    pub fn set_fence(&mut self, fence: Arc<Fence>, meanwhile: impl FnMut() + Send + 'static) {
        self.fence = Some(fence);
        self.meanwhile = Some(Box::new(meanwhile));
    }

    /// What this table remembers, to tell two states of a connection apart.
    #[cfg(test)]
    pub fn memory(&self) -> impl std::fmt::Debug {
        (self.claims, self.arrivals, self.seen_claims)
    }

    /// Claims that this connection made.
    #[cfg(test)]
    pub fn claims(&self) -> u64 {
        self.claims.into()
    }

    /// Has requests to another connection end the waits of this one.
    pub fn wait_on_behalf(&mut self, of: Option<Signals>) {
        self.on_behalf = of;
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
        Point::LockOwned.pass();
        // The owner word is set before the shared holders are looked for, and a shared taker sets
        // its bit before it reads the owner: of two that meet, at least one sees the other.
        let claim = self.claim(lock);
        if self.is_claimed(lock, claim) || self.is_shared(lock) {
            self.release_exclusive(lock);
            return Err(refused);
        }
        if claim.owner() == self.me() {
            self.replace(lock, claim, Claim::NONE);
        }
        self.arrivals[lock as usize] = None;
        Ok(())
    }

    /// Takes the lock beside other shared holders.
    pub fn try_shared(&mut self, lock: u32) -> Result<(), Contended> {
        self.shared |= 1 << lock;
        self.words.store(self.shared_word(), self.shared);
        Point::LockShared.pass();
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
        self.wait(contended, timeout, None)
    }

    /// As [`LockTable::wait_for`], and an exclusive lock is claimed before this says that it is free:
    /// for a caller who has few tries, so that another one seldom gets it in between.
    pub fn wait_for_turn(&mut self, contended: Contended, timeout: Duration) -> bool {
        self.wait(contended, timeout, Some(Purpose::Taking))
    }

    /// Claims the lock so that nobody takes it exclusively, when it is free, for a look at what it
    /// protects; waits for `timeout` at the longest. To be given up after the look.
    pub fn claim_for_look(&mut self, lock: u32, timeout: Duration) {
        let contended = Contended { lock, mode: Mode::Exclusive };
        if can_block() {
            self.wait(contended, timeout, Some(Purpose::Looking));
        } else if self.claim(lock).owner() != self.me() {
            let arrival = self.arrival(lock, now(), self.releases(lock));
            self.make_claim(lock, arrival, self.claim(lock), Purpose::Looking);
        }
    }

    /// Whether nothing but another connection's claim for a look stands in the way, which takes a moment.
    pub fn is_looked_at(&self, lock: u32) -> bool {
        let claim = self.claim(lock);
        claim.is_for_a_look() && claim.owner() != self.me() && !self.is_owned(lock)
    }

    fn wait(&mut self, contended: Contended, timeout: Duration, turn: Option<Purpose>) -> bool {
        if !can_block() {
            return false;
        }
        let Ok(_inside) = self.fence.as_ref().map(Fence::enter).transpose() else { return false };
        let Contended { lock, mode } = contended;
        let base = layout::lock(lock);
        let (waiting, bit) = self.waiting(lock);
        let start = now();
        let deadline = start.saturating_add(timeout);
        let mut slept = false;
        self.words.or(waiting, bit);
        let free = loop {
            // Read before looking at the lock, or a release in between would be slept over.
            let releases = self.releases(lock);
            let (free, claim) = self.look(lock, mode);
            let now = now();
            if free {
                // A thread that dies in a test makes no claim any more, however often it tries.
                let claimed = claim.owner() == self.me() || !can_block();
                match turn.filter(|_| mode == Mode::Exclusive && !claimed) {
                    None => break true,
                    Some(purpose) => {
                        let arrival = self.arrival(lock, now, releases);
                        self.make_claim(lock, arrival, claim, purpose);
                        continue;
                    }
                }
            }
            let asked = signals::asked(self.words.as_ref(), self.slot) != 0
                || self.on_behalf.as_ref().is_some_and(Signals::any_asked);
            if now >= deadline || asked || !can_block() {
                break false;
            }
            let longest = self.on_behalf.as_ref().map_or(LONGEST_SLEEP, |_| LONGEST_SLEEP_FOR_ANOTHER);
            let mut sleep = (deadline - now).min(longest);
            if mode == Mode::Exclusive {
                let arrival = self.arrival(lock, now, releases);
                let waited = now.saturating_sub(arrival.at);
                if waited < PATIENCE {
                    sleep = sleep.min(PATIENCE - waited);
                } else if claim.owner() != self.me() {
                    let purpose = turn.unwrap_or(Purpose::Taking);
                    if self.make_claim(lock, arrival, claim, purpose) {
                        // What stood in the way may have been the other claim alone.
                        continue;
                    }
                }
            }
            if !self.sleep(base + lock_word::RELEASES, releases, sleep) {
                return false;
            }
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

    /// Sleeps on a word; false if the connection was evicted meanwhile.
    fn sleep(&mut self, at: u32, expected: u32, timeout: Duration) -> bool {
        let wait = || self.words.wait(at, expected, timeout);
        match &self.fence {
            None => wait(),
            Some(fence) if fence.outside(wait).is_err() => return false,
            Some(_) => {}
        }
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile();
        }
        true
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

    fn releases(&self, lock: u32) -> u32 {
        self.words.load(layout::lock(lock) + lock_word::RELEASES)
    }

    fn arrival(&mut self, lock: u32, at: Duration, releases: u32) -> Arrival {
        *self.arrivals[lock as usize].get_or_insert(Arrival { at, releases })
    }

    /// For the table of a dead connection: gives up whatever it had to do with the lock.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub fn reap(&mut self, lock: u32) {
        let (waiting, bit) = self.waiting(lock);
        self.words.and(waiting, !bit);
        self.withdraw_own(lock);
        self.release_exclusive(lock);
        self.words.and(self.shared_word(), !(1 << lock));
        self.wake(lock);
    }

    /// Withdraws all claims; for a connection that stops trying.
    pub fn give_up(&mut self) {
        for lock in 0..COUNT {
            if self.arrivals[lock as usize].take().is_some() {
                self.withdraw_own(lock);
            }
        }
    }

    /// The claim on a lock.
    fn claim(&self, lock: u32) -> Claim {
        Claim(self.words.load(layout::lock(lock) + lock_word::RESERVATION))
    }

    /// Puts another claim in the place of one, if that still stands there.
    fn replace(&self, lock: u32, claim: Claim, other: Claim) -> bool {
        let word = layout::lock(lock) + lock_word::RESERVATION;
        self.words.compare_exchange(word, claim.0, other.0) == claim.0
    }

    fn withdraw(&self, lock: u32, claim: Claim) {
        if self.replace(lock, claim, Claim::NONE) {
            self.wake(lock);
        }
    }

    fn withdraw_own(&self, lock: u32) {
        let claim = self.claim(lock);
        if claim.owner() == self.me() {
            self.withdraw(lock, claim);
        }
    }

    /// Claims to be next, unless another slot has done so that arrived no later; whether it did. By
    /// chance alone, one of many waiters would be passed over for long now and then.
    fn make_claim(&mut self, lock: u32, arrival: Arrival, standing: Claim, purpose: Purpose) -> bool {
        self.claims = self.claims.wrapping_add(1);
        let claim = Claim::new(arrival, self.claims, purpose, self.me());
        let first = standing == Claim::NONE || claim.is_before(standing);
        first && self.replace(lock, standing, claim)
    }

    /// Whether the lock may be free for this connection, and the claim on it.
    fn look(&mut self, lock: u32, mode: Mode) -> (bool, Claim) {
        let mut words = [0; 2];
        self.words.load_many(layout::lock(lock) + lock_word::OWNER, &mut words);
        let (owner, claim) = (words[0], Claim(words[1]));
        let free = owner == 0 && (mode == Mode::Shared || !self.is_shared(lock));
        (free && !(mode == Mode::Exclusive && self.is_claimed(lock, claim)), claim)
    }

    /// Whether the claim is another slot's and to be respected. The observer times it on its own
    /// clock, so no clocks are compared across workers, and clears one that is too old.
    fn is_claimed(&mut self, lock: u32, claim: Claim) -> bool {
        if claim == Claim::NONE || claim.owner() == self.me() {
            return false;
        }
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
