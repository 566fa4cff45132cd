//! What a receiver may do wrong, and what becomes of points then.

use crate::receiver::{Answer, Receiver};

use crate::world::{World, args, export};
use core::time::Duration;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use weir::otlp::{Compression, Exporter, OtlpArgs, Protocol, SignalStats};

const OK: Answer = Answer::Http(200, None, Vec::new());

fn grpc_ok() -> Answer {
    Answer::Grpc(Status::new(Code::Ok, ""), Vec::new())
}

/// More than any test takes.
const LONG: Duration = Duration::from_secs(15);

/// An export of one snapshot to a receiver, with changed flags.
async fn start(
    protocol: Protocol,
    answers: &[Answer],
    change: impl FnOnce(OtlpArgs) -> OtlpArgs,
) -> (Receiver, Exporter) {
    let receiver = Receiver::start(protocol, answers).await;
    let mut world = World::start();
    let args = change(args(&format!("http://{}", receiver.address), protocol));
    let exporter = export(&args, &world).unwrap();
    world.go_on();
    (receiver, exporter)
}

/// The same, ended with time enough; what became of metrics.
async fn ended(protocol: Protocol, answers: &[Answer]) -> (Receiver, SignalStats) {
    let (receiver, exporter) = start(protocol, answers, |args| args).await;
    let stats = exporter.shutdown(LONG).await.remove(0);
    assert_eq!((stats.signal, stats.queue_points), ("metrics", 0));
    (receiver, stats)
}

#[tokio::test]
async fn what_can_be_tried_again_is_and_arrives_once() {
    let retry_info = ErrorDetails::with_retry_info(Some(Duration::from_millis(1)));
    let exhausted = Status::with_error_details(Code::ResourceExhausted, "full", retry_info);
    for (protocol, answers) in [
        (Protocol::HttpProtobuf, vec![Answer::Http(429, Some("0"), vec![]), OK]),
        (Protocol::HttpProtobuf, vec![Answer::Http(503, None, vec![]), OK]),
        (Protocol::HttpProtobuf, vec![Answer::Close, OK]),
        (Protocol::Grpc, vec![Answer::Grpc(Status::unavailable("away"), vec![]), grpc_ok()]),
        (Protocol::Grpc, vec![Answer::Grpc(exhausted, vec![]), grpc_ok()]),
        (Protocol::Grpc, vec![Answer::Close, grpc_ok()]),
    ] {
        let (receiver, stats) = ended(protocol, &answers).await;
        // The snapshot's request, that again, and the SDK's.
        let requests = receiver.seen().requests;
        assert_eq!((requests.len(), stats.exports, stats.failures), (3, 2, 1), "{stats:?}");
        assert_eq!(requests[0].1, requests[1].1);
        assert_eq!((stats.dropped_points, stats.refused_points), (0, 0), "{stats:?}");
        assert!(stats.delivered_points > 200, "{stats:?}");
    }
}

#[tokio::test]
async fn what_cannot_is_not_and_is_counted() {
    let garbage = vec![0xff; 300];
    let exhausted = Status::resource_exhausted("for good");
    for (protocol, answer) in [
        (Protocol::HttpProtobuf, Answer::Http(400, None, vec![])),
        (Protocol::HttpProtobuf, Answer::Http(500, Some("0"), garbage.clone())),
        (Protocol::HttpProtobuf, Answer::Http(301, None, vec![])),
        (Protocol::HttpProtobuf, Answer::Http(200, None, garbage.clone())),
        (Protocol::HttpProtobuf, Answer::Http(200, None, vec![0; 1 << 20])),
        (Protocol::Grpc, Answer::Grpc(Status::unauthenticated("who?"), vec![])),
        (Protocol::Grpc, Answer::Grpc(exhausted, vec![])),
        (Protocol::Grpc, Answer::Grpc(Status::new(Code::Ok, ""), garbage)),
        (Protocol::Grpc, Answer::Http(404, None, b"<html>".to_vec())),
    ] {
        let (receiver, stats) = ended(protocol, &[answer]).await;
        let requests = receiver.seen().requests.len() as u64;
        assert_eq!((requests, stats.exports, stats.failures), (2, 0, 2), "{stats:?}");
        assert!(stats.refused_points > 200 && stats.dropped_points == 0, "{stats:?}");
    }
}

