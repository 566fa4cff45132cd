//! The commands on a machine made up for tests; `collector/tests/driver` runs the real ones.

mod dry_run;
mod inf;
mod installing;
mod registering;
mod reporting;

use super::fake::Fake;
use super::store::{Hive, Value};
use crate::cli::{Cli, Command, DriverCommand};
use clap::Parser as _;

/// What any other vendor has in the store.
const OTHERS: &str = r"Software\eBPF\Providers\ProgramData\{51e1d2ba-0a4d-4b0f-8f3f-0f8f6a1b2c3d}";

/// A machine on which somebody else has registered a program type, in these hives.
fn with_others(hives: &[Hive]) -> Fake {
    let mut machine = Fake::new();
    for hive in hives {
        machine.put(*hive, OTHERS, "Name", Value::text("another"));
        machine.put(*hive, r"Software\eBPF\Providers\SectionData\xdp", "Name", Value::text("x"));
    }
    machine
}

/// The command that these words are.
fn weir_words<'a>(words: impl IntoIterator<Item = &'a str>) -> DriverCommand {
    let words = ["weir", "driver"].into_iter().chain(words);
    let Command::Driver(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    args.command
}

/// A driver's image for this machine, with something for a signature if it is to have one.
fn driver(is_signed: bool) -> Vec<u8> {
    use object::pe;
    use object::write::pe::{NtHeaders, Writer};
    let mut bytes = Vec::new();
    let mut writer = Writer::new(true, 4096, 512, &mut bytes);
    writer.reserve_dos_header();
    writer.reserve_nt_headers(16);
    if is_signed {
        writer.reserve_certificate_table(8);
    }
    writer.write_empty_dos_header().unwrap();
    writer.write_nt_headers(NtHeaders {
        machine: pe::IMAGE_FILE_MACHINE_AMD64,
        time_date_stamp: 0,
        characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE,
        major_linker_version: 0,
        minor_linker_version: 0,
        address_of_entry_point: 0,
        image_base: 0,
        major_operating_system_version: 10,
        minor_operating_system_version: 0,
        major_image_version: 0,
        minor_image_version: 0,
        major_subsystem_version: 10,
        minor_subsystem_version: 0,
        subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
        dll_characteristics: pe::DllFlags(0),
        size_of_stack_reserve: 0,
        size_of_stack_commit: 0,
        size_of_heap_reserve: 0,
        size_of_heap_commit: 0,
    });
    if is_signed {
        writer.write_section_headers();
        writer.write_certificate_table(&[1; 8]);
    }
    bytes
}

/// The image, said to be for this kind of processor: `IMAGE_FILE_MACHINE_…`.
fn for_processor(mut image: Vec<u8>, machine: u16) -> Vec<u8> {
    let headers = usize::from(image[60]) + usize::from(image[61]) * 256;
    image[headers + 4..headers + 6].copy_from_slice(&machine.to_le_bytes());
    image
}
