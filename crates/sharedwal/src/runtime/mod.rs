//! A runtime: one shared database, and the ways to get a connection to it.

mod connect;
// Natively a runtime needs no handle; the tests fuzz what reads one.
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) mod description;
mod diagnostics;
#[cfg(target_arch = "wasm32")]
mod handle;
pub(crate) mod image;
pub(crate) mod options;
pub(crate) mod registry;
#[cfg(target_arch = "wasm32")]
pub(crate) mod views;

#[cfg(target_arch = "wasm32")]
pub use connect::Reservation;
#[cfg(target_arch = "wasm32")]
pub use connect::connect_private;
pub use connect::{ConnectOptions, JournalMode};
pub use diagnostics::{
    ConnectionDiagnostics, ConnectionState, Counters, Diagnostics, FileDiagnostics, HeldLock,
};
pub use image::Image;
pub use options::RuntimeOptions;

use std::fmt;
use std::sync::Arc;
#[cfg(any(test, target_arch = "wasm32"))]
use std::sync::Mutex;

use crate::connections::{self, Slot};
use crate::error::{Code, Error};
#[cfg(any(test, target_arch = "wasm32"))]
use crate::eviction::Hearing;
#[cfg(target_arch = "wasm32")]
use crate::fence::{self, Inside};
use crate::file::SharedFile;
#[cfg(target_arch = "wasm32")]
use crate::layout::connection_word;
use crate::layout::{self, FileKind, SUPER_JOURNALS, file_word};
use crate::memory::{Bytes, Words};
use crate::signals;

/// One shared database. Cloning it shares it.
///
/// On `wasm32` it converts from and to the handle that `postMessage` carries; natively, clones
/// are handed to other threads.
///
/// ```ignore-wasm32
/// # use sharedwal::{Runtime, RuntimeOptions};
/// let runtime = Runtime::create(&RuntimeOptions::default())?;
/// let clone = runtime.clone();
/// assert_eq!(clone.id(), runtime.id());
///
/// // A connection keeps the database as well.
/// let db = runtime.connect_blocking()?;
/// drop((runtime, clone));
/// db.execute_batch("create table t (x); insert into t values (7)")?;
/// # Ok::<(), sharedwal::Error>(())
/// ```
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("name", &self.name()).field("id", &self.id()).finish_non_exhaustive()
    }
}

/// The shared memory of a runtime.
pub(crate) struct Inner {
    id: String,
    name: String,
    control: Arc<dyn Words>,
    index: Arc<dyn Words>,
    database: SharedFile,
    write_ahead: SharedFile,
    journal: SharedFile,
    super_journals: Vec<SharedFile>,
    /// The worker that the handle was made for, or 0.
    worker: u32,
    /// What this program, or wasm instance, has heard of connections that prove nothing.
    #[cfg(any(test, target_arch = "wasm32"))]
    hearing: Mutex<Hearing>,
    #[cfg(target_arch = "wasm32")]
    handle: handle::Handle,
}

/// The memory that a runtime is made of.
pub(crate) struct Parts {
    id: String,
    name: String,
    worker: u32,
    control: Arc<dyn Words>,
    index: Arc<dyn Words>,
    database: Vec<Arc<dyn Bytes>>,
    write_ahead: Vec<Arc<dyn Bytes>>,
    journal: Vec<Arc<dyn Bytes>>,
    super_journals: Vec<Arc<dyn Bytes>>,
    #[cfg(target_arch = "wasm32")]
    handle: handle::Handle,
}

