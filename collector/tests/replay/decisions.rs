//! What programs decide on captured traffic.

use crate::support::{Folder, client, object, object_of, says, weir};
use weir_usermode::capture::synthetic::Conversation;
use weir_usermode::traffic::{client_hello, client_hello_in_records, http_get};

fn blocked(capture: &str, program: &str, names: &[&str]) -> Vec<String> {
    let object = object(program);
    let entries: Vec<String> =
        names.iter().map(|name| format!("blocked_names str:{name} u32:1")).collect();
    let mut arguments = vec!["replay", "--flows", "--program", &object, capture];
    for entry in &entries {
        arguments.extend(["--map", entry]);
    }
    let flows = weir(&arguments).flows().into_iter().filter(|flow| flow["verdict"] == "block");
    flows.map(|flow| flow["local"].as_str().unwrap().to_owned()).collect()
}

fn local(number: u16) -> String {
    client(number).to_string()
}

#[test]
fn a_name_blocks_itself_and_what_ends_in_a_dot_and_it_and_nothing_else() {
    let names = [
        "example.com",
        "www.example.com",
        "WWW.EXAMPLE.COM",
        "a.b.example.com",
        "notexample.com",
        "example.com.test",
        "example.org",
        "com",
    ];
    let folder = Folder::new();
    let packets: Vec<_> = names
        .iter()
        .zip(0..)
        .flat_map(|(name, number)| says(number, 443, &[&client_hello(name)]))
        .collect();
    let tls = folder.capture("tls.pcap", &packets);
    let expected: Vec<String> = (0..4).map(local).collect();
    assert_eq!(blocked(&tls, "tls_sni_block", &["example.com"]), expected);
    assert_eq!(
        blocked(&tls, "tls_sni_block", &["b.example.com", "com"]).len(),
        6,
        "not .test or .org"
    );
    assert_eq!(blocked(&tls, "tls_sni_block", &[]), Vec::<String>::new());
    let packets: Vec<_> = names
        .iter()
        .zip(0..)
        .flat_map(|(name, number)| says(number, 80, &[&http_get(name)]))
        .collect();
    let http = folder.capture("http.pcap", &packets);
    assert_eq!(blocked(&http, "http_host_block", &["example.com"]), expected);
    assert_eq!(blocked(&http, "tls_sni_block", &["example.com"]), Vec::<String>::new());
    assert_eq!(blocked(&tls, "http_host_block", &["example.com"]), Vec::<String>::new());
}

#[test]
fn a_hello_is_found_however_it_is_split_over_segments_and_records() {
    let folder = Folder::new();
    let mut packets = Vec::new();
    let mut number = 0;
    let hello = client_hello("www.example.com");
    for cut in 1..hello.len() {
        packets.extend(says(number, 443, &[&hello[..cut], &hello[cut..]]));
        number += 1;
    }
    for record_bytes in [1, 7, 64, 300] {
        let hello = client_hello_in_records("www.example.com", record_bytes);
        let parts: Vec<&[u8]> = hello.chunks(100).collect();
        packets.extend(says(number, 443, &parts));
        number += 1;
    }
    let capture = folder.capture("split.pcap", &packets);
    let expected: Vec<String> = (0..number).map(local).collect();
    assert_eq!(blocked(&capture, "tls_sni_block", &["example.com"]), expected);
}

#[test]
fn a_host_is_found_however_it_is_split_and_its_port_and_final_dot_do_not_matter() {
    let folder = Folder::new();
    let mut packets = Vec::new();
    let mut number = 0;
    for host in ["example.com:8080", "example.com.", "Example.Com"] {
        let request = http_get(host);
        for cut in 1..request.len() {
            packets.extend(says(number, 80, &[&request[..cut], &request[cut..]]));
            number += 1;
        }
    }
    let capture = folder.capture("split.pcap", &packets);
    let expected: Vec<String> = (0..number).map(local).collect();
    assert_eq!(blocked(&capture, "http_host_block", &["example.com"]), expected);
}

#[test]
fn programs_are_asked_in_attach_order_and_the_first_block_is_final() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[&client_hello("a.example")]));
    let entry = "blocked_names str:a.example u32:1";
    let [a, b] = ["a", "b"].map(|label| format!("{label}={}", object("tls_sni_block")));
    for (first, second, decider) in [(&a, &b, "a"), (&b, &a, "b")] {
        let arguments = [
            "replay",
            "--flows",
            "--program",
            first,
            "--program",
            second,
            "--map",
            entry,
            &capture,
        ];
        let flows = weir(&arguments).flows();
        assert_eq!(
            (&flows[0]["verdict"], &flows[0]["program"]),
            (&"block".into(), &decider.into())
        );
    }
    let text =
        weir(&["replay", "--json", "--program", &a, "--program", &b, "--map", entry, &capture]);
    let document: serde_json::Value = serde_json::from_str(&text.ok()).unwrap();
    let shown = |at: usize| document["programs"][at]["invocations"]["established"].as_u64();
    assert_eq!((shown(0), shown(1)), (Some(1), Some(0)), "b does not see what a blocked");
    let never = format!("never={}", object("never_decides"));
    let arguments =
        ["replay", "--flows", "--program", &never, "--program", &a, "--map", entry, &capture];
    let flows = weir(&arguments).flows();
    assert_eq!((&flows[0]["verdict"], &flows[0]["program"]), (&"block".into(), &"a".into()));
}

