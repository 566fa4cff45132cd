//! What is wrong with a file is said, and everything else of it is printed.

use crate::made::{Run, file, made, path, weir, weir_fed};

fn fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{}", run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
    for word in words.iter().chain(&["weir: failed to ", "hint: "]) {
        assert!(run.err.contains(word), "{word}: {}", run.err);
    }
}

#[test]
fn what_holds_no_event_is_told_apart_from_what_cannot_be_read() {
    let text = file(b"this is no trace\n");
    fails(&weir(&[path(&text)]), 4, &[path(&text), "holds no event", "netsh trace convert"]);
    fails(&weir(&[path(&file(b""))]), 4, &["holds no event"]);
    fails(&weir_fed(&["-"], &[0; 9_000]), 4, &["holds no event"]);
    fails(&weir(&["/nowhere/at/all.etl"]), 3, &["no such file"]);
}

#[test]
fn a_text_that_is_cut_off_is_shown_to_its_end_and_reported() {
    let text = made();
    let cut = text.trim_end().len() - 9;
    let file = file(&text.as_bytes()[..cut]);
    let run = weir(&[path(&file)]);
    assert_eq!((run.code, run.out.lines().count()), (4, 13));
    assert!(run.err.contains("line 14: the event is cut off"), "{}", run.err);
    assert!(run.err.ends_with("can be copied again\n"), "{}", run.err);
}

#[test]
fn a_name_with_control_characters_does_not_reach_the_terminal() {
    let text = made().replace("b.o", "b\\u001b]0;x\\u0007.o");
    let out = weir_fed(&["-"], text.as_bytes()).ok();
    let summary = weir_fed(&["--summary", "-"], text.as_bytes()).ok();
    let json = weir_fed(&["--summary", "--json", "-"], text.as_bytes()).ok();
    for text in [out, summary, json] {
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
    }
}
