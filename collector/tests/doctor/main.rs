//! `weir doctor` as its users run it: the program for Windows under Wine, with stand-ins for
//! Windows' tools, and with Wine's own.
//!
//! Wine has job objects, a registry and a few of the tools; it has no filtering engine, and nobody
//! there is anything but an administrator.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod collecting;
mod stand;
#[path = "../driver/tools.rs"]
mod tools;
#[path = "../driver/windows.rs"]
#[expect(dead_code, reason = "no driver is installed here")]
mod windows;
