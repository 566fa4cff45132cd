//! The samples of the troubleshooting guide: each is judged as the guide says, and with one thing
//! changed exactly one check says so.
//!
//! * `samples`: what there is a sample of, and which belong together.
//! * `written`: samples that are made here from facts, so that nothing else is needed.
//! * `published`: the guide's own, where it is at hand.
//! * `bundle`: samples to evidence, as parts and as one document.
//! * `tally`: what a change does to verdicts, and how many changes there were.
//! * `items`, `fields`: objects and values within a text, found by its structure.
//! * `alone`: samples as they are.
//! * `services`, `objects`, `others`, `programs`, `maps`, `traces`, `redirected`: the changes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "says that nothing was tested")]

mod alone;
mod bundle;
mod fields;
mod items;
mod maps;
mod objects;
mod others;
mod programs;
mod published;
mod redirected;
mod samples;
mod services;
mod tally;
mod traces;
mod written;
