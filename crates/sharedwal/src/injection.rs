//! What tests do to the product from inside: they break a rule of `docs/design.md` to see whether
//! anything notices, and they end a thread at a place of its code. Every other build compiles both
//! to nothing.

#![cfg_attr(
    not(all(test, not(target_arch = "wasm32"))),
    allow(dead_code, reason = "some places are only in tests, or only in the memory on the heap")
)]

/// A rule, broken. One that is on in a test process is named by `SHAREDWAL_MUTATION`;
/// `src/tests/mutations.rs` has what catches each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// R1: words are stored while the version is even.
    NoOddVersion,
    /// R1: publishers do not exclude each other.
    UnnamedPublisher,
    /// R1: a copy counts although the version moved.
    CopyNotRepeated,
    /// R1: after an own publish, what others published before it counts as seen.
    OwnPublishHidesOthers,
    /// R1: a page's generation stays the same when its words change.
    SameGeneration,
    /// R1: a page keeps its generation when its first frames are committed.
    EnteredWithSameGeneration,
    /// R1: frames that others appended to a page are not looked for.
    AppendedNotSeen,
    /// R1: their entries are taken over, and get no hash slots.
    AppendedWithoutSlot,
    /// R1: a page is not copied when it is newly mapped.
    NewPageNotCopied,
    /// R2: an unlock frees the lock, and publishes then.
    FreedBeforePublished,
    /// R2: no refresh after a lock was taken.
    NoRefreshAfterLock,
    /// R2: what a lock call publishes is judged by the locks held after it.
    JudgedByLocksAfter,
    /// R2: nothing is published before the file's EXCLUSIVE lock is given up.
    ExclusiveGivenUpUnpublished,
    /// R2: the log is emptied before the wal-index says so.
    TruncatedUnpublished,
    /// R2: recoveries of an empty log make the same header.
    RecoveriesAlike,
    /// R2: locks that stand for what was not published are kept when it is.
    OwedKept,
    /// R3: all header words are published, changed or not.
    WholeHeaderPublished,
    /// R3: nothing is published while the header is equal.
    EqualHeaderSkipped,
    /// R3: pages are not compared by the holder of the file's EXCLUSIVE lock.
    ExclusivePagesNotCompared,
    /// R3: frames that were taken back are not looked for.
    OnlyAppendedPublished,
    /// R4: a frame's bytes are in the log a moment after it was written.
    LateFrames,
    /// R4: the size of a file is stored before its bytes.
    SizeBeforeBytes,
    /// R4: the tail of a file's size is stored before its units.
    TailBeforeUnits,
    /// R5: whoever attaches zeroes the wal-index.
    EverybodyZeroes,
    /// R5: whether somebody is attached is looked at before the section is entered.
    LookedBeforeSection,
    /// R5: nobody zeroes the wal-index.
    NobodyZeroes,
    /// R6: any header is completed at the barrier.
    RestartCompleted,
    /// R7: a barrier without a lock refreshes.
    LocklessBarrierRefreshes,
    /// R7: xSleep does not refresh.
    SleepDoesNotRefresh,
    /// R8: the header is zeroed under a live writer.
    ZeroedUnderOthers,
    /// R8: who tried EXCLUSIVE counts as who holds it.
    TriedCountsAsHeld,
    /// R8: the header of a writer that died in its publish stays.
    TornHeaderKept,
    /// R8: the version stays odd.
    VersionLeftOdd,
    /// R8: the WAL locks are given back before the publish is ended.
    LocksBeforeSection,
    /// R8: PENDING and EXCLUSIVE are given back before RESERVED.
    PendingBeforeReserved,
    /// R8: one that is closed with something unpublished stays alive for the others.
    LeftAsAlive,
    /// R8: one that was slow to attach says what proves its life where another one says it by then.
    ProofWrittenOver,
    /// R8: one that owes gives SHARED up when it is closed.
    SharedBeforeOwed,
    /// R8: what a dead connection could not publish is not recovered.
    OwedNotRecovered,
    /// R11: what could not be published is not published while its connection runs nothing.
    OwedWhileIdle,
    /// R8: a dead reaper's cases stay.
    CasesNotTakenOver,
    /// R9: no sync when a checkpoint starts.
    CheckpointStartsUnpublished,
    /// R9: a checkpoint that could not tell of its attempt writes all the same.
    CheckpointNotRefused,
    /// Eviction: whoever was evicted goes on.
    EvictedGoesOn,
    /// Eviction: somebody is evicted in the middle of a change.
    EvictedInside,
    /// Eviction: a commit that was refused is reported as done.
    RefusedCommitDone,
    /// Change feed: a commit is not told.
    CommitNotTold,
    /// Change feed: nobody tells of a writer that died.
    DeathNotTold,
    /// Change feed: the ring is overwritten without a claim.
    RingNotClaimed,
    /// Change feed: a record has its number before it is there.
    RecordAfterNumber,
    /// Locks: xCheckReservedLock answers for PENDING as well.
    PendingCountsAsReserved,
}

/// A place where a thread can be made to die: at the beginning of each call of SQLite's into the
/// VFS, and in the middle of what must look undivided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the first ones have the names of SQLite's methods")]
pub enum Point {
    Open,
    Close,
    Delete,
    Access,
    FullPathname,
    Read,
    Write,
    Truncate,
    Sync,
    FileSize,
    Lock,
    Unlock,
    CheckReservedLock,
    FileControl,
    ShmMap,
    ShmLock,
    ShmUnlock,
    ShmBarrier,
    ShmUnmap,
    Sleep,
    /// A copy of bytes, half of it made.
    HalfCopied,
    /// Bytes written past the end of a file, and its size not stored.
    SizeNotStored,
    /// One of the two words of a size stored.
    HalfOfSize,
    /// The publisher word taken, and the version even.
    PublisherNamed,
    /// The version odd, and no word stored.
    VersionOdd,
    /// Some of the words stored.
    BetweenWords,
    /// All words stored, and the version odd.
    WordsStored,
    /// The version even again, and the publisher word not given back.
    VersionEven,
    /// The wal-index zeroed, and the attach bit not set.
    Zeroed,
    /// The owner word of a lock taken, and its holders not looked at.
    LockOwned,
    /// The bit of a shared holder set, and the owner not looked at.
    LockShared,
}

#[cfg(all(test, not(target_arch = "wasm32")))]
impl Mutation {
    /// Whether this process runs with the rule broken.
    pub fn is_on(self) -> bool {
        crate::tests::mutations::is_on(self)
    }
}

#[cfg(not(all(test, not(target_arch = "wasm32"))))]
impl Mutation {
    /// Whether this process runs with the rule broken.
    #[inline(always)]
    pub const fn is_on(self) -> bool {
        false
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
impl Point {
    /// The thread may die here.
    pub fn pass(self) {
        crate::tests::mortal::pass(self);
    }
}

#[cfg(not(all(test, not(target_arch = "wasm32"))))]
impl Point {
    /// The thread may die here.
    #[inline(always)]
    pub const fn pass(self) {}
}
