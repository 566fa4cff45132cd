//! Clients that dawdle, in numbers, and a scraper that goes on being answered.

use crate::client::{Answer, DEADLINE, Served, ask, connect};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

/// Connections of the flood that are open at a time; more than the server holds.
const OPEN: usize = 700;

/// Scrapes in a flood.
const SCRAPES: usize = 40;

/// Ends the flood, however the scraper fares.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Floods until the scraper is done; the times of its scrapes, sorted.
fn scrapes_during(served: &Served, dawdle: impl Fn(&mut TcpStream) + Sync) -> Vec<Duration> {
    let is_over = AtomicBool::new(false);
    let address = served.address();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut open = std::collections::VecDeque::new();
            while !is_over.load(Ordering::Relaxed) {
                // One that does not get in at once is a flood that has done its work.
                if let Ok(mut stream) = TcpStream::connect_timeout(&address, DEADLINE) {
                    dawdle(&mut stream);
                    open.push_back(stream);
                }
                if open.len() > OPEN {
                    open.pop_front();
                }
            }
        });
        let _over = Over(&is_over);
        let started = Instant::now();
        while served.server.stats().connections_accepted < 600 {
            assert!(started.elapsed() < DEADLINE, "the flood has not begun");
            std::thread::sleep(Duration::from_millis(5));
        }
        let scrape = |_| {
            let started = Instant::now();
            let answer = ask(connect(address), "/metrics", "");
            assert!(matches!(answer, Ok(Answer { status: 200, .. })), "{answer:?}");
            started.elapsed()
        };
        let mut times: Vec<Duration> = (0..SCRAPES).map(scrape).collect();
        times.sort_unstable();
        times
    })
}

#[test]
fn heads_that_never_end_do_not_stop_a_scraper() {
    let served = Served::plain();
    let times = scrapes_during(&served, |stream| {
        let _gone = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-");
    });
    let stats = served.server.stats();
    assert!(stats.connections_evicted > 0 && stats.connections <= 512, "{stats:?}");
    // Every scrape is answered; how fast is what slow.sh measures.
    assert!(times.last().is_some_and(|slowest| *slowest < DEADLINE), "{times:?}");
}

#[test]
fn answers_that_nobody_reads_do_not_stop_a_scraper() {
    let served = Served::plain();
    // Pipelined until the system takes no more: answers pile up in the server.
    let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200);
    let times = scrapes_during(&served, |stream| {
        let _gone =
            stream.set_nonblocking(true).and_then(|()| stream.write_all(requests.as_bytes()));
    });
    let stats = served.server.stats();
    assert!(stats.answers <= 64, "{stats:?}");
    assert!(times.last().is_some_and(|slowest| *slowest < DEADLINE), "{times:?}");
}

#[test]
fn connections_that_say_nothing_do_not_stop_a_scraper() {
    let served = Served::plain();
    let times = scrapes_during(&served, |_| {});
    assert!(served.server.stats().connections_evicted > 0);
    assert!(times.last().is_some_and(|slowest| *slowest < DEADLINE), "{times:?}");
}
