//! Options for a new runtime, and the runtime on the heap.

use std::time::Duration;

use crate::error::{Code, Error};
use crate::layout::{LOCK_STALE_MS, SIZE_UNIT, WEB_LOCKS_OFF};
use crate::memory::Words;

/// How much memory a runtime may take. Memory is reserved at creation and used as it is needed.
///
/// ```ignore-wasm32
/// # use sharedwal::{Runtime, RuntimeOptions};
/// let mut options = RuntimeOptions::default();
/// options.name = "cache".into();
/// options.max_database_capacity = 256 << 20;
/// options.max_write_ahead_capacity = 64 << 20;
/// let runtime = Runtime::create(&options)?;
/// assert_eq!(runtime.diagnostics().database.max_capacity, 256 << 20);
/// # Ok::<(), sharedwal::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeOptions {
    /// The name that `ATTACH` knows; `main` by default.
    pub name: String,
    /// Bytes that the database has from the beginning; 1 MiB by default.
    pub initial_database_capacity: u64,
    /// Bytes that the database can grow to; 1 GiB by default.
    pub max_database_capacity: u64,
    /// Bytes that the write-ahead log has from the beginning; 1 MiB by default.
    pub initial_write_ahead_capacity: u64,
    /// Bytes that the write-ahead log can grow to; 1 GiB by default.
    pub max_write_ahead_capacity: u64,
    /// Bytes of a segment, the unit of reservation; a multiple of 64 KiB, 1 GiB by default.
    pub segment_capacity: u64,
    /// Where the engine cannot grow a `SharedArrayBuffer`: takes the maximum capacities at once
    /// instead of failing. False by default; without meaning outside of a page.
    pub allow_fixed_capacity_fallback: bool,
    /// Takes the maximum capacities at once in any case. False by default.
    pub fixed_capacity: bool,
    /// After how long without a sign of life a connection is taken for dead, where no Web Lock proves
    /// that it lives; see [`is_evicted`](crate::is_evicted). Longer than any pause, then: a breakpoint,
    /// a long sort, a function of the application's. 30 s by default; without meaning outside of a page.
    pub lock_stale: Duration,
    /// Whether connections prove by a Web Lock that they live. True by default; without meaning
    /// outside of a page.
    pub web_locks: bool,
}

const MIB: u64 = 1 << 20;
/// Capacities are rounded up to this many bytes.
pub(crate) const GRAIN: u64 = 1 << 16;
/// Bytes that a file can have: its size is a 32-bit number of units.
pub(crate) const MAX_CAPACITY: u64 = SIZE_UNIT << 32;
/// Segments of one file.
pub(crate) const MAX_SEGMENTS: u64 = 1 << 16;
/// Bytes of the longest name. With the identifier and SQLite's suffixes it stays below the 512 of a path.
const MAX_NAME_BYTES: usize = 400;

impl Default for RuntimeOptions {
    fn default() -> Self {
        RuntimeOptions {
            name: "main".into(),
            initial_database_capacity: MIB,
            max_database_capacity: 1024 * MIB,
            initial_write_ahead_capacity: MIB,
            max_write_ahead_capacity: 1024 * MIB,
            segment_capacity: 1024 * MIB,
            allow_fixed_capacity_fallback: false,
            fixed_capacity: false,
            lock_stale: Duration::from_secs(30),
            web_locks: true,
        }
    }
}

/// Room for a rollback journal of a whole database: a record a page with 8 bytes around it, which
/// is most for pages of 512 bytes, and headers.
pub(crate) fn journal_capacity(database: u64) -> u64 {
    database + database / 32 + GRAIN
}

impl RuntimeOptions {
    /// Checks that the options make sense together.
    ///
    /// # Errors
    /// [`Code::InvalidCapacity`] or [`Code::InvalidOption`], naming the option.
    pub fn validate(&self) -> Result<(), Error> {
        check_name(&self.name)?;
        let pairs = [
            ("database_capacity", self.initial_database_capacity, self.max_database_capacity),
            ("write_ahead_capacity", self.initial_write_ahead_capacity, self.max_write_ahead_capacity),
        ];
        for (name, initial, max) in pairs {
            if initial == 0 || max == 0 {
                return Err(Error::new(
                    Code::InvalidCapacity,
                    format!("initial_{name} and max_{name} must not be 0"),
                ));
            }
            if initial > max {
                let detail = format!("initial_{name} ({initial}) is larger than max_{name} ({max})");
                return Err(Error::new(Code::InvalidCapacity, detail));
            }
            if max > MAX_CAPACITY {
                let detail =
                    format!("max_{name} ({max}) is more than the {MAX_CAPACITY} that a file can have");
                return Err(Error::new(Code::InvalidCapacity, detail));
            }
        }
        if self.segment_capacity == 0 || !self.segment_capacity.is_multiple_of(GRAIN) {
            return Err(Error::new(Code::InvalidCapacity, "segment_capacity must be a multiple of 65536"));
        }
        let largest = self.max_database_capacity.max(self.max_write_ahead_capacity);
        if largest.div_ceil(self.segment_capacity) > MAX_SEGMENTS {
            let detail = format!(
                "segment_capacity ({}) makes more than {MAX_SEGMENTS} segments",
                self.segment_capacity
            );
            return Err(Error::new(Code::InvalidCapacity, detail));
        }
        Ok(())
    }

