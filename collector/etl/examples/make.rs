//! Writes an event trace file with a few self-describing events: `make FILE`.

use std::fs::File;
use weir_etl::fields::{InType, OutType};
use weir_etl::tracelogging::{Blob, provider_traits};
use weir_etl::write::{EventHeader, ExtendedItem, Options, TraceWriter};
use weir_etl::{FileTime, Guid, item_kind};

/// An event every millisecond, in steps of 100 ns.
const STEP: i64 = 10_000;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let options = Options { session: "example".into(), processors: 2, ..Options::default() };
    let start = options.start;
    let mut writer = TraceWriter::new(File::create(path)?, options)?;
    let provider = Guid::parse("6a09e667-f3bc-c908-b2fb-1366ea957d3e").ok_or("no GUID")?;
    let traits = provider_traits("Example.Provider", None)?;
    let metadata = Blob::new("Progress")
        .field("step", InType::U32, OutType::Default)
        .field("what", InType::CountedAnsi, OutType::Utf8)
        .build()?;
    let items = [
        ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data: &traits },
        ExtendedItem { kind: item_kind::SCHEMA, data: &metadata },
    ];
    for (step, what) in (0_u32..).zip(["begin", "work", "end"]) {
        let mut payload = step.to_le_bytes().to_vec();
        payload.extend(u16::try_from(what.len())?.to_le_bytes());
        payload.extend(what.as_bytes());
        let header =
            EventHeader { level: 4, channel: 11, keyword: 1, ..EventHeader::new(provider) };
        let cpu = u16::try_from(step % 2)?;
        let time = FileTime(start.0 + i64::from(step) * STEP);
        writer.event(cpu, time, &header, &items, &payload)?;
    }
    writer.finish(FileTime(start.0 + 3 * STEP))?;
    Ok(())
}
