//! Prints the self-describing events of an event trace file: `print FILE`.
#![expect(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::fs::File;
use weir_etl::fields::PointerSize;
use weir_etl::tracelogging::{ProviderTraits, parse_schema};
use weir_etl::{Body, Trace};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let mut trace = Trace::open(File::open(path)?)?;
    println!("session {}, {}", trace.header().session, trace.header().start);
    while let Some(record) = trace.next_record()? {
        let Body::Event(event) = record.body else { continue };
        let Some(Ok(schema)) = event.schema().map(parse_schema) else { continue };
        let traits = event.provider_traits().and_then(|it| ProviderTraits::parse(it).ok());
        let provider = traits.map_or_else(|| event.provider.to_string(), |it| it.name);
        let pointers =
            if record.pointer_bytes() == 4 { PointerSize::Bytes4 } else { PointerSize::Bytes8 };
        let decoded = schema.decode(event.payload, pointers);
        let time = record.time.unwrap_or_default();
        println!("{time} cpu {} {provider}/{}: {}", record.cpu, schema.name(), decoded.fields);
    }
    for (kind, count) in trace.damages().counts() {
        println!("{count} x {}", kind.name());
    }
    Ok(())
}
