//! The write-ahead log. What is committed into it must fit into the database later, so a frame of
//! a page past the database's capacity is refused when it is written, not when it is checkpointed.

use std::ffi::c_int;
use std::sync::Arc;

use rusqlite::ffi;

use crate::file::{Full, SharedFile};
#[cfg(all(test, not(target_arch = "wasm32")))]
use crate::injection::Mutation;
use crate::layout::FileKind;
use crate::runtime::Inner;

/// Bytes of the log's header, and where in it the page size stands (big-endian), see
/// <https://sqlite.org/fileformat.html#the_write_ahead_log>.
const HEADER_BYTES: u64 = 32;
const PAGE_SIZE_AT: u64 = 8;
/// Bytes of a frame's header, which SQLite writes by itself; the page number comes first.
const FRAME_HEADER_BYTES: usize = 24;

/// One connection's open log.
pub struct WriteAhead {
    runtime: Arc<Inner>,
    /// Pages that the database has room for; found with the first frame, since no database
    /// changes its page size while its log is open.
    max_page: Option<u64>,
}

impl WriteAhead {
    /// The log of a runtime.
    pub fn new(runtime: Arc<Inner>) -> Self {
        WriteAhead { runtime, max_page: None }
    }

    /// Whose log it is.
    pub fn runtime(&self) -> &Arc<Inner> {
        &self.runtime
    }

    /// The file.
    pub fn file(&self) -> &SharedFile {
        self.runtime.file(FileKind::WriteAhead)
    }

    /// Writes, unless it is the header of a frame whose page the database has no room for, or the
    /// runtime was disposed of by force: then nothing commits. SQLite's result code.
    pub fn write(&mut self, at: u64, data: &[u8]) -> c_int {
        if at >= HEADER_BYTES
            && data.len() == FRAME_HEADER_BYTES
            && let Some(&page) = data.first_chunk()
        {
            if u64::from(u32::from_be_bytes(page)) > self.max_page() {
                return ffi::SQLITE_FULL;
            }
            if self.runtime.is_disposed_by_force() {
                return ffi::SQLITE_INTERRUPT;
            }
        }
        #[cfg(all(test, not(target_arch = "wasm32")))]
        if Mutation::LateFrames.is_on() && at >= HEADER_BYTES {
            let (runtime, data) = (self.runtime.clone(), data.to_vec());
            std::thread::spawn(move || {
                std::thread::yield_now();
                let _ = runtime.file(FileKind::WriteAhead).write(at, &data);
            });
            return ffi::SQLITE_OK;
        }
        match self.file().write(at, data) {
            Ok(()) => ffi::SQLITE_OK,
            Err(Full) => ffi::SQLITE_FULL,
        }
    }

    fn max_page(&mut self) -> u64 {
        if let Some(max_page) = self.max_page {
            return max_page;
        }
        let mut size = [0; 4];
        self.file().read(PAGE_SIZE_AT, &mut size);
        let size = u64::from(u32::from_be_bytes(size)).max(512);
        *self.max_page.insert(self.runtime.file(FileKind::Database).capacity() / size)
    }
}
