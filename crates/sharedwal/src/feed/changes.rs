//! What the open transaction of one connection changes in one database, as far as it is known.

use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Tables;
#[cfg(feature = "row-ids")]
use crate::layout::feed::MAX_ROW_IDS;

/// A table that was changed, or may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// Its name, as the schema has it.
    pub name: Arc<str>,
    /// The rows that were changed, in no order; `None` where they are not known.
    pub row_ids: Option<Vec<i64>>,
}

/// What a transaction changes.
#[derive(Default)]
pub struct Transaction {
    /// Whether everything was noted that changes something. If not, nothing is known.
    noted: bool,
    unknown: bool,
    tables: Vec<TableChange>,
    #[cfg(feature = "row-ids")]
    row_ids: u32,
}

impl Transaction {
    /// Begins anew: what follows is noted.
    pub fn begin(&mut self) {
        self.clear();
        self.noted = true;
    }

    /// Forgets everything. What changes something from here on is not noted.
    fn clear(&mut self) {
        *self = Transaction { tables: std::mem::take(&mut self.tables), ..Transaction::default() };
        self.tables.clear();
    }

    /// Notes a change of which nobody can say what it concerns.
    pub fn add_unknown(&mut self) {
        self.unknown = true;
    }

    /// Notes a table that is about to be changed. Whether its rows will be told is only good for a
    /// table that was not there before.
    pub fn add_table(&mut self, name: &Arc<str>, rows_are_told: bool) {
        match self.find(name) {
            Some(table) if !rows_are_told => table.row_ids = None,
            Some(_) => {}
            None => {
                let row_ids = rows_are_told.then(Vec::new);
                self.tables.push(TableChange { name: name.clone(), row_ids });
            }
        }
    }

    /// Notes a row that was changed, of a table that was noted. A row without an id has 0, which may
    /// also be one: the rows of its table are not known then.
    #[cfg(feature = "row-ids")]
    pub fn add_row(&mut self, name: &str, row_id: i64) {
        let untold = row_id == 0 || self.row_ids >= MAX_ROW_IDS;
        let Some(table) = self.tables.iter_mut().find(|table| &*table.name == name) else { return };
        match &mut table.row_ids {
            Some(ids) if ids.last() == Some(&row_id) => {}
            Some(ids) if !untold => {
                ids.push(row_id);
                self.row_ids += 1;
            }
            _ => table.row_ids = None,
        }
    }

    fn find(&mut self, name: &Arc<str>) -> Option<&mut TableChange> {
        // Most often it is the very name that was noted before.
        let same = |table: &&mut TableChange| Arc::ptr_eq(&table.name, name) || table.name == *name;
        self.tables.iter_mut().find(same)
    }

    /// What was noted.
    fn take(&mut self) -> Tables {
        let known = self.noted && !self.unknown && !self.tables.is_empty();
        let mut tables = std::mem::take(&mut self.tables);
        self.clear();
        if !known {
            return Tables::Unknown;
        }
        for ids in tables.iter_mut().filter_map(|table| table.row_ids.as_mut()) {
            // A heap's sort: the standard library's other one is a lot of code for a page to load.
            *ids = BinaryHeap::from(std::mem::take(ids)).into_sorted_vec();
            ids.dedup();
        }
        // None were told: of a virtual table none ever are.
        for table in &mut tables {
            table.row_ids = table.row_ids.take().filter(|ids| !ids.is_empty());
        }
        Tables::Known(tables)
    }
}

/// A connection's open transaction in one database. The VFS and whoever runs the statements share it,
/// in one thread at a time.
#[derive(Clone, Default)]
pub struct Changes(Arc<Mutex<Transaction>>);

impl Changes {
    /// For a short time.
    pub fn lock(&self) -> MutexGuard<'_, Transaction> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was changed, at a commit: nothing is noted after it.
    pub fn take(&self) -> Tables {
        self.lock().take()
    }
}
