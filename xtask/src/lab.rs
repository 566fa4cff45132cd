//! That `deploy/windows/lab.ps1` and `docs/not-shown.md` are about the same, and both about the
//! driver.
//!
//! No Windows has run the script, and nothing here parses PowerShell: these tests hold its numbers
//! and names against the page and against `weir_abi`, and the page against its own form.

use crate::run::root;
use std::collections::BTreeMap;
use weir_abi::event::{ErrorApi, FateReason, StateKind};
use weir_abi::identifiers as ids;
use weir_abi::program_type as program;

/// What each entry of the page has, in this order.
const PARAGRAPHS: [&str; 3] = ["**Assumes:** ", "**Otherwise:** ", "**Settles it:** "];

/// What Windows PowerShell 5.1 does not know.
const TOO_NEW: [&str; 5] = ["??", "?.", " && ", " || ", "-Parallel"];

fn page() -> String {
    std::fs::read_to_string(root().join("docs/not-shown.md")).unwrap()
}

fn lab() -> String {
    std::fs::read_to_string(root().join("deploy/windows/lab.ps1")).unwrap()
}

/// Number and text of each entry of the page.
fn entries(page: &str) -> Vec<(String, String)> {
    let sections = page.split("\n## ").flat_map(|section| section.split("\n### ").skip(1));
    let entries = sections.map(|entry| match entry.split_once(": ") {
        Some((id, text)) => (id.to_owned(), text.to_owned()),
        None => (String::new(), entry.to_owned()),
    });
    entries.collect()
}

/// What is wrong with the page's form.
fn page_problems(page: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::new();
    for (id, text) in entries(page) {
        let title = text.lines().next().unwrap_or_default().to_owned();
        let digits = id.strip_prefix('N').unwrap_or_default();
        if digits.len() != 2 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            problems.push(format!("`{id}: {title}` has no number of the form N01"));
        }
        if let Some(other) = seen.insert(id.clone(), title.clone()) {
            problems.push(format!("{id} is `{other}` and `{title}`"));
        }
        let starts = text.lines().filter_map(|line| {
            PARAGRAPHS.iter().find(|start| line.starts_with(**start) && line.len() > start.len())
        });
        if !starts.eq(PARAGRAPHS.iter()) {
            problems.push(format!("{id} has not the three paragraphs, once each and in order"));
        }
    }
    problems
}

/// Numbers of the script's entries, with what is left to do by hand.
fn lab_entries(lab: &str) -> Vec<(String, String)> {
    let heads = lab.lines().filter_map(|line| line.strip_prefix("Entry "));
    let quoted = heads.map(|head| {
        // Within `"` or `'`: a title that has one is quoted with the other.
        let mut parts = Vec::new();
        let mut rest = head;
        while let Some(at) = rest.find(['\'', '"']) {
            let mark = rest[at..].chars().next().unwrap_or('\'');
            let Some((part, after)) = rest[at + 1..].split_once(mark) else { break };
            parts.push(part.to_owned());
            rest = after;
        }
        parts
    });
    let entry = |parts: Vec<String>| {
        let part = |at: usize| parts.get(at).cloned().unwrap_or_default();
        (part(0), part(2))
    };
    quoted.map(entry).collect()
}

/// What is wrong between the script and the page.
fn lab_problems(lab: &str, page: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (there, here) = (entries(page), lab_entries(lab));
    let there: Vec<&str> = there.iter().map(|(id, _)| id.as_str()).collect();
    for (id, by_hand) in &here {
        if !there.contains(&id.as_str()) {
            problems.push(format!("{id} of the script is not on the page"));
        }
        if by_hand.is_empty() {
            problems.push(format!("{id} of the script does not say what is left to do by hand"));
        }
    }
    for id in &there {
        if here.iter().filter(|(of, _)| of == id).count() != 1 {
            problems.push(format!("{id} of the page is not once in the script"));
        }
    }
    if problems.is_empty() && !here.iter().map(|(id, _)| id.as_str()).eq(there) {
        problems.push("the script's order is not the page's".to_owned());
    }
    problems
}

/// The script's constants: `$Name = 'value'`, `$Name = 7`, and lists joined by a space.
fn constants(lab: &str) -> BTreeMap<String, String> {
    let mut constants = BTreeMap::new();
    let mut lines = lab.lines();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.strip_prefix('$').and_then(|line| line.split_once(" = "))
        else {
            continue;
        };
        let value = if value == "@(" {
            lines.by_ref().take_while(|line| *line != ")").collect::<Vec<_>>().join(" ")
        } else {
            value.to_owned()
        };
        let value: String = value.chars().filter(|letter| !"',".contains(*letter)).collect();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        constants.entry(name.to_owned()).or_insert(value);
    }
    constants
}

