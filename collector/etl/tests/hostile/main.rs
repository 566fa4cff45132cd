//! Damaged files are read without a panic, within bounds, and what is lost is told.
//!
//! `read` has the bounds, `rules` what must be told. Files made here are cut at every byte and
//! changed at every byte; so are recorded ones below 20 KB. Of larger recorded ones some buffers are
//! taken, 10,000 changes in all; `whole` damages them as they are. `crafted` has files that are made to cost, `source` readers that
//! fail. Every damage comes from a fixed seed: a failure comes again with the same command and keeps
//! the file it happened with.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails loudly"
)]

mod change;
mod crafted;
mod described;
mod found_again;
mod layout;
mod made;
mod memory;
mod merged;
mod read;
mod recorded;
mod regressions;
mod rules;
mod sessions;
mod source;
mod whole;

use change::{Seed, every, some};
use rules::Case;
use weir_etl::write::Clock;
// `Guid` also for the builder of descriptions, which the crate's own tests share.
use weir_etl::{Format, Guid};

/// Every truncation and three values for every byte.
fn check_everywhere(name: &str, file: Vec<u8>) {
    let case = Case::new(name, file);
    let mut seed = Seed(1);
    let mut changes = every(case.file(), &mut seed);
    // Compressed files are too small to be damaged so often everywhere.
    let more = 10_000_usize.saturating_sub(changes.len());
    changes.extend(some(case.file(), &case.layout, more, &mut seed));
    let tally = case.check(&changes);
    eprintln!("{name}: {tally:?}");
    assert!(tally.changes >= 10_000 && tally.told * 10 > tally.changes, "{name}: {tally:?}");
}

#[test]
fn every_kind_of_record() {
    check_everywhere("kinds", made::kinds());
}

#[test]
fn self_describing_events() {
    check_everywhere("described", made::described(Clock::System));
}

#[test]
fn events_that_other_records_describe() {
    check_everywhere("merged", merged::merged());
}

#[test]
fn events_of_a_file_that_was_not_closed() {
    check_everywhere("unclosed", made::unclosed());
}

#[test]
fn a_file_written_in_advance() {
    check_everywhere("zero tail", made::zero_tail());
}

#[test]
fn a_session_that_lost_events() {
    check_everywhere("lost", made::lost());
}

#[test]
fn a_file_of_a_32_bit_windows() {
    check_everywhere("narrow", made::narrow());
}

#[test]
fn what_a_fuzzer_begins_with() {
    for (place, file) in made::seeds().into_iter().enumerate() {
        check_everywhere(&format!("seed {place}"), file);
    }
}

#[test]
fn buffers_compressed_with_xpress() {
    check_everywhere("xpress", made::compressed(Format::Xpress));
}

#[test]
fn buffers_compressed_with_huffman() {
    check_everywhere("huffman", made::compressed(Format::XpressHuffman));
}

#[test]
fn buffers_compressed_with_lznt1() {
    check_everywhere("lznt1", made::compressed(Format::Lznt1));
}
