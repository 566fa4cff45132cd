//! What bpftool prints, read; and what is refused.

use super::super::listing::{self, Lists};
use super::super::once::Trouble;
use weir_stages::aggregate::{Link, LoadedProgram};

/// As the tool of a machine prints it that has registered Weir's types, beside others.
const LINKS: &str = r#"[{"id":9,"type":"cgroup","prog_id":6,"cgroup_id":0,"attach_type":"cgroup/connect4"},{"id":14,"type":"plain","prog_id":12,"attach_type":"flow_classify"},{"id":17,"type":"plain","prog_id":0,"attach_type":"flow_classify"}]
"#;
const PROGRAMS: &str = r#"[{"id":6,"type":"sock_addr","name":"authorize_connect4","map_ids":[4,5]},{"id":12,"type":"flow_classify","name":"sni_block"}]
"#;

fn read(links: &str, programs: &str) -> Result<Lists, String> {
    let links = listing::links(links.as_bytes());
    let lists = links.and_then(|links| listing::lists(links, programs.as_bytes()));
    lists.map_err(|trouble| trouble.to_string())
}

fn link(id: u32, program_id: u32) -> Link {
    Link { id, program_id }
}

fn program(id: u32, name: &str) -> LoadedProgram {
    LoadedProgram { id, name: name.to_owned() }
}

#[test]
fn links_and_programs_of_our_types_are_read() {
    let lists = read(LINKS, PROGRAMS).unwrap();
    assert_eq!(lists.links, [link(14, 12), link(17, 0)]);
    assert_eq!(lists.programs, [program(12, "sni_block")]);
}

#[test]
fn pretty_output_is_the_same() {
    let pretty = "[{\r\n    \"id\": 14,\r\n    \"type\": \"plain\",\r\n    \"prog_id\": 12,\r\n    \
                  \"attach_type\": \"flow_classify\"\r\n}\r\n]\r\n";
    assert_eq!(read(pretty, PROGRAMS).unwrap().links, [link(14, 12)]);
}

#[test]
fn types_that_nobody_registered_are_known_by_their_numbers() {
    let links = r#"[{"id":14,"type":1,"prog_id":12,"attach_type":18}]"#;
    let lists = read(links, r#"[{"id":12,"type":7,"name":"sni_block"}]"#).unwrap();
    assert_eq!((lists.links, lists.programs), (vec![link(14, 12)], vec![program(12, "sni_block")]));
}

#[test]
fn another_extension_of_the_same_number_is_not_ours() {
    let links = r#"[{"id":14,"prog_id":12,"attach_type":18}]"#;
    let lists = read(links, r#"[{"id":12,"type":"another","name":"x"}]"#).unwrap();
    assert_eq!(lists, Lists::default());
}

#[test]
fn a_link_whose_program_is_in_no_list_is_kept_for_the_stages_to_judge() {
    let links = r#"[{"id":14,"prog_id":12,"attach_type":18}]"#;
    assert_eq!(read(links, "[]").unwrap().links, [link(14, 12)]);
}

#[test]
fn nothing_loaded_is_an_answer() {
    assert_eq!(read("[]\n", "[]\n").unwrap(), Lists::default());
}

#[test]
fn a_program_without_a_name_is_one() {
    let programs = r#"[{"id":12,"type":7,"map_ids":[],"pinned":["BPF:\\n"],"later":{"a":[1]}}]"#;
    assert_eq!(read("[]", programs).unwrap().programs, [program(12, "")]);
}

#[test]
fn an_error_of_the_tool_is_told_in_its_words_wherever_it_stands() {
    let error = r#"{"error":"can't get next link: Permission denied"}"#;
    for links in
        [error.to_owned(), format!("[{error}]"), LINKS.replace("}]", &format!("}},{error}]"))]
    {
        let told = read(&links, PROGRAMS).unwrap_err();
        assert_eq!(told, "it says `can't get next link: Permission denied`", "{links}");
    }
    assert!(read("[]", &format!("[{error}]")).is_err());
}

#[test]
fn an_error_of_the_tool_is_bounded_and_one_line() {
    let told = Trouble::told(&format!("\n\u{1b}[2J{}", "ü".repeat(1_000))).to_string();
    assert!(told.len() < 250 && !told.contains(char::is_control), "{told}");
}

#[test]
fn what_is_no_such_list_is_refused_as_a_whole() {
    let deep = "[".repeat(100_000);
    let wide = format!(r#"[{{"id":14,"prog_id":12,"attach_type":18,"x":{deep}"#);
    for links in [
        "",
        "null",
        "{}",
        "7",
        "Error: unknown option",
        "[[]]",
        "[null]",
        r"[{}]",
        r#"[{"id":14}]"#,
        r#"[{"prog_id":12,"attach_type":18}]"#,
        r#"[{"id":-1,"prog_id":12}]"#,
        r#"[{"id":"14","prog_id":12}]"#,
        r#"[{"id":14.5,"prog_id":12}]"#,
        r#"[{"id":4294967296,"prog_id":12}]"#,
        r#"[{"id":14,"id":15,"prog_id":12}]"#,
        r#"[{"id":14,"prog_id":12,"attach_type":[18]}]"#,
        r#"[{"id":14,"prog_id":12,"attach_type":18}"#,
        r#"[{"id":14,"prog_id":12,"attach_type":18}] more"#,
        &deep,
        &wide,
    ] {
        assert!(read(links, PROGRAMS).is_err(), "{}", &links[..links.len().min(60)]);
    }
    for programs in [r#"[{"id":12}]"#, r#"[{"type":7}]"#, r#"[{"id":12,"type":7,"name":7}]"#] {
        assert!(read("[]", programs).is_err(), "{programs}");
    }
    let bytes = b"[{\"id\":12,\"type\":7,\"name\":\"\xff\"}]";
    assert!(listing::lists(Vec::new(), bytes).is_err(), "no UTF-8");
}

#[test]
fn control_characters_in_names_come_through_escapes_only() {
    let escaped = r#"[{"id":12,"type":7,"name":"a\nb\u001b[2J\u0000"}]"#;
    assert_eq!(read("[]", escaped).unwrap().programs, [program(12, "a\nb\u{1b}[2J\0")]);
    assert!(read("[]", "[{\"id\":12,\"type\":7,\"name\":\"a\nb\"}]").is_err());
}
