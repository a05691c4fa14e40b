//! What is told of a commit, and how it stands in words.

#[cfg(test)]
use std::sync::Arc;

use super::TableChange;
#[cfg(test)]
use crate::layout::feed::table_word;
use crate::layout::feed::{UNKNOWN, record_word};

/// The tables that were changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tables {
    /// These at the most.
    Known(Vec<TableChange>),
    /// Nobody can say.
    Unknown,
}

#[cfg(test)]
/// A commit, or several of which nothing more is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its number; those of commits that follow each other do as well.
    pub sequence: u64,
    /// The connection that committed, or died; `None` if there may be several.
    pub connection: Option<u32>,
    /// What it changed.
    pub tables: Tables,
}

/// The tables of a record, in at most so many words: without row ids if these are too many, and
/// unknown if the names are.
pub fn encode(sequence: u64, connection: u32, tables: Tables, most: u32) -> Vec<u32> {
    let Tables::Known(mut tables) = tables else { return unknown(sequence, connection) };
    for _ in 0..2 {
        let mut record = vec![0, sequence as u32, (sequence >> 32) as u32, connection, tables.len() as u32];
        tables.iter().for_each(|table| encode_table(table, &mut record));
        if record.len() <= most as usize {
            record[record_word::LENGTH as usize] = record.len() as u32;
            return record;
        }
        tables.iter_mut().for_each(|table| table.row_ids = None);
    }
    unknown(sequence, connection)
}

fn unknown(sequence: u64, connection: u32) -> Vec<u32> {
    vec![record_word::COUNT, sequence as u32, (sequence >> 32) as u32, connection, UNKNOWN]
}

fn encode_table(table: &TableChange, record: &mut Vec<u32>) {
    let name = table.name.as_bytes();
    record.push(name.len() as u32);
    record.push(table.row_ids.as_ref().map_or(UNKNOWN, |ids| ids.len() as u32));
    record.extend(name.chunks(4).map(|bytes| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    }));
    for id in table.row_ids.iter().flatten() {
        record.extend([*id as u32, (*id >> 32) as u32]);
    }
}

#[cfg(test)]
/// The commit that a record tells of; `None` if it is none.
pub fn decode(record: &[u32]) -> Option<Commit> {
    let word = |at: u32| record.get(at as usize).copied();
    let sequence =
        u64::from(word(record_word::SEQUENCE)?) | u64::from(word(record_word::SEQUENCE_UPPER)?) << 32;
    let connection = Some(word(record_word::CONNECTION)?);
    let count = word(record_word::TABLES)?;
    if count == UNKNOWN {
        return Some(Commit { sequence, connection, tables: Tables::Unknown });
    }
    let mut rest = record.get(record_word::COUNT as usize..)?;
    let mut tables = Vec::new();
    for _ in 0..count {
        let (table, after) = decode_table(rest)?;
        tables.push(table);
        rest = after;
    }
    Some(Commit { sequence, connection, tables: Tables::Known(tables) })
}

#[cfg(test)]
fn decode_table(words: &[u32]) -> Option<(TableChange, &[u32])> {
    let length = *words.get(table_word::NAME_BYTES as usize)? as usize;
    let count = *words.get(table_word::ROW_IDS as usize)?;
    let rest = words.get(table_word::COUNT as usize..)?;
    let (name, rest) = rest.split_at_checked(length.div_ceil(4))?;
    let name: Vec<u8> = name.iter().flat_map(|word| word.to_le_bytes()).take(length).collect();
    let name: Arc<str> = String::from_utf8(name).ok()?.into();
    if count == UNKNOWN {
        return Some((TableChange { name, row_ids: None }, rest));
    }
    let (ids, rest) = rest.split_at_checked((count as usize).checked_mul(2)?)?;
    let ids = ids.chunks_exact(2).map(|id| (u64::from(id[0]) | u64::from(id[1]) << 32) as i64).collect();
    Some((TableChange { name, row_ids: Some(ids) }, rest))
}
