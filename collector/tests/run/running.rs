//! Starts the binary, scrapes it, ends it; makes a trace for it.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

/// No step takes longer, even on a machine that does much else.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A collector at work; dropping it kills it.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let from = line.split_once("://").unwrap_or_else(|| panic!("it said: {line}")).1;
        let address = from.split_once('/').unwrap().0.parse().unwrap();
        Self { child, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// The status and the body of an answer.
    pub(crate) fn request(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let host = self.address;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Scrapes until the text is as wanted.
    pub(crate) fn scrape_until(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let text = self.request("/metrics").1;
            if is_it(&text) {
                return text;
            }
            assert!(started.elapsed() < DEADLINE, "never {what}:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The text of a whole trace, from when all of it was read.
    pub(crate) fn settled(&self) -> String {
        let started = Instant::now();
        while self.request("/readyz").0 != 200 {
            assert!(started.elapsed() < DEADLINE, "never ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.request("/metrics").1
    }

    /// Asks it to end, as a service manager does; how it did.
    pub(crate) fn terminate(self) -> Output {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Output {
        let status = self.child.wait().unwrap();
        let mut stderr = Vec::new();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        Output { status, stdout: Vec::new(), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(["run", "--web.listen-address", "127.0.0.1:0"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary to its end.
pub(crate) fn weir(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).output().unwrap()
}

/// The bytes of a trace: two seconds of `weir demo`.
pub(crate) fn trace() -> &'static [u8] {
    static TRACE: OnceLock<Vec<u8>> = OnceLock::new();
    TRACE.get_or_init(|| {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("demo.etl");
        let path = file.to_str().unwrap();
        let demo = ["demo", "--duration", "2s", "--web.listen-address", "127.0.0.1:0", "--record"];
        let output = weir(&[&demo[..], &[path]].concat());
        assert!(output.status.success(), "{output:?}");
        std::fs::read(&file).unwrap()
    })
}

/// The trace as a file of a folder.
pub(crate) fn trace_in(folder: &Path) -> String {
    let path = folder.join("demo.etl");
    std::fs::write(&path, trace()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What `weir replay` says of a trace, by which any other reading is measured.
pub(crate) fn replayed(file: &Path) -> String {
    let output = weir(&["replay", "--metrics", "-", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The samples that are the driver's own truth or about single events: all but ages, and what the
/// collector says of itself.
pub(crate) fn truth(text: &str) -> Vec<&str> {
    let is_other = |line: &&str| {
        let other = ["#", "process_", "weir_series_active"];
        let aged = ["weir_flow_detail_age", "weir_flow_undecided_old", "weir_flow_stuck"];
        let now = ["weir_driver_up", "weir_bfe_up", "weir_web_"];
        let starts = [&other[..], &aged, &now].concat();
        starts.iter().any(|start| line.starts_with(start)) || line.contains("session=")
    };
    text.lines().filter(|line| !is_other(line)).collect()
}

/// The value of a series that is written exactly so; 0 where it is missing.
pub(crate) fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

/// Whether a series stays as it is once a whole trace was read: all but what the collector says of
/// its process, its server and its exports.
pub(crate) fn is_still(series: &str) -> bool {
    !["process_", "weir_web_", "weir_otlp_"].iter().any(|start| series.starts_with(start))
}
