//! What a build of SQLite says of itself.

use rusqlite::Connection;

/// Options that follow from the platform, and cannot be the same.
const OF_THE_PLATFORM: [&str; 6] =
    ["ATOMIC_INTRINSICS", "COMPILER", "HAVE_", "MUTEX_", "OS_OTHER", "THREADSAFE"];

/// The source's identification and the compile options, one a line.
pub fn build(db: &Connection) -> String {
    let mut options: Vec<String> = db
        .prepare("pragma compile_options")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|option: &String| !OF_THE_PLATFORM.iter().any(|prefix| option.starts_with(prefix)))
        .collect();
    options.sort();
    let source: String = db.query_row("select sqlite_source_id()", [], |row| row.get(0)).unwrap();
    format!("{source}\n{}\n", options.join("\n"))
}
