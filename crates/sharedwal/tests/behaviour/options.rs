//! Options that make no sense.

use super::*;

fn refused(change: impl FnOnce(&mut RuntimeOptions)) -> (Code, String) {
    let mut options = RuntimeOptions::default();
    change(&mut options);
    match Runtime::create(&options) {
        Err(error @ Error::Own { code, .. }) => (code, error.to_string()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted: {options:?}"),
    }
}

#[test]
fn capacities_must_be_positive_and_in_order() {
    type Change = fn(&mut RuntimeOptions);
    let cases: [(&str, Change); 6] = [
        ("database_capacity", |it| it.initial_database_capacity = 0),
        ("database_capacity", |it| it.max_database_capacity = 0),
        ("write_ahead_capacity", |it| it.initial_write_ahead_capacity = 0),
        ("write_ahead_capacity", |it| it.max_write_ahead_capacity = 0),
        ("max_database_capacity", |it| it.initial_database_capacity = it.max_database_capacity + 1),
        ("max_write_ahead_capacity", |it| it.initial_write_ahead_capacity = it.max_write_ahead_capacity + 1),
    ];
    for (name, change) in cases {
        let (code, message) = refused(change);
        assert_eq!(code, Code::InvalidCapacity);
        assert!(message.contains(name), "{message}");
        assert!(message.ends_with(Code::InvalidCapacity.advice()), "{message}");
    }
}

#[test]
fn segments_are_of_whole_64_kib() {
    for bytes in [0, 1, 65_535, 65_537] {
        let (code, message) = refused(|it| it.segment_capacity = bytes);
        assert_eq!(code, Code::InvalidCapacity);
        assert!(message.contains("segment_capacity"), "{message}");
    }
}

#[test]
fn a_name_is_part_of_a_path() {
    for name in ["", "a/b", "a\0b", &"x".repeat(401)] {
        let (code, message) = refused(|it| it.name = name.into());
        assert_eq!(code, Code::InvalidOption);
        assert!(message.contains("name"), "{message}");
    }
    for name in ["a", "données", "with space", "a-wal", "it's", &"x".repeat(400)] {
        let mut options = RuntimeOptions::default();
        options.name = name.into();
        let runtime = Runtime::create(&options).unwrap();
        let (a, b) = (connect(&runtime), connect(&runtime));
        a.execute_batch("create table t (x); insert into t values (1)").unwrap();
        assert_eq!(integer(&b, "select x from t"), 1, "{name}");
    }
}

#[test]
fn more_than_a_file_can_have() {
    let (code, message) = refused(|it| {
        it.max_database_capacity = (1 << 41) + 1;
        it.segment_capacity = 1 << 41;
    });
    assert_eq!(code, Code::InvalidCapacity);
    assert!(message.contains("max_database_capacity") && message.contains("2199023255552"), "{message}");
}

#[test]
fn segments_too_small_for_their_file() {
    let (code, message) = refused(|it| {
        it.max_write_ahead_capacity = 1 << 40;
        it.segment_capacity = 1 << 16;
    });
    assert_eq!(code, Code::InvalidCapacity);
    assert!(message.contains("segment_capacity"), "{message}");
}

#[test]
fn capacities_are_rounded_up() {
    let mut options = RuntimeOptions::default();
    options.initial_database_capacity = 1;
    options.max_database_capacity = 65_537;
    options.max_write_ahead_capacity = 1 << 20;
    let runtime = Runtime::create(&options).unwrap();
    let db = connect(&runtime);
    assert!(run(&db, "create table t as select zeroblob(100000) as x").is_ok());
    assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
    assert!(runtime.database_size() > 65_537);
}

#[test]
fn fixed_capacities_are_taken_at_once() {
    let mut options = RuntimeOptions::default();
    options.max_database_capacity = 1 << 20;
    options.max_write_ahead_capacity = 1 << 20;
    options.segment_capacity = 1 << 16;
    let allocated = |options: &RuntimeOptions| {
        let all = Runtime::create(options).unwrap().diagnostics();
        (all.database.segments.allocated, all.write_ahead.segments.allocated)
    };
    options.initial_database_capacity = 1;
    options.initial_write_ahead_capacity = 1 << 18;
    assert_eq!(allocated(&options), (1, 4));
    options.fixed_capacity = true;
    assert_eq!(allocated(&options), (16, 16));
}
