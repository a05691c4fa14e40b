//! What writes the whole database at once in WAL mode needs room for it in the log. Without that it
//! fails as a whole, and with it it succeeds.

use rusqlite::backup::{Backup, StepResult};

use super::*;

const KIB: u64 = 1024;
const FILL: &str = "insert into t (text) select printf('%.*c', 1000, 'x') from
                    (with recursive c (i) as (select 1 union all select i + 1 from c where i < 50) select i from c)";
const CONTENT: &str = "select count(*) || ' ' || sum(id * length(text)) from t";

/// A database of about 1 MiB with this much room in its log.
fn filled(log: u64, rounds: u32) -> Runtime {
    let mut options = RuntimeOptions::default();
    options.max_database_capacity = 8192 * KIB;
    options.initial_write_ahead_capacity = 64 * KIB;
    options.max_write_ahead_capacity = log;
    options.segment_capacity = 64 * KIB;
    let runtime = Runtime::create(&options).unwrap();
    let db = connect(&runtime);
    db.execute_batch("create table t (id integer primary key, text)").unwrap();
    for _ in 0..rounds {
        run(&db, FILL).unwrap();
    }
    runtime
}

fn back_up(from: &Connection, to: &mut Connection) -> Result<(), i32> {
    let backup = Backup::new(from, to).unwrap();
    match backup.step(-1) {
        Ok(StepResult::Done) => Ok(()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(extended_code(&error)),
    }
}

type Write = fn(&Runtime, &mut Connection, &Runtime) -> Result<(), i32>;
/// The content after it, from that before it and the source's.
type Expected = fn(&str, &str) -> String;

/// Everything that writes the whole database.
const ALL: [(&str, Write, Expected); 3] = [
    ("VACUUM", |_, db, _| run(db, "vacuum"), |before, _| before.to_owned()),
    (
        "backup",
        |_, db, source| back_up(&connect_in(source, JournalMode::Keep), db),
        |_, source| source.to_owned(),
    ),
    (
        "import",
        |runtime, _, source| {
            let image = source.export_database_blocking().unwrap();
            runtime.import_database_blocking(image).map_err(|error| match error {
                Error::Sqlite(error) => extended_code(&error),
                error => panic!("{error}"),
            })
        },
        |_, source| source.to_owned(),
    ),
];

#[test]
fn what_writes_the_whole_database() {
    for (name, write, expected) in ALL {
        for (log, enough) in [(256 * KIB, false), (4096 * KIB, true)] {
            let runtime = filled(log, 20);
            let source = filled(4096 * KIB, 25);
            let (mut db, other) =
                (connect_in(&runtime, JournalMode::Wal), connect_in(&runtime, JournalMode::Wal));
            let before = text(&other, CONTENT);
            let result = write(&runtime, &mut db, &source);
            if enough {
                assert_eq!(result, Ok(()), "{name}");
                assert_eq!(
                    text(&other, CONTENT),
                    expected(&before, &text(&connect(&source), CONTENT)),
                    "{name}"
                );
            } else {
                assert_eq!(result, Err(ffi::SQLITE_FULL), "{name}");
                assert_eq!(text(&db, CONTENT), before, "{name}");
                assert_eq!(text(&other, CONTENT), before, "{name}");
            }
            for db in [&db, &other] {
                assert!(db.is_autocommit());
                run(db, "insert into t (text) values ('small')").unwrap();
                check_integrity(db);
            }
            assert_eq!(integer(&db, "select count(*) from t where text = 'small'"), 2, "{name}");
            assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0, "{name}");
            assert!(runtime.write_ahead_size() <= log);
            drop((db, other));
            assert_eq!(text(&connect(&runtime), "pragma journal_mode"), "wal");
        }
    }
}

/// In rollback mode none of them needs the log.
#[test]
fn without_a_log() {
    for (name, write, expected) in ALL {
        let runtime = filled(64 * KIB, 0);
        let mut db = connect_in(&runtime, JournalMode::Delete);
        for _ in 0..20 {
            run(&db, FILL).unwrap();
        }
        let source = filled(4096 * KIB, 25);
        connect_in(&source, JournalMode::Delete);
        let before = text(&db, CONTENT);
        write(&runtime, &mut db, &source).unwrap();
        assert_eq!(
            text(&db, CONTENT),
            expected(&before, &text(&connect_in(&source, JournalMode::Keep), CONTENT)),
            "{name}"
        );
        assert_eq!(text(&db, "pragma journal_mode"), "delete", "{name}");
        check_integrity(&db);
    }
}
