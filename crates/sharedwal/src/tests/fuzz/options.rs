//! Options of a runtime and of a connection.

use std::cell::Cell;
use std::time::Duration;

use bolero::TypeGenerator;

use super::{duration, fuzz, without_panic};
use crate::runtime::options::{MAX_CAPACITY, MAX_SEGMENTS};
use crate::{Code, ConnectOptions, Error, JournalMode, Runtime, RuntimeOptions};

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Bytes {
    Any(u64),
    Small(u32),
    Grains(u8),
    /// A power of two, and one more or less.
    Power(u8, i8),
    Default,
}

impl Bytes {
    fn or(self, default: u64) -> u64 {
        match self {
            Bytes::Any(bytes) => bytes,
            Bytes::Small(bytes) => bytes.into(),
            Bytes::Grains(count) => u64::from(count) << 16,
            Bytes::Power(power, more) => (1u64 << (power % 64)).saturating_add_signed(more.signum().into()),
            Bytes::Default => default,
        }
    }
}

#[derive(Debug, TypeGenerator)]
struct Options {
    name: Option<String>,
    database: [Bytes; 2],
    write_ahead: [Bytes; 2],
    segment: Bytes,
}

impl Options {
    fn build(&self) -> RuntimeOptions {
        let default = RuntimeOptions::default();
        RuntimeOptions {
            name: self.name.clone().unwrap_or_else(|| default.name.clone()),
            initial_database_capacity: self.database[0].or(default.initial_database_capacity),
            max_database_capacity: self.database[1].or(default.max_database_capacity),
            initial_write_ahead_capacity: self.write_ahead[0].or(default.initial_write_ahead_capacity),
            max_write_ahead_capacity: self.write_ahead[1].or(default.max_write_ahead_capacity),
            segment_capacity: self.segment.or(default.segment_capacity),
            ..default
        }
    }
}

/// Options that are accepted make segments as they are wanted.
fn check_segments(options: &RuntimeOptions, initial: u64, max: u64) {
    let segments = options.segments(initial, max);
    assert!(!segments.is_empty() && segments.len() as u64 <= MAX_SEGMENTS);
    let total: u64 = segments.iter().map(|(_, capacity)| capacity).sum();
    assert!(max <= total && total < max + 65_536 && total <= MAX_CAPACITY);
    assert_eq!(segments.iter().map(|(length, _)| length).sum::<u64>(), initial);
    let (last, others) = segments.split_last().unwrap();
    assert!(last.1 > 0 && last.1 <= options.segment_capacity);
    assert!(others.iter().all(|(_, capacity)| *capacity == options.segment_capacity));
    assert!(segments.iter().all(|(length, capacity)| length <= capacity));
}

#[test]
fn options_of_any_value() {
    let (accepted, refused, created) = (Cell::new(0), Cell::new(0), Cell::new(0));
    fuzz(duration(), |options: &Options| {
        let options = options.build();
        let count = |count: &Cell<u32>| count.set(count.get() + 1);
        without_panic(Duration::from_secs(5), || match options.validate() {
            Ok(()) => {
                count(&accepted);
                check_segments(&options, options.initial_database_capacity, options.max_database_capacity);
                check_segments(
                    &options,
                    options.initial_write_ahead_capacity,
                    options.max_write_ahead_capacity,
                );
                if options.max_database_capacity.max(options.max_write_ahead_capacity) < 1 << 24 {
                    count(&created);
                    let runtime = Runtime::create(&options).unwrap();
                    // One page of 512 bytes has room for nothing: that is SQLITE_FULL, and no more.
                    if let Ok(db) = runtime.connect_blocking() {
                        let _ = db.execute_batch("create table t (x); insert into t values (1)");
                    }
                }
            }
            Err(Error::Own { code: Code::InvalidCapacity | Code::InvalidOption, detail }) => {
                assert!(detail.contains("capacity") || detail.contains("name"), "{detail}");
                count(&refused);
            }
            Err(error) => panic!("{error:?}"),
        });
    });
    println!("{} accepted, {} of them created, {} refused", accepted.get(), created.get(), refused.get());
    assert!(accepted.get() > 0 && created.get() > 0 && refused.get() > 0);
}

/// Times beyond what a clock can add, and modes that nobody knows.
#[test]
fn options_of_a_connection() {
    let runtime = super::super::create_runtime();
    fuzz(
        duration() / 4,
        |(read_only, must_exist, seconds, nanoseconds, mode, value): &(
            bool,
            bool,
            u64,
            u32,
            String,
            String,
        )| {
            assert!(JournalMode::from_name(mode).is_none_or(|known| known.name() == Some(mode)));
            let options = ConnectOptions {
                read_only: *read_only,
                must_exist: *must_exist,
                busy_timeout: if seconds % 4 == 0 {
                    Duration::MAX
                } else {
                    Duration::new(*seconds, *nanoseconds % 1_000_000_000)
                },
                ..ConnectOptions::default()
            };
            without_panic(Duration::from_secs(5), || {
                if let Ok(db) = runtime.connect_blocking_with(&options) {
                    for pragma in ["busy_timeout", "wal_autocheckpoint"] {
                        let quoted = value.replace('\'', "''").replace('\0', "");
                        let _ = db.execute_batch(&format!("pragma {pragma} = '{quoted}'"));
                    }
                    let _ = db.execute_batch("create table if not exists t (x); insert into t values (1)");
                }
            });
        },
    );
}
