//! The copies of the wal-index: what a connection sees after a sync is a state that somebody made.
//!
//! Connections as small as they can be: a page, a header of which two words count, one frame.

use std::cell::RefCell;

use super::memory::{control, index};
use super::steps::ghost;
use super::{Model, await_end, full, reached};
use crate::layout::{HEADER, HEADER_WORDS, PUBLISHER, VERSION, locks, slot, slot_states, slot_word};
use crate::locks::LockTable;
use crate::ordered_section::patience;
use crate::reaping::reap;
use crate::wal_index::{Holding, WalIndex};

/// A word of each header copy, beside mxFrame.
const CHECKSUM: usize = 10;
const MX_FRAME: usize = 4;
const COPY: usize = 12;
/// The first read mark.
const READ_MARK: usize = 25;
/// The first frame's entry, and the hash slot of its page number.
const ENTRY: usize = HEADER_WORDS as usize;
const PAGE_NUMBER: u32 = 3;
const HASH: usize = 4096 + (PAGE_NUMBER as usize * 383) / 2;

/// A connection whose wal-index is mapped, as SQLite sees it.
struct Connection {
    index: WalIndex,
    page: *mut u32,
}

thread_local! {
    /// Connected before the threads begin, each of which takes its own.
    static CONNECTED: RefCell<Vec<Option<Connection>>> = const { RefCell::new(Vec::new()) };
}

/// Connects; `behind` are the others then by something that the first one published.
fn connect(count: u32, behind: bool) {
    let connection = |me: u32| {
        control().store(slot(me), slot_word(1, slot_states::LIVE));
        let mut index = WalIndex::attach(control(), index(), me, patience()).unwrap();
        let page = index.map(0, true, Holding::Nothing).unwrap();
        index.sync(Holding::Nothing).unwrap();
        Some(Connection { index, page })
    };
    let mut all: Vec<_> = (0..count).map(connection).collect();
    if let Some(Some(first)) = all.first_mut()
        && behind
    {
        first.set(READ_MARK + 2, 6);
        first.sync(Holding::Nothing);
    }
    CONNECTED.set(all);
}

fn connection(me: usize) -> Connection {
    CONNECTED.with_borrow_mut(|all| all[me].take()).unwrap()
}

/// Whether no thread took the connection.
fn connected(me: usize) -> bool {
    CONNECTED.with_borrow(|all| all[me].is_some())
}

impl Connection {
    fn sync(&mut self, holding: Holding) {
        assert!(self.index.sync(holding).is_ok(), "nobody stands in the way for ever");
    }

    fn word(&self, at: usize) -> u32 {
        assert!(at < 8192);
        // SAFETY: the page has 8192 words and lives as long as the index.
        unsafe { self.page.add(at).read() }
    }

    fn set(&mut self, at: usize, value: u32) {
        assert!(at < 8192);
        // SAFETY: as in `word`; nothing else uses the page now.
        unsafe { self.page.add(at).write(value) };
    }

    /// Stores the frame's entry and hash slot.
    fn set_frame(&mut self) {
        self.set(ENTRY, PAGE_NUMBER);
        self.set(HASH, 1 << (16 * (PAGE_NUMBER * 383 % 2)));
    }

    /// Stores one copy of a header with one frame.
    fn set_header(&mut self, copy: usize) {
        self.set(copy * COPY + MX_FRAME, 1);
        self.set(copy * COPY + CHECKSUM, 9);
    }

    /// What the header says: a frame or none, if both copies agree and are whole.
    fn header(&self) -> Option<u32> {
        let copies = [0, 1].map(|copy| [MX_FRAME, CHECKSUM].map(|word| self.word(copy * COPY + word)));
        match copies {
            [first, second] if first == second => match first {
                [0, 0] => Some(0),
                [1, 9] => Some(1),
                _ => panic!("both copies of the header are torn: {first:?}"),
            },
            _ => None,
        }
    }

    /// If the header says that there is a frame, it is there.
    fn check(&self) {
        if self.header() == Some(1) {
            assert_eq!(self.word(ENTRY), PAGE_NUMBER, "a frame without its entry");
            assert_eq!(
                self.word(HASH) >> (16 * (PAGE_NUMBER * 383 % 2)) & 0xffff,
                1,
                "and without its hash slot"
            );
        }
    }
}

/// Commits a frame, in SQLite's steps.
fn commit(connection: &mut Connection, early_completion: bool) {
    connection.index.set_early_completion(early_completion);
    connection.set_frame();
    connection.set_header(1);
    assert!(connection.index.barrier(Holding::Write, true).is_ok());
    connection.set_header(0);
    connection.sync(Holding::Write);
}