#[test]
fn a_program_that_never_decides_leaves_flows_undecided_and_is_named() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[b"x", b"y"]));
    let object = object("never_decides");
    let flows = weir(&["replay", "--flows", "--program", &object, &capture]).flows();
    assert_eq!(flows.len(), 1);
    assert_eq!(flows[0]["verdict"], "undecided");
    assert_eq!(flows[0]["program"], "never_decides");
    assert_eq!(flows[0]["reason"], "closed");
    assert_eq!((flows[0]["segments"].as_u64(), flows[0]["bytes"].as_u64()), (Some(3), Some(11)));
}

#[test]
fn a_hole_ends_inspection_and_the_flow_says_so() {
    let folder = Folder::new();
    let hello = client_hello("www.example.com");
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(&hello[..100]);
    talk.client(&hello[100..200]);
    talk.lose_last();
    talk.client(&hello[200..]);
    talk.server(b"acknowledges all of it");
    talk.close();
    let capture = folder.capture("hole.pcap", talk.packets());
    let object = object("tls_sni_block");
    let entry = "blocked_names str:example.com u32:1";
    for (policy, verdict) in [("open", "allow"), ("closed", "block")] {
        let arguments = [
            "replay",
            "--flows",
            "--program",
            &object,
            "--map",
            entry,
            "--failure-policy",
            policy,
            &capture,
        ];
        let flows = weir(&arguments).flows();
        assert_eq!(flows[0]["verdict"], verdict, "{policy}");
        assert_eq!(flows[0]["reason"], "missed_bytes");
    }
}

#[test]
fn protocols_are_counted_once_a_flow() {
    let folder = Folder::new();
    let smb = b"\0\0\0\x2c\xfeSMB@\0\0\0".as_slice();
    let rdp = b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0".as_slice();
    let mut packets = Vec::new();
    for (number, first) in (0..).zip([
        &client_hello("a.b"),
        &http_get("a.b"),
        b"SSH-2.0-x\r\n".as_slice(),
        smb,
        rdp,
        b"neither of those protocols",
        &client_hello("c.d"),
    ]) {
        packets.extend(says(number, 1_000, &[first, b"more", b"and more"]));
    }
    let capture = folder.capture("mix.pcap", &packets);
    let object = object("protocol_detect");
    let text =
        weir(&["replay", "--json", "--dump-map", "protocols", "--program", &object, &capture]).ok();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let values: Vec<&str> = document["maps"][0]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["u64:1", "u64:2", "u64:1", "u64:1", "u64:1", "u64:1"]);
}

#[test]
fn a_failing_program_is_told_apart_and_says_where_it_failed() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[b"abc", b"def"]));
    let object = folder.write("bad.o", &reads_past_the_end());
    let text = weir(&["replay", "--json", "--program", &object, &capture]).ok();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["programs"][0]["errors"], 3, "{text}");
    let message = document["failures"][0]["messages"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("load 1 bytes at 0x"), "{message}");
    assert!(weir(&["replay", "--program", &object, &capture]).ok().contains("failed invocations"));
}

/// A program that at ESTABLISHED loads the byte at `data_end`.
fn reads_past_the_end() -> Vec<u8> {
    let instruction = |opcode: u8, registers: u8, offset: i16, imm: i32| {
        let [low, high] = offset.to_le_bytes();
        let mut bytes = vec![opcode, registers, low, high];
        bytes.extend_from_slice(&imm.to_le_bytes());
        bytes
    };
    let code = [
        instruction(0x61, 0x12, 80, 0), // r2 = context->state
        instruction(0xb7, 0x00, 0, 2),  // r0 = NEED_MORE_DATA
        instruction(0x55, 0x02, 2, 1),  // if r2 != ESTABLISHED, leave
        instruction(0x79, 0x13, 96, 0), // r3 = context->data_end
        instruction(0x71, 0x30, 0, 0),  // r0 = *r3
        instruction(0x95, 0x00, 0, 0),
    ]
    .concat();
    object_of("reads_past_the_end", &code)
}

#[test]
fn an_answer_outside_the_three_is_told_to_the_author() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[b"abc"]));
    // r0 = 77; exit
    let code = [0xb7, 0, 0, 0, 77, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];
    let object = folder.write("odd.o", &object_of("odd", &code));
    let text = weir(&["replay", "--json", "--program", &object, &capture]).ok();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let message = &document["failures"][0]["messages"][0]["message"];
    assert_eq!(message, "answer with 0, 1 or 2: the answer was 77");
    assert_eq!(document["programs"][0]["verdicts"]["invalid"], 1);
}
