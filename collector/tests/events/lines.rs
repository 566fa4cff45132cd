//! The lines: keys in their order, values as documented.

use crate::made::{ACTIVITY, CLASS, SILENT_ID, TALKER_ID, at, file, made, path, weir, weir_fed};
use serde_json::json;

#[test]
fn a_self_describing_event_is_one_line_with_names_and_typed_fields() {
    let file = file(&made());
    let out = weir(&["events", path(&file)]).out;
    let line = out.lines().nth(1).unwrap();
    let expected = [
        r#"{"timestamp":"2026-11-21T14:00:00.0000010Z","cpu":1,"pid":100,"tid":101,"#,
        r#""provider":"Talk.Er","provider_id":"11111111-1111-1111-1111-111111111111","#,
        r#""event":"Hello","id":0,"version":0,"level":4,"keyword":"0x8000000000000001","#,
        r#""fields":{"count":7,"text":"hi"},"kind":"EVENT64","opcode":0,"#,
        r#""activity_id":"44444444-4444-4444-4444-444444444444","#,
        r#""related_activity_id":"55555555-5555-5555-5555-555555555555"}"#,
    ];
    assert_eq!(line, expected.concat());
    assert_eq!(ACTIVITY.0, [0x44; 16]);
}

#[test]
fn events_of_all_processors_come_in_the_order_of_time() {
    let file = file(&made());
    let run = weir(&["events", path(&file)]);
    assert_eq!(
        run.names(),
        [
            "SYSTEM64/0",
            "Hello",
            "Hello",
            "Hello",
            "EVENT64/77",
            "EVENT64/77",
            "FULL32/9",
            "SYSTEM64/769",
            "MESSAGE/12"
        ]
    );
    let times: Vec<String> =
        run.lines().iter().map(|it| it["timestamp"].as_str().unwrap().to_owned()).collect();
    let expected = [0, 10, 11, 12, 13, 14, 15, 16, 17].map(|step| at(step).to_string());
    assert_eq!(times, expected);
}

#[test]
fn a_payload_that_does_not_fit_its_description_keeps_what_fits_and_the_rest_as_bytes() {
    let file = file(&made());
    let lines = weir(&["events", path(&file)]).lines();
    assert_eq!(lines[2]["fields"], json!({}), "three bytes are no u32");
    assert_eq!(lines[2]["payload_rest"], "080000");
    assert!(lines[2]["error"].as_str().unwrap().contains("count"));
    assert_eq!(lines[3]["fields"], json!({"count": 9, "text": ""}));
    assert_eq!(lines[3]["payload_rest"], "72657374");
    assert_eq!(lines[3].get("error"), None);
}

#[test]
fn what_nothing_describes_is_shown_as_bytes() {
    let file = file(&made());
    let lines = weir(&["events", path(&file)]).lines();
    let plain = json!({
        "timestamp": at(13).to_string(), "cpu": 0, "pid": 0, "tid": 0,
        "provider": null, "provider_id": SILENT_ID, "event": null, "id": 77, "version": 3,
        "level": 5, "keyword": "0x0", "fields": null, "payload": "dead", "kind": "EVENT64",
        "opcode": 0,
    });
    assert_eq!(lines[4], plain);
    assert_eq!(lines[5]["fields"], json!(null), "damaged metadata");
    assert_eq!(lines[6]["provider_id"], CLASS.bare().to_string());
    assert_eq!((&lines[6]["pid"], &lines[6]["tid"]), (&json!(300), &json!(301)));
    assert_eq!((&lines[6]["level"], &lines[6]["payload"]), (&json!(3), &json!("010203")));
    assert_eq!((&lines[7]["level"], &lines[7]["provider_id"]), (&json!(null), &json!(null)));
    assert_eq!(lines[8]["provider_id"], SILENT_ID);
    assert_eq!((&lines[8]["pid"], &lines[8]["tid"]), (&json!(400), &json!(401)));
    assert_eq!(lines[8]["payload"], "04");
}

#[test]
fn the_first_record_shows_the_session() {
    let file = file(&made());
    let lines = weir(&["events", path(&file)]).lines();
    let fields = &lines[0]["fields"];
    assert_eq!(fields["LoggerName"], "a session");
    assert_eq!(fields["LogFileName"], "made.etl");
    assert_eq!(fields["NumberOfProcessors"], 4);
    assert_eq!(fields["StartTime"], at(0).to_string());
    assert_eq!(fields["EndTime"], at(1_000).to_string());
    assert_eq!(fields["EventsLost"], 0);
}

#[test]
fn a_name_learned_from_one_event_names_the_others_of_its_provider() {
    let file = file(&made());
    let lines = weir(&["events", path(&file)]).lines();
    // The third event has no traits of its own.
    assert_eq!(lines[3]["provider"], "Talk.Er");
    assert_eq!(lines[3]["provider_id"], TALKER_ID);
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    let bytes = made();
    let file = file(&bytes);
    let direct = weir(&["events", path(&file)]).ok();
    assert_eq!(weir_fed(&["events", "-"], &bytes).ok(), direct);
    assert_eq!(direct.lines().count(), 9);
}

#[test]
fn several_files_follow_one_another() {
    let file = file(&made());
    let run = weir(&["events", path(&file), path(&file)]);
    assert_eq!(run.lines().len(), 18);
}
