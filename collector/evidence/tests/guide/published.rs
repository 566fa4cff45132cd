//! The guide's own samples, where the guide is at hand.

use crate::samples::{ALL, Sample, Samples};
use std::collections::BTreeMap;
use std::path::Path;
use weir_stages::checks::facts::{Expected, ExpectedProgram, ObjectMap, ProgramObject};

/// Blocks between fences, without the fences' indent.
fn blocks() -> Option<Vec<String>> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/troubleshooting-guide.md");
    let Ok(guide) = std::fs::read_to_string(guide) else {
        eprintln!("skipped: the guide is not at ../shared/reference");
        return None;
    };
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in guide.lines() {
        match (line.trim_start().starts_with("```"), &mut open) {
            (true, Some(_)) => blocks.extend(open.take()),
            (true, None) => open = Some(String::new()),
            (false, Some(text)) => *text += &format!("{line}\n"),
            (false, None) => {}
        }
    }
    Some(blocks)
}

/// What a block is a sample of; `None` where it is something to type.
fn sample(block: &str) -> Option<Sample> {
    let is_command = |it: &str| it.starts_with("sc.exe ") || it.starts_with("bpftool.exe ");
    if block.lines().all(|it| is_command(it.trim())) {
        return None;
    }
    let signs = [
        ("SERVICE_NAME: ebpfcore", Sample::Core),
        ("<callouts numItems=\"2\">", Sample::Others),
        ("<applicableLayer>FWPM_LAYER_ALE_CONNECT_REDIRECT_V4<", Sample::RedirectV4),
        ("<applicableLayer>FWPM_LAYER_ALE_CONNECT_REDIRECT_V6<", Sample::RedirectV6),
        ("<applicableLayer>FWPM_LAYER_ALE_AUTH_CONNECT_V4<", Sample::AuthorizeV4),
        ("<subLayerKey>", Sample::Sublayers),
        ("\"map_ids\"", Sample::Programs),
        ("\"prog_id\"", Sample::Links),
        ("\"bytes_key\"", Sample::Maps),
        ("key:", Sample::Dump),
        ("Program type must be specified.", Sample::NoProgramType),
        ("Program type and Attach type:", Sample::NoAttachType),
        ("connect_redirect_classify", Sample::Redirected),
    ];
    let sign = signs.iter().find(|(sign, _)| block.contains(sign));
    Some(sign.unwrap_or_else(|| panic!("nobody knows what this is a sample of:\n{block}")).1)
}

pub(crate) fn samples() -> Option<Samples> {
    let mut texts = BTreeMap::new();
    for block in blocks()? {
        let Some(sample) = sample(&block) else { continue };
        assert!(texts.insert(sample, block).is_none(), "{sample:?} is there twice");
    }
    let core = texts.get(&Sample::Core).unwrap().replace("ebpfcore", "netebpfext");
    texts.insert(Sample::Extension, core);
    assert_eq!(texts.len(), ALL.len(), "{:?}", texts.keys());
    let map = |(name, kind, sizes): (&str, &str, (u32, u32, u32))| ObjectMap {
        name: name.to_owned(),
        kind: kind.to_owned(),
        key_bytes: sizes.0,
        value_bytes: sizes.1,
        entries_max: sizes.2,
    };
    let program = ExpectedProgram {
        name: "authorize_connect4".to_owned(),
        attach_type: Some("cgroup/connect4".to_owned()),
    };
    let redirect = ("8.8.8.8:6666".parse().unwrap(), "127.0.0.1:5555".parse().unwrap());
    Some(Samples {
        source: "the guide",
        texts,
        map_id: 66_054,
        expected: Expected { programs: vec![program], redirects: vec![redirect], collector: None },
        object: ProgramObject {
            file: "authorize.o".to_owned(),
            refused: None,
            programs_loaded: 0,
            maps: [("policy_map", "hash", (24, 24, 10)), ("audit_map", "lru_hash", (8, 24, 1000))]
                .map(map)
                .to_vec(),
        },
    })
}