#[tokio::test]
async fn points_that_are_rejected_in_part_are_counted_and_not_sent_again() {
    let partial = ExportMetricsPartialSuccess {
        rejected_data_points: 7,
        error_message: "seven are too many".to_owned(),
    };
    let answer = ExportMetricsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    for (protocol, answers) in [
        (Protocol::HttpProtobuf, [Answer::Http(200, None, answer.clone()), OK]),
        (Protocol::Grpc, [Answer::Grpc(Status::new(Code::Ok, ""), answer.clone()), grpc_ok()]),
    ] {
        let (receiver, stats) = ended(protocol, &answers).await;
        assert_eq!(receiver.seen().requests.len(), 2);
        assert_eq!((stats.exports, stats.failures, stats.rejected_points), (2, 0, 7));
    }
}

#[tokio::test]
async fn a_wait_that_the_receiver_asks_for_is_kept_to_the_end() {
    let answers = [Answer::Http(429, Some("3600"), vec![]), OK];
    let (receiver, stats) = ended(Protocol::HttpProtobuf, &answers).await;
    // The end comes first; what waits behind is not tried in the meantime.
    let requests = receiver.seen().requests.len() as u64;
    assert_eq!((requests, stats.exports, stats.failures), (1, 0, 1), "{stats:?}");
    assert!(stats.dropped_points > 200, "{stats:?}");
}

#[tokio::test]
async fn a_receiver_that_hangs_costs_one_timeout_and_its_connection() {
    for (protocol, ok) in [(Protocol::HttpProtobuf, OK), (Protocol::Grpc, grpc_ok())] {
        let timeout = Some(Duration::from_millis(300));
        let change = |args| OtlpArgs { timeout, ..args };
        let (receiver, exporter) = start(protocol, &[Answer::Hang, ok], change).await;
        let stats = exporter.shutdown(LONG).await.remove(0);
        assert_eq!((stats.exports, stats.failures, stats.dropped_points), (2, 1, 0));
        // One of the signal logs may be among them.
        assert!(receiver.seen().connections >= 2);
    }
}

#[tokio::test]
async fn the_end_comes_in_time_whatever_the_receiver_does() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let (receiver, exporter) = start(protocol, &[Answer::Hang], |args| args).await;
        let within = exporter.shutdown(Duration::from_millis(300));
        let stats = tokio::time::timeout(LONG, within).await.unwrap().remove(0);
        assert_eq!((receiver.seen().requests.len(), stats.exports), (1, 0));
        assert!(stats.dropped_points > 200, "{stats:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_no_reason_to_hurry_or_to_fail() {
    let receiver = Receiver::start(Protocol::Grpc, &[Answer::Hang]).await;
    drop(receiver);
    let world = World::start();
    // The discard port: nobody listens on it here.
    let exporter = export(&args("http://127.0.0.1:9", Protocol::Grpc), &world).unwrap();
    assert_eq!(exporter.stats().len(), 2);
    let stats = exporter.shutdown(Duration::from_millis(400)).await.remove(0);
    assert!(stats.failures >= 1 && stats.dropped_points > 0, "{stats:?}");
}

