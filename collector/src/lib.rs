//! The collector: the I/O shell around the stages, and the command line.
#![forbid(unsafe_code)]

pub mod cli;
pub mod deciders;
pub mod demo;
pub mod doctor;
pub mod driver;
pub mod events;
pub mod failure;
pub mod input;
mod live;
pub mod mailbox;
pub mod map_value;
pub mod names;
pub mod otlp;
pub mod output;
pub mod programs;
mod recording;
pub mod replay;
pub mod run;
pub mod serve;
mod table;
mod trace_file;
pub mod traces;
mod unseen;
pub mod web_config;
