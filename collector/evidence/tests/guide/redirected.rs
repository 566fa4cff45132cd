//! The trace of a connection that was redirected: each value.

use crate::fields::{fields, objects};
use crate::items::replaced;
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, doubt, fail, warn};

const REDIRECT: &str = "WD0513";

/// Other values of a field, with what tells them: to somebody who expects nothing, and to somebody
/// who says where connections should go.
fn values(path: &str) -> Vec<(&'static str, Told, Told)> {
    let alike = |value, told: Told| vec![(value, told, told)];
    let elsewhere = |value| vec![(value, None, fail(REDIRECT))];
    let absent = |value| vec![(value, None, warn(REDIRECT))];
    match path {
        "Message" => alike("\"connect_authorize_classify\"", warn(REDIRECT)),
        "dst_ip" => absent("\"198.51.100.9\""),
        "dst_port" => absent("4443"),
        "redirected_ip" => elsewhere("\"127.0.0.2\""),
        "redirected_port" => elsewhere("5554"),
        // 0 is to reject, 2 to proceed whatever others say.
        "Verdict" => vec![("0", None, fail(REDIRECT)), ("2", None, None)],
        "src_ip" => alike("\"10.0.0.9\"", None),
        "TransportEndpointHandle" | "Protocol" | "src_port" => alike("17", None),
        "meta/provider" | "meta/event" => alike("\"NetEbpfExtOfTomorrow\"", None),
        "meta/time" => alike("\"2031-01-01T00:00:00.0000001Z\"", None),
        "meta/cpu" | "meta/pid" | "meta/tid" | "meta/channel" => alike("9", None),
        "meta/level" => alike("5", None),
        "meta/keywords" => alike("\"0x1\"", None),
        other => panic!("nobody says what {other} means"),
    }
}

fn change(tally: &mut Tally, case: &Case) {
    let text = case.samples.text(Sample::Redirected);
    let mut judge = |what: &str, text: String, told: Told| {
        tally.judge(case, what, &case.samples.with(Sample::Redirected, text), told);
    };
    judge("doubled", text.repeat(2), None);
    judge("on one line", text.replace('\n', ""), None);
    judge("of another provider", text.replacen("[NetEbpfExt", "[Another", 1), doubt(REDIRECT));
    let (head, _) = text.split_once('{').unwrap();
    let other_head = head.replacen(&head[..head.find("::").unwrap()], "[0]1.2", 1);
    judge("of another process", text.replacen(head, &other_head, 1), None);
    for field in fields(text, &objects(text)[0]) {
        for (value, unexpecting, expecting) in values(&field.path) {
            let told = if case.is_expecting { expecting } else { unexpecting };
            let text = replaced(text, &field.range, value);
            judge(&format!("{} {value}", field.path), text, told);
        }
    }
}

#[test]
fn a_redirection_that_is_another_one_is_told() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        change(&mut tally, &case);
    }
    tally.end(140);
}

#[test]
fn a_trace_that_is_no_event_is_told() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        let text = case.samples.text(Sample::Redirected);
        for (what, text) in [
            ("cut off", text[..text.len() / 2].to_owned()),
            ("no object", text.replace('{', "(").replace('}', ")")),
        ] {
            tally.unread(&case, what, &case.samples.with(Sample::Redirected, text));
        }
    }
    tally.end(12);
}