/// What the script has to say of the driver.
fn expected() -> [(&'static str, String); 15] {
    let list =
        |guids: &[ids::Guid]| guids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    [
        ("ServiceName", "weir".to_owned()),
        ("ProviderName", ids::PROVIDER_NAME.to_owned()),
        ("ProviderId", ids::PROVIDER.to_string()),
        ("WfpProvider", ids::WFP_PROVIDER.to_string()),
        ("Sublayer", ids::SUBLAYER.to_string()),
        ("Callouts", list(&ids::CALLOUTS)),
        ("Filters", list(&ids::FILTERS)),
        ("ProgramType", ids::PROGRAM_TYPE.to_string()),
        ("AttachType", ids::ATTACH_TYPE.to_string()),
        ("SectionName", ids::SECTION_PREFIX.to_owned()),
        ("BpfProgramType", program::BPF_PROGRAM_TYPE.to_string()),
        ("BpfAttachType", program::BPF_ATTACH_TYPE.to_string()),
        ("ReasonUnreadable", FateReason::Unreadable.raw().to_string()),
        ("ApiAssociate", ErrorApi::Associate.raw().to_string()),
        ("StateEngineUp", StateKind::EngineUp.raw().to_string()),
    ]
}

/// What is wrong between the script and the driver.
fn constant_problems(lab: &str) -> Vec<String> {
    let constants = constants(lab);
    let down = ("StateEngineDown", StateKind::EngineDown.raw().to_string());
    let expected = expected().into_iter().chain([down]);
    let wrong = expected.filter(|(name, value)| constants.get(*name) != Some(value));
    wrong.map(|(name, value)| format!("${name} is not {value}")).collect()
}

/// What Windows PowerShell 5.1 would not take, and what would be left behind.
fn script_problems(lab: &str) -> Vec<String> {
    let mut problems = Vec::new();
    // Without a byte order mark it reads a script in the machine's code page.
    if !lab.is_ascii() {
        problems.push("a letter outside ASCII".to_owned());
    }
    let new = TOO_NEW.iter().filter(|word| lab.contains(**word));
    problems.extend(new.map(|word| format!("`{}` is not known to version 5.1", word.trim())));
    let (put, taken) = (lab.matches("$Undo.Push(").count(), lab.matches("$Undo.Pop()").count());
    // One more is taken at the end, in a loop.
    if put == 0 || put + 1 != taken {
        problems.push(format!("{put} things are to be put back, {taken} are taken from the list"));
    }
    problems
}

#[test]
fn every_entry_of_the_page_has_a_number_and_three_paragraphs() {
    let page = page();
    assert!(entries(&page).len() > 40, "entries are missing");
    assert_eq!(page_problems(&page), Vec::<String>::new());
}

#[test]
fn the_script_has_every_entry_of_the_page_and_no_other() {
    assert_eq!(lab_problems(&lab(), &page()), Vec::<String>::new());
}

#[test]
fn the_script_names_the_driver_as_the_driver_does() {
    assert_eq!(constant_problems(&lab()), Vec::<String>::new());
    let inf = std::fs::read_to_string(root().join("driver/weir.inf")).unwrap();
    let service = inf.lines().find_map(|line| line.strip_prefix("ServiceName")).unwrap();
    assert_eq!(service.trim_start_matches([' ', '=']), "\"weir\"");
}

#[test]
fn the_script_keeps_to_windows_powershell_and_puts_everything_back() {
    assert_eq!(script_problems(&lab()), Vec::<String>::new());
}

/// Each pair: what is replaced in a good text, and by what.
fn is_noticed(text: &str, changes: &[(&str, &str)], problems: impl Fn(&str) -> Vec<String>) {
    for (from, to) in changes {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "nothing was changed: {from}");
        assert!(!problems(&changed).is_empty(), "not noticed: {from} -> {to}");
    }
}

#[test]
fn a_page_with_a_mistake_is_noticed() {
    let changes = [
        ("### N02: ", "### N01: "),
        ("### N02: ", "### N2: "),
        ("### N02: ", "### "),
        ("**Otherwise:** ", "**Else:** "),
        ("**Assumes:** ", "**Settles it:** "),
        ("\n**Settles it:** ", "\n**Settles it:** once\n\n**Settles it:** "),
    ];
    is_noticed(&page(), &changes, page_problems);
}

#[test]
fn a_script_with_a_mistake_is_noticed() {
    let (lab, page) = (lab(), page());
    let entries = [
        ("Entry 'N07'", "Entry 'N99'"),
        ("Entry 'N07'", "Entry 'N08'"),
        ("Entry 'N07'", "# 'N07'"),
    ];
    is_noticed(&lab, &entries, |lab| lab_problems(lab, &page));
    for (name, _) in expected() {
        is_noticed(&lab, &[(&format!("${name} = "), &format!("${name} = 1"))], constant_problems);
    }
    let script =
        [("Undo.Push($stop)", "Undo"), ("# ----", "# \u{2014}"), ("-eq 0)", "-eq 0 && 1)")];
    is_noticed(&lab, &script, script_problems);
}
