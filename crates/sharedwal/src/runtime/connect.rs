//! Getting a connection.

#[cfg(target_arch = "wasm32")]
use std::sync::Arc;
#[cfg(target_arch = "wasm32")]
use std::sync::Weak;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use js_sys::Promise;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::JsValue;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_futures::JsFuture;

#[cfg(target_arch = "wasm32")]
use super::Inner;
use super::Runtime;
use crate::connections::Slot;
use crate::error::{Code, Error};
#[cfg(target_arch = "wasm32")]
use crate::fence::{self, Fence};
#[cfg(target_arch = "wasm32")]
use crate::lease::Lease;
use crate::memory::{can_block, now};
use crate::vfs;

/// What a connection is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Refuses to write; the database must exist. False by default.
    pub read_only: bool,
    /// Refuses to create the database. False by default.
    pub must_exist: bool,
    /// How long a statement waits for a lock before it fails with `SQLITE_BUSY`; 5 s by default.
    pub busy_timeout: Duration,
    /// The journal mode to put the database into; WAL by default.
    pub journal_mode: JournalMode,
}

/// SQLite's journal modes that more than one connection can use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalMode {
    /// Write-ahead log: readers never wait for a writer.
    #[default]
    Wal,
    /// Rollback journal, deleted after each transaction.
    Delete,
    /// Rollback journal, emptied after each transaction.
    Truncate,
    /// Rollback journal, kept and marked as done after each transaction.
    Persist,
    /// Whatever the database has.
    Keep,
}

impl JournalMode {
    /// The name that `PRAGMA journal_mode` knows; `None` for [`JournalMode::Keep`].
    pub fn name(self) -> Option<&'static str> {
        match self {
            JournalMode::Wal => Some("wal"),
            JournalMode::Delete => Some("delete"),
            JournalMode::Truncate => Some("truncate"),
            JournalMode::Persist => Some("persist"),
            JournalMode::Keep => None,
        }
    }

    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<JournalMode> {
        [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist]
            .into_iter()
            .find(|mode| mode.name() == Some(name))
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            read_only: false,
            must_exist: false,
            busy_timeout: Duration::from_millis(5000),
            journal_mode: JournalMode::Wal,
        }
    }
}