impl Inner {
    fn new(parts: Parts) -> Inner {
        let file = |kind, segments| SharedFile::new(parts.control.clone(), layout::file(kind), segments);
        Inner {
            database: file(FileKind::Database, parts.database),
            write_ahead: file(FileKind::WriteAhead, parts.write_ahead),
            journal: file(FileKind::Journal, parts.journal),
            super_journals: (0..SUPER_JOURNALS)
                .zip(parts.super_journals)
                .map(|(n, segment)| file(FileKind::SuperJournal(n), vec![segment]))
                .collect(),
            worker: parts.worker,
            #[cfg(any(test, target_arch = "wasm32"))]
            hearing: Mutex::new(Hearing::new()),
            id: parts.id,
            name: parts.name,
            control: parts.control,
            index: parts.index,
            #[cfg(target_arch = "wasm32")]
            handle: parts.handle,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A number that all connections of one worker have.
    pub(crate) fn worker(&self) -> u32 {
        self.worker
    }

    /// What SQLite calls the database.
    pub(crate) fn path(&self) -> String {
        format!("/{}/{}", self.id, self.name)
    }

    pub(crate) fn control(&self) -> &Arc<dyn Words> {
        &self.control
    }

    pub(crate) fn index(&self) -> &Arc<dyn Words> {
        &self.index
    }

    pub(crate) fn file(&self, kind: FileKind) -> &SharedFile {
        match kind {
            FileKind::Database => &self.database,
            FileKind::WriteAhead => &self.write_ahead,
            FileKind::Journal => &self.journal,
            FileKind::SuperJournal(n) => &self.super_journals[n as usize % self.super_journals.len()],
        }
    }

    /// The super-journal of this name, if it exists.
    pub(crate) fn find_super_journal(&self, name: &str) -> Option<FileKind> {
        let hash = name_hash(name);
        (0..SUPER_JOURNALS)
            .find(|n| {
                let kind = FileKind::SuperJournal(*n);
                self.file(kind).exists() && self.control.load(layout::file(kind) + file_word::NAME) == hash
            })
            .map(FileKind::SuperJournal)
    }

    /// The super-journal of this name, created if it does not exist; `None` if all are in use.
    pub(crate) fn create_super_journal(&self, name: &str) -> Option<FileKind> {
        self.find_super_journal(name).or_else(|| {
            let kind =
                (0..SUPER_JOURNALS).map(FileKind::SuperJournal).find(|kind| self.file(*kind).claim())?;
            // Named before it exists: nobody may take it for one of its earlier name.
            self.control.store(layout::file(kind) + file_word::NAME, name_hash(name));
            self.file(kind).create();
            Some(kind)
        })
    }

    /// Shows that the connections of this wasm instance live, publishes what they owe, and cleans up after
    /// others: those of which nothing was heard, and those that are still marked, since nobody could when the
    /// proof came.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn beat(&self) {
        // SAFETY: the event loop calls, so no call of SQLite is going on.
        unsafe { crate::vfs::settle_while_idle() };
        for fence in fence::own(&self.control) {
            if let Ok(_inside) = fence.enter() {
                self.control.stamp(layout::connection(fence.slot()) + connection_word::HEARTBEAT);
            }
        }
        if let Some((slot, _inside)) = self.reaper() {
            self.evict_silent(slot);
            crate::reaping::reap_marked(&self.control, slot);
        }
    }

    /// The slot of a connection of this wasm instance that can clean up after others, if it has one,
    /// inside of its fence.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn reaper(&self) -> Option<(u32, Inside)> {
        let enter = |fence: Arc<fence::Fence>| Some((fence.slot(), fence.enter().ok()?));
        fence::own(&self.control).into_iter().find_map(enter)
    }

    /// Evicts connections of which nothing was heard for too long, and cleans up after them on behalf
    /// of the one in the slot `reaper`, which is inside of its fence.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(crate) fn evict_silent(&self, reaper: u32) {
        let now = crate::memory::now();
        // Somebody else is at it, if it is locked.
        if let Ok(mut hearing) = self.hearing.try_lock()
            && hearing.look(&self.control, now)
        {
            crate::reaping::reap_marked(&self.control, reaper);
        }
    }

    /// Natively no connection is without proof, but in tests.
    #[cfg(not(any(test, target_arch = "wasm32")))]
    pub(crate) fn evict_silent(&self, _reaper: u32) {}

    pub(crate) fn is_disposed(&self) -> bool {
        self.control.load(layout::DISPOSED) != 0
    }

    /// Whether its connections are to end.
    pub(crate) fn is_disposed_by_force(&self) -> bool {
        self.control.load(layout::DISPOSED) == layout::BY_FORCE
    }

    /// A slot for another connection.
    pub(crate) fn claim_slot(&self) -> Result<Slot, Error> {
        if self.is_disposed() {
            return Err(Error::new(Code::RuntimeDisposed, ""));
        }
        let slot =
            Slot::claim(&self.control, self.worker()).ok_or_else(|| Error::new(Code::TooManyConnections, ""));
        #[cfg(target_arch = "wasm32")]
        let slot = slot.map(|slot| self.with_lease(slot));
        slot
    }
}

