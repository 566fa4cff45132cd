//! What keeps what quiet, by a real Alertmanager.

use super::alertmanager::example;
use super::promtool::{has, run, words};
use core::time::Duration;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// An Alertmanager with the example, on a port that was free.
struct Alertmanager {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Alertmanager {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", example().display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stderr(Stdio::from(std::fs::File::create(&log).unwrap()))
            .spawn()
            .unwrap();
        let url = wait("an address", || {
            let said = std::fs::read_to_string(&log).unwrap();
            let line = said.lines().find(|it| it.contains("msg=\"Listening on\""))?;
            let address = line.split("address=").nth(1)?.split_whitespace().next()?.to_owned();
            Some(format!("http://{address}"))
        });
        Self { child, url, _folder: folder }
    }

    fn amtool(&self, words_of: &[&str]) -> String {
        let url = format!("--alertmanager.url={}", self.url);
        let output = run("amtool", &[words_of, &[&url]].concat(), &[]);
        assert!(output.status.success(), "{words_of:?}: {}", words(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn fire(&self, labels: &[&str]) {
        self.amtool(&[&["alert", "add"], labels].concat());
    }

    /// Whether Alertmanager has the alert with these labels in this state.
    fn has(&self, state: &str, labels: &[&str]) -> bool {
        let query = [&["alert", "query", "-o", "json", state], labels].concat();
        self.amtool(&query).contains("fingerprint")
    }

    /// Waits until it is kept quiet.
    fn quiet(&self, labels: &[&str]) {
        wait(&format!("{labels:?} quiet"), || self.has("--inhibited", labels).then_some(()));
    }

    /// Waits until it is told.
    fn told(&self, labels: &[&str]) {
        wait(&format!("{labels:?} told"), || self.has("--active", labels).then_some(()));
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn wait<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "Alertmanager does not have {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const ONE: [&str; 2] = ["job=weir", "instance=one:10061"];
const OTHER: [&str; 2] = ["job=weir", "instance=other:10061"];

/// Labels of an alert of a host.
fn of<'a>(alert: &'a [&'a str], host: &'a [&'a str]) -> Vec<&'a str> {
    [alert, host].concat()
}

#[test]
fn what_explains_an_alert_keeps_it_quiet_on_its_own_host_only() {
    if !has("amtool") || !has("prometheus-alertmanager") {
        return;
    }
    // Source, what it keeps quiet, and what it does not.
    let stories: [(&str, &str, &str); 6] = [
        ("alertname=WeirCollectorDown", "alertname=WeirDriverDown", "alertname=Other"),
        ("alertname=WeirDriverDown", "alertname=WeirFlowsStuck", "alertname=WeirOtlpFailing"),
        (
            "alertname=WeirFilteringEngineDown",
            "alertname=WeirWfpObjectMissing",
            "alertname=WeirFlowsStuck",
        ),
        ("alertname=WeirFlowsFailed", "alertname=WeirProgramErrors", "alertname=WeirFlowsStuck"),
        ("alertname=WeirHostFlowsStuck", "alertname=WeirFlowsStuck", "alertname=WeirEventsLost"),
        ("alertname=WeirCollectorDown", "alertname=WeirEventsLost", "alertname=Other"),
    ];
    for (source, quiet, loud) in stories {
        let alertmanager = Alertmanager::start();
        alertmanager.fire(&of(&[quiet], &ONE));
        alertmanager.fire(&of(&[quiet], &OTHER));
        alertmanager.fire(&of(&[loud], &ONE));
        alertmanager.told(&of(&[quiet], &ONE));
        // By now nothing explains anything.
        alertmanager.fire(&of(&[source], &ONE));
        alertmanager.told(&of(&[source], &ONE));
        alertmanager.quiet(&of(&[quiet], &ONE));
        alertmanager.told(&of(&[quiet], &OTHER));
        alertmanager.told(&of(&[loud], &ONE));
    }
}

#[test]
fn what_is_about_many_hosts_keeps_each_of_them_quiet() {
    if !has("amtool") || !has("prometheus-alertmanager") {
        return;
    }
    let alertmanager = Alertmanager::start();
    for host in [&ONE, &OTHER] {
        alertmanager.fire(&of(&["alertname=WeirHostFlowsStuck"], host));
        alertmanager.fire(&of(&["alertname=WeirCollectorDown"], host));
    }
    alertmanager.fire(&["alertname=WeirHostFlowsStuck", "job=another", "instance=x"]);
    alertmanager.fire(&["alertname=WeirFleetFlowsStuck", "job=weir"]);
    alertmanager.fire(&["alertname=WeirNoData"]);
    for host in [&ONE, &OTHER] {
        alertmanager.quiet(&of(&["alertname=WeirHostFlowsStuck"], host));
        alertmanager.quiet(&of(&["alertname=WeirCollectorDown"], host));
    }
    alertmanager.told(&["alertname=WeirHostFlowsStuck", "job=another"]);
    alertmanager.told(&["alertname=WeirFleetFlowsStuck"]);
}

#[test]
fn nothing_keeps_another_clusters_alert_quiet() {
    if !has("amtool") || !has("prometheus-alertmanager") {
        return;
    }
    // Hosts of two clusters may be called the same.
    let here = ["cluster=here", "region=north"];
    let places = [["cluster=there", "region=north"], ["cluster=here", "region=south"]];
    let stories = [
        (vec!["alertname=WeirNoData"], of(&["alertname=WeirCollectorDown"], &ONE)),
        (of(&["alertname=WeirDriverDown"], &ONE), of(&["alertname=WeirProgramsGone"], &ONE)),
        (
            vec!["alertname=WeirFleetFlowsStuck", "job=weir"],
            of(&["alertname=WeirHostFlowsStuck"], &ONE),
        ),
    ];
    for (source, target) in stories {
        let alertmanager = Alertmanager::start();
        alertmanager.fire(&of(&target, &here));
        for place in &places {
            alertmanager.fire(&of(&target, place));
        }
        alertmanager.fire(&of(&source, &here));
        alertmanager.quiet(&of(&target, &here));
        for place in &places {
            alertmanager.told(&of(&target, place));
        }
    }
}

#[test]
fn lost_invocations_do_not_hide_that_flows_are_not_all_known() {
    if !has("amtool") || !has("prometheus-alertmanager") {
        return;
    }
    let alertmanager = Alertmanager::start();
    for host in [&ONE, &OTHER] {
        alertmanager.fire(&of(&["alertname=WeirFlowSetIncomplete"], host));
    }
    alertmanager.fire(&of(&["alertname=WeirEventsLost", "event=invocation"], &OTHER));
    alertmanager.fire(&of(&["alertname=WeirEventsLost", "event=verdict"], &ONE));
    alertmanager.quiet(&of(&["alertname=WeirFlowSetIncomplete"], &ONE));
    alertmanager.told(&of(&["alertname=WeirFlowSetIncomplete"], &OTHER));
}

#[test]
fn the_doctor_is_quiet_about_what_another_alert_tells_and_about_nothing_else() {
    if !has("amtool") || !has("prometheus-alertmanager") {
        return;
    }
    let doctor = "alertname=WeirDoctorCheckFailed";
    let checks = ["WD0103", "WD0105", "WD0301", "WD0312", "WD0602", "WD0604"];
    let stories: [(&[&str], &[&str]); 4] = [
        (&["alertname=WeirDriverDown"], &["WD0105", "WD0604"]),
        (&["alertname=WeirWfpObjectMissing"], &["WD0312"]),
        (&["alertname=WeirSessionDown", "session=weir-control"], &["WD0602", "WD0604"]),
        (&["alertname=WeirSessionDown", "session=weir-detail"], &["WD0602"]),
    ];
    for (source, quiet) in stories {
        let alertmanager = Alertmanager::start();
        let labels = checks.map(|id| format!("check={id}"));
        for host in [&ONE, &OTHER] {
            labels.iter().for_each(|check| alertmanager.fire(&of(&[doctor, check], host)));
        }
        alertmanager.fire(&of(source, &ONE));
        let (kept, others): (Vec<_>, Vec<_>) =
            checks.iter().zip(&labels).partition(|(id, _)| quiet.contains(id));
        kept.iter().for_each(|(_, check)| alertmanager.quiet(&of(&[doctor, check], &ONE)));
        // By now the source has been heard.
        others.iter().for_each(|(_, check)| alertmanager.told(&of(&[doctor, check], &ONE)));
        labels.iter().for_each(|check| alertmanager.told(&of(&[doctor, check], &OTHER)));
    }
}
