//! What SQLite's own recovery makes of a database and its log: both are written to files and opened
//! with the system's VFS, which shares nothing with the one that is tested.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::wal_index_image::WalIndexImage;
use super::workload::Content;

/// A directory of its own, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sharedwal-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub struct Recovered {
    pub index: WalIndexImage,
    pub content: Content,
}

/// Has SQLite recover.
pub fn recover(database: &[u8], log: &[u8]) -> Recovered {
    let directory = Directory::new();
    let path = directory.0.join("db");
    fs::write(&path, database).unwrap();
    fs::write(directory.0.join("db-wal"), log).unwrap();
    let db = Connection::open(&path).unwrap();
    // The first read finds no wal-index and recovers.
    let content = Content::of(&db);
    let index = WalIndexImage::from_bytes(&fs::read(directory.0.join("db-shm")).unwrap());
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    Recovered { index, content }
}
