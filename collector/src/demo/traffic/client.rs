//! What one client does: it connects through the proxy, says its part and waits for an answer.

use super::random::Random;
use super::tls;
use crate::live::Notes;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use weir_usermode::traffic::client_hello;

/// How long a client waits for an answer before it gives up, as on a blocked flow.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Answers are read to their end, but not beyond this.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The beginning is this part of a whole: it ends before any name, so no program can decide.
const BEGINNING: usize = 8;

/// What a client sends first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening {
    /// A ClientHello for a name.
    Hello(&'static str),
    /// A GET with a Host header.
    Get(&'static str),
    /// An SSH banner.
    Banner,
}

/// How it sends it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// At once.
    Whole,
    /// In this many segments.
    Split(usize),
    /// A few bytes at a time, with pauses.
    Trickle,
    /// Half of it, and then it goes.
    Abandon,
    /// Its beginning, or nothing, and then a silence of so many seconds.
    Stall { sends_beginning: bool, silence_s: (u64, u64) },
}

/// A client to be.
pub(super) struct Client {
    pub(super) to: SocketAddr,
    pub(super) note: &'static str,
    pub(super) opening: Opening,
    pub(super) pace: Pace,
    pub(super) random: Random,
}

impl Client {
    /// Runs to its end; that it got no answer is part of the traffic.
    pub(super) async fn run(mut self, notes: Notes) {
        if let Ok(mut stream) = self.connect(&notes).await {
            let _nobody_asks = self.talk(&mut stream).await;
        }
    }

    async fn connect(&self, notes: &Notes) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        notes.write(socket.local_addr()?.port(), self.note);
        let stream = socket.connect(self.to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn talk(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let opening = self.opening_bytes();
        self.send(stream, &opening).await?;
        if let Opening::Hello(_) = self.opening {
            let mut hello = [0; 1024];
            if timeout(PATIENCE, stream.read(&mut hello)).await?? == 0 {
                return Ok(());
            }
            let bytes = usize::try_from(self.random.between(80, 600)).unwrap_or(80);
            stream.write_all(&tls::application_data(bytes, &mut self.random)).await?;
        }
        timeout(PATIENCE, read_to_end(stream)).await?
    }

    fn opening_bytes(&mut self) -> Vec<u8> {
        match self.opening {
            Opening::Hello(name) => client_hello(name),
            Opening::Get(host) => format!(
                "GET /articles/{}?from=demo HTTP/1.1\r\nHost: {host}\r\n\
                 User-Agent: weir-demo\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                self.random.between(1, 999)
            )
            .into_bytes(),
            Opening::Banner => b"SSH-2.0-weir_demo_client\r\n".to_vec(),
        }
    }

    async fn send(&mut self, stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        match self.pace {
            Pace::Whole => stream.write_all(bytes).await,
            Pace::Split(parts) => {
                let part_bytes = bytes.len().div_ceil(parts.max(1)).max(1);
                self.send_parts(stream, bytes, part_bytes, (8, 25)).await
            }
            Pace::Trickle => self.send_parts(stream, bytes, 24, (80, 350)).await,
            Pace::Abandon => {
                let (half, _) = bytes.split_at(bytes.len() / 2);
                stream.write_all(half).await?;
                sleep(self.random.millis(200, 900)).await;
                Err(io::ErrorKind::TimedOut.into())
            }
            Pace::Stall { sends_beginning, silence_s: (least, most) } => {
                let beginning_bytes = if sends_beginning { bytes.len() / BEGINNING } else { 0 };
                let (beginning, rest) = bytes.split_at(beginning_bytes);
                stream.write_all(beginning).await?;
                sleep(self.random.millis(least * 1_000, most * 1_000)).await;
                // Some finish after all; the others just go.
                if self.random.between(0, 1) == 0 {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                stream.write_all(rest).await
            }
        }
    }

    async fn send_parts(
        &mut self,
        stream: &mut TcpStream,
        bytes: &[u8],
        part_bytes: usize,
        (pause_ms_min, pause_ms_max): (u64, u64),
    ) -> io::Result<()> {
        for part in bytes.chunks(part_bytes) {
            stream.write_all(part).await?;
            sleep(self.random.millis(pause_ms_min, pause_ms_max)).await;
        }
        Ok(())
    }
}

async fn read_to_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 8 * 1024];
    let mut total = 0;
    while total < ANSWER_BYTES_MAX {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        total += count;
    }
    Ok(())
}
