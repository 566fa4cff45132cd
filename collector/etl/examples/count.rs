//! Counts what event trace files hold, and the seconds it takes: `count [--fields] FILE...`.
//!
//! One JSON object a file, as `tests/interop/count.py` prints it for other libraries.
//! Events are taken apart into header, extended items and payload, as those do; with `--fields`,
//! self-describing payloads are decoded to typed values too.
#![expect(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::collections::HashMap;
use std::fs::File;
use std::time::Instant;
use weir_etl::fields::{PointerSize, Schema};
use weir_etl::tracelogging::parse_schema;
use weir_etl::{Body, Event, Trace};

/// Runs of each file; the best counts, because noise only ever adds.
const RUNS: usize = 3;

#[derive(Default)]
struct Counts {
    records: u64,
    events: u64,
    items: u64,
    fields: u64,
    schemas: HashMap<Vec<u8>, Option<Schema>>,
}

impl Counts {
    fn event(&mut self, event: &Event<'_>, decodes: bool) {
        self.events += 1;
        self.items += u64::try_from(event.items.count()).unwrap_or(0);
        let Some(blob) = event.schema().filter(|_| decodes) else { return };
        if !self.schemas.contains_key(blob) {
            self.schemas.insert(blob.to_vec(), parse_schema(blob).ok());
        }
        if let Some(Some(schema)) = self.schemas.get(blob) {
            let decoded = schema.decode(event.payload, PointerSize::Bytes8);
            self.fields += u64::try_from(decoded.fields.len()).unwrap_or(0);
        }
    }
}

fn read(path: &str, decodes: bool) -> Result<Counts, Box<dyn core::error::Error>> {
    let mut trace = Trace::open(File::open(path)?)?;
    let mut counts = Counts::default();
    while let Some(record) = trace.next_record()? {
        counts.records += 1;
        if let Body::Event(event) = record.body {
            counts.event(&event, decodes);
        }
    }
    Ok(counts)
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let (options, files): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let decodes = options.iter().any(|option| option == "--fields");
    for path in &files {
        let mut best = f64::INFINITY;
        let mut counts = Counts::default();
        for _ in 0..RUNS {
            let begin = Instant::now();
            counts = read(path, decodes)?;
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let Counts { records, events, items, fields, .. } = counts;
        println!(
            "{{\"records\": {records}, \"events\": {events}, \"seconds\": {best}, \
             \"items\": {items}, \"fields\": {fields}}}"
        );
    }
    Ok(())
}