impl Runtime {
    /// Opens a connection with the default options.
    ///
    /// ```
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// let db = runtime.connect_blocking()?;
    /// let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    /// assert_eq!(mode, "wal");
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Runtime::connect_blocking_with`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn connect_blocking(&self) -> Result<Connection, Error> {
        self.connect_blocking_with(&ConnectOptions::default())
    }

    /// Opens a connection: foreign keys on, the busy handler of this crate installed. Setting another
    /// with [`Connection::busy_timeout`] makes waiting slower, not wrong; use `PRAGMA busy_timeout = …`
    /// instead, which keeps this one. Without a value the pragma tells what was last set by the pragma
    /// or here.
    ///
    /// After `SQLITE_FULL` because a reader kept the write-ahead log from starting anew, run
    /// `PRAGMA wal_checkpoint` when the reader has ended: SQLite checkpoints after commits, of which
    /// there are none while the log is full.
    ///
    /// ```
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// use std::time::Duration;
    ///
    /// use sharedwal::{ConnectOptions, rusqlite::ErrorCode};
    ///
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// # runtime.connect_blocking()?.execute_batch("create table t (x)")?;
    /// let mut options = ConnectOptions::default();
    /// options.read_only = true;
    /// options.busy_timeout = Duration::from_millis(200);
    /// let db = runtime.connect_blocking_with(&options)?;
    /// let error = db.execute("insert into t values (7)", []).unwrap_err();
    /// assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Code::TooManyConnections`](crate::Code::TooManyConnections),
    /// [`Code::RuntimeDisposed`](crate::Code::RuntimeDisposed), or what SQLite says.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn connect_blocking_with(&self, options: &ConnectOptions) -> Result<Connection, Error> {
        self.connect_in(self.0.claim_slot()?, options)
    }

    /// Opens a connection with the default options.
    ///
    /// ```no_run
    /// # use sharedwal::{Error, Runtime};
    /// # async fn count(handle: wasm_bindgen::JsValue) -> Result<u32, Error> {
    /// let db = Runtime::try_from(handle)?.connect().await?;
    /// # let count =
    /// db.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?
    /// # ; Ok(count) }
    /// ```
    ///
    /// # Errors
    /// As for [`Runtime::connect_with`].
    #[cfg(target_arch = "wasm32")]
    pub async fn connect(&self) -> Result<Connection, Error> {
        self.connect_with(&ConnectOptions::default()).await
    }

    /// Opens a connection: foreign keys on, the busy handler of this crate installed. Setting another
    /// with [`Connection::busy_timeout`] makes waiting slower, not wrong; use `PRAGMA busy_timeout = …`
    /// instead, which keeps this one. Without a value the pragma tells what was last set by the pragma
    /// or here. It waits for the Web Lock by which others will know that this worker lives.
    ///
    /// After `SQLITE_FULL` because a reader kept the write-ahead log from starting anew, run
    /// `PRAGMA wal_checkpoint` when the reader has ended: SQLite checkpoints after commits, of which
    /// there are none while the log is full.
    ///
    /// While a worker that died in the middle of a publish is not reaped yet, SQLite answers
    /// `SQLITE_PROTOCOL` after some 10 s; take it for `SQLITE_BUSY`.
    ///
    /// ```no_run
    /// # use sharedwal::{Error, Runtime, rusqlite::Connection};
    /// # async fn reader(runtime: Runtime) -> Result<Connection, Error> {
    /// let mut options = sharedwal::ConnectOptions::default();
    /// options.read_only = true;
    /// let db = runtime.connect_with(&options).await?;
    /// # Ok(db) }
    /// ```
    ///
    /// # Errors
    /// [`Code::TooManyConnections`](crate::Code::TooManyConnections),
    /// [`Code::RuntimeDisposed`](crate::Code::RuntimeDisposed), or what SQLite says.
    #[cfg(target_arch = "wasm32")]
    pub async fn connect_with(&self, options: &ConnectOptions) -> Result<Connection, Error> {
        let (mut reservation, lease) = self.reserve()?;
        if let Some(lease) = lease {
            reservation.hold(&JsFuture::from(lease).await.unwrap_or_default());
        }
        reservation.connect(options)
    }

    /// Keeps a slot for a connection, and asks for the Web Lock by which others will know that this
    /// worker lives, unless it has that already. The promise resolves to what [`Reservation::hold`] takes.
    #[cfg(target_arch = "wasm32")]
    #[doc(hidden)]
    pub fn reserve(&self) -> Result<(Reservation, Option<Promise>), Error> {
        let slot = self.0.claim_slot()?;
        let lease = self.0.missing_lease(&slot);
        Ok((Reservation { runtime: self.clone(), slot }, lease))
    }

    /// Opens a connection at once, without waiting for the Web Lock by which others will know that this
    /// worker lives: the worker's first connection to the runtime gets that when the event loop runs, soon
    /// after. Should the worker end before, others learn of it only by its silence, as where there are no
    /// Web Locks.
    ///
    /// # Errors
    /// As for [`Runtime::connect_with`].
    #[cfg(target_arch = "wasm32")]
    pub fn connect_now(&self, options: &ConnectOptions) -> Result<Connection, Error> {
        let slot = self.0.claim_slot()?;
        let (index, generation) = (slot.index(), slot.generation());
        // Before anything is held: after a crash in here it says which slot to give up.
        let lease = self.0.missing_lease(&slot);
        self.0.handle.watch(&self.0);
        let connection = self.connect_in(slot, options);
        if let Some(lease) = lease {
            let is = |fence: &Arc<Fence>| fence.slot() == index && fence.generation() == generation;
            let fence = fence::own(self.0.control()).into_iter().find(is);
            self.0.prove_by(lease, fence.as_ref());
        }
        connection
    }

    /// Opens a connection in a slot that was claimed for it. Whatever fails because the runtime was
    /// disposed of meanwhile is that.
    pub(crate) fn connect_in(&self, slot: Slot, options: &ConnectOptions) -> Result<Connection, Error> {
        self.open(slot, options)
            .map_err(|error| if self.0.is_disposed() { Error::new(Code::RuntimeDisposed, "") } else { error })
    }

    fn open(&self, slot: Slot, options: &ConnectOptions) -> Result<Connection, Error> {
        // Disposing looks at the slots after it set its word, so one of the two sees the other.
        if self.0.is_disposed() {
            return Err(Error::new(Code::RuntimeDisposed, ""));
        }
        require_vfs()?;
        let mut flags = if options.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        flags |= OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if !options.read_only && !options.must_exist {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let _ = vfs::last_reason();
        let connection = vfs::adopt(self.id(), slot, || {
            Connection::open_with_flags_and_vfs(self.0.path(), flags, vfs::NAME)
        });
        let connection = connection.map_err(|error| -> Error {
            match (error, vfs::last_reason()) {
                (rusqlite::Error::SqliteFailure(code, _), Some(reason)) => {
                    let message = format!("unable to open database file: {reason}");
                    rusqlite::Error::SqliteFailure(code, Some(message)).into()
                }
                (error, _) => error.into(),
            }
        })?;
        // SAFETY: the connection is open, and its main database is of this VFS.
        unsafe {
            vfs::install_busy_handler(connection.handle(), options.busy_timeout);
            vfs::install_progress_handler(connection.handle());
        }
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        if let Some(mode) = options.journal_mode.name() {
            set_journal_mode(&connection, mode, options)?;
        }
        // Tells SQLite of the capacities, in pages. A database that is empty has no page size yet.
        let page_count: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let page_size: u32 = match page_count {
            0 => 0,
            _ => connection.pragma_query_value(None, "page_size", |row| row.get(0))?,
        };
        // SAFETY: the connection is open, and its main database is of this VFS.
        unsafe { vfs::install_checkpoints(connection.handle(), page_size) };
        Ok(connection)
    }
}

