//! Handles: sound ones in which some fields were replaced.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use bolero::TypeGenerator;

use super::{duration, fuzz, without_panic};
use crate::layout::{CONTROL_BYTES, INDEX_MAX_PAGES, INDEX_PAGE_BYTES, LAYOUT_VERSION, SUPER_JOURNALS};
use crate::runtime::description::{Description, Fields, Memory};
use crate::{Code, Error};

const FIELDS: [&str; 10] = [
    "sharedwal",
    "worker",
    "id",
    "name",
    "control",
    "index",
    "database",
    "writeAhead",
    "journal",
    "superJournals",
];

#[derive(Debug, Clone, Copy, PartialEq, TypeGenerator)]
struct Buffer {
    length: Length,
    capacity: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, TypeGenerator)]
enum Length {
    Any(u64),
    Small(u8),
    Grains(u16),
    IndexPages(u16),
    Gibibytes(u16),
    Control,
}

impl Length {
    fn bytes(self) -> u64 {
        match self {
            Length::Any(bytes) => bytes,
            Length::Small(bytes) => bytes.into(),
            Length::Grains(count) => u64::from(count) << 16,
            Length::IndexPages(count) => u64::from(count) * u64::from(INDEX_PAGE_BYTES),
            Length::Gibibytes(count) => u64::from(count) << 30,
            Length::Control => CONTROL_BYTES.into(),
        }
    }
}

impl Memory for Buffer {
    fn length(&self) -> u64 {
        self.length.bytes()
    }

    fn capacity(&self) -> u64 {
        self.capacity.bytes()
    }
}

#[derive(Debug, Clone, TypeGenerator)]
enum Value {
    Nothing,
    Number(f64),
    Version(u8),
    Text(String),
    LongText(u16),
    Buffer(Buffer),
    List(Vec<Buffer>),
    /// One buffer, many times.
    Repeated(Buffer, u32),
    /// A list with a hole in it.
    Holes(u32),
}

struct Posted(HashMap<&'static str, Value>);

impl Fields for Posted {
    type Memory = Buffer;

    fn number(&self, field: &str) -> Option<f64> {
        match self.0.get(field)? {
            Value::Number(number) => Some(*number),
            Value::Version(version) => Some((*version).into()),
            _ => None,
        }
    }

    fn text(&self, field: &str) -> Option<String> {
        match self.0.get(field)? {
            Value::Text(text) => Some(text.clone()),
            Value::LongText(length) => Some("x".repeat((*length).into())),
            _ => None,
        }
    }

    fn memory(&self, field: &str) -> Option<Buffer> {
        match self.0.get(field)? {
            Value::Buffer(buffer) => Some(*buffer),
            _ => None,
        }
    }

    fn length(&self, field: &str) -> Option<u32> {
        match self.0.get(field)? {
            Value::List(list) => Some(list.len() as u32),
            Value::Repeated(_, count) => Some(*count),
            Value::Holes(count) => Some(*count),
            _ => None,
        }
    }

    fn item(&self, field: &str, index: u32) -> Option<Buffer> {
        match self.0.get(field)? {
            Value::List(list) => list.get(index as usize).copied(),
            Value::Repeated(buffer, count) => (index < *count).then_some(*buffer),
            _ => None,
        }
    }
}

fn sound() -> Posted {
    let grow = |length, capacity| Buffer { length, capacity };
    let small = grow(Length::Small(0), Length::Grains(1));
    let control = grow(Length::Control, Length::Control);
    let file = || Value::List(vec![grow(Length::Grains(2), Length::Grains(4)), small]);
    Posted(HashMap::from([
        ("sharedwal", Value::Number(LAYOUT_VERSION.into())),
        ("id", Value::Text("0123".into())),
        ("worker", Value::Number(0.0)),
        ("name", Value::Text("main".into())),
        ("control", Value::Buffer(control)),
        ("index", Value::Buffer(grow(Length::IndexPages(1), Length::IndexPages(INDEX_MAX_PAGES as u16)))),
        ("database", file()),
        ("writeAhead", file()),
        ("journal", Value::List(vec![small])),
        ("superJournals", Value::Repeated(small, SUPER_JOURNALS)),
    ]))
}

/// What everything else takes for granted.
fn check(description: &Description<Buffer>, posted: &Posted) {
    assert_eq!(posted.number("sharedwal"), Some(LAYOUT_VERSION.into()));
    let path = format!("/{}/{}-journal", description.id, description.name);
    assert!(path.len() < 512 && path.matches('/').count() == 2 && !path.contains('\0'), "{path:?}");
    assert_eq!(posted.number("worker").map(|worker| worker as u32), Some(description.worker));
    assert_eq!(description.control.length(), u64::from(CONTROL_BYTES));
    let index = description.index.capacity();
    assert!(index >= INDEX_PAGE_BYTES.into() && index <= u64::from(INDEX_PAGE_BYTES * INDEX_MAX_PAGES));
    assert_eq!(description.super_journals.len(), SUPER_JOURNALS as usize);
    for file in
        [&description.database, &description.write_ahead, &description.journal, &description.super_journals]
    {
        let (last, others) = file.split_last().unwrap();
        let size = file[0].capacity();
        assert!(last.capacity() > 0 && last.capacity() <= size);
        assert!(others.iter().all(|segment| segment.capacity() == size));
        // Words are 4 bytes, and a view of them cannot be made otherwise.
        assert!(
            file.iter().all(|segment| segment.capacity() % 4 == 0 && segment.length() <= segment.capacity())
        );
        let total: u128 = file.iter().map(|segment| u128::from(segment.capacity())).sum();
        assert!(total < 1 << 42);
    }
}

#[test]
fn a_handle_with_anything_in_it() {
    let (accepted, refused, old) = (Cell::new(0), Cell::new(0), Cell::new(0));
    assert!(Description::read(&sound()).is_ok());
    fuzz(duration(), |changes: &Vec<(u8, Value)>| {
        let mut posted = sound();
        // Few at a time, or the first of them hides the others.
        for (field, value) in changes.iter().take(2) {
            posted.0.insert(FIELDS[usize::from(*field) % FIELDS.len()], value.clone());
        }
        let count = |count: &Cell<u32>| count.set(count.get() + 1);
        match without_panic(Duration::from_secs(5), || Description::read(&posted)) {
            Ok(description) => {
                check(&description, &posted);
                count(&accepted);
            }
            Err(Error::Own { code: Code::InvalidRuntime, detail }) if !detail.is_empty() => count(&refused),
            Err(Error::Own { code: Code::RuntimeVersion, detail }) => {
                assert_ne!(posted.number("sharedwal"), Some(LAYOUT_VERSION.into()));
                assert!(detail.contains(&LAYOUT_VERSION.to_string()), "{detail}");
                count(&old);
            }
            Err(error) => panic!("{error:?}"),
        }
    });
    println!("{} accepted, {} refused, {} of another version", accepted.get(), refused.get(), old.get());
    assert!(accepted.get() > 0 && refused.get() > 0 && old.get() > 0);
}
