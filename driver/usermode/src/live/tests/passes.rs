//! What the proxy does to connections that it lets pass, and how they end.

use super::{ALLOW, Bench, NEED_MORE_DATA, in_time, rest, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const STREAM_BYTES: usize = 10 * 1024 * 1024;

/// Bytes that look random but are known, and the sizes of the chunks in which they are sent.
struct Noise(u64);

impl Noise {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn stream(seed: u64) -> Vec<u8> {
        let mut noise = Self(seed);
        core::iter::repeat_with(|| noise.next().to_le_bytes())
            .flatten()
            .take(STREAM_BYTES)
            .collect()
    }
}

/// Writes a stream in chunks of any size from one byte up, then ends it, reading all the while.
async fn exchange(stream: TcpStream, sent: &[u8], seed: u64) -> Vec<u8> {
    let (mut from, mut to) = stream.into_split();
    let writing = async {
        let (mut left, mut noise) = (sent, Noise(seed));
        while !left.is_empty() {
            let size = usize::try_from(noise.next() % 60_000).unwrap_or(0) + 1;
            let (chunk, others) = left.split_at(size.min(left.len()));
            send(&mut to, chunk).await;
            left = others;
        }
        to.shutdown().await.unwrap();
    };
    let ((), received) = tokio::join!(writing, rest(&mut from));
    received
}

async fn check_byte_exact(answer: u32) {
    let bench = Bench::new(move |_| answer).await;
    let (client, server) = bench.connect().await;
    let (up, down) = (Noise::stream(1), Noise::stream(2));
    let (at_client, at_server) = tokio::join!(exchange(client, &up, 3), exchange(server, &down, 4));
    assert!(at_server == up, "the server received something else");
    assert!(at_client == down, "the client received something else");
}

#[tokio::test]
async fn an_allowed_flow_is_byte_exact_both_ways() {
    check_byte_exact(ALLOW).await;
}

#[tokio::test]
async fn s13_an_undecided_flow_is_byte_exact_both_ways() {
    check_byte_exact(NEED_MORE_DATA).await;
}

#[tokio::test]
async fn a_client_that_has_finished_sending_still_gets_its_answer() {
    let bench = Bench::new(|_| NEED_MORE_DATA).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"question").await;
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut server).await, b"question");
    assert_eq!(bench.log.count("FlowClosed"), 0);
    send(&mut server, b"answer").await;
    drop(server);
    assert_eq!(rest(&mut client).await, b"answer");
    bench.log.reaches("FlowClosed", 1).await;
}

#[tokio::test]
async fn s25_a_reset_by_the_client_deletes_the_flow_once_and_resets_the_server() {
    let bench = Bench::new(|_| NEED_MORE_DATA).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"x").await;
    let mut byte = [0; 1];
    in_time(server.read_exact(&mut byte)).await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    let error = in_time(server.read(&mut byte)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    bench.log.reaches("FlowClosed", 1).await;
    bench.proxy.shutdown().await;
    assert_eq!((bench.log.count("Cleanup"), bench.log.count("FlowClosed")), (1, 1));
    assert_eq!(bench.hook.with(|hook, _| hook.contexts()), 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_reset_and_no_flow() {
    let bench = Bench::new(|_| ALLOW).await;
    drop(bench.server);
    let mut client = TcpStream::connect(bench.proxy.address()).await.unwrap();
    let error = in_time(client.read(&mut [0; 1])).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(bench.log.count("FlowEstablished"), 0);
}

#[tokio::test]
async fn shutdown_deletes_every_flow_and_closes_every_connection() {
    let bench = Bench::new(|_| NEED_MORE_DATA).await;
    let mut ends = Vec::new();
    for _ in 0..20 {
        let (mut client, server) = bench.connect().await;
        send(&mut client, b"x").await;
        ends.push((client, server));
    }
    bench.log.reaches("FlowEstablished", 20).await;
    in_time(bench.proxy.shutdown()).await;
    assert_eq!(bench.log.count("FlowClosed"), 20);
    assert_eq!(bench.hook.with(|hook, _| hook.contexts()), 0);
    for (mut client, mut server) in ends {
        // Closed cleanly or, where bytes were under way, reset.
        let mut bytes = Vec::new();
        let _either = in_time(client.read_to_end(&mut bytes)).await;
        let _either = in_time(server.read_to_end(&mut bytes)).await;
    }
}
