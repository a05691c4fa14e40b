//! Segments past the end of a file are kept and used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rusqlite::Connection;

use super::{Duration, JournalMode, Runtime, RuntimeOptions, connect};
use crate::file::{SegmentCounts, SharedFile};
use crate::layout::{self, CONTROL_WORDS, FileKind};
use crate::memory::heap::{HeapBytes, HeapWords};
use crate::memory::{Bytes, Words};

const SEGMENT: u64 = 1 << 16;

fn counts(allocated: usize, active: usize) -> SegmentCounts {
    SegmentCounts { allocated, active, reclaimed: allocated - active }
}

#[test]
fn segments_of_a_file() {
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let segment = || Arc::new(HeapBytes::new(0, SEGMENT).unwrap()) as Arc<dyn Bytes>;
    let segments = (0..4).map(|_| segment()).collect();
    let file = SharedFile::new(control, layout::file(FileKind::Database), segments);
    assert_eq!(file.segments(), counts(0, 0));
    file.write(0, &[1]).unwrap();
    assert_eq!(file.segments(), counts(1, 1));
    file.write(SEGMENT - 1, &[1]).unwrap();
    assert_eq!(file.segments(), counts(1, 1));
    file.write(SEGMENT, &[1]).unwrap();
    assert_eq!(file.segments(), counts(2, 2));
    file.write(3 * SEGMENT, &[1; 10]).unwrap();
    assert_eq!(file.segments(), counts(4, 4));
    file.truncate(SEGMENT + 1).unwrap();
    assert_eq!(file.segments(), counts(4, 2));
    file.truncate(0).unwrap();
    assert_eq!(file.segments(), counts(4, 0));
    file.write(2 * SEGMENT, &[1]).unwrap();
    assert_eq!(file.segments(), counts(4, 3));
    file.delete();
    assert_eq!(file.segments(), counts(4, 0));
}

/// Bytes that count how often they are asked how many they are, or to be more.
struct Asked {
    bytes: HeapBytes,
    times: Arc<AtomicU64>,
}

impl Bytes for Asked {
    fn capacity(&self) -> u64 {
        self.bytes.capacity()
    }

    fn len(&self, enough: u64) -> u64 {
        self.times.fetch_add(1, Relaxed);
        self.bytes.len(enough)
    }

    fn grow(&self, len: u64) -> bool {
        self.times.fetch_add(1, Relaxed);
        self.bytes.grow(len)
    }

    fn read(&self, at: u64, out: &mut [u8]) {
        self.bytes.read(at, out);
    }

    fn write(&self, at: u64, data: &[u8]) {
        self.bytes.write(at, data);
    }
}

/// A write at the end of many segments asks no more of them than one at the end of the first.
#[test]
fn a_write_costs_the_same_in_the_last_of_many_segments() {
    let times = Arc::new(AtomicU64::new(0));
    let segment = || {
        let bytes = HeapBytes::new(0, SEGMENT).unwrap();
        Arc::new(Asked { bytes, times: times.clone() }) as Arc<dyn Bytes>
    };
    let segments: Vec<_> = (0..1000).map(|_| segment()).collect();
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let file = SharedFile::new(control.clone(), layout::file(FileKind::Database), segments.clone());
    let cost = |file: &SharedFile, at: u64| {
        let before = times.load(Relaxed);
        file.write(at, &[1; 16]).unwrap();
        times.load(Relaxed) - before
    };
    assert!(cost(&file, 0) < 10);
    let second = cost(&file, SEGMENT);
    assert!((1..10).contains(&second), "{second}");
    for number in 2..1000 {
        assert_eq!(cost(&file, number * SEGMENT), second, "growing into segment {number}");
    }
    assert_eq!(cost(&file, 999 * SEGMENT), 0);
    // Another connection's, which finds all of them there, looks at each once.
    let other = SharedFile::new(control, layout::file(FileKind::Database), segments);
    assert!(cost(&other, 999 * SEGMENT) >= 1000);
    assert_eq!(cost(&other, 999 * SEGMENT), 0);
}

/// A log that is truncated and filled again takes no further memory.
#[test]
fn a_truncated_log_reuses_its_segments() {
    let options = RuntimeOptions {
        initial_write_ahead_capacity: 1,
        max_write_ahead_capacity: 64 * SEGMENT,
        segment_capacity: SEGMENT,
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::create(&options).unwrap();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("pragma wal_autocheckpoint = 0; create table t (x)").unwrap();
    let log = runtime.inner().file(FileKind::WriteAhead);
    let fill = |db: &Connection| {
        for _ in 0..100 {
            db.execute_batch("insert into t values (zeroblob(8000)); delete from t").unwrap();
        }
        log.segments()
    };
    let first = fill(&db);
    assert!(first.active > 10 && first.reclaimed == 0, "{first:?}");
    for _ in 0..3 {
        db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
        assert_eq!(log.segments(), counts(first.allocated, 0));
        let again = fill(&db);
        assert!(
            again.allocated == first.allocated && again.active >= first.active - 1,
            "{again:?} {first:?}"
        );
    }
}