#[tokio::test]
async fn an_interval_exports_the_newest_snapshot_and_a_drop_ends_it() {
    let receiver = Receiver::start(Protocol::HttpProtobuf, &[OK]).await;
    let mut world = World::start();
    let interval = Some(Duration::from_millis(20));
    let args = args(&format!("http://{}", receiver.address), Protocol::HttpProtobuf);
    let exporter = export(&OtlpArgs { interval, ..args }, &world).unwrap();
    let sent = |receiver: &Receiver| {
        let requests = receiver.seen().requests;
        let decode = |body: &bytes::Bytes| ExportMetricsServiceRequest::decode(body.clone());
        let ours = requests.iter().map(|(_, body)| decode(body).unwrap());
        let name = |it: &ExportMetricsServiceRequest| {
            it.resource_metrics[0].scope_metrics[0].scope.as_ref().map(|it| it.name.clone())
        };
        ours.filter(|it| name(it).as_deref() == Some("weir")).count()
    };
    for count in 1..4 {
        world.go_on();
        while sent(&receiver) < count {
            tokio::task::yield_now().await;
        }
    }
    drop(exporter);
}

#[tokio::test]
async fn requests_say_what_they_are_and_zstd_is_zstd() {
    let folder = tempfile::tempdir().unwrap();
    let headers = folder.path().join("headers");
    std::fs::write(&headers, "Authorization=Bearer token\nx-scope-orgid=7\n").unwrap();
    for (protocol, ok) in [(Protocol::HttpProtobuf, OK), (Protocol::Grpc, grpc_ok())] {
        let change = |args| OtlpArgs {
            headers_file: Some(headers.clone()),
            compression: Some(Compression::Zstd),
            ..args
        };
        let (receiver, exporter) = start(protocol, &[ok], change).await;
        let stats = exporter.shutdown(LONG).await.remove(0);
        assert_eq!((stats.exports, stats.failures), (2, 0));
        let (headers, body) = receiver.seen().requests.remove(0);
        assert_eq!(
            (&headers["authorization"], &headers["x-scope-orgid"]),
            (&"Bearer token".parse().unwrap(), &"7".parse().unwrap(),)
        );
        assert!(headers["user-agent"].to_str().unwrap().starts_with("weir/"));
        let (name, compressed) = if protocol == Protocol::Grpc {
            assert_eq!(body[0], 1, "the frame is compressed");
            ("grpc-encoding", &body[5..])
        } else {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            ("content-encoding", &body[..])
        };
        assert_eq!(headers[name], "zstd");
        let message = zstd::bulk::decompress(compressed, 4 << 20).unwrap();
        assert!(ExportMetricsServiceRequest::decode(message.as_slice()).is_ok());
    }
}

#[tokio::test]
async fn a_receiver_that_nobody_vouches_for_gets_nothing() {
    let Some(authority) = crate::tls::Authority::make() else { return };
    let Some(other) = crate::tls::Authority::make() else { return };
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let ok = if protocol == Protocol::Grpc { grpc_ok() } else { OK };
        // Neither a server of another authority, nor one that wants a certificate we do not show.
        for (trusted, client) in [(&other, true), (&authority, false)] {
            let receiver = Receiver::start(protocol, core::slice::from_ref(&ok)).await;
            let address = crate::tls::front(&authority, protocol, receiver.address);
            let world = World::start();
            let of_client = |name| client.then(|| authority.path(name));
            let args = OtlpArgs {
                certificate: Some(trusted.path("ca.pem")),
                client_certificate: of_client("client.pem"),
                client_key: of_client("client.key"),
                ..args(&format!("https://localhost:{}", address.port()), protocol)
            };
            let exporter = export(&args, &world).unwrap();
            let stats = exporter.shutdown(Duration::from_millis(500)).await.remove(0);
            assert!(receiver.seen().requests.is_empty() && stats.failures > 0, "{stats:?}");
        }
    }
    let missing = Some("no-such.pem".into());
    let args = args("https://localhost:1", Protocol::Grpc);
    let failure = export(&OtlpArgs { certificate: missing, ..args }, &World::start()).unwrap_err();
    assert!(failure.to_string().contains("no-such.pem"), "{failure}");
}
