//! Tests by subject; every test plays packets and compares the transcript of the events.

mod bounds;
mod ends;
mod files;
mod frames;
mod handshakes;
mod losses;
mod order;
mod seeded;
mod transcript;
