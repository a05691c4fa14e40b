//! Which tables a statement changes, and which it reads, as SQLite's authorizer tells while it compiles
//! the statement; and noting the changes of a connection's transactions for the change feed.
//!
//! SQLite commits inside of the call that executes a statement, so what a statement may change is
//! noted before it is executed. That is more than it does change, never less.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::ffi;

use super::io_methods::{attached_database_of, database_of};
use crate::feed::Changes;

#[cfg(feature = "row-ids")]
mod rows;

type Statement = *mut ffi::sqlite3_stmt;

const MAIN: &CStr = c"main";
const TEMP: &[u8] = b"temp";

/// Pragmas that write, and those that do so where they have a value.
const WRITING_PRAGMAS: [&str; 2] = ["incremental_vacuum", "optimize"];
const SETTING_PRAGMAS: [&str; 8] = [
    "application_id",
    "auto_vacuum",
    "encoding",
    "journal_mode",
    "page_size",
    "schema_version",
    "user_version",
    "writable_schema",
];
/// Pragmas that tell of the content of tables. (What others tell changes with the schema alone.)
const CONTENT_PRAGMAS: [&str; 6] =
    ["data_version", "foreign_key_check", "freelist_count", "integrity_check", "page_count", "quick_check"];
/// The tables that a schema is kept in. SQLite calls the others of the same kind by these names, too.
const SCHEMA_TABLES: [&str; 2] = ["sqlite_master", "sqlite_schema"];
/// Modules whose tables have nothing but what is written into them, and functions of their arguments.
const PURE_MODULES: [&str; 6] = ["fts5", "rtree", "rtree_i32", "geopoly", "json_each", "json_tree"];

/// What a statement changes in one database.
#[derive(Clone, PartialEq, Eq)]
struct Target {
    /// Empty for the main database.
    schema: Option<Rc<CStr>>,
    /// `None` if that cannot be told.
    table: Option<Arc<str>>,
}

/// The tables of a statement of the main database; `None` where they cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatementTables {
    /// Those whose content it depends on.
    pub reads: Option<Vec<String>>,
    /// Those that it may change, by itself, by triggers and by foreign keys.
    pub writes: Option<Vec<String>>,
}

/// What SQLite tells of a statement that is being compiled.
#[derive(Default)]
struct Told {
    writes: Vec<Target>,
    /// Names of tables, where they are wanted.
    reads: Option<Vec<String>>,
    /// Whether it reads what no names of tables tell.
    reads_more: bool,
}

/// One connection's statements.
pub struct Tracker {
    db: *mut ffi::sqlite3,
    /// The open transaction in the main database.
    main: Changes,
    /// Of the statements that are being compiled, the innermost last: a function can compile one.
    compiling: RefCell<Vec<Told>>,
    writes: RefCell<HashMap<Statement, Rc<[Target]>>>,
    /// The statement that was begun last.
    begun: Cell<Statement>,
    #[cfg(feature = "row-ids")]
    rows: rows::Rows,
}

impl Tracker {
    /// For an open connection; `None` if its main database is not of this VFS. Statements that were
    /// compiled before are not known.
    ///
    /// # Safety
    /// `db` must be an open connection. The tracker must stay for as long as it, and nobody else must
    /// set an authorizer.
    pub unsafe fn install(db: *mut ffi::sqlite3) -> Option<Rc<Tracker>> {
        // SAFETY: as the caller promises.
        let database = unsafe { database_of(db) }?;
        let tracker = Rc::new(Tracker {
            db,
            main: database.changes().clone(),
            #[cfg(feature = "row-ids")]
            rows: rows::Rows::new(database),
            compiling: RefCell::default(),
            writes: RefCell::default(),
            begun: Cell::new(null_mut()),
        });
        tracker.set_authorizer();
        Some(tracker)
    }

    /// SQLite compiles all statements anew after this, each when it is executed next.
    fn set_authorizer(&self) {
        let context = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the connection is open; as who installs it promises, this outlives it.
        unsafe { ffi::sqlite3_set_authorizer(self.db, Some(authorize), context) };
    }

