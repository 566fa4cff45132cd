//! Counts by kind, provider and name, and every number of the header.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use weir_etl::fields::PointerSize;
use weir_etl::tracelogging::{ProviderTraits, parse_schema};
use weir_etl::{Body, Event, Guid, LogHeader, Trace};

fn plain(guid: Guid) -> String {
    guid.bare().to_string()
}

/// Counts of what a file holds.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<String, u64>,
    providers: BTreeMap<String, u64>,
    names: BTreeMap<String, String>,
    tracelogging: BTreeMap<String, u64>,
    items: BTreeMap<String, u64>,
    hooks: BTreeMap<String, u64>,
}

fn up(counts: &mut BTreeMap<String, u64>, key: String) {
    *counts.entry(key).or_default() += 1;
}

impl Tally {
    fn event(&mut self, event: &Event<'_>) {
        let provider = plain(event.provider);
        up(&mut self.providers, provider.clone());
        for item in event.items {
            up(&mut self.items, item.kind.to_string());
        }
        if let Some(traits) = event.provider_traits() {
            let traits = ProviderTraits::parse(traits).unwrap();
            self.names.insert(provider.clone(), traits.name.to_string());
        }
        if let Some(schema) = event.schema() {
            let schema = parse_schema(schema).unwrap();
            let decoded = schema.decode(event.payload, PointerSize::Bytes8);
            assert_eq!(decoded.error, None, "{provider}/{}", schema.name());
            assert!(decoded.rest.is_empty(), "{provider}/{}: {:?}", schema.name(), decoded.rest);
            up(&mut self.tracelogging, format!("{provider}/{}", schema.name()));
        }
    }
}

fn header(header: &LogHeader, stamp: Option<i64>) -> Value {
    json!({
        "BiasMinutes": header.bias_minutes,
        "BootTime": header.boot.0,
        "BufferSize": header.buffer_bytes,
        "BuffersLost": header.buffers_lost,
        "BuffersWritten": header.buffers_written,
        "CpuSpeedInMHz": header.cpu_mhz,
        "EndTime": header.end.0,
        "EventsLost": header.events_lost,
        "HeaderEventTimeStamp": stamp,
        "LogFileMode": header.log_file_mode,
        "LogFileName": header.file,
        "LoggerName": header.session,
        "MaximumFileSize": header.file_mib_max,
        "NumberOfProcessors": header.processors,
        "PerfFreq": header.ticks_per_second,
        "PointerSize": header.pointer_bytes,
        "ProviderVersion": header.provider_version,
        "ReservedFlags": header.clock_raw,
        "StartBuffers": header.start_buffers,
        "StartTime": header.start.0,
        "TimerResolution": header.timer_resolution,
        "Version": header.version,
    })
}

fn found(path: &Path) -> Value {
    let mut trace = Trace::open(File::open(path).unwrap()).unwrap();
    let (mut tally, mut first, mut last) = (Tally::default(), None, None);
    while let Some(record) = trace.next_record().unwrap() {
        first = first.or(record.stamp);
        assert!(record.stamp >= last, "{path:?} comes in order");
        last = record.stamp.or(last);
        up(&mut tally.kinds, record.kind.name().to_owned());
        match record.body {
            Body::Event(event) => tally.event(&event),
            Body::Classic(classic) => {
                up(&mut tally.providers, format!("classic:{}", plain(classic.class)));
            }
            Body::Kernel(kernel) => up(&mut tally.hooks, format!("{:04x}", kernel.hook)),
            Body::Message(_) | Body::Other(_) => {}
        }
    }
    assert!(trace.damages().is_empty(), "{path:?}: {:?}", trace.damages());
    let buffers = *trace.buffers();
    json!({
        "buffers": buffers.total,
        "compressed_buffers": buffers.compressed,
        "cpus": buffers.processors,
        "ext_items": tally.items,
        "header": header(trace.header(), first),
        "kernel_hooks": tally.hooks,
        "kinds": tally.kinds,
        "provider_names": tally.names,
        "providers": tally.providers,
        "size": path.metadata().unwrap().len(),
        "tracelogging": tally.tracelogging,
    })
}

#[test]
fn every_recorded_file_gives_exactly_what_is_known_of_it() {
    let Some(folder) = super::folder() else { return };
    let expected = std::fs::read(folder.join("EXPECTED.json")).unwrap();
    let expected: Map<String, Value> = serde_json::from_slice(&expected).unwrap();
    assert!(expected.len() >= 11, "files are missing");
    for (name, expected) in expected {
        let found = found(&folder.join(&name));
        let expected = expected.as_object().unwrap();
        for (key, expected) in expected.iter().filter(|(key, _)| *key != "sha256") {
            assert_eq!(&found[key], expected, "{name}: {key}");
        }
    }
}
