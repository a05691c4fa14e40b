//! Files of SQLite's own command line go in, and what comes out is one for it.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sharedwal::Image;

use super::*;

/// A directory of one test, gone after it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("sharedwal-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the command line prints for these commands on this file.
fn sqlite3(file: &Path, commands: &str) -> String {
    let program =
        std::env::var_os("SQLITE3").filter(|it| !it.is_empty()).unwrap_or_else(|| OsString::from("sqlite3"));
    let mut child = Command::new(&program)
        .args(["-batch", "-bail"])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{program:?} cannot be run ({error}): install SQLite's command line (Debian's package sqlite3), \
                 or name one by SQLITE3=/path/to/sqlite3"
            )
        });
    child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "sqlite3: {error}\n{commands}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Everything that a database can have inside.
const SCHEMA: &str = "
    create table people (id integer primary key, name text not null collate nocase, born real, photo blob);
    create table letters (sender integer references people, words text, primary key (sender, words)) without rowid;
    create index by_name on people (name) where born > 1900;
    create view adults as select name from people where born < 2000;
    create trigger hello after insert on people begin insert into letters values (new.id, 'héllo ' || new.name); end;
    create virtual table found using fts5(words);
    pragma user_version = 7; pragma application_id = 123456;
    with recursive c (i) as (select 1 union all select i + 1 from c where i < 3000)
      insert into people select i, 'name ' || i, 1890 + i % 120, randomblob(i % 700) from c;
    insert into found select words from letters limit 500;
    delete from letters where sender % 10 = 0;
    delete from people where id % 10 = 0;";

const SAME: &str = ".sha3sum --schema\nselect count(*), sum(length(photo)) from people;\n\
                    select count(*) from found where found match 'name';\npragma user_version;\npragma application_id;\n";

/// A file with a log that holds the last transactions, as the command line leaves it.
#[test]
fn a_database_with_its_log() {
    for (page_size, encoding) in [(4096, "UTF-8"), (1024, "UTF-8"), (65_536, "UTF-16")] {
        let directory = Directory::new(&format!("log-{page_size}"));
        let file = directory.file("made.db");
        sqlite3(
            &file,
            &format!(
                ".filectrl persist_wal 1\npragma page_size = {page_size}; pragma encoding = '{encoding}';\n\
                 pragma journal_mode = wal;\n{SCHEMA}\npragma wal_checkpoint(truncate);\n\
                 pragma wal_autocheckpoint = 0;\nupdate people set name = 'from the log' where id = 77;\n\
                 .dbconfig no_ckpt_on_close on\n"
            ),
        );
        let wal = fs::read(directory.file("made.db-wal")).unwrap();
        assert!(wal.len() > 32, "the log was kept");
        let image = Image { database: fs::read(&file).unwrap(), wal };
        let without_log = Image::from(image.database.clone());

        let runtime = runtime();
        runtime.import_database_blocking(image.clone()).unwrap();
        let db = connect(&runtime);
        assert_eq!(integer(&db, "select count(*) from people"), 2700);
        assert_eq!(text(&db, "select name from people where id = 77"), "from the log");
        check_integrity(&db);
        let there = directory.file("exported.db");
        fs::write(&there, runtime.export_database_blocking().unwrap()).unwrap();
        assert_eq!(sqlite3(&there, "pragma integrity_check;"), "ok");
        assert_eq!(sqlite3(&there, SAME), sqlite3(&file, SAME));
        assert_eq!(sqlite3(&there, ".dump"), sqlite3(&file, ".dump"));
        assert_eq!(sqlite3(&there, "pragma page_size;"), page_size.to_string());
        drop(db);

        // Without its log it is the database before those transactions, and with a torn one up to
        // the last whole transaction.
        runtime.import_database_blocking(without_log).unwrap();
        let name = "select name from people where id = 77";
        assert_eq!(text(&connect(&runtime), name), "name 77");
        let torn = Image { wal: image.wal[..image.wal.len() - 100].to_vec(), ..image };
        runtime.import_database_blocking(torn).unwrap();
        assert_eq!(text(&connect(&runtime), name), "name 77");
    }
}

/// What is written here is read there, and what is written to it there is read here.
#[test]
fn there_and_back() {
    let directory = Directory::new("back");
    let file = directory.file("ours.db");
    let runtime = runtime();
    connect(&runtime).execute_batch(SCHEMA).unwrap();
    for round in 0..3 {
        fs::write(&file, runtime.export_database_blocking().unwrap()).unwrap();
        assert_eq!(sqlite3(&file, "pragma integrity_check;"), "ok");
        let insert = format!("insert into people values ({}, 'there', {round}, x'00ff');", 10_000 + round);
        sqlite3(
            &file,
            &format!(
                ".filectrl persist_wal 1\npragma wal_autocheckpoint = 0;\n{insert}\n.dbconfig no_ckpt_on_close on\n"
            ),
        );
        let wal = fs::read(directory.file("ours.db-wal")).unwrap_or_default();
        runtime.import_database_blocking(Image { database: fs::read(&file).unwrap(), wal }).unwrap();
        let db = connect(&runtime);
        assert_eq!(integer(&db, "select count(*) from people where name = 'there'"), round + 1);
        db.execute_batch(&format!("update people set born = {round} where id < 50")).unwrap();
        check_integrity(&db);
    }
}

/// A rollback-mode file, and one that somebody cut.
#[test]
fn a_rollback_database() {
    let directory = Directory::new("rollback");
    let file = directory.file("made.db");
    sqlite3(&file, &format!("pragma journal_mode = delete;\n{SCHEMA}\n"));
    let bytes = fs::read(&file).unwrap();
    let runtime = runtime();
    runtime.import_database_blocking(bytes.clone()).unwrap();
    let there = directory.file("exported.db");
    fs::write(&there, runtime.export_database_blocking().unwrap()).unwrap();
    assert_eq!(sqlite3(&there, "pragma journal_mode;"), "delete", "an image brings its mode along");
    assert_eq!(sqlite3(&there, SAME), sqlite3(&file, SAME));
    let cut = bytes[..bytes.len() - 5000].to_vec();
    assert_eq!(own_code(runtime.import_database_blocking(cut)), Code::InvalidImage);
    let db = connect(&runtime);
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    check_integrity(&db);
}
