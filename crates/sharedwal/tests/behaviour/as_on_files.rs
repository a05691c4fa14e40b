//! SQLite over shared memory answers as SQLite over files: scripts of statements on several
//! connections are run on both, and each step must give the same rows or the same error.
//!
//! The scripts are in `tests/scripts` of the repository, with the answers that files gave
//! (`UPDATE=1` writes them anew). The browser tests run the same ones, a worker a connection.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use rusqlite::types::ValueRef;

use super::*;

/// After this time a statement begins that a script says is to come `later`.
const LATER: Duration = Duration::from_millis(60);

/// Where a script is run.
pub(super) trait Place {
    /// A connection that does not wait for locks, or the code of why there is none.
    fn open(&self) -> Result<Connection, i32>;
    /// Bytes of the write-ahead log.
    fn log_bytes(&self) -> u64;
}

impl Place for Runtime {
    fn open(&self) -> Result<Connection, i32> {
        let mut options = ConnectOptions::default();
        options.journal_mode = JournalMode::Keep;
        options.busy_timeout = Duration::ZERO;
        self.connect_blocking_with(&options).map_err(|error| match error {
            Error::Sqlite(error) => extended_code(&error),
            error => panic!("{error}"),
        })
    }

    fn log_bytes(&self) -> u64 {
        self.write_ahead_size()
    }
}

/// A folder with a database, gone with this value.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("sharedwal-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Place for Folder {
    fn open(&self) -> Result<Connection, i32> {
        let db = Connection::open(self.0.join("db")).unwrap();
        db.busy_timeout(Duration::ZERO).unwrap();
        run(&db, "pragma synchronous = off")?;
        Ok(db)
    }

    fn log_bytes(&self) -> u64 {
        std::fs::metadata(self.0.join("db-wal")).map_or(0, |log| log.len())
    }
}

/// One step of a script: who does what, and what that answers.
struct Step {
    line: String,
    expected: Vec<String>,
}

/// The scripts of a file: their titles and steps.
fn parse(text: &str) -> Vec<(String, Vec<Step>)> {
    let mut scripts: Vec<(String, Vec<Step>)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("== ") {
            scripts.push((title.to_owned(), Vec::new()));
            continue;
        }
        let (title, steps) = scripts.last_mut().expect("a script begins with its title");
        match line.strip_prefix("  ") {
            None => steps.push(Step { line: line.to_owned(), expected: Vec::new() }),
            Some(answer) => {
                let step = steps.last_mut().unwrap_or_else(|| panic!("{title}: an answer to nothing"));
                step.expected.push(answer.to_owned());
            }
        }
    }
    scripts
}

/// A connection that a script uses, or the thread that has it now.
enum Party {
    Here(Connection),
    Later(usize, JoinHandle<(Connection, Vec<String>)>),
}

/// Runs a script; returns the answers to its steps.
fn play(place: &dyn Place, steps: &[Step]) -> Vec<Vec<String>> {
    let mut answers = vec![Vec::new(); steps.len()];
    let mut parties: BTreeMap<String, Party> = BTreeMap::new();
    for (number, step) in steps.iter().enumerate() {
        if step.line == "log bytes" {
            answers[number] = vec![place.log_bytes().to_string()];
            continue;
        }
        let (who, sql) = step.line.split_once(": ").unwrap_or_else(|| panic!("who: {}", step.line));
        let (later, who) = who.strip_prefix("later ").map_or((false, who), |who| (true, who));
        let db = match parties.remove(who) {
            None => match place.open() {
                Ok(db) => db,
                Err(code) => {
                    answers[number] = vec![format!("error {}", code_name(code))];
                    continue;
                }
            },
            Some(Party::Here(db)) => db,
            Some(Party::Later(number, thread)) => {
                let (db, answer) = thread.join().unwrap();
                answers[number] = answer;
                db
            }
        };
        if sql == "close" {
            db.close().unwrap();
            continue;
        }
        let party = if later {
            let sql = sql.to_owned();
            let run = move || {
                std::thread::sleep(LATER);
                let answer = answer(&db, &sql);
                (db, answer)
            };
            Party::Later(number, std::thread::spawn(run))
        } else {
            answers[number] = answer(&db, sql);
            Party::Here(db)
        };
        parties.insert(who.to_owned(), party);
    }
    for party in parties.into_values() {
        if let Party::Later(number, thread) = party {
            answers[number] = thread.join().unwrap().1;
        }
    }
    answers
}

