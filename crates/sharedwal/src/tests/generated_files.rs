//! Files of other languages that say what this crate says: rendered here, compared with what is
//! there, and written with `UPDATE=1`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Code;
use crate::eviction::DEFAULT_LOCK_STALE_MS;
use crate::layout::{
    self, CONNECTION_STRIDE, CONTROL_BYTES, EXPORTED, INDEX_MAX_PAGES, INDEX_PAGE_BYTES, LAYOUT_VERSION,
    SIZE_UNIT, SLOTS, STATEMENT_BYTES, SUPER_JOURNALS, connection_word, feed, lock_word, locks, signals,
    slot_states,
};
use crate::runtime::options::MAX_SEGMENTS;

/// Columns in a line of TypeScript, as the formatter has it.
const WIDTH: usize = 100;

fn layout_ts() -> String {
    let constants = [
        (
            "LAYOUT_VERSION",
            LAYOUT_VERSION,
            "Changes whenever a word of the control block changes its meaning; part of the runtime handle.",
        ),
        ("CONTROL_BYTES", CONTROL_BYTES, "Length of the control block in bytes."),
        ("INDEX_MAX_PAGES", INDEX_MAX_PAGES, "wal-index pages that a runtime can have."),
        ("INDEX_PAGE_BYTES", INDEX_PAGE_BYTES, "Bytes of a wal-index page."),
        ("SUPER_JOURNALS", SUPER_JOURNALS, "Super-journals that can exist at a time."),
        ("MAX_SEGMENTS", MAX_SEGMENTS as u32, "Segments that one file can have."),
        ("SLOTS", SLOTS, "Connections that one runtime can have at a time."),
        ("SLOT_ATTACHING", slot_states::ATTACHING, "State of a slot whose connection is being opened."),
        (
            "SLOT_UNPROVEN",
            slot_states::UNPROVEN,
            "State of a slot whose connection's death nobody could prove, outside of its fence.",
        ),
        ("SLOT_INSIDE", slot_states::INSIDE, "The same, inside of its fence."),
        ("SLOT_LIVE", slot_states::LIVE, "State of a slot whose connection's death can be proved."),
        ("SLOT_DEAD", slot_states::DEAD, "State of a slot whose connection died."),
        ("SLOT_STATE_MASK", slot_states::MASK, "The bits of a slot's word that are its state; 0 is free."),
        (
            "DEFAULT_LOCK_STALE_MS",
            DEFAULT_LOCK_STALE_MS,
            "How long a connection may be silent, unless the runtime says otherwise.",
        ),
        ("SIZE_UNIT_BYTES", SIZE_UNIT as u32, "Bytes in a unit of file size."),
        ("LOCK_STRIDE", layout::lock(1) - layout::lock(0), "Words from one lock to the next."),
        ("CONNECTION_STRIDE", CONNECTION_STRIDE, "Words from one connection to the next."),
        (
            "WORKER_VOUCHED",
            layout::WORKER_VOUCHED,
            "Set beside a worker's number whose end is a proof of death by itself.",
        ),
        ("STATEMENT_BYTES", STATEMENT_BYTES, "Bytes of a statement's text that a connection tells."),
        ("FEED_RING_WORDS", feed::RING_WORDS, "Words of the ring of commit records."),
        ("FEED_TABLES", feed::wants::TABLES, "A listener wants the tables that each commit changed."),
        ("FEED_ROW_IDS", feed::wants::ROW_IDS, "A listener wants the row ids as well."),
        ("FEED_UNKNOWN", feed::UNKNOWN, "In place of a count in a commit record: it cannot be told."),
        ("FEED_MAX_ROW_IDS", feed::MAX_ROW_IDS, "Row ids that a commit record has at the most."),
    ];
    let mut text = String::from("// Generated from crates/sharedwal/src/layout.rs; do not edit.\n\n");
    for (name, value, doc) in constants {
        writeln!(text, "/** {doc} */\nexport const {name} = {value};").unwrap();
    }
    let connection = [
        ("SHARED", connection_word::SHARED, "The locks held shared, a bit each."),
        ("SINCE", connection_word::SINCE, "When it last began to read: ms since 1970, modulo 2^32."),
        ("HEARTBEAT", connection_word::HEARTBEAT, "When its timer last ran, in the same way."),
        ("STATEMENT_VERSION", connection_word::STATEMENT_VERSION, "Odd while the text is being stored."),
        ("STATEMENT_LENGTH", connection_word::STATEMENT_LENGTH, "Bytes of the text."),
        ("STATEMENT", connection_word::STATEMENT, "Text of the statement that began to read."),
        ("SIGNALS", connection_word::SIGNALS, "What it is asked for, below its slot's generation."),
        ("WORKER", connection_word::WORKER, "A number that all connections of one worker have, or 0."),
        ("WORKER_CHECK", connection_word::WORKER_CHECK, "That, exclusive-or its id."),
        ("PROOF", connection_word::PROOF, "The id of the connection whose Web Lock proves its life."),
        ("PROOF_CHECK", connection_word::PROOF_CHECK, "That, exclusive-or its id."),
        ("BEATS", connection_word::BEATS, "Grows with each sign of life, if nobody could prove its death."),
    ];
    text.push_str("\n/** Words of one connection. */\nexport const CONNECTION_WORD = {\n");
    for (name, word, doc) in connection {
        writeln!(text, "  /** {doc} */\n  {name}: {word},").unwrap();
    }
    text.push_str("} as const;\n");
    text.push_str("\n/** What a connection is asked for, and its answer. */\nexport const SIGNALS = {\n");
    for (name, bit, doc) in [
        ("INTERRUPT", signals::INTERRUPT, "To end the statement that runs now."),
        ("STOP", signals::STOP, "To roll back, and to run no statement any more."),
        ("STOPPED", signals::STOPPED, "It has done so."),
        ("REAP", signals::REAP, "To clean up after the dead."),
        ("DISPOSED", signals::DISPOSED, "Why it is to stop: the runtime was disposed of."),
    ] {
        writeln!(text, "  /** {doc} */\n  {name}: {bit},").unwrap();
    }
    text.push_str("} as const;\n");
    for (name, doc, words) in [
        (
            "FEED_RECORD",
            "Words of a commit record; its tables follow.",
            &[
                ("LENGTH", feed::record_word::LENGTH, "Words of the record."),
                ("SEQUENCE", feed::record_word::SEQUENCE, "Lower half of its number."),
                ("SEQUENCE_UPPER", feed::record_word::SEQUENCE_UPPER, "Upper half of its number."),
                ("CONNECTION", feed::record_word::CONNECTION, "The connection that committed."),
                ("TABLES", feed::record_word::TABLES, "How many tables follow, or FEED_UNKNOWN."),
                ("COUNT", feed::record_word::COUNT, "Words before the tables."),
            ][..],
        ),
        (
            "FEED_TABLE",
            "Words of a table in a record; its name follows, then its row ids, of two words each.",
            &[
                ("NAME_BYTES", feed::table_word::NAME_BYTES, "Bytes of the name, which is UTF-8."),
                ("ROW_IDS", feed::table_word::ROW_IDS, "How many row ids follow, or FEED_UNKNOWN."),
                ("COUNT", feed::table_word::COUNT, "Words before the name."),
            ],
        ),
    ] {
        writeln!(text, "\n/** {doc} */\nexport const {name} = {{").unwrap();
        for (name, word, doc) in words {
            writeln!(text, "  /** {doc} */\n  {name}: {word},").unwrap();
        }
        text.push_str("} as const;\n");
    }
    text.push_str("\n/** Words of one lock. */\nexport const LOCK_WORD = {\n");
    writeln!(text, "  /** Grows at each release that somebody waits for. */").unwrap();
    writeln!(text, "  RELEASES: {},\n}} as const;", lock_word::RELEASES).unwrap();
    text.push_str("\n/** The locks, in the order of their bits. */\nexport const LOCK_NAMES = [\n");
    for name in locks::NAMES {
        writeln!(text, "  '{name}',").unwrap();
    }
    text.push_str("] as const;\n");
    text.push_str("\n/** Offsets of the words of the control block that JavaScript reads or writes. */\n");
    text.push_str("export const WORD = {\n");
    for (name, word, doc) in EXPORTED {
        writeln!(text, "  /** {doc} */\n  {name}: {word},").unwrap();
    }
    text.push_str("} as const;\n");
    text
}

