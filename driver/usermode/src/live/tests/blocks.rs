//! What a block does to a live connection.

use super::{ALLOW, BLOCK, Bench, NEED_MORE_DATA, in_time, rest, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Larger than all buffers between two loopback sockets, so that it only goes if somebody reads.
const FLOOD_BYTES: usize = 16 * 1024 * 1024;

fn blocks_at_bang(data: &[u8]) -> u32 {
    if data.contains(&b'!') { BLOCK } else { NEED_MORE_DATA }
}

#[tokio::test]
async fn s14_server_sees_neither_the_blocked_segment_nor_anything_after_it() {
    let bench = Bench::new(blocks_at_bang).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"before").await;
    let mut before = [0; 6];
    in_time(server.read_exact(&mut before)).await.unwrap();
    send(&mut client, b"now!").await;
    bench.log.reaches("Verdict", 1).await;
    send(&mut client, b"after").await;
    client.shutdown().await.unwrap();
    assert_eq!((&before, rest(&mut server).await), (b"before", Vec::new()));
}

#[tokio::test]
async fn s16_both_directions_of_a_blocked_flow_are_read_and_absorbed() {
    let bench = Bench::new(blocks_at_bang).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"!").await;
    bench.log.reaches("Verdict", 1).await;
    // Neither write would end if nobody acknowledged the bytes.
    send(&mut client, &vec![b'c'; FLOOD_BYTES]).await;
    send(&mut server, &vec![b's'; FLOOD_BYTES]).await;
    client.shutdown().await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(rest(&mut server).await, b"");
    bench.log.reaches("FlowClosed", 1).await;
    let absorbed = format!("absorbed_bytes: {} ", 2 * FLOOD_BYTES + 1);
    let lines = bench.log.0.lock().unwrap().clone();
    assert!(lines.iter().any(|line| line.contains(&absorbed)), "{absorbed}: {lines:#?}");
}

#[tokio::test]
async fn s19_the_end_of_a_stream_passes_on_a_blocked_flow_both_ways() {
    let bench = Bench::new(blocks_at_bang).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"!").await;
    bench.log.reaches("Verdict", 1).await;
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut server).await, b"");
    drop(server);
    assert_eq!(rest(&mut client).await, b"");
    bench.log.reaches("FlowClosed", 1).await;
}

#[tokio::test]
async fn s14_a_block_of_the_servers_answer_keeps_it_from_the_client() {
    let bench = Bench::new(blocks_at_bang).await;
    let (mut client, mut server) = bench.connect().await;
    send(&mut client, b"question").await;
    let mut question = [0; 8];
    in_time(server.read_exact(&mut question)).await.unwrap();
    send(&mut server, b"answer!").await;
    server.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(bench.log.count("Verdict"), 1);
}

#[tokio::test]
async fn a_block_of_one_flow_leaves_the_others_alone() {
    let bench = Bench::new(|data| if data == b"!" { BLOCK } else { ALLOW }).await;
    let (mut blocked, mut starved) = bench.connect().await;
    let (mut allowed, mut served) = bench.connect().await;
    send(&mut blocked, b"!").await;
    send(&mut allowed, b"hello").await;
    blocked.shutdown().await.unwrap();
    allowed.shutdown().await.unwrap();
    assert_eq!(rest(&mut starved).await, b"");
    assert_eq!(rest(&mut served).await, b"hello");
}
