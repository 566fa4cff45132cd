//! WD0405, WD0406: maps are there, of the right shape, and not full.

use super::evidence::{Evidence, Kind};
use super::facts::{ListedProgram, MapDump, MapFacts, Place};
use super::programs::{doubled, program_line};
use super::verdict::Judgement;
use std::collections::BTreeSet;

/// Parts of a hundred from which a map counts as nearly full.
const NEARLY_FULL: u64 = 90;

/// What is wrong, where, and what stands there.
type Found = (String, Place, String);

pub(super) fn shapes(evidence: &Evidence) -> Judgement {
    let programs = evidence.programs.as_deref().unwrap_or_default();
    let maps = evidence.maps.as_deref().unwrap_or_default();
    let wrong =
        [unlisted(programs, maps), twice(programs, maps), misshapen(evidence, maps)].concat();
    if !wrong.is_empty() {
        return told(Judgement::fail, wrong)
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
    let unread = unread(evidence, programs, maps);
    if !unread.is_empty() {
        return told(Judgement::warn, unread)
            .because(
                "a program reads the maps in its map_ids: what a client writes to another one \
                 of the same name, as of an earlier load, no program sees",
            )
            .run("bpftool.exe -p prog")
            .say("see that client and program use the maps of one load");
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

fn told(verdict: fn(String) -> Judgement, found: Vec<Found>) -> Judgement {
    let words: Vec<&str> = found.iter().map(|(words, ..)| words.as_str()).collect();
    let judgement = verdict(words.join("; "));
    found.into_iter().fold(judgement, |it, (_, place, line)| it.quote(&place, line))
}

/// Maps of programs that are in no list.
fn unlisted(programs: &[ListedProgram], maps: &[MapFacts]) -> Vec<Found> {
    let of = |program: &ListedProgram| -> Vec<Found> {
        let missing = program.map_ids.iter().filter(|id| !maps.iter().any(|it| it.id == **id));
        let words = |id| format!("map {id} of program {} is not listed", program.name);
        missing.map(|id| (words(id), program.place.clone(), program_line(program))).collect()
    };
    programs.iter().flat_map(of).collect()
}

/// Ids that are there twice: of maps, and of a program's maps, which the runtime gathers by map.
///
/// Source: microsoft/ebpf-for-windows, libs/service/api_service.cpp `_resolve_maps_in_byte_code`
/// (read 2026-11)
fn twice(programs: &[ListedProgram], maps: &[MapFacts]) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    let again = maps.iter().filter(|it| !seen.insert(it.id));
    let mut found: Vec<Found> = again
        .map(|it| (format!("map {} is listed twice", it.id), it.place.clone(), map_line(it)))
        .collect();
    for program in programs {
        for id in doubled(program.map_ids.iter().copied()) {
            let words = format!("map {id} is twice in map_ids of program {}", program.name);
            found.push((words, program.place.clone(), program_line(program)));
        }
    }
    found
}

/// Maps that cannot be, or that are not as the object that was given, or a dump, has them.
fn misshapen(evidence: &Evidence, maps: &[MapFacts]) -> Vec<Found> {
    let why = |map: &MapFacts| {
        odd_shape(map)
            .or_else(|| differs(evidence, map))
            .or_else(|| differs_from_dump(evidence, map))
    };
    let mut found: Vec<Found> =
        maps.iter().filter_map(|map| Some((why(map)?, map.place.clone(), map_line(map)))).collect();
    let is_listed = |name: &str| maps.iter().any(|it| it.name == name);
    for object in &evidence.objects {
        let mut names = object.maps.iter().map(|it| it.name.as_str()).filter(|it| !it.is_empty());
        // Of an object that is not loaded, no map is there.
        if names.clone().any(is_listed)
            && let Some(name) = names.find(|it| !is_listed(it))
        {
            let line = format!("it defines a map `{name}`");
            let words = format!("no map is named {name}, which {} defines", object.file);
            found.push((words, Place::new(object.file.clone(), 0), line));
        }
    }
    found
}

/// Maps of the object that was given, of which no program reads one of that name.
fn unread(evidence: &Evidence, programs: &[ListedProgram], maps: &[MapFacts]) -> Vec<Found> {
    let is_read = |map: &MapFacts| programs.iter().any(|it| it.map_ids.contains(&map.id));
    let mut found = Vec::new();
    for name in evidence.objects.iter().flat_map(|it| &it.maps).map(|it| &it.name) {
        let mut named = maps.iter().filter(|it| !name.is_empty() && it.name == *name);
        let Some(first) = named.clone().next() else { continue };
        if !programs.is_empty() && !named.any(is_read) {
            let words = format!("map {name} is in map_ids of no program");
            found.push((words, first.place.clone(), map_line(first)));
        }
    }
    found
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
    // Another program may have a map of that name: one that is as the object says is enough.
    let namesakes = evidence.maps.iter().flatten().filter(|it| it.name == map.name);
    if namesakes.filter(|it| it.id != map.id).any(|it| contradiction(evidence, it).is_none()) {
        return None;
    }
    contradiction(evidence, map)
}

fn contradiction(evidence: &Evidence, map: &MapFacts) -> Option<String> {
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

/// Its dump has entries of another size. Of maps with values for each processor these are rounded.
fn differs_from_dump(evidence: &Evidence, map: &MapFacts) -> Option<String> {
    let of_it = evidence.map_dumps.iter().filter(|it| it.map_id == Some(map.id));
    let mut sizes = of_it.filter_map(|it| it.first_entry_bytes);
    let is_other = |it: &(u32, u32)| *it != (map.key_bytes, map.value_bytes);
    let (key, value) = sizes.find(|it| !map.kind.contains("percpu") && is_other(it))?;
    Some(format!(
        "map {} has bytes_key {} and bytes_value {}; in its dump they are {key} and {value}",
        map.name, map.key_bytes, map.value_bytes
    ))
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
    let is_listed =
        |dump: &&MapDump| dump.map_id.is_none_or(|id| maps.iter().any(|it| it.id == id));
    let others: Vec<&MapDump> = evidence.map_dumps.iter().filter(|it| !is_listed(it)).collect();
    if over.is_empty() && !others.is_empty() {
        let ids: Vec<String> =
            others.iter().filter_map(|it| it.map_id).map(|it| it.to_string()).collect();
        let judgement = Judgement::warn(format!("dumped and not listed: map {}", ids.join(", ")))
            .because(
                "how much fits into a map is in the list of maps; it went between the two, or the \
                 dump is of another machine",
            )
            .run("bpftool.exe -p map");
        return others.iter().fold(judgement, |it, dump| {
            it.quote(&dump.place, format!("{} entries", dump.entries))
        });
    }
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
