//! A shared file against a plain vector of bytes.

use std::sync::Arc;

use proptest::prelude::*;

use crate::file::{Full, SharedFile};
use crate::layout::{self, CONTROL_WORDS, FileKind, SIZE_UNIT, file_word};
use crate::memory::heap::{HeapBytes, HeapWords};
use crate::memory::{Bytes, Words};

#[derive(Debug, Clone)]
enum Step {
    Read { at: u64, length: usize },
    Write { at: u64, length: usize, byte: u8 },
    Truncate { size: u64 },
    Reserve { end: u64 },
    Create,
    Delete,
}

/// Steps whose positions reach a little past `capacity`.
fn steps(capacity: u64) -> impl Strategy<Value = Vec<Step>> {
    let at = move || prop_oneof![4 => 0..capacity, 1 => capacity.saturating_sub(20)..capacity + 20];
    let length = move || prop_oneof![4 => 0..64_usize, 1 => 0..capacity as usize + 20];
    let step = prop_oneof![
        4 => (at(), length()).prop_map(|(at, length)| Step::Read { at, length }),
        6 => (at(), length(), 1..=255_u8).prop_map(|(at, length, byte)| Step::Write { at, length, byte }),
        2 => at().prop_map(|size| Step::Truncate { size }),
        1 => at().prop_map(|end| Step::Reserve { end }),
        1 => Just(Step::Create),
        1 => Just(Step::Delete),
    ];
    prop::collection::vec(step, 1..60)
}

/// Bytes to write, no two neighbours alike, so that a shift would show.
fn pattern(byte: u8, length: usize) -> Vec<u8> {
    (0..length).map(|i| byte.wrapping_add(i as u8)).collect()
}

fn shared_file(segments: &[(u64, u64)]) -> (Arc<dyn Words>, SharedFile) {
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let segments = segments
        .iter()
        .map(|(length, capacity)| Arc::new(HeapBytes::new(*length, *capacity).unwrap()) as Arc<dyn Bytes>);
    let words = layout::file(FileKind::Database);
    (control.clone(), SharedFile::new(control, words, segments.collect()))
}

fn run(segments: &[(u64, u64)], steps: &[Step]) -> Result<(), TestCaseError> {
    let (control, file) = shared_file(segments);
    let capacity = segments.iter().map(|(_, capacity)| capacity).sum::<u64>();
    prop_assert_eq!(file.capacity(), capacity);
    let mut model: Vec<u8> = Vec::new();
    let mut exists = false;
    for step in steps {
        match *step {
            Step::Read { at, length } => {
                let mut out = vec![0xee; length];
                let there = file.read(at, &mut out);
                let from = (at as usize).min(model.len());
                let expected = &model[from..(from + length).min(model.len())];
                prop_assert_eq!(there, expected.len());
                prop_assert_eq!(&out[..there], expected);
                prop_assert!(out[there..].iter().all(|byte| *byte == 0), "what is not there reads as zeros");
            }
            Step::Write { at, length, byte } => {
                let data = pattern(byte, length);
                let end = at as usize + length;
                let fits = end as u64 <= capacity;
                prop_assert_eq!(file.write(at, &data), if fits { Ok(()) } else { Err(Full) });
                if fits {
                    model.resize(model.len().max(end), 0);
                    model[at as usize..end].copy_from_slice(&data);
                }
            }
            Step::Truncate { size } => {
                let fits = size <= capacity;
                prop_assert_eq!(file.truncate(size), if fits { Ok(()) } else { Err(Full) });
                if fits {
                    model.resize(size as usize, 0);
                }
            }
            Step::Reserve { end } => {
                prop_assert_eq!(file.reserve(end), if end <= capacity { Ok(()) } else { Err(Full) });
            }
            Step::Create => {
                file.create();
                exists = true;
            }
            Step::Delete => {
                file.delete();
                exists = false;
                model.clear();
            }
        }
        prop_assert_eq!(file.exists(), exists);
        prop_assert_eq!(file.size(), model.len() as u64);
        let word = |word| u64::from(control.load(layout::file(FileKind::Database) + word));
        prop_assert_eq!(word(file_word::UNITS), model.len() as u64 / SIZE_UNIT);
        prop_assert_eq!(word(file_word::TAIL), model.len() as u64 % SIZE_UNIT);
    }
    let mut whole = vec![0; model.len()];
    prop_assert_eq!(file.read(0, &mut whole), model.len());
    prop_assert!(whole == model, "the whole file is as the model");
    Ok(())
}

