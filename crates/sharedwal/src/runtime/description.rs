//! What a runtime handle says, checked before anything of it is used: `postMessage` delivers
//! whatever was posted. Plain Rust that knows shared memory by its length alone, so that the native
//! tests fuzz it.

use super::options::{GRAIN, MAX_CAPACITY, check_name};
use crate::error::{Code, Error};
use crate::layout::{CONTROL_BYTES, INDEX_MAX_PAGES, INDEX_PAGE_BYTES, LAYOUT_VERSION, SUPER_JOURNALS};

/// A handle as the platform has it: fields by name, each `None` where it is missing or of another
/// type than the one asked for.
pub trait Fields {
    /// Shared memory.
    type Memory: Memory;

    fn number(&self, field: &str) -> Option<f64>;
    fn text(&self, field: &str) -> Option<String>;
    fn memory(&self, field: &str) -> Option<Self::Memory>;
    /// Length of a list.
    fn length(&self, field: &str) -> Option<u32>;
    /// An item of a list.
    fn item(&self, field: &str, index: u32) -> Option<Self::Memory>;
}

/// Shared memory as far as a handle is concerned.
pub trait Memory {
    /// Bytes that exist now.
    fn length(&self) -> u64;
    /// Bytes to which it can grow.
    fn capacity(&self) -> u64;
}

/// A handle of this version whose parts fit together.
#[derive(Debug)]
pub struct Description<M> {
    pub id: String,
    pub name: String,
    pub control: M,
    pub index: M,
    pub database: Vec<M>,
    pub write_ahead: Vec<M>,
    pub journal: Vec<M>,
    pub super_journals: Vec<M>,
    /// The worker that the handle was made for, or 0.
    pub worker: u32,
}

/// Bytes of the longest identifier; createRuntime() makes them of 36.
const MAX_ID_BYTES: usize = 64;

fn invalid(detail: String) -> Error {
    Error::new(Code::InvalidRuntime, detail)
}

impl<M: Memory> Description<M> {
    /// Reads a handle.
    ///
    /// # Errors
    /// [`Code::RuntimeVersion`] if another version made it, else [`Code::InvalidRuntime`].
    pub fn read(handle: &impl Fields<Memory = M>) -> Result<Self, Error> {
        let version = handle.number("sharedwal").ok_or_else(|| invalid("it has no version".into()))?;
        if version != f64::from(LAYOUT_VERSION) {
            let detail =
                format!("its layout is version {}, this package's is {LAYOUT_VERSION}", version as i64);
            return Err(Error::new(Code::RuntimeVersion, detail));
        }
        let text = |field| {
            let text: Option<String> = handle.text(field);
            text.filter(|text| check_name(text).is_ok())
                .ok_or_else(|| invalid(format!("its {field} cannot be part of a path")))
        };
        let memory =
            |field| handle.memory(field).ok_or_else(|| invalid(format!("its {field} is not shared memory")));
        let id = text("id")?;
        if id.len() > MAX_ID_BYTES {
            return Err(invalid(format!("its id has {} bytes", id.len())));
        }
        let control = memory("control")?;
        // It never grows: Atomics on a growable buffer take three times as long.
        if [control.length(), control.capacity()] != [u64::from(CONTROL_BYTES); 2] {
            return Err(invalid("its control block has a wrong length".into()));
        }
        let index = memory("index")?;
        let pages = index.capacity() / u64::from(INDEX_PAGE_BYTES);
        let whole = |bytes: u64| bytes.is_multiple_of(INDEX_PAGE_BYTES.into());
        if !whole(index.length())
            || !whole(index.capacity())
            || !(1..=INDEX_MAX_PAGES.into()).contains(&pages)
        {
            return Err(invalid("its wal-index has a wrong length".into()));
        }
        let super_journals = list(handle, "superJournals")?;
        if super_journals.len() != SUPER_JOURNALS as usize {
            return Err(invalid(format!("superJournals has {} parts", super_journals.len())));
        }
        let worker = handle.number("worker").ok_or_else(|| invalid("worker is not a number".into()))?;
        Ok(Description {
            worker: worker as u32,
            name: text("name")?,
            database: list(handle, "database")?,
            write_ahead: list(handle, "writeAhead")?,
            journal: list(handle, "journal")?,
            super_journals,
            id,
            control,
            index,
        })
    }
}

/// The segments of a file. A position finds its segment by division, so all but the last have one
/// size.
fn list<M: Memory>(handle: &impl Fields<Memory = M>, field: &str) -> Result<Vec<M>, Error> {
    let length = handle.length(field).ok_or_else(|| invalid(format!("{field} is not a list")))?;
    let mut segments: Vec<M> = Vec::new();
    let mut total: u64 = 0;
    for index in 0..length {
        let segment = handle.item(field, index);
        let segment = segment.ok_or_else(|| invalid(format!("{field}[{index}] is not shared memory")))?;
        let (size, first) = (segment.capacity(), segments.first().map(Memory::capacity));
        let before = segments.last().map(Memory::capacity);
        if size == 0 || !size.is_multiple_of(GRAIN) || segment.length() > size {
            return Err(invalid(format!("{field}[{index}] has a wrong length")));
        }
        if before != first || first.is_some_and(|first| size > first) {
            return Err(invalid(format!("{field} has segments of different sizes")));
        }
        // Ends a list of any length soon, since no segment is empty.
        total = total.saturating_add(size);
        if total > MAX_CAPACITY + MAX_CAPACITY / 16 {
            return Err(invalid(format!("{field} is larger than a file can be")));
        }
        segments.push(segment);
    }
    if segments.is_empty() {
        return Err(invalid(format!("{field} is empty")));
    }
    Ok(segments)
}
