//! From the driver's events and the tool's output to the name of a program.

use super::super::namer::{Namer, SETTLE};
use super::pace::{attached, poll_until};
use super::runs::Stand;
use std::time::Instant;
use weir_stages::aggregate::VoidLook;
use weir_stages::{Aggregator, SnapshotOptions};

/// Asks once and names; the outcome of naming.
fn name_once(state: &mut Aggregator, stand: &Stand) -> Result<usize, VoidLook> {
    let mut namer = Namer::start(stand.tool()).unwrap();
    let (wants, now) = (state.wants_names(), Instant::now());
    poll_until(&mut namer, wants, now, |facts| facts.answers == 1);
    state.name_programs(&namer.poll(wants, now + SETTLE).unwrap())
}

/// Program, program id and source of every attachment.
fn names(state: &Aggregator) -> Vec<String> {
    let snapshot = state.snapshot(1_000, &SnapshotOptions::default());
    let family = snapshot.families.iter().find(|it| it.metric.name == "weir_program_info").unwrap();
    let label =
        |sample: &weir_stages::snapshot::Sample, at: usize| sample.labels[at].as_ref().to_owned();
    let rows = family.samples.iter();
    rows.map(|it| format!("{}|{}|{}", label(it, 0), label(it, 1), label(it, 6))).collect()
}

#[test]
fn the_only_program_gives_the_only_attachment_its_name() {
    let stand = Stand::new("bpftool");
    let links = r#"[{"id":9,"type":"cgroup","prog_id":6,"cgroup_id":0,"attach_type":"cgroup/connect4"},
        {"id":14,"type":"plain","prog_id":12,"attach_type":"flow_classify"}]"#;
    stand.put("link.json", links);
    let programs = r#"[{"id":6,"type":"sock_addr","name":"authorize_connect4"},
        {"id":12,"type":"flow_classify","name":"sni\u001b[2J","map_ids":[3]}]"#;
    stand.put("prog.json", programs);
    let mut state = attached(1);
    assert_eq!(names(&state), ["attach-1||none"]);
    assert_eq!(name_once(&mut state, &stand), Ok(1));
    assert_eq!(names(&state), [r"sni\u{1b}[2J|12|link"]);
}

#[test]
fn several_programs_give_nobody_a_name() {
    let stand = Stand::new("bpftool");
    let links =
        r#"[{"id":14,"prog_id":12,"attach_type":18},{"id":15,"prog_id":13,"attach_type":18}]"#;
    stand.put("link.json", links);
    stand.put("prog.json", r#"[{"id":12,"type":7,"name":"a"},{"id":13,"type":7,"name":"b"}]"#);
    let mut state = attached(2);
    assert_eq!(name_once(&mut state, &stand), Ok(0));
    assert_eq!(names(&state), ["attach-1||none", "attach-2||none"]);
    assert_eq!(state.wants_names(), None, "asking again would tell no more");
}

#[test]
fn hostile_ids_change_nothing() {
    let stand = Stand::new("bpftool");
    stand.put("prog.json", r#"[{"id":12,"type":7,"name":"a"},{"id":12,"type":7,"name":"b"}]"#);
    stand.put("link.json", r#"[{"id":14,"prog_id":12,"attach_type":18}]"#);
    let mut state = attached(1);
    assert_eq!(name_once(&mut state, &stand), Err(VoidLook::Repeated));
    assert_eq!(names(&state), ["attach-1||none"]);
}

#[test]
fn a_tool_that_tells_an_error_is_complained_of_once() {
    let stand = Stand::new("bpftool");
    stand.put("link.json", r#"{"error":"can't get next link: Permission denied"}"#);
    let mut namer = Namer::start(stand.tool()).unwrap();
    let (wants, now) = (attached(1).wants_names(), Instant::now());
    poll_until(&mut namer, wants, now, |facts| facts.failures == 1);
    let complaint = namer.take_complaint().unwrap();
    assert!(complaint.ends_with("it says `can't get next link: Permission denied`"), "{complaint}");
    assert_eq!(namer.take_complaint(), None);
}
