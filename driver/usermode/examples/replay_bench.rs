//! Figures of the replay from memory: ns an invocation, segments a second, cost of the hook.
//!
//! `cargo run --release -p weir-usermode --features synthetic --example replay_bench [OUT.pcap]`
//! writes the generated capture too, so that other tools can be measured on it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]

use core::net::SocketAddr;
use std::io::Cursor;
use std::time::Instant;
use weir_abi::wire::Text;
use weir_usermode::capture::synthetic::{Conversation, Framing, PcapFile};
use weir_usermode::capture::{Capture, LinkType, StreamEvent, Streams};
use weir_usermode::hook::{Hook, HookOptions, KEYWORD_INVOCATION, KEYWORDS_ALL};
use weir_usermode::program::{Program, Shared, Surroundings};
use weir_usermode::replay::{Perspective, Replay};
use weir_usermode::traffic::client_hello;
use weir_usermode::vm;

const FLOWS: u32 = 20_000;
const RUNS: usize = 5;

/// Connections with a 517-byte hello, an answer of 20 full segments, and an end.
fn capture() -> Vec<u8> {
    let mut file = PcapFile::new(LinkType::ETHERNET);
    let framing = Framing::ethernet();
    let answer = vec![0x17; 1_448];
    for number in 0..FLOWS {
        let [a, b, c, d] = (0x0a00_0000_u32 + number / 50_000).to_be_bytes();
        let port = u16::try_from(10_000 + number % 50_000).unwrap();
        let client = SocketAddr::from(([a, b, c, d], port));
        let mut talk = Conversation::between(client, SocketAddr::from(([192, 0, 2, 1], 443)));
        talk.handshake();
        talk.client(&client_hello(&format!("host{}.example.org", number % 1_000)));
        for _ in 0..20 {
            talk.server(&answer);
        }
        talk.close();
        file = file.packets(&framing, talk.packets());
    }
    file.into_bytes()
}

fn load(name: &str) -> vm::Program {
    let path = format!("{}/../programs/obj/{name}.o", env!("CARGO_MANIFEST_DIR"));
    let object = vm::Object::parse(&std::fs::read(path).unwrap()).unwrap();
    vm::Program::load(&object, None).unwrap()
}

/// Replays the capture: events, segments, invocations.
fn replay(capture: &'static [u8], programs: &[&str]) -> (u64, u64) {
    let keywords = KEYWORDS_ALL & !KEYWORD_INVOCATION;
    let options = HookOptions { keywords, ..HookOptions::default() };
    let mut hook = Hook::start(options, Box::new(|_, _| {}), 0);
    for name in programs {
        let program = Shared::new(load(name));
        hook.attach(Text::new(name).unwrap(), 0, Box::new(program), 0).unwrap();
    }
    let mut replay = Replay::new(hook, Perspective::Initiator);
    let mut streams = Streams::new();
    let (mut segments, mut bytes) = (0, 0);
    let mut sink = |event: StreamEvent<'_>| {
        if let StreamEvent::Data { bytes: data, .. } = event {
            segments += 1;
            bytes += u64::try_from(data.len()).unwrap();
        }
        replay.event(&event);
    };
    let reader = Box::new(Cursor::new(capture));
    Capture::open(reader).unwrap().run(&mut streams, &mut sink).unwrap();
    streams.finish(&mut sink);
    (segments, bytes)
}

/// Best time of several runs: noise only ever adds.
fn best<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let mut times = (0..RUNS).map(|_| {
        let start = Instant::now();
        let value = run();
        (start.elapsed().as_secs_f64(), value)
    });
    let first = times.next().unwrap();
    times.fold(first, |best, it| if it.0 < best.0 { it } else { best })
}

/// Best ns of one invocation over `data`.
fn invocation(name: &str, data: &[u8]) -> f64 {
    const TIMES: u32 = 200_000;
    let mut program = Shared::new(load(name));
    let new = weir_abi::FlowClassify { flow_id: 1, direction: 1, ..Default::default() };
    let shown = weir_abi::FlowClassify { state: 1, ..new };
    let around = Surroundings::default();
    let (both, _) = best(|| {
        for _ in 0..TIMES {
            program.invoke(&new.to_bytes(), None, around).unwrap();
            program.invoke(&shown.to_bytes(), Some(data), around).unwrap();
        }
    });
    both * 1e9 / f64::from(2 * TIMES)
}

fn main() {
    // Read many times for as long as the process lives.
    let capture: &'static [u8] = Vec::leak(capture());
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, capture).unwrap();
    }
    let hello = client_hello("www.example.org");
    println!("ns an invocation (NEW and one segment, averaged), best of {RUNS}:");
    for name in
        ["allow_all", "never_decides", "protocol_detect", "http_host_block", "tls_sni_block"]
    {
        println!("  {name:18} {:8.0}", invocation(name, &hello));
    }
    println!("replay from memory, {:.0} MB, best of {RUNS}:", bytes_to_mb(capture.len()));
    let (alone, (segments, _)) = best(|| replay(capture, &[]));
    for programs in
        [&[][..], &["tls_sni_block"], &["tls_sni_block", "http_host_block"], &["never_decides"]]
    {
        let (seconds, _) = best(|| replay(capture, programs));
        println!(
            "  {:34} {:6.2} M segments/s  {:5.2} x reading alone",
            programs.join(" + "),
            f64::from(u32::try_from(segments).unwrap()) / seconds / 1e6,
            seconds / alone
        );
    }
}

fn bytes_to_mb(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap()) / 1e6
}
