//! The size of a file while another worker makes it longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::file::SharedFile;
use crate::layout::{self, CONTROL_WORDS, FileKind};
use crate::memory::heap::{HeapBytes, HeapWords};
use crate::memory::{Bytes, Words};

const ROUNDS: usize = 60;
const APPENDS: usize = 20_000;

/// A reader that learnt that a file has so many bytes finds at least as many, at any moment: a
/// frame of the write-ahead log must not read as cut off while the next one is being appended.
#[test]
fn a_growing_file_never_looks_shorter_than_it_was() {
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let segment: Arc<dyn Bytes> = Arc::new(HeapBytes::new(0, 1 << 24).unwrap());
    let log = SharedFile::new(control, layout::file(FileKind::WriteAhead), vec![segment]);
    let known = AtomicU64::new(0);
    let looks = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let least = known.load(Ordering::SeqCst);
                let size = log.size();
                assert!(size >= least, "{size} bytes, where {least} were known");
                looks.fetch_add(1, Ordering::SeqCst);
            }
        });
        for round in 0..ROUNDS {
            // Nobody looks while a file becomes shorter, as SQLite's locks ensure.
            known.store(0, Ordering::SeqCst);
            let seen = looks.load(Ordering::SeqCst);
            while looks.load(Ordering::SeqCst) < seen + 2 && !reader.is_finished() {
                std::hint::spin_loop();
            }
            log.truncate(0).unwrap();
            let mut size = 0;
            for step in 0..APPENDS {
                let length = 24 + (step * 7 + round) % 600;
                log.write(size, &[2; 624][..length]).unwrap();
                size += length as u64;
                known.store(size, Ordering::SeqCst);
            }
            assert_eq!(log.size(), size);
        }
        stop.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
    assert!(looks.into_inner() > 10_000);
}

/// And never has bytes that are not written yet.
#[test]
fn bytes_are_there_before_the_size_says_so() {
    const PAGE: usize = 4096;
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let segment: Arc<dyn Bytes> = Arc::new(HeapBytes::new(0, 1 << 26).unwrap());
    let log = SharedFile::new(control, layout::file(FileKind::WriteAhead), vec![segment]);
    let looks = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut size = 0;
            while size < log.capacity() {
                size = log.size();
                let mut page = [0; PAGE];
                if size > 0 {
                    assert_eq!(log.read(size - PAGE as u64, &mut page), PAGE);
                    assert!(
                        page.iter().all(|byte| *byte == 2),
                        "{size} bytes, and the last ones are not there"
                    );
                    looks.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let mut at = 0;
        while at < log.capacity() {
            let seen = looks.load(Ordering::SeqCst);
            for _ in 0..16 {
                log.write(at, &[2; PAGE]).unwrap();
                at += PAGE as u64;
            }
            while looks.load(Ordering::SeqCst) == seen && !reader.is_finished() {
                std::hint::spin_loop();
            }
        }
        reader.join().unwrap();
    });
    assert!(looks.into_inner() > 500);
}
