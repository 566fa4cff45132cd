//! WD0405, WD0406: maps are there, of the right shape, and not full.

use super::evidence::{Evidence, Kind};
use super::facts::{MapDump, MapFacts, Place};
use super::programs::{doubled, program_line};
use super::verdict::Judgement;

/// Parts of a hundred from which a map counts as nearly full.
const NEARLY_FULL: u64 = 90;

pub(super) fn shapes(evidence: &Evidence) -> Judgement {
    let programs = evidence.programs.as_deref().unwrap_or_default();
    let maps = evidence.maps.as_deref().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut judgement = Judgement::fail(String::new());
    for program in programs {
        for id in program.map_ids.iter().filter(|id| !maps.iter().any(|it| it.id == **id)) {
            wrong.push(format!("map {id} of program {} is not listed", program.name));
            judgement.add_quote(&program.place, program_line(program));
        }
    }
    let twice = doubled(maps.iter().map(|it| it.id));
    for map in maps.iter().filter(|it| twice.contains(&it.id)).skip(1) {
        wrong.push(format!("map {} is listed twice", map.id));
        judgement.add_quote(&map.place, map_line(map));
    }
    for map in maps {
        if let Some(why) = odd_shape(map).or_else(|| differs(evidence, map)) {
            wrong.push(why);
            judgement.add_quote(&map.place, map_line(map));
        }
    }
    if !wrong.is_empty() {
        judgement.found = wrong.join("; ");
        return judgement
            .because(
                "program and client share data by maps: where a map is another one, or of \
                 another shape, the program reads what nobody wrote",
            )
            .run("bpftool.exe -p map")
            .say(
                "compare type, sizes and max_entries with the program's source, and see that \
                 client and program are of the same release",
            );
    }
    let used = programs.iter().map(|it| it.map_ids.len()).sum::<usize>();
    let found = if evidence.objects.is_empty() {
        format!(
            "{used} in use, all listed; sizes are compared where the object is given (--object)"
        )
    } else {
        format!("{used} in use, all listed, as the objects define them")
    };
    maps.iter().fold(Judgement::ok(found), |it, map| it.quote(&map.place, map_line(map)))
}

/// No map of its type has this shape.
fn odd_shape(map: &MapFacts) -> Option<String> {
    let is_keyless = ["queue", "stack", "ringbuf", "perf_event_array"].contains(&map.kind.as_str());
    let is_array = map.kind.contains("array") && !is_keyless;
    if map.entries_max == 0 {
        return Some(format!("map {} has room for no entry", map.name));
    }
    if is_array && map.key_bytes != 4 {
        return Some(format!(
            "map {} is of type {} with keys of {} bytes; those of arrays have 4",
            map.name, map.kind, map.key_bytes
        ));
    }
    (!is_keyless && map.key_bytes == 0)
        .then(|| format!("map {} is of type {} without a key", map.name, map.kind))
}

/// The object that was given defines it otherwise. The runtime rounds some types up.
fn differs(evidence: &Evidence, map: &MapFacts) -> Option<String> {
    let mut defined = evidence.objects.iter().flat_map(|it| &it.maps);
    let wanted = defined.find(|it| !map.name.is_empty() && it.name == map.name)?;
    let pairs = [
        ("type", wanted.kind.clone(), map.kind.clone()),
        ("bytes_key", wanted.key_bytes.to_string(), map.key_bytes.to_string()),
        ("bytes_value", wanted.value_bytes.to_string(), map.value_bytes.to_string()),
        ("max_entries", wanted.entries_max.to_string(), map.entries_max.to_string()),
    ];
    let other = pairs.iter().find(|(_, wanted, found)| wanted != found);
    other.map(|(what, wanted, found)| {
        format!("map {} has {what} {found}; its object says {wanted}", map.name)
    })
}

pub(super) fn fullness(evidence: &Evidence) -> Judgement {
    let maps = evidence.maps.as_deref().unwrap_or_default();
    let counted = evidence.map_dumps.iter().filter_map(|dump| {
        let map = maps.iter().find(|it| Some(it.id) == dump.map_id)?;
        can_fill(map).then_some((dump, map))
    });
    let counted: Vec<(&MapDump, &MapFacts)> = counted.collect();
    if evidence.map_dumps.iter().all(|it| it.map_id.is_none()) {
        return Judgement::unknown(
            "the dumps do not say of which map they are; name them map-ID.txt",
            &[Kind::MapDumps],
        );
    }
    let is_over = |(dump, map): &&(&MapDump, &MapFacts)| {
        dump.entries.saturating_mul(100) >= u64::from(map.entries_max).saturating_mul(NEARLY_FULL)
    };
    let over: Vec<_> = counted.iter().filter(is_over).collect();
    let line = |dump: &MapDump, map: &MapFacts| {
        format!("map {} `{}`: {} of {} entries", map.id, map.name, dump.entries, map.entries_max)
    };
    let place = |dump: &MapDump| -> Place { dump.place.clone() };
    if over.is_empty() {
        let found = format!("{} counted, none of them nearly full", counted.len());
        return counted
            .iter()
            .fold(Judgement::ok(found), |it, (dump, map)| it.quote(&place(dump), line(dump, map)));
    }
    let found: Vec<String> = over.iter().map(|(dump, map)| line(dump, map)).collect();
    let judgement = Judgement::warn(found.join("; "))
        .because("what does not fit is refused, and the program decides without it")
        .say(
            "raise max_entries in the program's source, take a type that forgets the oldest \
             (lru_hash), or have the client delete what it needs no more",
        );
    over.iter().fold(judgement, |it, (dump, map)| it.quote(&place(dump), line(dump, map)))
}

/// Arrays are always full, and some types forget.
fn can_fill(map: &MapFacts) -> bool {
    !map.kind.contains("array") && !map.kind.contains("lru") && map.kind != "ringbuf"
}

pub(super) fn map_line(map: &MapFacts) -> String {
    format!(
        "id {}, type {}, name `{}`, bytes_key {}, bytes_value {}, max_entries {}",
        map.id, map.kind, map.name, map.key_bytes, map.value_bytes, map.entries_max
    )
}