    /// Has `compile` compile a statement, and notes what it will change.
    pub fn compile(&self, compile: impl FnOnce() -> Statement) -> Statement {
        self.compiling.borrow_mut().push(Told::default());
        let statement = compile();
        let told = self.compiling.borrow_mut().pop().unwrap_or_default();
        if !statement.is_null() {
            // Also where there is nothing: another one may have had this address.
            let mut all = self.writes.borrow_mut();
            match told.writes.is_empty() {
                true => all.remove(&statement),
                false => all.insert(statement, told.writes.into()),
            };
        }
        statement
    }

    /// The statement is being finalized.
    pub fn forget(&self, statement: Statement) {
        self.writes.borrow_mut().remove(&statement);
    }

    /// The statement is about to be executed, from its beginning.
    ///
    /// # Safety
    /// It must be one of this connection.
    pub unsafe fn begins(&self, statement: Statement) {
        // SAFETY: as the caller promises.
        if unsafe { ffi::sqlite3_stmt_readonly(statement) } != 0 {
            return;
        }
        self.begun.set(statement);
        let targets = self.writes.borrow().get(&statement).cloned();
        match targets {
            Some(targets) => {
                targets.iter().for_each(|target| self.begin_transaction(target.schema.as_deref()));
                targets.iter().for_each(|target| self.note(target));
            }
            // It begins to write everywhere, or rewrites a database.
            None => self.begin_all(),
        }
    }

    /// Unless the connection writes into the database already.
    fn begin_transaction(&self, schema: Option<&CStr>) {
        // SAFETY: the connection is open.
        let state = unsafe { ffi::sqlite3_txn_state(self.db, schema.unwrap_or(MAIN).as_ptr()) };
        if state != ffi::SQLITE_TXN_WRITE
            && let Some(changes) = self.changes(schema)
        {
            changes.lock().begin();
            #[cfg(feature = "row-ids")]
            if schema.is_none() {
                self.watch_rows();
            }
        }
    }

    fn begin_all(&self) {
        self.begin_transaction(None);
        // The first two are the main and the temporary one.
        for n in 2.. {
            // SAFETY: the connection is open; the name is copied before it is used.
            let name = unsafe {
                let name = ffi::sqlite3_db_name(self.db, n);
                if name.is_null() {
                    return;
                }
                CStr::from_ptr(name).to_owned()
            };
            self.begin_transaction(Some(&name));
        }
    }

    fn note(&self, target: &Target) {
        let Some(changes) = self.changes(target.schema.as_deref()) else { return };
        #[cfg(feature = "row-ids")]
        let rows_are_told = target.schema.is_none() && self.rows.are_watched();
        #[cfg(not(feature = "row-ids"))]
        let rows_are_told = false;
        match &target.table {
            Some(table) => changes.lock().add_table(table, rows_are_told),
            None => changes.lock().add_unknown(),
        }
    }

    /// The open transaction in a database, if it is a shared one.
    fn changes(&self, schema: Option<&CStr>) -> Option<Changes> {
        match schema {
            None => Some(self.main.clone()),
            // SAFETY: the connection is open, and no reference to its databases is in use: SQLite is
            // compiling a statement, or about to execute one.
            Some(schema) => unsafe { attached_database_of(self.db, schema) }.map(|it| it.changes().clone()),
        }
    }

    /// SQLite tells of something that a statement changes.
    fn told_of_write(&self, schema: &CStr, table: Option<&str>) {
        if schema.to_bytes().eq_ignore_ascii_case(TEMP) {
            return;
        }
        let main = schema.to_bytes().eq_ignore_ascii_case(MAIN.to_bytes());
        let same = |target: &Target| {
            target.table.as_deref() == table && target.schema.as_deref() == (!main).then_some(schema)
        };
        let make = || Target {
            schema: (!main).then(|| CString::from(schema).into_boxed_c_str().into()),
            table: table.map(Arc::from),
        };
        if let Some(told) = self.compiling.borrow_mut().last_mut() {
            if !told.writes.iter().any(same) {
                told.writes.push(make());
            }
            return;
        }
        // Inside of an execution: SQLite compiles the statement anew, since the schema has changed; or
        // a virtual table compiles statements of its own.
        let target = make();
        // VACUUM has a database of its own, with another name each time.
        if self.changes(target.schema.as_deref()).is_none() {
            return;
        }
        self.note(&target);
        let mut all = self.writes.borrow_mut();
        let known = all.entry(self.begun.get()).or_insert_with(|| Rc::new([]));
        if !known.iter().any(same) {
            *known = known.iter().cloned().chain([target]).collect();
        }
    }

