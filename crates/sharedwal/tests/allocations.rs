//! How often warm statements ask for memory: SQLite, and this crate around it. A program of its own, since
//! both allocators are counted for all of it.
#![cfg(not(target_arch = "wasm32"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rusqlite::{Connection, ffi};
use sharedwal::{Runtime, RuntimeOptions};

static RUST: AtomicU64 = AtomicU64::new(0);
static SQLITE: AtomicU64 = AtomicU64::new(0);

/// Counts what Rust asks of the system.
struct Counting;

// SAFETY: everything is passed on to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        RUST.fetch_add(1, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        RUST.fetch_add(1, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// SQLite's own methods, which the counting ones pass on to.
static OWN: OnceLock<(Malloc, Realloc)> = OnceLock::new();

type Malloc = unsafe extern "C" fn(c_int) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void;

unsafe extern "C" fn counted_malloc(bytes: c_int) -> *mut c_void {
    SQLITE.fetch_add(1, Relaxed);
    // SAFETY: set before SQLite was told of this function; SQLite calls it as it calls its own.
    unsafe { OWN.get().unwrap().0(bytes) }
}

unsafe extern "C" fn counted_realloc(place: *mut c_void, bytes: c_int) -> *mut c_void {
    SQLITE.fetch_add(1, Relaxed);
    // SAFETY: as above.
    unsafe { OWN.get().unwrap().1(place, bytes) }
}

/// Has SQLite's allocations counted; before its first use in this program.
fn count_sqlite() {
    // SAFETY: SQLite is not initialised, and no other thread uses it; both structures are valid.
    unsafe {
        let mut methods: ffi::sqlite3_mem_methods = std::mem::zeroed();
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods), ffi::SQLITE_OK);
        assert!(OWN.set((methods.xMalloc.unwrap(), methods.xRealloc.unwrap())).is_ok());
        methods.xMalloc = Some(counted_malloc);
        methods.xRealloc = Some(counted_realloc);
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw mut methods), ffi::SQLITE_OK);
    }
}

/// Allocations: SQLite's and Rust's.
type Allocations = (u64, u64);

/// Those of an action that has been done before, each time after something else.
fn allocations(mut before: impl FnMut(), mut action: impl FnMut()) -> Allocations {
    let mut counted = (0, 0);
    for _ in 0..20 {
        before();
        let start = (SQLITE.load(Relaxed), RUST.load(Relaxed));
        action();
        counted = (SQLITE.load(Relaxed) - start.0, RUST.load(Relaxed) - start.1);
    }
    counted
}

fn read(db: &Connection, id: i64) {
    let mut statement = db.prepare_cached("select amount from items where id = ?").unwrap();
    let amount: i64 = statement.query_row([id], |row| row.get(0)).unwrap();
    assert!(amount > 0);
}

fn update(db: &Connection, id: i64) {
    let mut statement = db.prepare_cached("update items set amount = amount + 1 where id = ?").unwrap();
    assert_eq!(statement.execute([id]).unwrap(), 1);
}

#[test]
fn warm_statements_ask_for_little_memory() {
    count_sqlite();
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let [db, other] = [(); 2].map(|()| runtime.connect_blocking().unwrap());
    db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    db.execute_batch(
        "create table items (id integer primary key, amount integer);
         insert into items
            with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
            select i, i from n",
    )
    .unwrap();
    let private = Connection::open_in_memory().unwrap();
    private.execute_batch("create table items (id integer primary key, amount integer)").unwrap();
    private.execute_batch("insert into items values (1, 1)").unwrap();

    let nothing = || ();
    // What rusqlite needs to find the statement.
    let private_read = allocations(nothing, || read(&private, 1));
    assert_eq!(private_read, (0, 1));
    assert_eq!(allocations(nothing, || read(&db, 500)), private_read);

    let (_, private_update) = allocations(nothing, || update(&private, 1));
    let (sqlite, rust) = allocations(nothing, || update(&db, 500));
    // In each of a commit's two publishes, of which one only moves a read mark, lists of what changed; and
    // of the check that nothing else did, which is not in release builds.
    assert!(sqlite == 0 && rust <= private_update + 4, "an update: {sqlite} and {rust}");

    let (sqlite, rust) = allocations(|| update(&other, 500), || read(&db, 500));
    assert!(sqlite == 0 && rust <= 5, "a read after another one's commit: {sqlite} and {rust}");
}
