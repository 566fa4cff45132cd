//! `weir driver` as its users run it: on Linux, where it can only show what it would do, and the
//! program for Windows under Wine, each test in a Windows of its own.
//!
//! Wine has a registry and a service control manager, and starts drivers in a process of its own;
//! it has no filtering engine, and looks at no signature.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod elsewhere;
mod installing;
mod registering;
mod tools;
mod windows;
