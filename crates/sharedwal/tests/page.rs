//! The Rust face in a real page: `SharedArrayBuffer`s, Web Locks, rusqlite.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Object, Reflect, SharedArrayBuffer};
use sharedwal::{Code, ConnectOptions, Error, JournalMode, Runtime, RuntimeOptions};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[path = "shared/sqlite_build.rs"]
mod sqlite_build;

fn code(result: Result<impl Sized, Error>) -> Code {
    match result {
        Err(Error::Own { code, .. }) => code,
        Err(error) => panic!("an error of SQLite's: {error}"),
        Ok(_) => panic!("no error"),
    }
}

#[wasm_bindgen_test]
async fn two_connections_share_one_database() {
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let writer = runtime.connect().await.unwrap();
    let reader = runtime.connect().await.unwrap();
    writer.execute_batch("create table t (x); insert into t values (1), (2)").unwrap();
    let sum =
        |db: &rusqlite::Connection| db.query_row("select sum(x) from t", [], |row| row.get::<_, i64>(0));
    assert_eq!(sum(&reader).unwrap(), 3);
    reader.execute_batch("begin; select * from t").unwrap();
    assert_eq!(sum(&reader).unwrap(), 3);
    writer.execute("insert into t values (39)", []).unwrap();
    assert_eq!(sum(&reader).unwrap(), 3, "a read transaction keeps its snapshot");
    reader.execute_batch("commit").unwrap();
    assert_eq!(sum(&reader).unwrap(), 42);
    let mode: String = reader.query_row("pragma journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(runtime.connections(), 2);
}

#[wasm_bindgen_test]
async fn the_handle_leads_to_the_same_bytes() {
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    runtime.connect().await.unwrap().execute_batch("create table t (x); insert into t values (7)").unwrap();
    let handle = JsValue::from(&runtime);
    let id = runtime.id().to_owned();
    drop(runtime);
    let again = Runtime::try_from(handle).unwrap();
    assert_eq!(again.id(), id);
    let mut options = ConnectOptions::default();
    options.must_exist = true;
    let db = again.connect_with(&options).await.unwrap();
    assert_eq!(db.query_row("select x from t", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
}

#[wasm_bindgen_test]
async fn rollback_journals_work_too() {
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let mut options = ConnectOptions::default();
    options.journal_mode = JournalMode::Delete;
    let db = runtime.connect_with(&options).await.unwrap();
    db.execute_batch(
        "create table t (x); begin; insert into t values (1); rollback; insert into t values (2)",
    )
    .unwrap();
    assert_eq!(db.query_row("select sum(x) from t", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    assert_eq!(runtime.write_ahead_size(), 0);
}

#[wasm_bindgen_test]
async fn a_whole_database_goes_out_and_in() {
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let db = runtime.connect().await.unwrap();
    db.execute_batch("create table t (x); insert into t values (7)").unwrap();
    let bytes = runtime.export_database().await.unwrap();
    assert_eq!(bytes.len(), 8192);
    assert_eq!(code(runtime.import_database(bytes[..5000].to_vec()).await), Code::InvalidImage);
    db.execute_batch("insert into t values (1)").unwrap();
    runtime.import_database(bytes.clone()).await.unwrap();
    let sum =
        |db: &rusqlite::Connection| db.query_row("select sum(x) from t", [], |row| row.get::<_, i64>(0));
    assert_eq!(sum(&db).unwrap(), 7);
    let other = Runtime::create(&RuntimeOptions::default()).unwrap();
    other.import_database(bytes).await.unwrap();
    assert_eq!(other.connections(), 0);
    assert_eq!(sum(&other.connect().await.unwrap()).unwrap(), 7);
}

#[wasm_bindgen_test]
async fn fixed_capacities_are_taken_at_once() {
    let mut options = RuntimeOptions::default();
    options.fixed_capacity = true;
    options.max_database_capacity = 1 << 20;
    options.max_write_ahead_capacity = 1 << 20;
    let runtime = Runtime::create(&options).unwrap();
    for name in ["database", "writeAhead", "journal"] {
        let segments = Reflect::get(&JsValue::from(&runtime), &name.into()).unwrap();
        for segment in Array::from(&segments).iter() {
            assert_eq!(Reflect::get(&segment, &"growable".into()).unwrap(), JsValue::FALSE, "{name}");
        }
    }
    let db = runtime.connect().await.unwrap();
    db.execute_batch("create table t (x); insert into t values (zeroblob(300000))").unwrap();
    let mut full = Ok(());
    for _ in 0..4 {
        full = full.and_then(|()| db.execute_batch("insert into t values (zeroblob(300000))"));
    }
    assert_eq!(full.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
    db.execute_batch("delete from t; insert into t values (zeroblob(300000))").unwrap();
}

#[wasm_bindgen_test]
fn what_is_not_a_handle_is_refused() {
    let of = |fields: &[(&str, JsValue)]| {
        let object = Object::new();
        for (name, value) in fields {
            Reflect::set(&object, &(*name).into(), value).unwrap();
        }
        JsValue::from(object)
    };
    for value in [JsValue::NULL, JsValue::UNDEFINED, 7.into(), "runtime".into(), of(&[]), Array::new().into()]
    {
        assert_eq!(code(Runtime::try_from(value)), Code::InvalidRuntime);
    }
    let other = JsValue::from(sharedwal::layout::LAYOUT_VERSION + 1);
    assert_eq!(code(Runtime::try_from(of(&[("sharedwal", other)]))), Code::RuntimeVersion);
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let handle = JsValue::from(&runtime);
    for name in ["id", "name", "control", "index", "database", "writeAhead", "journal", "superJournals"] {
        let broken = Object::assign(&Object::new(), &handle.clone().into());
        // Three bytes are no whole word, of which a view cannot be made.
        let odd = JsValue::from(SharedArrayBuffer::new(3));
        for value in
            [JsValue::from(""), odd.clone(), Array::of1(&odd).into(), Array::new_with_length(u32::MAX).into()]
        {
            Reflect::set(&broken, &name.into(), &value).unwrap();
            assert_eq!(
                code(Runtime::try_from(JsValue::from(broken.clone()))),
                Code::InvalidRuntime,
                "{name}"
            );
        }
    }
}

#[wasm_bindgen_test]
fn a_reservation_that_the_engine_refuses_is_an_error() {
    let mut options = RuntimeOptions::default();
    options.max_database_capacity = 1 << 41;
    options.segment_capacity = 1 << 41;
    assert_eq!(code(Runtime::create(&options)), Code::ReservationRefused);
    options.max_database_capacity = 0;
    assert_eq!(code(Runtime::create(&options)), Code::InvalidCapacity);
}

#[wasm_bindgen_test]
async fn a_disposed_runtime_refuses_connections() {
    let runtime = Runtime::create(&RuntimeOptions::default()).unwrap();
    let db = runtime.connect().await.unwrap();
    assert_eq!(code(runtime.dispose()), Code::RuntimeInUse);
    drop(db);
    runtime.dispose().unwrap();
    assert_eq!(code(runtime.connect().await), Code::RuntimeDisposed);
}

/// The native tests speak of the SQLite that runs here only if it is the same.
#[wasm_bindgen_test]
async fn sqlite_is_the_one_of_the_native_tests() {
    let db = Runtime::create(&RuntimeOptions::default()).unwrap().connect().await.unwrap();
    assert_eq!(sqlite_build::build(&db), include_str!("../sqlite-build.txt"));
}
