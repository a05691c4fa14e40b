//! The names of super-journals: several at a time, and none is taken for another.

use std::sync::atomic::{AtomicU32, Ordering};

use super::create_runtime;
use crate::layout::{FileKind, SUPER_JOURNALS};

#[test]
fn a_name_finds_its_file_as_long_as_it_exists() {
    let runtime = create_runtime();
    let inner = runtime.inner();
    assert_eq!(inner.find_super_journal("-mj1"), None);
    let one = inner.create_super_journal("-mj1").unwrap();
    assert_eq!(inner.find_super_journal("-mj1"), Some(one));
    assert_eq!(inner.create_super_journal("-mj1"), Some(one), "opened once more");
    let two = inner.create_super_journal("-mj2").unwrap();
    assert_ne!(one, two);
    inner.file(one).write(0, b"one").unwrap();
    inner.file(one).delete();
    assert_eq!(inner.find_super_journal("-mj1"), None);
    let three = inner.create_super_journal("-mj3").unwrap();
    assert_eq!(inner.file(three).size(), 0);
    assert_eq!(inner.find_super_journal("-mj1"), None, "its place is another's now");
    let others: Vec<_> =
        (0..SUPER_JOURNALS).map_while(|n| inner.create_super_journal(&format!("-mj9{n}"))).collect();
    assert_eq!(others.len() as u32, SUPER_JOURNALS - 2, "there is room for so many");
    assert_eq!(inner.find_super_journal("-mj2"), Some(two));
}

/// Threads create, look for each other's, and delete: nobody's file is given to another, and a
/// mere look takes no place.
#[test]
fn creating_races_with_looking() {
    const THREADS: u32 = SUPER_JOURNALS;
    let runtime = create_runtime();
    let users = [const { AtomicU32::new(0) }; SUPER_JOURNALS as usize];
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (inner, users) = (runtime.inner(), &users);
            scope.spawn(move || {
                for round in 0..3_000 {
                    let name = format!("-mj{thread}{round:06}");
                    let Some(kind @ FileKind::SuperJournal(n)) = inner.create_super_journal(&name) else {
                        panic!("there is room for all");
                    };
                    assert_eq!(users[n as usize].fetch_add(1, Ordering::SeqCst), 0, "given to two");
                    inner.file(kind).write(0, name.as_bytes()).unwrap();
                    let other = format!("-mj{}{round:06}", (thread + 1) % THREADS);
                    assert_ne!(inner.find_super_journal(&other), Some(kind));
                    assert_eq!(inner.find_super_journal(&name), Some(kind));
                    let mut content = [0; 32];
                    let length = inner.file(kind).read(0, &mut content);
                    assert_eq!(&content[..length], name.as_bytes());
                    users[n as usize].fetch_sub(1, Ordering::SeqCst);
                    inner.file(kind).delete();
                }
            });
        }
    });
}
