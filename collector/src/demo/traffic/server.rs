//! The servers that the demo's clients mean: real ones on loopback ports of their own.

use super::random::Random;
use super::tls;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections of one server at a time; as many as the proxy in front of it lets through.
const CONNECTIONS_MAX: usize = weir_usermode::live::CONNECTIONS_MAX;

/// How long a connection may last: longer than any client of the demo waits.
const CONNECTION_TIME: Duration = Duration::from_secs(180);

/// A longer request head is no client's of the demo.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Tls,
    Http,
    Ssh,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::Tls, Self::Http, Self::Ssh];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
        }
    }
}

/// Binds a server; it answers while its future in `tasks` lives.
pub(super) async fn start(
    service: Service,
    seed: u64,
    tasks: &mut JoinSet<()>,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tasks.spawn(accept_all(listener, service, Random::new(seed)));
    Ok(address)
}

async fn accept_all(listener: TcpListener, service: Service, mut random: Random) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(answer(stream, service, random.fork()));
                    }
                    Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        }
    }
}

async fn answer(mut stream: TcpStream, service: Service, mut random: Random) {
    let answering = async {
        stream.set_nodelay(true)?;
        match service {
            Service::Tls => answer_tls(&mut stream, &mut random).await?,
            Service::Http => answer_http(&mut stream, &mut random).await?,
            Service::Ssh => answer_ssh(&mut stream, &mut random).await?,
        }
        stream.shutdown().await
    };
    // A client that gives up is part of the traffic.
    let _client_gave_up = timeout(CONNECTION_TIME, answering).await;
}

async fn answer_tls(stream: &mut TcpStream, random: &mut Random) -> io::Result<()> {
    read_record(stream).await?;
    stream.write_all(&tls::server_hello(random)).await?;
    read_record(stream).await?;
    for _ in 0..random.between(1, 4) {
        let bytes = usize::try_from(random.between(200, 4_000)).unwrap_or(200);
        stream.write_all(&tls::application_data(bytes, random)).await?;
    }
    Ok(())
}

async fn read_record(stream: &mut TcpStream) -> io::Result<()> {
    let mut header = [0; tls::HEADER_BYTES];
    stream.read_exact(&mut header).await?;
    let mut body = vec![0; tls::body_bytes(header)];
    stream.read_exact(&mut body).await.map(drop)
}

async fn answer_http(stream: &mut TcpStream, random: &mut Random) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let lines = usize::try_from(random.between(20, 400)).unwrap_or(20);
    let body = "A weir holds a stream back and measures it.\n".repeat(lines);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

async fn answer_ssh(stream: &mut TcpStream, random: &mut Random) -> io::Result<()> {
    sleep(random.millis(0, 30)).await;
    stream.write_all(b"SSH-2.0-weir_demo\r\n").await?;
    let mut banner = [0; 64];
    let _any = stream.read(&mut banner).await?;
    let key_exchange = random.bytes(900);
    stream.write_all(&key_exchange).await
}
