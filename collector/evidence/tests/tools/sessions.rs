//! Event sessions.

use crate::samples::{SESSION, SESSIONS};
use crate::{damage, read, read_one};
use weir_abi::identifiers::Guid;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Place, Session};

fn sessions(bytes: impl AsRef<[u8]>) -> Vec<Session> {
    let Piece::Sessions(it) = read_one("s", bytes) else { panic!("no sessions") };
    it
}

#[test]
fn a_list_names_sessions_also_those_that_fill_their_column() {
    let found = sessions(SESSIONS);
    let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Circular Kernel Context Logger",
            "Microsoft-Windows-Rdp-Graphics-RdpIdd-Trace",
            "weir-control"
        ]
    );
    assert!(found.iter().all(|it| !it.is_detailed && it.providers.is_empty()));
    assert_eq!(found[2].place, Place::new("s", 6));
}

#[test]
fn a_list_of_another_language_names_the_same_sessions() {
    let german = SESSIONS
        .replace("Data Collector Set", "Datensammlersatz  ")
        .replace("Trace  ", "Ablaufverfolgung  ")
        .replace("Running", "Wird ausgeführt");
    let names = |it: Vec<Session>| it.into_iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(names(sessions(&german)), names(sessions(SESSIONS)));
}

#[test]
fn a_list_of_none_is_a_list() {
    let head = SESSIONS.split_inclusive("\r\n").take(3).collect::<String>();
    assert_eq!(sessions(format!("{head}\r\n")), []);
}

#[test]
fn a_page_tells_what_its_session_listens_to() {
    let expected = Session {
        name: "weir-control".into(),
        providers: vec![Guid::parse("{394f321c-5cf4-404c-aa34-4df1428a7f9c}").unwrap()],
        is_detailed: true,
        place: Place::new("s", 3),
    };
    // The provider has no name, and its GUID stands in place of one.
    assert_eq!(sessions(SESSION), core::slice::from_ref(&expected));
    let french = SESSION
        .replace("Name:", "Nom\u{a0}:")
        .replace("Provider Guid:", "GUID du fournisseur\u{a0}:");
    assert_eq!(sessions(french), [expected]);
}

#[test]
fn a_page_of_a_session_without_providers_has_none() {
    let page = SESSION.split("Provider:").next().unwrap();
    assert!(sessions(page)[0].providers.is_empty());
}

#[test]
fn damage_is_told_with_its_line() {
    assert_eq!(damage("s", SESSION.replace("{394F321C-5CF4-404C", "{394F321C-5CF4")).0, 16);
    assert_eq!(damage("s", SESSIONS.replace("weir-control ", "weir-control\r\n")).0, 6);
    assert_eq!(read("s", "Name: a\nOther: b\\b\n").unwrap_err().kind(), "unknown");
    assert_eq!(read("s", "Name: a\nState: b\n").unwrap_err().kind(), "unknown");
}
