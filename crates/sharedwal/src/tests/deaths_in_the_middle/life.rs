//! Dead in the middle of attaching and of closing.

use super::*;
use crate::layout::locks;

const LIFE: Work<'_> = Work {
    name: "",
    mode: JournalMode::Wal,
    next: &ALL,
    prepare: "",
    work: &|_, _| (),
    allowed: &[AFTER],
    place: &|_| Vec::new(),
    least: &[],
};

/// A log that somebody left who died, and with it a wal-index.
fn left_behind() -> Runtime {
    let runtime = create(64 * KIB);
    fill(&runtime, JournalMode::Wal, 512);
    let db = connect(&runtime, JournalMode::Wal);
    db.execute_batch(CHANGE).unwrap();
    // SAFETY: the connection is open, and nothing else uses its database now.
    let identity = unsafe { database_of(db.handle()) }.unwrap().identity();
    mortal::die_after(0);
    drop(db);
    mortal::revive();
    bury(&runtime, identity);
    assert!(runtime.write_ahead_size() > 0);
    runtime
}

/// The first to attach zeroes the wal-index and recovers the log; beside another it does neither.
#[test]
fn of_attaching() {
    let place = |death: &Death<'_>| {
        let attached = death.is_attached();
        let mut places = vec![match death.slot_state() {
            slot_states::FREE => "nothing is done yet",
            slot_states::ATTACHING => "the slot is claimed",
            slot_states::LIVE if attached => "attached to the wal-index",
            slot_states::LIVE => "alive, and not attached",
            state => panic!("the slot is in state {state}"),
        }];
        if !attached && death.publishes() {
            places.push("in the section in which it attaches");
            if death.passed(Point::BetweenWords) {
                places.push(BULK);
            }
        }
        places
    };
    for (next, least) in [(&ALL[..2], 0), (&NEWCOMERS[..], 50)] {
        Work {
            name: "attaching",
            next,
            work: &|runtime, db| {
                let options = crate::ConnectOptions { busy_timeout: Duration::ZERO, ..Default::default() };
                *db = runtime.connect_blocking_with(&options).ok();
                let _ = db.as_ref().map(sum);
            },
            place: &place,
            least: &[
                ("the slot is claimed", 1),
                ("alive, and not attached", 3),
                ("in the section in which it attaches", least),
                ("attached to the wal-index", 10),
            ],
            ..LIFE
        }
        .sweep(&left_behind);
    }
}

/// The last one to close checkpoints and deletes the log; another one only goes.
#[test]
fn of_closing() {
    let place = |death: &Death<'_>| {
        let (attached, log) = (death.is_attached(), death.runtime.write_ahead_size());
        let mut places = Vec::new();
        if attached && log > 0 && death.owns(locks::EXCLUSIVE) {
            places.push("checkpointing for the last time");
        }
        if death.slot_state() == slot_states::LIVE && !attached {
            places.push("detached, and still in its slot");
        }
        if death.slot_state() == slot_states::LIVE && log == 0 {
            places.push("the log is gone, and the slot is not");
        }
        places
    };
    for (next, last) in [(&ALL[..2], 0), (&NEWCOMERS[..], 1)] {
        Work {
            name: "closing",
            next,
            prepare: CHANGE,
            work: &|_, db| drop(db.take()),
            place: &place,
            least: &[
                ("checkpointing for the last time", 30 * last),
                ("detached, and still in its slot", 1),
                ("the log is gone, and the slot is not", last),
            ],
            ..LIFE
        }
        .sweep(&|| {
            let runtime = create(64 * KIB);
            fill(&runtime, JournalMode::Wal, 512);
            runtime
        });
    }
}