    /// SQLite tells of a table that a statement reads.
    fn told_of_read(&self, schema: Option<&CStr>, table: &str) {
        // Without a schema's name it may be the main one's.
        if schema.is_some_and(|schema| !schema.to_bytes().eq_ignore_ascii_case(MAIN.to_bytes())) {
            return;
        }
        if let Some(Told { reads: Some(reads), .. }) = self.compiling.borrow_mut().last_mut()
            && !reads.iter().any(|name| name == table)
        {
            reads.push(table.to_owned());
        }
    }

    /// SQLite tells of a pragma that a statement is.
    fn told_of_pragma(&self, name: &str) {
        if CONTENT_PRAGMAS.iter().any(|it| name.eq_ignore_ascii_case(it))
            && let Some(told) = self.compiling.borrow_mut().last_mut()
        {
            told.reads_more = true;
        }
    }

    /// The tables of a statement, as the schema is now. Of databases that were attached none are told.
    ///
    /// # Safety
    /// It must be a statement of this connection.
    pub unsafe fn tables(&self, statement: Statement) -> StatementTables {
        let mut again = null_mut();
        self.compiling.borrow_mut().push(Told { reads: Some(Vec::new()), ..Told::default() });
        // SAFETY: as the caller promises; a statement's text is a C string.
        unsafe {
            let sql = ffi::sqlite3_sql(statement);
            ffi::sqlite3_prepare_v3(self.db, sql, -1, 0, &mut again, null_mut());
            ffi::sqlite3_finalize(again);
        }
        let told = self.compiling.borrow_mut().pop().unwrap_or_default();
        if again.is_null() {
            return StatementTables::default();
        }
        let main = told.writes.iter().filter(|target| target.schema.is_none());
        let writes = main.map(|target| target.table.as_deref().map(str::to_owned)).collect();
        let reads = told.reads.filter(|_| !told.reads_more).and_then(|names| self.tables_behind(names));
        StatementTables { reads, writes }
    }

    /// Only the tables that change when they are written; `None` if there is one that may change
    /// otherwise.
    fn tables_behind(&self, names: Vec<String>) -> Option<Vec<String>> {
        let mut tables = Vec::new();
        for name in names {
            // SQLite writes into it without a word.
            if name.eq_ignore_ascii_case("sqlite_sequence") {
                return None;
            }
            match self.source_of(&name)? {
                Source::Table(name) => tables.push(name),
                Source::Virtual(name, module) if is_pure(&module) => tables.push(name),
                Source::Virtual(..) => return None,
                Source::Nothing => {}
            }
        }
        Some(tables)
    }

    /// Where the rows of a table come from that a statement reads; `None` if SQLite does not say.
    fn source_of(&self, name: &str) -> Option<Source> {
        if SCHEMA_TABLES.iter().any(|table| name.eq_ignore_ascii_case(table)) {
            return Some(Source::Nothing);
        }
        // A statement without a column of a table tells its name as it is written in the statement.
        let sql = c"select s.name, iif(l.type = 'shadow', 'shadow', coalesce(s.sql, ''))
                    from main.sqlite_schema s join pragma_table_list l on l.schema = 'main' and l.name = s.name
                    where s.type in ('table', 'view') and s.name = ?1 collate nocase";
        if let Some((name, sql)) = self.first_row(sql, name)? {
            return Some(match declared_module(&sql) {
                // A virtual table writes into it without a word.
                _ if sql == "shadow" => Source::Virtual(name, sql),
                Some(module) => Source::Virtual(name, module),
                None => Source::Table(name),
            });
        }
        let sql = c"select name, lower(name) from pragma_module_list where name = ?1 collate nocase";
        let found = self.first_row(sql, name)?;
        Some(found.map_or(Source::Nothing, |(name, module)| Source::Virtual(name, module)))
    }

