//! The proxy on real sockets, with scripted programs.

mod blocks;
mod passes;

use super::{CONNECT_TIMEOUT, LiveHook, Proxy};
use crate::hook::HookOptions;
use core::time::Duration;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use weir_abi::Record;
use weir_abi::context::CONTEXT_BYTES;
use weir_abi::wire::Text;

const ALLOW: u32 = 0;
const BLOCK: u32 = 1;
const NEED_MORE_DATA: u32 = 2;

/// No step of a test takes longer, even on a machine that does much else.
const DEADLINE: Duration = CONNECT_TIMEOUT.saturating_mul(4);

/// The events of a hook, as lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.starts_with(what)).count()
    }

    /// Waits until this many lines begin so.
    async fn reaches(&self, what: &str, count: usize) {
        let polling = async {
            while self.count(what) < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(DEADLINE, polling).await;
        assert!(in_time.is_ok(), "{count} of {what}: {:#?}", self.0.lock().unwrap());
    }
}

/// A hook with one scripted program behind a proxy, and the listener of the server.
struct Bench {
    hook: LiveHook,
    log: Log,
    proxy: Proxy,
    server: TcpListener,
}

impl Bench {
    /// `script` answers for a segment; at NEW the program always wants data.
    async fn new(mut script: impl FnMut(&[u8]) -> u32 + Send + 'static) -> Self {
        let log = Log::default();
        let lines = log.clone();
        let sink = move |head: &weir_abi::EventHead, payload: &[u8]| {
            let (_, record) = Record::decode(head.id, payload).unwrap();
            lines.0.lock().unwrap().push(format!("{record:?}"));
        };
        let hook = LiveHook::start(HookOptions::default(), Box::new(sink));
        let program = move |_: &[u8; CONTEXT_BYTES], data: Option<&[u8]>| {
            Ok(data.map_or(NEED_MORE_DATA, &mut script))
        };
        hook.with(|hook, now_ns| {
            hook.attach(Text::default(), 0, Box::new(program), now_ns).unwrap();
        });
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(hook.clone(), server.local_addr().unwrap()).await.unwrap();
        Self { hook, log, proxy, server }
    }

    /// A client and the server's end of its connection.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.proxy.address()).await.unwrap();
        let (server, _) = in_time(self.server.accept()).await.unwrap();
        (client, server)
    }
}

async fn in_time<T>(step: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, step).await.expect("a step of the test hung")
}

/// Everything up to the end of the stream.
async fn rest(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    in_time(stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

async fn send(stream: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) {
    in_time(stream.write_all(bytes)).await.unwrap();
}
