//! Files that grow over the borders of their segments, and become shorter again.

use super::*;

#[test]
fn files_of_many_segments() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let mut options = RuntimeOptions::default();
        options.initial_database_capacity = 1;
        options.initial_write_ahead_capacity = 1;
        // So that pages of 4096 bytes and frames of 4120 lie across the borders of some.
        options.segment_capacity = 3 * 65_536;
        options.max_database_capacity = 40 << 20;
        options.max_write_ahead_capacity = 40 << 20;
        let runtime = Runtime::create(&options).unwrap();
        let (a, b) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        a.execute_batch("pragma wal_autocheckpoint = 0; pragma cache_size = 50").unwrap();
        a.execute_batch("create table t (id integer primary key, text)").unwrap();
        a.execute_batch(
            "with recursive c (i) as (select 1 union all select i + 1 from c where i < 9000)
             insert into t select i, printf('%.*c', 500 + i % 1000, char(97 + i % 26)) from c",
        )
        .unwrap();
        let sum = "select sum(length(text)) + sum(unicode(text)) from t";
        let expected: i64 = (1..=9000).map(|i| 500 + i % 1000 + 97 + i % 26).sum();
        assert_eq!(integer(&b, sum), expected, "{mode:?}");
        a.execute_batch("begin; update t set text = text || 'z'; rollback").unwrap();
        a.execute_batch("update t set text = upper(text) where id % 3 = 0").unwrap();
        let upper: i64 = (1..=9000).filter(|i| i % 3 == 0).map(|_| 32).sum();
        assert_eq!(integer(&b, sum), expected - upper, "{mode:?}");
        if mode == JournalMode::Wal {
            assert!(runtime.write_ahead_size() > 10 * options.segment_capacity);
            assert_eq!(integer(&a, "pragma wal_checkpoint(truncate)"), 0);
            assert_eq!(runtime.write_ahead_size(), 0);
        }
        assert!(runtime.database_size() > 20 * options.segment_capacity);
        check_integrity(&b);
        b.execute_batch("delete from t where id > 10; vacuum").unwrap();
        if mode == JournalMode::Wal {
            assert_eq!(integer(&b, "pragma wal_checkpoint(truncate)"), 0);
        }
        assert!(runtime.database_size() < options.segment_capacity);
        a.execute_batch("insert into t (text) select text from t, (values (1), (2), (3))").unwrap();
        assert_eq!(integer(&b, "select count(*) from t"), 40);
        check_integrity(&b);
    }
}
