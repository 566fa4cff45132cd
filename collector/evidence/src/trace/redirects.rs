//! Connections at the connect redirect layer.

use super::event::{Source, TraceEvent};
use std::collections::VecDeque;
use weir_stages::checks::facts::Redirect;

/// Redirections kept, the newest; the rest is counted.
const REDIRECTS_MAX: usize = 256;

/// The message of a redirection, in both generations.
const MESSAGE: &str = "connect_redirect_classify";

/// The newest redirections.
#[derive(Default)]
pub(super) struct Redirects {
    newest: VecDeque<Redirect>,
    pub(super) total: u64,
}

impl Redirects {
    pub(super) fn take(&mut self, event: &TraceEvent) {
        let Some(redirect) = redirect(event) else { return };
        self.total += 1;
        if self.newest.len() >= REDIRECTS_MAX {
            self.newest.pop_front();
        }
        self.newest.push_back(redirect);
    }

    pub(super) fn into_newest(self) -> Vec<Redirect> {
        self.newest.into()
    }
}

/// Address and port of fields, by the names of the older and the newer generation, or of Weir's.
#[must_use]
pub fn endpoint(event: &TraceEvent, names: &[&str]) -> Option<(String, u16)> {
    names.iter().find_map(|name| {
        let address = event.field(&format!("{name}_ip"));
        let address = address.or_else(|| event.field(&format!("{name}_address")))?;
        let address = address.as_text().into_owned();
        let port = event.field(&format!("{name}_port"))?.number()?;
        Some((address, u16::try_from(port).ok()?))
    })
}

/// The redirection that an event tells of. One without a new destination redirected nothing.
///
/// Source: microsoft/ebpf-for-windows, netebpfext/net_ebpf_ext_sock_addr.c, of 2023 and of 2026
/// (read 2026-11)
#[must_use]
pub fn redirect(event: &TraceEvent) -> Option<Redirect> {
    if event.source != Source::NetEbpfExt {
        return None;
    }
    let is_new_event = event.event.starts_with("NetEbpfExtSockAddr");
    let is_redirect = event.event == "NetEbpfExtSockAddrRedirect"
        || event.message().is_some_and(|it| super::sign::is_same(it, MESSAGE));
    if !is_redirect {
        return None;
    }
    let destination = endpoint(event, &["destination", "dst"])?;
    let redirected = endpoint(event, &["redirected"]).unwrap_or_else(|| destination.clone());
    let verdict = event.field("verdict").and_then(super::event::FieldValue::number);
    Some(Redirect {
        time: event.time_text.clone(),
        source: endpoint(event, &["source", "src"]).unwrap_or_default(),
        destination,
        redirected,
        verdict: verdict.and_then(|it| u32::try_from(it).ok()),
        is_new_event,
        place: event.place.clone(),
    })
}