    /// Stores in a new control block what all contexts must know.
    pub(crate) fn note(&self, control: &dyn Words) {
        let stale = u32::try_from(self.lock_stale.as_millis()).unwrap_or(u32::MAX);
        control.store(LOCK_STALE_MS, stale.max(1));
        control.store(WEB_LOCKS_OFF, u32::from(!self.web_locks));
    }

    /// The segments of a file: the length and the capacity of each.
    pub(crate) fn segments(&self, initial: u64, max: u64) -> Vec<(u64, u64)> {
        let max = max.div_ceil(GRAIN) * GRAIN;
        let mut segments = Vec::new();
        let mut start = 0;
        while start < max {
            let capacity = self.segment_capacity.min(max - start);
            let initial = if self.fixed_capacity { max } else { initial };
            segments.push((initial.saturating_sub(start).min(capacity), capacity));
            start += capacity;
        }
        segments
    }
}

/// A name is part of a path, so it has no slash; SQLite adds suffixes to it.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(['/', '\0']) {
        let detail = format!("name must have 1 to {MAX_NAME_BYTES} bytes and neither a slash nor a NUL");
        return Err(Error::new(Code::InvalidOption, detail));
    }
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
mod heap {
    use std::collections::hash_map::RandomState;
    use std::hash::{BuildHasher, Hasher};
    use std::sync::Arc;

    use super::{RuntimeOptions, journal_capacity};
    use crate::error::{Code, Error};
    use crate::layout::{CONTROL_WORDS, INDEX_MAX_PAGES, INDEX_PAGE_WORDS, SUPER_JOURNALS};
    use crate::memory::heap::{HeapBytes, HeapWords};
    use crate::memory::{Bytes, Words};
    use crate::runtime::{Parts, Runtime};

    impl Runtime {
        /// Creates a runtime on the heap, for the threads of this program.
        ///
        /// ```
        /// use sharedwal::{Runtime, RuntimeOptions};
        ///
        /// let runtime = Runtime::create(&RuntimeOptions::default())?;
        /// assert_eq!(runtime.connections(), 0);
        /// # Ok::<(), sharedwal::Error>(())
        /// ```
        ///
        /// # Errors
        /// What [`RuntimeOptions::validate`] says; [`Code::ReservationRefused`] where the system
        /// does not give so much memory.
        pub fn create(options: &RuntimeOptions) -> Result<Runtime, Error> {
            options.validate()?;
            let refused = || Error::new(Code::ReservationRefused, "");
            let bytes = |initial, max| -> Result<Vec<Arc<dyn Bytes>>, Error> {
                let segments = options.segments(initial, max).into_iter().map(|(len, capacity)| {
                    let bytes = HeapBytes::new(len, capacity).ok_or_else(refused)?;
                    Ok(Arc::new(bytes) as Arc<dyn Bytes>)
                });
                segments.collect()
            };
            let super_journal = || bytes(0, 1 << 16).map(|mut segments| segments.remove(0));
            // A frame takes at least 512 bytes of the log.
            let frames = options.max_write_ahead_capacity / 512 + 1;
            let pages = (frames / 4096 + 2).min(u64::from(INDEX_MAX_PAGES)) as u32;
            let control = Arc::new(HeapWords::new(CONTROL_WORDS)) as Arc<dyn Words>;
            options.note(control.as_ref());
            Ok(Runtime::register(Parts {
                worker: 0,
                id: unique_id(),
                name: options.name.clone(),
                control,
                index: Arc::new(HeapWords::new(pages * INDEX_PAGE_WORDS)),
                database: bytes(options.initial_database_capacity, options.max_database_capacity)?,
                write_ahead: bytes(options.initial_write_ahead_capacity, options.max_write_ahead_capacity)?,
                journal: bytes(0, journal_capacity(options.max_database_capacity))?,
                super_journals: (0..SUPER_JOURNALS).map(|_| super_journal()).collect::<Result<_, _>>()?,
            }))
        }
    }

    impl Parts {
        /// What a runtime has besides its files, under a name that nobody else can know.
        pub(crate) fn without_files(index_words: u32) -> Result<Parts, Error> {
            let id = unique_id();
            Ok(Parts {
                worker: 0,
                name: id.clone(),
                id,
                control: Arc::new(HeapWords::new(CONTROL_WORDS)),
                index: Arc::new(HeapWords::new(index_words)),
                database: Vec::new(),
                write_ahead: Vec::new(),
                journal: Vec::new(),
                super_journals: Vec::new(),
            })
        }
    }

    fn unique_id() -> String {
        let random = || RandomState::new().build_hasher().finish();
        format!("{:016x}{:016x}", random(), random())
    }
}
