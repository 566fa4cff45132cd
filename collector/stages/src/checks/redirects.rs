//! WD0513: connections are redirected as they should be: the guide's three cases.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md, "Traffic is not redirected as
//! expected" (read 2026-11)

use super::evidence::{Evidence, Kind};
use super::facts::Redirect;
use super::hooks::CONNECT_REDIRECT;
use super::objects::InUse;
use super::programs::LINKS;
use super::verdict::Judgement;
use core::net::{IpAddr, SocketAddr};

const EXTENSION: &str = "NetEbpfExtProvider";

pub(super) fn redirects(evidence: &Evidence) -> Judgement {
    let seen: Vec<&Redirect> = evidence.traces.iter().flat_map(|it| &it.redirects).collect();
    if seen.is_empty() {
        return not_traced(evidence);
    }
    for (from, to) in &evidence.expected.redirects {
        let of_it: Vec<&Redirect> =
            seen.iter().copied().filter(|it| is_address(&it.destination, from)).collect();
        if of_it.is_empty() {
            return unseen(evidence, seen.len(), &format!("no connection to {from}"));
        }
        let rejected: Vec<&Redirect> = of_it.iter().copied().filter(|it| is_rejected(it)).collect();
        if !rejected.is_empty() {
            let count = rejected.len();
            let found = format!("connections to {from} were rejected by the program: {count}");
            let judgement = Judgement::fail(found)
                .because(
                    "the program was invoked and decided against the connection, so it goes \
                     nowhere",
                )
                .say("look at the program and at the maps that it reads")
                .run("bpftool.exe map dump id ID");
            return quoted(judgement, &rejected);
        }
        let wrong: Vec<&Redirect> =
            of_it.iter().copied().filter(|it| !is_address(&it.redirected, to)).collect();
        if let Some(first) = wrong.first() {
            let (address, port) = &first.redirected;
            let found = format!("connections to {from} went to {address}:{port}, not to {to}");
            let judgement = Judgement::fail(found)
                .because(
                    "the program was invoked and decided otherwise: what its maps say is \
                     not what you expect (case 1 of the guide)",
                )
                .say("look at the maps that it reads")
                .run("bpftool.exe map dump id ID");
            return quoted(judgement, &wrong);
        }
    }
    let total: u64 = evidence.traces.iter().map(|it| it.redirects_total).sum();
    let moved = seen.iter().filter(|it| it.destination != it.redirected).count();
    let event = if seen.iter().any(|it| it.is_new_event) {
        "NetEbpfExtSockAddrRedirect, a newer release"
    } else {
        "connect_redirect_classify, an older release"
    };
    let rejected = match seen.iter().filter(|it| is_rejected(it)).count() {
        0 => String::new(),
        1 => ", 1 was rejected".to_owned(),
        count => format!(", {count} were rejected"),
    };
    let (s, were) = (if total == 1 { "" } else { "s" }, if moved == 1 { "was" } else { "were" });
    let found = format!(
        "{total} connection{s} passed the program; of the last {}, {moved} {were} sent elsewhere\
         {rejected} ({event})",
        seen.len()
    );
    let judgement = Judgement::ok(found)
        .because(
            "addresses are as the program set them; where traffic still does not reach the \
             proxy, another callout at the layer is in the way (case 2 of the guide): see WD0305",
        )
        .say("a source of 0.0.0.0 is usual: it is not known yet when a connection is redirected");
    quoted(judgement, &seen)
}

/// Nothing of the kind is in the trace: was it to be?
fn not_traced(evidence: &Evidence) -> Judgement {
    let extension =
        evidence.traces.iter().flat_map(|it| &it.events).any(|it| it.provider == EXTENSION);
    if !extension {
        return Judgement::unknown("the trace has no event of NetEbpfExtProvider", &[Kind::Traces]);
    }
    let in_use = InUse::of(evidence);
    let redirects = in_use
        .hooks
        .iter()
        .flat_map(|it| it.filters)
        .any(|it| CONNECT_REDIRECT.contains(&it.callout.layer));
    match (redirects, in_use.is_by_links) {
        (true, _) => absent(
            "a program is attached where connections are redirected, and none is in the trace"
                .to_owned(),
        ),
        (false, true) => Judgement::ok("no program is attached where connections are redirected"),
        (false, false) => Judgement::unknown("nothing says whether a program redirects", LINKS),
    }
}

/// A connection is not among those that are kept; it may be among those that are not.
fn unseen(evidence: &Evidence, kept: usize, what: &str) -> Judgement {
    let total: u64 = evidence.traces.iter().map(|it| it.redirects_total).sum();
    let lost: u64 = evidence.traces.iter().map(|it| it.events_lost).sum();
    if total > kept as u64 {
        let found = format!("{what} is among the last {kept}; {total} are in the trace");
        return Judgement::unknown(found, &[])
            .say("follow it through the whole trace: weir traces --connection ADDRESS:PORT FILE");
    }
    if lost > 0 {
        let found = format!("{what} is in the trace, and the session lost {lost} events");
        return Judgement::unknown(found, &[]);
    }
    absent(format!("{what} is in the trace"))
}

fn absent(found: String) -> Judgement {
    Judgement::warn(found)
        .because(
            "nobody connected while it was recorded; or the callout was not asked, since \
             something before it decided; or it failed (case 3 of the guide)",
        )
        .say(
            "look for errors of the extension in the same trace, then for other callouts at \
             the layer: WD0305",
        )
        .say(
            "record again while connecting, at level 5 and with all keywords: weir doctor \
             --trace 30s",
        )
}

fn quoted(judgement: Judgement, redirects: &[&Redirect]) -> Judgement {
    redirects.iter().rev().fold(judgement, |judgement, it| {
        let line = |(address, port): &(String, u16)| format!("{address}:{port}");
        let verdict = it.verdict.map_or_else(String::new, |it| format!(", Verdict {it}"));
        let text = format!(
            "{} to {} sent to {}{verdict}",
            line(&it.source),
            line(&it.destination),
            line(&it.redirected)
        );
        judgement.quote(&it.place, text)
    })
}

/// The program's verdict was none of the two that let a connection proceed.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_nethooks.h, `bpf_sock_addr_verdict_t`
/// (read 2026-11)
fn is_rejected(redirect: &Redirect) -> bool {
    redirect.verdict.is_some_and(|it| !matches!(it, 1 | 2))
}

/// Whether an address is the wanted one; IPv4 within IPv6 (`::ffff:192.0.2.1`) is IPv4.
fn is_address((address, port): &(String, u16), wanted: &SocketAddr) -> bool {
    let is_same = |it: IpAddr| it.to_canonical() == wanted.ip().to_canonical();
    *port == wanted.port() && address.parse().is_ok_and(is_same)
}