/// What statements, with `; ` between them, answer: their rows, up to the first error.
fn answer(db: &Connection, sql: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for sql in sql.split("; ") {
        if let Err(error) = rows(db, sql, &mut lines) {
            lines.push(format!("error {}", code_name(extended_code(&error))));
            break;
        }
    }
    lines
}

fn rows(db: &Connection, sql: &str, lines: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut line = String::new();
        // Not the statement's, which was compiled before others changed the schema.
        for column in 0..row.as_ref().column_count() {
            let separator = if column == 0 { "" } else { "|" };
            let written = match row.get_ref(column)? {
                ValueRef::Null => write!(line, "{separator}null"),
                ValueRef::Integer(value) => write!(line, "{separator}{value}"),
                ValueRef::Real(value) => write!(line, "{separator}{value}"),
                ValueRef::Text(value) => write!(line, "{separator}{}", String::from_utf8_lossy(value)),
                ValueRef::Blob(value) => write!(line, "{separator}{} bytes", value.len()),
            };
            written.unwrap();
        }
        lines.push(line);
    }
    Ok(())
}

fn code_name(code: i32) -> String {
    match code {
        ffi::SQLITE_ERROR => "SQLITE_ERROR".into(),
        ffi::SQLITE_BUSY => "SQLITE_BUSY".into(),
        ffi::SQLITE_BUSY_SNAPSHOT => "SQLITE_BUSY_SNAPSHOT".into(),
        ffi::SQLITE_LOCKED => "SQLITE_LOCKED".into(),
        code => code.to_string(),
    }
}

/// Runs the scripts of a file on files and on shared memory.
fn compare(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scripts").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut written = String::new();
    let head = text.lines().take_while(|line| line.starts_with('#'));
    head.for_each(|line| writeln!(written, "{line}").unwrap());
    for (title, steps) in parse(&text) {
        let on_files = play(&Folder::new(), &steps);
        writeln!(written, "\n== {title}").unwrap();
        for (step, answers) in steps.iter().zip(&on_files) {
            writeln!(written, "{}", step.line).unwrap();
            answers.iter().for_each(|answer| writeln!(written, "  {answer}").unwrap());
        }
        let shared = play(&runtime(), &steps);
        for (number, step) in steps.iter().enumerate() {
            let place = format!("{name}, '{title}', step {}: {}", number + 1, step.line);
            assert_eq!(shared[number], on_files[number], "left in shared memory, right on files, {place}");
            if std::env::var_os("UPDATE").is_none() {
                assert_eq!(on_files[number], step.expected, "left on files, right expected, {place}");
            }
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, written).unwrap();
    }
}

#[test]
fn checkpoints() {
    compare("checkpoints.txt");
}

#[test]
fn journal_modes() {
    compare("journal_modes.txt");
}

#[test]
fn locking() {
    compare("locking.txt");
}

#[test]
fn transactions() {
    compare("transactions.txt");
}

/// `SQLITE_FCNTL_PERSIST_WAL`: asked with -1, set with 0 or 1; the last close keeps the log then.
#[test]
fn persist_wal() {
    fn persist(db: &Connection, wanted: i32) -> i32 {
        let mut value = wanted;
        // SAFETY: the connection is open, and the op code takes a pointer to an int.
        let result = unsafe {
            let argument = (&raw mut value).cast();
            ffi::sqlite3_file_control(db.handle(), c"main".as_ptr(), ffi::SQLITE_FCNTL_PERSIST_WAL, argument)
        };
        assert_eq!(result, ffi::SQLITE_OK);
        value
    }
    fn play(place: &dyn Place) -> Vec<i64> {
        let mut seen = Vec::new();
        for wanted in [0, 1, 1, 0] {
            let db = place.open().unwrap();
            db.execute_batch("pragma journal_mode = wal; create table if not exists t (x)").unwrap();
            db.execute_batch("insert into t values (1)").unwrap();
            seen.extend([-1, wanted, -1].map(|value| i64::from(persist(&db, value))));
            db.close().unwrap();
            seen.push(i64::from(place.log_bytes() > 0));
            seen.push(integer(&place.open().unwrap(), "select count(*) from t"));
        }
        seen
    }
    let on_files = play(&Folder::new());
    assert_eq!(on_files[..5], [0, 0, 0, 0, 1]);
    assert_eq!(on_files[5..9], [0, 1, 1, 1], "the log is kept");
    assert_eq!(play(&runtime()), on_files);
}