/// A string literal as the formatter writes it: with the quotes that need fewer escapes.
fn literal(text: &str) -> String {
    assert!(!text.contains(['\\', '\n']), "{text}");
    let count = |quote| text.chars().filter(|it| *it == quote).count();
    let quote = if count('\'') > count('"') { '"' } else { '\'' };
    assert_eq!(count(quote), 0, "{text}");
    format!("{quote}{text}{quote}")
}

fn codes_ts() -> String {
    let mut text = String::from("// Generated from crates/sharedwal/src/error.rs; do not edit.\n\n");
    text.push_str("/** Every error code of sharedwal itself: what it means and what to do. */\n");
    text.push_str("export const CODES = {\n");
    for code in Code::ALL {
        let (key, value) = (code.as_str(), literal(code.advice()));
        let line = format!("  {key}: {value},");
        if line.chars().count() <= WIDTH {
            writeln!(text, "{line}").unwrap();
        } else {
            writeln!(text, "  {key}:\n    {value},").unwrap();
        }
    }
    text.push_str("} as const;\n\n");
    text.push_str("/** A code of sharedwal itself. SQLite's own codes begin with `SQLITE_`. */\n");
    text.push_str("export type Code = keyof typeof CODES;\n");
    text
}

fn errors_md() -> String {
    let mut text = String::from("<!-- Generated from crates/sharedwal/src/error.rs; do not edit. -->\n");
    text.push_str("# Error codes\n\n");
    text.push_str(
        "Every error has a `code` that does not change between versions. What SQLite reports has SQLite's\n\
         own code, such as `SQLITE_BUSY` or `SQLITE_CONSTRAINT_UNIQUE`, and\n\
         [SQLite's own meaning](https://sqlite.org/rescode.html). The others are these:\n\n",
    );
    text.push_str("| code | what it means, and what to do |\n|---|---|\n");
    for code in Code::ALL {
        writeln!(text, "| `{}` | {} |", code.as_str(), code.advice().replace('|', "\\|")).unwrap();
    }
    text
}

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files =
        [("js/src/layout.ts", layout_ts()), ("js/src/codes.ts", codes_ts()), ("docs/errors.md", errors_md())];
    let update = std::env::var_os("UPDATE").is_some();
    let mut outdated = Vec::new();
    for (name, text) in files {
        let path = root.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        if update {
            fs::write(&path, text).unwrap();
        } else {
            outdated.push(name);
        }
    }
    assert!(outdated.is_empty(), "run this test with UPDATE=1 to renew {outdated:?}");
}

/// Codes and exported names are stable, and part of the text of two languages.
#[test]
fn names_are_unique_and_well_formed() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let words: Vec<_> = EXPORTED.iter().map(|(name, _, _)| *name).collect();
    for names in [codes, words] {
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name} twice");
            assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{name}");
        }
    }
    for code in Code::ALL {
        assert!(code.advice().ends_with('.'), "{code:?} is advised in whole sentences");
    }
}
