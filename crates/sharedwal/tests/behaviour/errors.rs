//! Errors and types as users of rusqlite expect them.

use std::error::Error as _;
use std::fmt::Debug;

use rusqlite::ErrorCode;

use super::*;

#[test]
fn an_error_of_the_library_has_its_code_and_says_what_to_do() {
    let runtime = runtime();
    let _db = connect(&runtime);
    let error = runtime.dispose().unwrap_err();
    assert_eq!((error.code(), error.sqlite_error_code()), (Some(Code::RuntimeInUse), None));
    assert_eq!(Code::RuntimeInUse.to_string(), "RUNTIME_IN_USE");
    assert!(error.to_string().ends_with(Code::RuntimeInUse.advice()), "{error}");
    assert!(error.source().is_none());
}

/// Whoever prints an error and its sources reads each thing once.
#[test]
fn an_error_of_sqlite_is_passed_on() {
    let db = connect(&runtime());
    db.execute_batch("create table t (x unique); insert into t values (1)").unwrap();
    let sqlite = || db.execute_batch("insert into t values (1)").unwrap_err();
    let error = Error::from(sqlite());
    assert_eq!((error.code(), error.sqlite_error_code()), (None, Some(ErrorCode::ConstraintViolation)));
    assert_eq!(error.to_string(), sqlite().to_string());
    assert_eq!(error.source().map(ToString::to_string), sqlite().source().map(ToString::to_string));
    assert!(matches!(error, Error::Sqlite(inner) if inner == sqlite()));
}

#[test]
fn threads_share_a_runtime_and_pass_on_the_rest() {
    fn shared<T: Clone + Debug + Send + Sync>(_: &T) {}
    fn passed_on<T: Debug + Send>(_: &T) {}
    let runtime = runtime();
    shared(&runtime);
    shared(&RuntimeOptions::default());
    shared(&ConnectOptions::default());
    shared(&runtime.diagnostics());
    passed_on(&connect(&runtime));
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<Error>();
    let text = format!("{runtime:?}");
    assert!(text.contains(runtime.name()) && text.contains(runtime.id()), "{text}");
}