    /// The first row of a query of two columns with one parameter; outer `None` for an error.
    fn first_row(&self, sql: &CStr, parameter: &str) -> Option<Option<(String, String)>> {
        let mut statement = null_mut();
        // SAFETY: the connection is open; the parameter outlives its binding, and the texts are copied
        // before the statement is finalized.
        unsafe {
            let prepare = || {
                ffi::sqlite3_prepare_v3(self.db, sql.as_ptr(), -1, 0, &mut statement, null_mut());
                null_mut()
            };
            self.compile(prepare);
            let text = parameter.as_ptr().cast();
            let bound = ffi::sqlite3_bind_text(statement, 1, text, parameter.len() as c_int, None);
            let stepped = ffi::sqlite3_step(statement);
            let column = |n| text_of(ffi::sqlite3_column_text(statement, n).cast()).map(str::to_owned);
            let row = (stepped == ffi::SQLITE_ROW).then(|| column(0).zip(column(1)));
            let ended = ffi::sqlite3_finalize(statement);
            let done = bound == ffi::SQLITE_OK && ended == ffi::SQLITE_OK;
            // A row whose text cannot be read is an error, too.
            if !done || row == Some(None) { None } else { Some(row.flatten()) }
        }
    }
}

/// Where rows come from.
enum Source {
    /// A table, or a view, by its name in the schema.
    Table(String),
    /// A virtual table, or a function that has rows, and its module in lower case.
    Virtual(String, String),
    /// A name that a statement gave to something of its own; or the schema, of whose changes nobody can
    /// say more than that.
    Nothing,
}

fn is_pure(module: &str) -> bool {
    PURE_MODULES.contains(&module)
        || module.strip_prefix("pragma_").is_some_and(|pragma| !CONTENT_PRAGMAS.contains(&pragma))
}

/// The module that a `CREATE VIRTUAL TABLE` names; one that reads another table counts as another.
fn declared_module(sql: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase().split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if !lower.starts_with("create virtual table") {
        return None;
    }
    let Some((_, module)) = lower.split_once(" using ") else { return Some("?".into()) };
    let end = module.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(module.len());
    let (module, arguments) = module.split_at(end);
    let elsewhere = module == "fts5" && arguments.contains("content");
    Some(if elsewhere { format!("{module}, of another table") } else { module.to_owned() })
}

/// # Safety
/// `text` must be null or a C string that stays as it is.
unsafe fn text_of<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().ok()).flatten()
}

/// Whether a name is that of the virtual table of a database's pages.
fn is_pages(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.eq_ignore_ascii_case("sqlite_dbpage"))
}

/// SQLite calls this while it compiles a statement, for each thing that the statement does. Nothing is
/// refused but to write pages past SQLite: nobody could tell which tables that changes.
unsafe extern "C" fn authorize(
    tracker: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    schema: *const c_char,
    _trigger: *const c_char,
) -> c_int {
    // SAFETY: `install` passed the tracker, which lives; SQLite passes C strings.
    unsafe {
        let tracker = &*tracker.cast::<Tracker>();
        let name = |schema: *const c_char| if schema.is_null() { MAIN } else { CStr::from_ptr(schema) };
        match action {
            ffi::SQLITE_READ => {
                if let Some(table) = text_of(first) {
                    tracker.told_of_read((!schema.is_null()).then(|| name(schema)), table);
                }
            }
            ffi::SQLITE_SELECT | ffi::SQLITE_FUNCTION | ffi::SQLITE_RECURSIVE => {}
            ffi::SQLITE_TRANSACTION | ffi::SQLITE_SAVEPOINT => {}
            ffi::SQLITE_ATTACH | ffi::SQLITE_DETACH => {}
            ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => {
                let is_schema = |table: &&str| SCHEMA_TABLES.iter().any(|it| table.eq_ignore_ascii_case(it));
                let table = text_of(first);
                if is_pages(table) {
                    return ffi::SQLITE_DENY;
                }
                tracker.told_of_write(name(schema), table.filter(|table| !is_schema(table)));
            }
            ffi::SQLITE_PRAGMA => {
                let pragma = text_of(first);
                tracker.told_of_pragma(pragma.unwrap_or_default());
                let sets: &[&str] = if second.is_null() { &[] } else { &SETTING_PRAGMAS };
                let mut all = WRITING_PRAGMAS.iter().chain(sets);
                if pragma.is_none_or(|pragma| all.any(|it| pragma.eq_ignore_ascii_case(it))) {
                    tracker.told_of_write(name(schema), None);
                }
            }
            ffi::SQLITE_CREATE_VTABLE if is_pages(text_of(second)) => return ffi::SQLITE_DENY,
            ffi::SQLITE_ALTER_TABLE => tracker.told_of_write(name(first), None),
            // A change of the schema.
            _ => tracker.told_of_write(name(schema), None),
        }
    }
    ffi::SQLITE_OK
}
