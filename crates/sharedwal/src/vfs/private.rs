//! A file that only one connection has: temporary tables, sorters, statement journals.

/// A growable file in this connection's own memory.
#[derive(Default)]
pub struct PrivateFile {
    bytes: Vec<u8>,
}

impl PrivateFile {
    /// Reads what is there; returns how many bytes that was and fills the rest with zeros.
    pub fn read(&self, at: u64, out: &mut [u8]) -> usize {
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        let there = (self.bytes.len() - from).min(out.len());
        out[..there].copy_from_slice(&self.bytes[from..from + there]);
        out[there..].fill(0);
        there
    }

    /// Writes; false if memory runs out, and then nothing has changed.
    pub fn write(&mut self, at: u64, data: &[u8]) -> bool {
        let Some(end) = usize::try_from(at).ok().and_then(|at| at.checked_add(data.len())) else {
            return false;
        };
        if end > self.bytes.len() && !self.truncate(end as u64) {
            return false;
        }
        self.bytes[end - data.len()..end].copy_from_slice(data);
        true
    }

    /// Cuts or extends with zeros; false if memory runs out.
    pub fn truncate(&mut self, size: u64) -> bool {
        let Ok(size) = usize::try_from(size) else { return false };
        if self.bytes.try_reserve(size.saturating_sub(self.bytes.len())).is_err() {
            return false;
        }
        self.bytes.resize(size, 0);
        true
    }

    /// Bytes in the file.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}
