//! `docs/quickstart.md` as a script: its own commands, in their order.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

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
        let script = format!(
            // Jobs, as at a terminal, so that `kill %1` ends what a job started.
            "exec 2>&1\nset -m -u -o pipefail\n{}\necho '{DONE}'\nread -r _\n{END}\nwait\n",
            commands(&page)
        );
        let mut child = Command::new("bash")
            .args(["-c", &script])
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
    pub(crate) fn until(&mut self, wanted: &str, deadline: core::time::Duration) -> &str {
        let started = std::time::Instant::now();
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

    /// Waits until every command of the page has been run.
    pub(crate) fn until_done(&mut self, deadline: core::time::Duration) -> &str {
        self.until(DONE, deadline)
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // Its standard input ends, so it goes on to the page's end.
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}
