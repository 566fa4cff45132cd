//! The collector's own figures, where one runs: one small request, over a connection of its own.
//!
//! HTTP 1.0 is asked for, so that the answer comes in one piece and ends with the connection.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

/// On this machine somebody answers at once, or nobody does.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// The whole answer; a page of 10,000 series takes a tenth of a second.
const TIME_MAX: Duration = Duration::from_secs(10);
/// Between two looks at the time.
const READ_TIME_MAX: Duration = Duration::from_secs(1);
/// A page of 100,000 series.
const BYTES_MAX: usize = 16 << 20;
/// What Weir's collector says of itself, whatever else it has to say.
const TELLS: &[u8] = b"weir_build_info";

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// Metrics of Weir's collector.
    Page(Vec<u8>),
    /// Somebody else's page.
    Other(String),
    /// Nobody, or somebody who does not show it: it has a password, or TLS.
    Unclear(String),
}

/// Asks whoever listens there.
pub(super) fn fetch(address: SocketAddr) -> Fetched {
    match answer(address) {
        Ok(bytes) => judge(address, &bytes),
        Err(error) => Fetched::Unclear(format!("nobody answers at {address} ({error})")),
    }
}

fn answer(address: SocketAddr) -> io::Result<Vec<u8>> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIME_MAX)?;
    stream.set_read_timeout(Some(READ_TIME_MAX))?;
    stream.set_write_timeout(Some(READ_TIME_MAX))?;
    let accept = "text/plain; version=0.0.4";
    // In one piece: who answers half a request and closes would cost the answer.
    let request = format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while bytes.len() <= BYTES_MAX {
        if begun.elapsed() > TIME_MAX {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if is_late(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("it sends more than {BYTES_MAX} bytes")))
}

fn is_late(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    [Interrupted, TimedOut, WouldBlock].contains(&error.kind())
}

fn judge(address: SocketAddr, bytes: &[u8]) -> Fetched {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
    let (head, body) = bytes.split_at(end.map_or(0, |it| it + 4));
    let status = head.get(9..12).map(String::from_utf8_lossy);
    match status.filter(|_| head.starts_with(b"HTTP/1.")).as_deref() {
        Some("200") if body.windows(TELLS.len()).any(|it| it == TELLS) => {
            Fetched::Page(body.to_vec())
        }
        Some("200" | "404") => {
            Fetched::Other(format!("at {address} is another program than Weir's collector"))
        }
        Some(other) => Fetched::Unclear(format!(
            "{address} answers {}: it may want a password, or TLS",
            other.escape_default()
        )),
        None => Fetched::Unclear(format!("{address} answers no HTTP: it may want TLS")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetched, fetch};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn served(answer: &'static [u8]) -> Fetched {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            stream.write_all(answer).unwrap();
        });
        let fetched = fetch(address);
        server.join().unwrap();
        fetched
    }

    #[test]
    fn the_page_of_a_collector_is_taken_without_its_head() {
        let page = b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nweir_build_info{} 1\n";
        assert_eq!(served(page), Fetched::Page(b"weir_build_info{} 1\n".to_vec()));
    }

    #[test]
    fn somebody_else_is_not_taken_for_the_collector() {
        assert!(matches!(served(b"HTTP/1.1 200 OK\r\n\r\nup 1\n"), Fetched::Other(_)));
        for answer in [&b"HTTP/1.1 401 Unauthorized\r\n\r\n"[..], b"\x15\x03\x01\0\x02", b""] {
            assert!(matches!(served(answer), Fetched::Unclear(_)), "{answer:?}");
        }
    }

    #[test]
    fn nobody_is_no_error() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(fetch(address), Fetched::Unclear(_)));
    }
}