/// Opens a connection to an empty database in the memory of this program, which nobody shares. Other
/// runtimes can be attached to it.
#[cfg(target_arch = "wasm32")]
pub fn connect_private(read_only: bool) -> Result<Connection, Error> {
    require_vfs()?;
    let access = match read_only {
        true => OpenFlags::SQLITE_OPEN_READ_ONLY,
        false => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(":memory:", flags, vfs::NAME)?;
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

fn require_vfs() -> Result<(), Error> {
    if vfs::register() {
        return Ok(());
    }
    let refused = ffi::Error::new(ffi::SQLITE_ERROR);
    Err(rusqlite::Error::SqliteFailure(refused, Some("SQLite refused the VFS".into())).into())
}

/// A slot that is kept for a connection. Dropping it frees the slot.
#[cfg(target_arch = "wasm32")]
pub struct Reservation {
    runtime: Runtime,
    slot: Slot,
}

#[cfg(target_arch = "wasm32")]
impl Reservation {
    /// Whose slot it is.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Keeps the Web Lock that was asked for, if one was.
    pub fn hold(&mut self, lease: &JsValue) {
        if !self.slot.is_proven() {
            self.slot.keep(Lease::held(lease));
        }
    }

    /// Opens the connection.
    ///
    /// # Errors
    /// As for [`Runtime::connect_with`].
    pub fn connect(self, options: &ConnectOptions) -> Result<Connection, Error> {
        let Reservation { runtime, slot } = self;
        runtime.0.handle.watch(&runtime.0);
        runtime.connect_in(slot, options)
    }
}

#[cfg(target_arch = "wasm32")]
impl Inner {
    /// A slot with this worker's Web Lock, if that is there.
    pub(crate) fn with_lease(&self, mut slot: Slot) -> Slot {
        slot.keep(Lease::at_once(self, self.handle.control(), slot.index(), slot.generation()));
        slot
    }

    /// What is still to be waited for to prove that the connection in a slot lives.
    fn missing_lease(&self, slot: &Slot) -> Option<Promise> {
        let request = || Lease::request(self, self.handle.control(), slot.index(), slot.generation());
        (!slot.is_proven()).then(request)
    }

    /// Has a connection prove that it lives as soon as it can: that takes a turn of the event loop.
    pub(crate) fn prove(&self, fence: &Arc<Fence>) {
        let lease = Lease::request(self, self.handle.control(), fence.slot(), fence.generation());
        self.prove_by(lease, Some(fence));
    }

    /// Has a connection take the Web Lock that was asked for, or lets go of that.
    fn prove_by(&self, lease: Promise, fence: Option<&Arc<Fence>>) {
        let fence = fence.map_or_else(Weak::new, Arc::downgrade);
        wasm_bindgen_futures::spawn_local(async move {
            let lease = JsFuture::from(lease).await.ok().and_then(|id| Lease::held(&id));
            // Without the connection the lock is let go.
            if let (Some(fence), Some(lease)) = (fence.upgrade(), lease) {
                fence.prove(lease);
            }
        });
    }
}

/// Changes the journal mode. Connections that do so at the same time get in each other's way, and
/// SQLite then answers SQLITE_BUSY without waiting, so it is tried again within the timeout;
/// where blocking is not allowed, a few times without a pause.
fn set_journal_mode(connection: &Connection, mode: &str, options: &ConnectOptions) -> Result<(), Error> {
    const TRIES_WITHOUT_PAUSE: u32 = 100;
    let deadline = now().saturating_add(options.busy_timeout);
    let mut tries = 0;
    loop {
        tries += 1;
        let result = current_journal_mode(connection).and_then(|current| {
            if current.eq_ignore_ascii_case(mode) || options.read_only {
                return Ok(());
            }
            connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(()))
        });
        match result {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && (can_block() || tries < TRIES_WITHOUT_PAUSE)
                    && now() < deadline =>
            {
                vfs::pause(Duration::from_millis(1));
            }
            result => return Ok(result?),
        }
    }
}

fn current_journal_mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.pragma_query_value(None, "journal_mode", |row| row.get(0))
}
