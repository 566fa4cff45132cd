//! Hosts where everything goes wrong, as one more target that Prometheus scrapes.

use core::fmt::Write as _;
use core::net::SocketAddr;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// A series: its host, name, other labels, and its value so many seconds after the start.
pub(crate) struct Series {
    pub(crate) host: &'static str,
    pub(crate) name: &'static str,
    pub(crate) labels: &'static str,
    pub(crate) value: fn(f64) -> f64,
}

/// Serves the series on every path until the test ends; where.
///
/// Their hosts are labels of the page, so the job has to honour those.
pub(crate) fn serve(series: Vec<Series>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let started = Instant::now();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _gone = answer(stream, &page(&series, started.elapsed().as_secs_f64()));
        }
    });
    address
}

fn page(series: &[Series], seconds: f64) -> String {
    let mut text = String::new();
    for Series { host, name, labels, value } in series {
        let comma = if labels.is_empty() { "" } else { "," };
        let value = value(seconds);
        writeln!(text, "{name}{{job=\"weir\",instance=\"{host}\"{comma}{labels}}} {value}")
            .unwrap();
    }
    text
}

fn answer(mut stream: TcpStream, page: &str) -> std::io::Result<()> {
    // The head of a scrape is shorter, and what it says does not matter.
    let _head = stream.read(&mut [0; 4_096])?;
    let bytes = page.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {bytes}\r\n\
         Connection: close\r\n\r\n{page}"
    )
}
