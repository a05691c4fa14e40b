//! What others ask of the connection that copies, where SQLite does not look for it.

use rusqlite::{Connection, ffi};

use crate::error::{Code, Error};
use crate::signals::Signals;
use crate::vfs;

/// What others ask of one connection, which must stay open meanwhile.
pub struct Requests {
    db: *mut ffi::sqlite3,
    signals: Option<Signals>,
}

impl Requests {
    /// Of an open connection.
    pub fn of(connection: &Connection) -> Requests {
        // SAFETY: the connection is open, and not inside SQLite: it is borrowed here.
        unsafe { Requests { db: connection.handle(), signals: vfs::signals(connection.handle()) } }
    }

    /// Has the statements of another connection end when an end is asked for.
    pub fn end(&self, connection: &Connection) {
        const STEPS: u32 = 1000;
        if let Some(signals) = self.signals.clone() {
            vfs::set_progress_handler(connection, STEPS, Some(Box::new(move || signals.end_asked())));
        }
    }

    /// # Errors
    /// `SQLITE_INTERRUPT`, [`Code::RuntimeDisposed`], if an end was asked for.
    pub fn check(&self) -> Result<(), Error> {
        let Some(signals) = &self.signals else { return Ok(()) };
        signals.reap_if_asked();
        if signals.stop_asked() && signals.disposed() {
            return Err(Error::new(Code::RuntimeDisposed, ""));
        }
        // SAFETY: the connection is open.
        let told = unsafe { ffi::sqlite3_is_interrupted(self.db) != 0 };
        // What SQLite wrote or waited for may have seen the request first, and told SQLite alone.
        if !told && !signals.end_asked() {
            return Ok(());
        }
        Err(interrupted())
    }
}

/// What ends a copy before its end.
pub fn interrupted() -> Error {
    let interrupted = ffi::Error::new(ffi::SQLITE_INTERRUPT);
    rusqlite::Error::SqliteFailure(interrupted, Some("interrupted".into())).into()
}