/// Segments as a runtime makes them: of 64 KiB, the last one shorter.
const SEGMENTS: [(u64, u64); 3] = [(100, 65_536), (0, 65_536), (0, 5_000)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn tiny_segments(capacity in 1..700_u64, last in 1..700_u64, steps in steps(1_400)) {
        let segments = [(capacity / 2, capacity), (0, capacity), (0, last.min(capacity))];
        run(&segments, &steps)?;
    }

    #[test]
    fn a_single_segment(length in 0..900_u64, steps in steps(900)) {
        run(&[(length, 900)], &steps)?;
    }

    #[test]
    fn segments_as_a_runtime_makes_them(steps in steps(SEGMENTS.iter().map(|(_, capacity)| capacity).sum())) {
        run(&SEGMENTS, &steps)?;
    }
}

/// A segment that the system refuses to grow.
struct Refusing;

impl Bytes for Refusing {
    fn capacity(&self) -> u64 {
        1000
    }
    fn len(&self, _enough: u64) -> u64 {
        0
    }
    fn grow(&self, _len: u64) -> bool {
        false
    }
    fn read(&self, _at: u64, _out: &mut [u8]) {
        panic!("no byte exists");
    }
    fn write(&self, _at: u64, _data: &[u8]) {
        panic!("no byte exists");
    }
}

#[test]
fn a_refused_growth_leaves_the_file_as_it_was() {
    let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let first = Arc::new(HeapBytes::new(0, 1000).unwrap());
    let file = SharedFile::new(control, layout::file(FileKind::Journal), vec![first, Arc::new(Refusing)]);
    file.write(0, &[7; 990]).unwrap();
    assert_eq!(file.write(980, &[9; 21]), Err(Full));
    assert_eq!(file.truncate(1001), Err(Full));
    assert_eq!(file.size(), 990);
    let mut out = [0; 990];
    assert_eq!(file.read(0, &mut out), 990);
    assert_eq!(out, [7; 990], "not even the part that would have fitted was written");
    file.write(990, &[8; 10]).unwrap();
    assert_eq!(file.size(), 1000);
}

#[test]
fn sizes_pass_four_gib() {
    const GIB: u64 = 1 << 30;
    let (control, file) = shared_file(&[(0, 3 * GIB), (0, 3 * GIB)]);
    let word = |word| layout::file(FileKind::Database) + word;
    file.reserve(6 * GIB).unwrap();
    for at in [2 * GIB - 1, 3 * GIB - 2, 4 * GIB + 5, 6 * GIB - 4] {
        // The size is set by hand: to zero what lies before would take gigabytes.
        control.store(word(file_word::UNITS), (at / SIZE_UNIT) as u32);
        control.store(word(file_word::TAIL), (at % SIZE_UNIT) as u32);
        file.write(at, &[1, 2, 3, 4]).unwrap();
        assert_eq!(file.size(), at + 4);
        let mut out = [0; 6];
        assert_eq!(file.read(at, &mut out), 4);
        assert_eq!(out, [1, 2, 3, 4, 0, 0]);
    }
    assert_eq!(file.write(6 * GIB - 3, &[1, 2, 3, 4]), Err(Full));
    assert_eq!(file.write(u64::MAX, &[1]), Err(Full));
    assert_eq!(file.size(), 6 * GIB);
}
