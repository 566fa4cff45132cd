//! `docs/quickstart.md` as a script: its own commands, in their order.

use core::time::Duration;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// Where the page's programs listen.
const ADDRESSES: [&str; 2] = ["127.0.0.1:10061", "127.0.0.1:9095"];

/// How long they may take to end.
const END_MAX: Duration = Duration::from_secs(30);

/// What the page says of the demo, and what the test runs instead: the same program, built as
/// tests are.
const DEMO: &str = "cargo run --release -- demo";

/// The page's last commands; they come when everything was looked at.
const END: &str = "kill %1 %2";

/// Said between the page's commands and its end.
const DONE: &str = "quickstart: done";

/// The page's commands, without its end.
pub(crate) fn commands(page: &str) -> String {
    let mut commands = String::new();
    let mut is_command = false;
    for line in page.lines() {
        match line {
            "```sh" => is_command = true,
            "```" => is_command = false,
            _ if is_command => {
                commands.push_str(line);
                commands.push('\n');
            }
            _ => {}
        }
    }
    assert!(!is_command, "a block of the page does not end");
    let (commands, after) = commands.split_once(END).expect("the page ends what it started");
    assert_eq!(after.trim(), "", "nothing comes after the end");
    assert_eq!(commands.matches(DEMO).count(), 1, "{DEMO}");
    commands.replace(DEMO, concat!("\"", env!("CARGO_BIN_EXE_weir"), "\" demo"))
}

/// The page at work. Dropping it ends what it started.
pub(crate) struct Quickstart {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Quickstart {
    /// Starts it at the root of the repository.
    pub(crate) fn start(root: &Path, otlp_endpoint: &str) -> Self {
        let page = std::fs::read_to_string(root.join("docs/quickstart.md")).unwrap();
        for address in ADDRESSES {
            assert!(page.contains(address), "{address}");
            let taken = "what listens there would be taken for what the page starts";
            TcpListener::bind(address)
                .unwrap_or_else(|error| panic!("{address}: {error}: {taken}"));
        }
        let script = format!(
            "exec 2>&1\nset -u -o pipefail\n{}\necho '{DONE}'\nread -r _\n{END}\nwait\n",
            commands(&page)
        );
        let mut child = Command::new("bash")
            .args(["-c", &script])
            // A group of its own, so that all of it can be ended.
            .process_group(0)
            .current_dir(root)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", otlp_endpoint)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _nobody_waits = sender.send(line);
            }
        });
        Self { child, lines, said: String::new() }
    }

    /// Waits until it has said this; what it has said so far.
    pub(crate) fn until(&mut self, wanted: &str, deadline: Duration) -> &str {
        let started = Instant::now();
        while !self.said.contains(wanted) {
            let left = deadline.saturating_sub(started.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.said.push_str(&line);
                    self.said.push('\n');
                }
                Err(_) => panic!("it never said `{wanted}`:\n{}", self.said),
            }
        }
        &self.said
    }

    /// Waits until every command of the page but its end has been run.
    pub(crate) fn until_done(&mut self, deadline: Duration) -> &str {
        self.until(DONE, deadline)
    }

    /// Goes on to the page's end, after which nothing of it may be left.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < END_MAX, "`{END}` ends nothing:\n{}", self.said);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // It may still wait for something that never comes.
        let group = format!("-{}", self.child.id());
        let _ended_already =
            Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _status = self.child.wait();
    }
}
