//! Recorded traffic whose names two independent tools agree on: blocking each name blocks exactly
//! the flows that have it.

use crate::support::{object, weir};
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Both ends, smaller first: the truth does not always know who opened the connection.
type Ends = (SocketAddr, SocketAddr);

struct Row {
    capture: String,
    ends: Ends,
    kind: String,
    name: String,
}

/// Known misses and extras: what, capture, name, how many, and why.
const EXPLAINED: [(&str, &str, &str, usize, &str); 6] = [
    (
        "missed",
        "false_positives.pcapng",
        "wludo.superkinglabs.com",
        1,
        "inside a GTP tunnel: no host's hook sees it",
    ),
    ("missed", "ja3_lots_of_cipher_suites_2_anon.pcap", "192.69.136.179", 1, "inside a GTP tunnel"),
    ("missed", "tls_invalid_reads.pcap", "e.crashlytics.com", 1, "inside a GTP tunnel"),
    (
        "missed",
        "fuzz-2006-09-29-28586.pcap",
        "%s",
        1,
        "the host goes on behind a NUL; both tools print C strings",
    ),
    (
        "extra",
        "fuzz-2006-09-29-28586.pcap",
        "172.20.3.13",
        3,
        "more flows have the host; only one tool saw them",
    ),
    (
        "extra",
        "teams.pcap",
        "teams.microsoft.com",
        1,
        "port 60547 has the name chatsvcagg.teams.microsoft.com; only one tool saw it",
    ),
];

fn ends(a: SocketAddr, b: SocketAddr) -> Ends {
    (a.min(b), a.max(b))
}

/// The name as the programs compare it: lower case, without port.
fn normal(kind: &str, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    match name.rsplit_once(':') {
        Some((host, port)) if kind == "host" && is_port(port) => host.to_owned(),
        _ => name,
    }
}

fn rows(folder: &Path) -> Option<Vec<Row>> {
    let text = std::fs::read_to_string(folder.join("TRUTH.tsv")).ok()?;
    let row = |line: &str| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap().to_owned();
        let capture = next();
        let client = SocketAddr::new(next().parse::<IpAddr>().unwrap(), next().parse().unwrap());
        let server = SocketAddr::new(next().parse::<IpAddr>().unwrap(), next().parse().unwrap());
        let kind = next();
        let name = normal(&kind, &next());
        Row { capture, ends: ends(client, server), kind, name }
    };
    let agreed = text.lines().filter(|line| line.ends_with("	agree"));
    Some(agreed.map(row).collect())
}

fn blocked(path: &Path, kind: &str, name: &str) -> BTreeSet<Ends> {
    let program = object(if kind == "sni" { "tls_sni_block" } else { "http_host_block" });
    let (path, entry) = (path.display().to_string(), format!("blocked_names str:{name} u32:1"));
    let arguments =
        ["replay", "--flows", "--allow-truncated", "--program", &program, "--map", &entry, &path];
    let end = |value: &serde_json::Value| value.as_str().unwrap().parse().unwrap();
    let flows = weir(&arguments).flows().into_iter().filter(|flow| flow["verdict"] == "block");
    flows.map(|flow| ends(end(&flow["local"]), end(&flow["remote"]))).collect()
}

#[test]
fn each_name_blocks_exactly_the_flows_that_have_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/pcaps");
    let Some(rows) = rows(&folder) else {
        eprintln!("skipped: recorded traffic is not at ../shared/data/pcaps");
        return;
    };
    assert!(rows.len() >= 665, "{} rows", rows.len());
    let mut by_name: BTreeMap<(&str, &str, &str), ()> = BTreeMap::new();
    for row in &rows {
        by_name.insert((&row.capture, &row.kind, &row.name), ());
    }
    let (mut hits, mut wrong) = (0, Vec::new());
    let mut explained = [0; EXPLAINED.len()];
    for (capture, kind, name) in by_name.into_keys() {
        let has_name = |row: &&Row| {
            row.capture == capture
                && row.kind == kind
                && (row.name == name || row.name.ends_with(&format!(".{name}")))
        };
        let expected: BTreeSet<Ends> = rows.iter().filter(has_name).map(|row| row.ends).collect();
        let found = blocked(&folder.join(capture), kind, name);
        hits += expected.intersection(&found).count();
        for flow in expected.symmetric_difference(&found) {
            let what = if expected.contains(flow) { "missed" } else { "extra" };
            let is_it =
                |it: &(&str, &str, &str, usize, &str)| (it.0, it.1, it.2) == (what, capture, name);
            if let Some(at) = EXPLAINED.iter().position(is_it) {
                explained[at] += 1;
                println!("{what}: {capture} {name} {flow:?}: {}", EXPLAINED[at].4);
            } else {
                wrong.push(format!("{what}: {capture} {kind} {name} {flow:?}"));
            }
        }
    }
    println!("{hits} flows blocked as the truth says");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(explained, EXPLAINED.map(|it| it.3), "every explanation is needed, as often");
}
