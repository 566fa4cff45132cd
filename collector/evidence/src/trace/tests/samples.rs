//! Failures as each layer tells them.

use super::made::{EBPF, NET, TYPE, ZERO, api, causes, facts, message, on, returned};
use weir_stages::checks::facts::KnownFailure::{self, *};

/// A program whose type is zero, in the four layers of the call.
fn zero_program_type(guid: &str) -> [String; 4] {
    [
        message(0, 2, "Program type must be specified.", &format!(",\"*guid\":\"{guid}\"")),
        returned(1, "ebpf_program_create", 6),
        api(15, r#"\"ebpf_core_invoke_protocol_handler\""#, r#""status":"0xC000000D(NT=x)""#),
        api(50, "DeviceIoControl", r#""last_error":"87(WIN=x)""#),
    ]
}

/// A program whose extension is not found, with these types.
fn no_extension(words: &str, attach: &str) -> [String; 4] {
    let types = format!(",\"*guid1\":\"{TYPE}\",\"*guid2\":\"{attach}\"");
    [
        message(0, 4, words, &types),
        returned(16, "ebpf_program_create", 23),
        api(20, r#"\"ebpf_core_invoke_protocol_handler\""#, r#""status":"0xC000026C(NT=x)""#),
        api(30, "DeviceIoControl", r#""last_error":"2001(WIN=x)""#),
    ]
}

const OLD: &str = "Program type and Attach type:";

#[test]
fn four_layers_of_one_call_are_one_incident_of_the_most_telling_cause() {
    let found = facts(&zero_program_type(ZERO).concat()).incidents;
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.cause, incident.count), (ZeroProgramType, 1));
    assert_eq!(incident.code.as_deref(), Some("87(WIN=x)"));
    assert_eq!(incident.process, Some((7184, 7)));
    assert_eq!(incident.first_time.as_deref(), Some("2026-11-21T14:00:00.0000000Z"));
    assert_eq!(incident.quotes.iter().map(|it| it.place.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(incident.quotes[0].text.contains("Program type must be specified."));
    for words in [OLD, "Failed to load program information."] {
        assert_eq!(causes(&no_extension(words, ZERO).concat()), [(ZeroAttachType, 1)], "{words}");
    }
}

#[test]
fn without_any_one_layer_or_with_another_type_it_is_still_one_incident() {
    let but = |all: &[String; 4], left: usize| -> String {
        all.iter().enumerate().filter(|it| it.0 != left).map(|it| it.1.as_str()).collect()
    };
    let (program, attach) = (zero_program_type(ZERO), no_extension(OLD, ZERO));
    for (left, of_program, of_attach) in [
        (0, Ioctl, NmrAttach),
        (1, ZeroProgramType, ZeroAttachType),
        (2, ZeroProgramType, ZeroAttachType),
        (3, ZeroProgramType, ZeroAttachType),
    ] {
        assert_eq!(causes(&but(&program, left)), [(of_program, 1)], "without {left}");
        assert_eq!(causes(&but(&attach, left)), [(of_attach, 1)], "without {left}");
    }
    assert_eq!(causes(&zero_program_type(TYPE).concat()), [(Ioctl, 1)]);
    assert_eq!(causes(&no_extension(OLD, TYPE).concat()), [(NmrAttach, 1)]);
}

#[test]
fn types_at_the_level_of_information_mean_nothing_without_an_error_that_follows() {
    let [types, error, ..] = no_extension(OLD, ZERO);
    assert_eq!(causes(&types), []);
    let success = message(8, 5, "ebpf_object_load returned success", "");
    assert_eq!(causes(&[types.clone(), success, error.clone()].concat()), [(NmrAttach, 1)]);
    let late = returned(1_200_000, "ebpf_program_create", 23);
    assert_eq!(causes(&[types, late].concat()), [(NmrAttach, 1)]);
}

#[test]
fn like_failures_are_counted_and_unlike_ones_are_not() {
    let first = zero_program_type(ZERO).concat();
    let later = first.replace(":00.0000", ":00.0001");
    assert_eq!(
        causes(&[first.as_str(), &later].concat()),
        [(ZeroProgramType, 2)],
        "a layer that speaks again is another call"
    );
    assert_eq!(causes(&first.repeat(2)), [(ZeroProgramType, 1)], "the same events, pasted twice");
    let doubled: String = first.lines().flat_map(|it| [it, "\n", it, "\n"]).collect();
    assert_eq!(causes(&doubled), [(ZeroProgramType, 1)], "the same events of two sessions");
    // Types are named before a request returns, so the second is told apart by its beginning.
    let both = [no_extension(OLD, ZERO).concat(), zero_program_type(ZERO).concat()].concat();
    assert_eq!(causes(&both), [(ZeroAttachType, 1), (ZeroProgramType, 1)]);
    let both = [zero_program_type(ZERO).concat(), no_extension(OLD, ZERO).concat()].concat();
    assert_eq!(causes(&both), [(ZeroProgramType, 1), (ZeroAttachType, 1)]);
    let entry = on(7, 40, EBPF, "EbpfGenericMessage", 5, "\"Entry\":\"ebpf_object_open\"");
    let both = [no_extension(OLD, ZERO).concat(), entry, zero_program_type(ZERO).concat()].concat();
    assert_eq!(causes(&both), [(ZeroAttachType, 1), (ZeroProgramType, 1)]);
}

#[test]
fn threads_do_not_mix() {
    let fields = r#""Api":"DeviceIoControl","last_error":"5(WIN=Zugriff verweigert)""#;
    let other = on(8, 2, EBPF, "EbpfApiError", 2, fields);
    let [a, b, c, d] = zero_program_type(ZERO);
    assert_eq!(causes(&[a, b, other, c, d].concat()), [(ZeroProgramType, 1), (AccessDenied, 1)]);
}

fn check(line: &str, cause: KnownFailure) {
    assert_eq!(causes(line), [(cause, 1)], "{line}");
}

#[test]
fn access_denied_and_file_not_found_are_told_by_number_in_any_language_and_form() {
    for code in [
        r#""last_error":"5(WIN=Acceso denegado.)""#,
        r#""last_error":5"#,
        r#""status":"0xC0000022(NT=Zugriff verweigert)""#,
        r#""status":"0xc0000022""#,
        r#""status":-1073741790"#,
        r#""Message":"x failed with STATUS_ACCESS_DENIED""#,
    ] {
        check(&api(0, "DeviceIoControl", code), AccessDenied);
    }
    for code in [
        r#""last_error":"2(WIN=Datei nicht gefunden.)""#,
        r#""status":"0xC0000034(NT=x)""#,
        r#""status":"0xC000003A(NT=x)""#,
        r#""status":"0xC000000F(NT=x)""#,
        r#""Message":"ERROR_FILE_NOT_FOUND""#,
    ] {
        check(&api(0, "NtOpenFile", code), FileNotFound);
    }
    check(&returned(0, "ebpf_object_open", 9), FileNotFound);
    check(&returned(0, "ebpf_object_open", 20), AccessDenied);
    check(&returned(0, "invoke_ioctl", 5), AccessDenied);
    check(
        &message(
            0,
            2,
            "*** ERROR *** ",
            ",\"string_value\":\"ebpf_object_open: error loading file:a.o, error message:error: failed to open file: a.o\"",
        ),
        FileNotFound,
    );
}

#[test]
fn the_same_number_of_another_family_is_another_error() {
    check(&returned(0, "ebpf_object_open", 5), Open);
    check(&returned(0, "ebpf_object_load", 2), Load);
    check(&api(0, "RegOpenKeyEx", r#""last_error":"2(WIN=x)""#), Other);
}

#[test]
fn calls_that_fail_without_a_known_code_are_told_apart() {
    check(&returned(0, "ebpf_object_open", 16), Open);
    check(&returned(0, "_ebpf_object_load_programs", 3), Load);
    check(&returned(0, "ebpf_program_attach_by_fd", 6), Attach);
    check(&api(0, "DeviceIoControl", r#""last_error":"87(WIN=x)""#), Ioctl);
    check(&api(0, "DeviceIoControl", r#""last_error":"2001(WIN=x)""#), NmrAttach);
    check(&returned(0, "ebpf_map_create", 12), Other);
    check(&on(7, 0, "Weir.FlowClassify", "Error", 2, "\"status\":3221225626"), Other);
    assert_eq!(causes(&on(7, 0, "Somebody-Else", "Error", 2, "")), []);
}

#[test]
fn a_service_that_does_not_answer_is_verification_and_access_denied_where_it_denies() {
    let words = "RPC call ebpf_client_verify_and_load_program threw exception";
    let load = |value: u32| {
        let lines = [
            message(0, 4, "ebpf_object_open: loading (file)", ",\"string_value\":\"a.o\""),
            message(1, 2, words, &format!(",\"value\":{value}")),
            returned(2, "_ebpf_object_load_programs", 14),
            returned(3, "ebpf_object_load", 14),
        ];
        facts(&lines.concat()).incidents
    };
    let found = load(1753);
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.cause, incident.subject.as_deref()), (Verification, Some("a.o")));
    let found = load(5);
    assert_eq!((found.len(), found[0].cause), (1, AccessDenied));
    assert_eq!(found[0].code.as_deref(), Some("5 (ERROR_ACCESS_DENIED)"));
}

#[test]
fn a_hook_that_takes_no_more_is_no_matter_of_rights() {
    let denied = "\"status\":\"0xC0000022(NT=Access denied)\"";
    let words = "\"Message\":\"Only one client allowed. Attach attempt rejected.\"";
    let layers = [
        on(7, 0, NET, "NetEbpfExtGenericMessage", 2, words),
        message(1, 2, "NmrClientAttachProvider failed", &format!(",{denied}")),
        returned(2, "_ebpf_link_client_attach_provider", -1_073_741_790),
        returned(3, "ebpf_link_attach_program", 23),
        api(4, "DeviceIoControl", r#""last_error":"2001(WIN=x)""#),
        returned(5, "ebpf_program_attach_by_fd", 23),
    ];
    assert_eq!(causes(&layers.concat()), [(AttachLimit, 1)]);
    assert_eq!(causes(&layers[1..].concat()), [(AttachLimit, 1)], "without the extension's words");
    let words =
        "\"Message\":\"create_filter_context failed. Attach attempt rejected.\",\"value\":12";
    let other = on(7, 0, NET, "NetEbpfExtGenericMessage", 2, words);
    assert_eq!(causes(&[&[other][..], &layers[1..]].concat().concat()), [(Attach, 1)]);
}

#[test]
fn errors_that_are_answers_are_no_failures() {
    let types = format!(",\"*guid1\":\"{TYPE}\",\"*guid2\":\"{ZERO}\"");
    let noise = [
        message(0, 2, "Program information provider module ID mismatch.", &types),
        message(1, 2, "Program information provider module ID mismatch.", ""),
        returned(2, "_ebpf_link_client_attach_provider", -1_073_741_127),
        returned(3, "ebpf_core_get_next_pinned_program_path", 25),
        api(4, r#"\"ebpf_core_invoke_protocol_handler\""#, r#""status":"0xC0000225(NT=x)""#),
        api(5, "DeviceIoControl", r#""last_error":"1168(WIN=x)""#),
    ];
    assert_eq!(causes(&noise.concat()), []);
    check(&returned(0, "ebpf_object_load", 19), Load);
}

#[test]
fn incidents_without_number_are_counted_by_cause() {
    let line = |at: u64| returned(at, &format!("f{}", at), i64::try_from(at).unwrap() + 100_000);
    let text: String = (0..2_000).map(|it| line(it * 3_000_000 % 59_000_000 + it)).collect();
    let found = facts(&text).incidents;
    assert!(found.len() <= super::super::incidents::INCIDENTS_MAX, "{}", found.len());
    assert!(found.iter().all(|it| it.quotes.len() <= super::super::open::QUOTES_MAX));
}

#[test]
fn redirections_are_read_in_both_generations() {
    let old = concat!(
        r#""Message":"connect_redirect_classify","TransportEndpointHandle":463,"Protocol":6,"#,
        r#""src_ip":"0.0.0.0","src_port":51346,"dst_ip":"8.8.8.8","dst_port":6666,"#,
        r#""redirected_ip":"127.0.0.1","redirected_port":5555,"Verdict":1"#
    );
    let new = concat!(
        r#""message":"connect_redirect_classify","transport_endpoint_handle":463,"protocol":6,"#,
        r#""source_ip":"::","source_port":1,"destination_ip":"2001:db8::1","destination_port":2,"#,
        r#""redirected_ip":"::1","redirected_port":3,"verdict":1,"compartment_id":1"#
    );
    let kept = new.replace("redirected_", "other_");
    let facts = facts(
        &[
            on(7, 0, NET, "NetEbpfExtGenericMessage", 4, old),
            on(7, 1, NET, "NetEbpfExtSockAddrRedirect", 4, new),
            on(7, 2, NET, "NetEbpfExtSockAddrClassify", 4, &kept),
            on(
                7,
                3,
                NET,
                "NetEbpfExtSockAddrClassify",
                4,
                &kept.replace("connect_redirect", "bind"),
            ),
        ]
        .concat(),
    );
    assert_eq!((facts.redirects_total, facts.redirects.len()), (3, 3));
    let [first, second, third] = &facts.redirects[..] else { panic!() };
    assert_eq!(first.source, ("0.0.0.0".to_owned(), 51_346));
    assert_eq!(first.destination, ("8.8.8.8".to_owned(), 6_666));
    assert_eq!(first.redirected, ("127.0.0.1".to_owned(), 5_555));
    assert_eq!((first.verdict, first.is_new_event, first.place.line), (Some(1), false, 1));
    assert_eq!(second.redirected, ("::1".to_owned(), 3));
    assert_eq!((&second.source, second.is_new_event), (&("::".to_owned(), 1), true));
    assert_eq!(third.redirected, third.destination, "not redirected");
}
