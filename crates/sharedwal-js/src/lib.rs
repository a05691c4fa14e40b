//! The WebAssembly module of the npm package `sharedwal`: SQLite's C API over a connection of the
//! library, in the shape that costs JavaScript the fewest calls.
//!
//! Statements and connections are addresses here. The TypeScript above guards their use: nothing
//! reaches a closed connection or a finalized statement.

#![cfg(target_arch = "wasm32")]

mod aggregate;
mod backup;
mod batch;
mod callbacks;
mod cell;
mod connection;
mod functions;
mod image;
mod memory;
mod private;
mod reservation;
mod snapshot;
mod statement;
mod stopping;
mod tables;
mod virtual_table;