/// Whether the commit is complete, and each connection's mark.
const COMMITTED: u32 = 0;
const MARKED: u32 = 1;

/// Two connections change words side by side, each its own: none is lost, and both see all.
#[test]
fn read_marks_side_by_side() {
    let mark = |me: usize| {
        move || {
            let mut own = connection(me);
            own.set(READ_MARK + me, 5);
            own.sync(Holding::Nothing);
            reached(&format!("{me} sees {}", own.word(READ_MARK + 1 - me)));
            ghost(MARKED + me as u32, |marked| *marked = 1);
            let other_is_done = ghost(MARKED + 1 - me as u32, |_| ()) == 1;
            own.sync(Holding::Nothing);
            assert_eq!(own.word(READ_MARK + me), 5, "its own mark was taken back");
            assert!(!other_is_done || own.word(READ_MARK + 1 - me) == 5, "the other's mark is not seen");
        }
    };
    let report = Model::new("2 read marks")
        .set_up(|| connect(2, true))
        .thread(mark(0))
        .thread(mark(1))
        .check(|| {
            let marks = [0, 1].map(|mark| control().load(HEADER + (READ_MARK + mark) as u32));
            assert_eq!(marks, [5, 5], "a mark was lost");
        })
        .explore();
    report.assert_reached(&["0 sees 0", "0 sees 5", "1 sees 0", "1 sees 5"]);
}

/// A reader's look, with a publish of its own in between the writer's, or without.
fn look(me: usize, marks: bool) {
    let mut reader = connection(me);
    if marks {
        reader.set(READ_MARK, 7);
    }
    let before = ghost(COMMITTED, |_| ());
    reader.sync(Holding::Nothing);
    reader.check();
    let header = reader.header();
    assert!(before == 0 || header == Some(1), "a commit before the look is not seen");
    reached(&format!("saw {header:?}"));
}

#[test]
fn a_commit_is_seen_whole() {
    let smaller = [(true, true, false), (false, false, false), (true, false, true)];
    let larger = [(true, true, true), (false, true, true)];
    for (early_completion, marks, behind) in smaller.into_iter().chain(larger.into_iter().filter(|_| full()))
    {
        let report = Model::new("a writer, a reader")
            .set_up(move || connect(2, behind))
            .thread(move || {
                commit(&mut connection(0), early_completion);
                ghost(COMMITTED, |committed| *committed = 1);
            })
            .thread(move || look(1, marks))
            .explore();
        report.assert_reached(&["saw Some(0)", "saw Some(1)"]);
        assert_eq!(report.reached.contains("saw None"), !early_completion);
    }
}

fn dying_writer(name: &'static str, recovers: bool) -> Model {
    Model::new(name)
        .set_up(|| connect(3, false))
        .mortal(|| {
            let mut table = LockTable::new(control(), 0);
            assert!(table.try_exclusive(locks::WRITE).is_ok());
            commit(&mut connection(0), true);
            ghost(COMMITTED, |committed| *committed = 1);
            table.release_exclusive(locks::WRITE);
        })
        .thread(move || {
            if await_end(0) {
                assert!(reap(&control(), 2, 0, 1));
                reached("reaped");
            }
            // As the next writer, it relies on what it sees, or recovers the frame from the log.
            let mut next = connection(2);
            next.sync(Holding::Nothing);
            next.check();
            match next.header() {
                Some(1) => reached("committed"),
                Some(_) => reached("none, or to be recovered"),
                None => panic!("the header is torn"),
            }
            if recovers && next.header() == Some(0) {
                next.set_frame();
                [1, 0].into_iter().for_each(|copy| next.set_header(copy));
                next.sync(Holding::Everything);
                ghost(COMMITTED, |committed| *committed = 1);
            }
        })
        .check(|| {
            let words = control();
            assert_eq!(words.load(PUBLISHER), 0);
            assert_eq!(words.load(VERSION) % 2, 0);
            // Who looks last sees it whole as well.
            if connected(1) {
                look(1, false);
            }
        })
}

/// The writer dies at any point and is reaped: the header is the old one, the new one, or of
/// zeros, and what it says is there.
#[test]
fn a_dead_writers_commit_is_whole_or_not_there() {
    let points = ["reaped", "committed", "none, or to be recovered"];
    let model = dying_writer("a dying writer, a reader, a reaper that goes on", false);
    model.thread(|| look(1, false)).explore().assert_reached(&points);
    dying_writer("a dying writer, a reaper that recovers", true).explore().assert_reached(&points);
}
