//! The rules of the hook's semantics that show at the engine, one scripted scenario each.
//!
//! Tests are named after rules; `table` lists every rule and says where it is tested.

mod data;
mod end;
mod new;
mod scene;
mod table;