/// FNV-1a; SQLite makes the names of super-journals of random digits.
fn name_hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Runtime {
    fn register(parts: Parts) -> Runtime {
        Runtime(registry::insert(Arc::new(Inner::new(parts))))
    }

    #[cfg(test)]
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// The name given at creation: `ATTACH 'name'` finds the runtime by it.
    ///
    /// ```ignore-wasm32
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// let mut options = RuntimeOptions::default();
    /// options.name = "archive".into();
    /// let archive = Runtime::create(&options)?;
    /// archive.connect_blocking()?.execute_batch("create table t (x)")?;
    ///
    /// let db = Runtime::create(&RuntimeOptions::default())?.connect_blocking()?;
    /// db.execute_batch("attach 'archive' as old; insert into old.t values (7)")?;
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The identifier that no other runtime has, in this page or another.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Connections that exist now, in all workers or threads.
    pub fn connections(&self) -> usize {
        connections::count(self.0.control.as_ref())
    }

    /// Bytes in the database file, without what only the write-ahead log has.
    pub fn database_size(&self) -> u64 {
        self.0.database.size()
    }

    /// Bytes in the write-ahead log.
    pub fn write_ahead_size(&self) -> u64 {
        self.0.write_ahead.size()
    }

    /// Has the statement that a connection runs end with `SQLITE_INTERRUPT` (with
    /// `SQLITE_BUSY`, if it waits for a lock), from any thread. `connection` is the `id` of
    /// [`ConnectionDiagnostics`]; false if there is no such connection any more.
    ///
    /// It is obeyed where SQLite runs its progress handler, while the connection waits, and while it
    /// checkpoints; not inside one long sort, one built-in function or a function of the user's. If
    /// the connection runs nothing now, its next statement may be the one that ends.
    ///
    /// ```ignore-wasm32
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// use sharedwal::rusqlite::ErrorCode;
    ///
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// let db = runtime.connect_blocking()?;
    /// let id = runtime.diagnostics().connections[0].id;
    /// let endless = std::thread::spawn(move || {
    ///     db.execute_batch("with n(i) as (select 1 union all select i + 1 from n) select sum(i) from n")
    /// });
    /// while !endless.is_finished() {
    ///     runtime.interrupt(id);
    ///     std::thread::yield_now();
    /// }
    /// let error = endless.join().unwrap().unwrap_err();
    /// assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    pub fn interrupt(&self, connection: u32) -> bool {
        signals::raise(self.0.control.as_ref(), connection, layout::signals::INTERRUPT)
    }

    /// Refuses further connections from now on. [`Runtime::dispose_by_force`] does not ask whether there
    /// are any.
    ///
    /// ```ignore-wasm32
    /// # use sharedwal::{Code, Runtime, RuntimeOptions};
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// let db = runtime.connect_blocking()?;
    /// assert_eq!(runtime.dispose().unwrap_err().code(), Some(Code::RuntimeInUse));
    /// drop(db);
    /// runtime.dispose()?;
    /// assert_eq!(runtime.connect_blocking().unwrap_err().code(), Some(Code::RuntimeDisposed));
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Code::RuntimeInUse`] while connections exist.
    pub fn dispose(&self) -> Result<(), Error> {
        // First the word, then the count: a connection takes its slot, then looks at the word, so
        // at least one of the two sees the other.
        self.0.control.compare_exchange(layout::DISPOSED, 0, 1);
        match self.connections() {
            0 => Ok(()),
            // Somebody disposed of it by force.
            _ if self.0.control.compare_exchange(layout::DISPOSED, 1, 0) != 1 => Ok(()),
            count => Err(Error::new(Code::RuntimeInUse, format!("{count} connections are open"))),
        }
    }

    /// Refuses further connections, and ends those that are open: a statement that runs ends with
    /// `SQLITE_INTERRUPT` where [`Runtime::interrupt`] ends one, no transaction begins any more
    /// (`SQLITE_INTERRUPT` as well), and none commits. Does not wait for any of that.
    ///
    /// ```ignore-wasm32
    /// # use sharedwal::{Runtime, RuntimeOptions, rusqlite::ErrorCode};
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// let db = runtime.connect_blocking()?;
    /// db.execute_batch("create table t (x); begin; insert into t values (7)")?;
    /// runtime.dispose_by_force();
    /// let error = db.execute_batch("commit").unwrap_err();
    /// assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    pub fn dispose_by_force(&self) {
        // First the word, then those who are there: a connection says that it is, then looks at the
        // word, so at least one of the two sees the other.
        self.0.control.store(layout::DISPOSED, layout::BY_FORCE);
        for connection in self.diagnostics().connections {
            signals::raise(
                self.0.control.as_ref(),
                connection.id,
                layout::signals::STOP | layout::signals::DISPOSED,
            );
        }
    }
}
