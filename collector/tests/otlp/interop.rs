//! What a receiver that others wrote decodes is what `/metrics` says.

use crate::page::page;
use crate::rotel::{Rotel, until};
use crate::tls::{Authority, front};
use crate::world::{STARTS, World, args, export};
use core::time::Duration;
use weir::otlp::{Compression, HistogramArg, OtlpArgs, Protocol};

const PROTOCOLS: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

/// Exports a few snapshots to a new receiver; `None` where there is none.
async fn same(change: impl Fn(&Rotel, OtlpArgs) -> OtlpArgs, protocol: Protocol) -> Option<()> {
    let rotel = Rotel::start()?;
    let mut world = World::start();
    let address = if protocol == Protocol::Grpc { rotel.grpc } else { rotel.http };
    let args = change(&rotel, args(&format!("http://{address}"), protocol));
    let exporter = export(&args, &world).unwrap();
    world.go_on();
    let snapshot = world.go_on();
    exporter.operational().warn("weir.test", "hello");
    let stats = exporter.shutdown(Duration::from_secs(10)).await;
    assert_eq!((stats[0].failures, stats[0].dropped_points), (0, 0), "{stats:?}");
    rotel.wait_for(&page(&snapshot));
    until("the log record", || rotel.said().contains("Body: Str(hello)").then_some(()));
    let said = rotel.said();
    for expected in [
        "service.name: Str(weir)",
        "host.name: Str(pc1)",
        "InstrumentationScope weir ",
        "Name: weir.collector.convert.duration",
        &format!("StartTimestamp: {}", STARTS.driver_ns),
        &format!("StartTimestamp: {}", STARTS.collector_ns),
    ] {
        assert!(said.contains(expected), "{expected}");
    }
    Some(())
}

#[tokio::test]
async fn both_transports_say_what_the_page_says() {
    for protocol in PROTOCOLS {
        for compression in [Compression::None, Compression::Gzip] {
            let with = |_: &Rotel, args| OtlpArgs { compression: Some(compression), ..args };
            same(with, protocol).await;
        }
    }
}

#[tokio::test]
async fn explicit_buckets_say_what_the_page_says() {
    for protocol in PROTOCOLS {
        let histograms = Some(HistogramArg::Explicit);
        same(|_, args| OtlpArgs { histograms, ..args }, protocol).await;
    }
}

#[tokio::test]
async fn tls_with_certificates_of_both_sides_says_what_the_page_says() {
    let Some(authority) = Authority::make() else { return };
    for protocol in PROTOCOLS {
        let with = |rotel: &Rotel, args: OtlpArgs| {
            let behind = if protocol == Protocol::Grpc { rotel.grpc } else { rotel.http };
            let address = front(&authority, protocol, behind);
            OtlpArgs {
                endpoint: Some(format!("https://localhost:{}", address.port())),
                certificate: Some(authority.path("ca.pem")),
                client_certificate: Some(authority.path("client.pem")),
                client_key: Some(authority.path("client.key")),
                ..args
            }
        };
        same(with, protocol).await;
    }
}
