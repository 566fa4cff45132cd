//! The tables against C: against the header that programs are given, and against what a C compiler
//! makes of the structures for Windows on x64.

use super::all;
use crate::run;
use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use weir_abi::layout::Layout;

/// The compiler that knows Windows' ABI without Windows.
const COMPILER: &str = "clang-19";

/// The structures of `weir_nt` in C.
const WINDOWS: &str = include_str!("windows.h");

#[test]
fn the_headers_assert_every_offset_of_the_layout() {
    let headers = ["weir_flow_classify.h", "weir_attach.h"].map(|name| {
        std::fs::read_to_string(run::root().join("driver/include").join(name)).unwrap()
    });
    let packed: String = headers.iter().flat_map(|header| header.split_whitespace()).collect();
    for layout in weir_abi::layout::LAYOUTS {
        let size = format!("sizeof({})=={}", layout.name, layout.size);
        assert!(packed.contains(&size), "no header asserts {size}");
        for (field, offset) in layout.fields {
            let offset = format!("WEIR_ASSERT_OFFSET({field},{offset});");
            assert!(packed.contains(&offset), "no header asserts offset {offset}");
        }
    }
}

#[test]
fn layouts_are_those_of_the_x64_windows_abi() {
    let document: serde_json::Value = serde_json::from_str(&super::json()).unwrap();
    let context = &document["ebpf_flow_classify_t"];
    assert_eq!(context["size"], 104);
    for (field, offset) in [
        ("family", 0),
        ("local_port", 20),
        ("remote_ip4", 24),
        ("protocol", 44),
        ("interface_luid", 56),
        ("flow_id", 72),
        ("state", 80),
        ("data_start", 88),
        ("data_end", 96),
    ] {
        assert_eq!(context["fields"][field], offset, "{field}");
    }
}

#[test]
fn structures_have_one_name_each() {
    let names: BTreeSet<&str> = all().map(|layout| layout.name).collect();
    assert_eq!(names.len(), all().count(), "a name stands for two structures");
    assert!(!names.contains(""), "a part of the table is missing");
}

#[test]
fn every_structure_that_is_declared_is_in_the_table() {
    let folder = run::root().join("driver/nt/src");
    let mut files = vec![folder.join("object.rs")];
    files.extend(std::fs::read_dir(folder.join("ffi")).unwrap().map(|file| file.unwrap().path()));
    let mut declared = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let heads = text.lines().filter_map(|line| line.split_once("struct "));
        for (_, head) in heads.filter(|(before, _)| before.starts_with("pub")) {
            let name = head.split([' ', '{', '<', ';']).next().unwrap();
            assert!(text.contains(&format!("\" = {name} [")), "{}: {name}", file.display());
            declared += 1;
        }
    }
    assert!(declared > 0, "no structure was looked at");
}

/// C that fails to compile unless each structure is laid out as the table says, plus `off`.
fn assertions(off: usize) -> String {
    let mut text = String::from(WINDOWS);
    let mut state = |of: &str, value: String, is: usize| {
        writeln!(text, "_Static_assert({value} == {}, \"{of} {value}\");", is + off).unwrap();
    };
    for Layout { name, size, align, is_whole: _, fields } in weir_nt::layout::LAYOUTS {
        state(name, format!("sizeof({name})"), *size);
        state(name, format!("_Alignof({name})"), *align);
        for (field, offset) in *fields {
            state(name, format!("__builtin_offsetof({name}, {field})"), *offset);
        }
    }
    text
}

/// What the C compiler says of a text; `None`, and a word to people, where there is no compiler.
fn compile(text: &str) -> Option<String> {
    let compiler = Command::new(COMPILER)
        .args(["-target", "x86_64-pc-windows-msvc", "-std=c11", "-Wall", "-Werror"])
        .args(["-ferror-limit=0", "-fsyntax-only", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut compiler) = compiler else {
        eprintln!("skipped: no {COMPILER}");
        return None;
    };
    // Dropped when written, which ends the text.
    compiler.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = compiler.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    Some(said)
}

#[test]
fn a_c_compiler_lays_out_every_structure_alike() {
    if let Some(said) = compile(&assertions(0)) {
        assert!(said.is_empty(), "{said}");
    }
}

#[test]
fn a_c_compiler_would_notice_every_number_that_is_off() {
    let text = assertions(1);
    let stated = text.lines().filter(|line| line.contains(" == ")).count();
    let stated = stated - WINDOWS.lines().filter(|line| line.contains(" == ")).count();
    if let Some(said) = compile(&text) {
        let noticed = said.lines().filter(|line| line.contains(" error: static assertion")).count();
        assert_eq!(noticed, stated, "{said}");
    }
}
