//! Files to evidence: each is read by its content, and what cannot be read is told.

use super::bundle::{About, Bundle, Item, Memory};
use super::collect::{self, Interrupt, Options};
use super::view::{FileView, Source, UnreadView};
use crate::cli::DoctorArgs;
use crate::failure::{ExitCode, Failure};
use crate::output;
#[cfg(windows)]
use core::net::SocketAddr;
use std::path::{Path, PathBuf};
use weir_evidence::registry;
use weir_stages::checks::facts::Scope;
use weir_stages::checks::{Evidence, Gap, Kind, Piece};

/// What was found.
pub(super) struct Looked {
    pub(super) evidence: Evidence,
    pub(super) source: Source,
}

impl Looked {
    fn new(bundle: Option<String>) -> Self {
        let source = Source { bundle, ..Source::default() };
        Self { evidence: Evidence::default(), source }
    }

    /// Reads a file. Whatever is wrong with it, the others count.
    fn take(&mut self, item: Item) {
        let Item { about, content } = item;
        let path = about.path.clone();
        if let Some(piece) = absent_store(&about) {
            self.source.files.push(FileView { path, holds: vec![piece.kind().name()] });
            return self.add(piece);
        }
        // The beginning of a list says nothing of its rest; of a trace, each event stands for itself.
        if about.is_cut && about.kind != Some(Kind::Traces) {
            let why = "it is cut off, as its tool was ended; it was not judged".to_owned();
            return self.source.unread.push(UnreadView { path, why });
        }
        match weir_evidence::read(&path, content) {
            Ok(pieces) => {
                let mut holds: Vec<&'static str> =
                    pieces.iter().map(|it| it.kind().name()).collect();
                holds.dedup();
                self.source.files.push(FileView { path, holds });
                pieces.into_iter().for_each(|it| self.add(it));
            }
            Err(error) => {
                let why = within(&path, &error.to_string());
                if let Some(kind) = about.kind {
                    let gap = Gap { kind, which: Some(path.clone()), why, is_denied: false };
                    self.source.unread.push(UnreadView { path, why: gap.why.clone() });
                    return self.evidence.gaps.push(gap);
                }
                self.source.unread.push(UnreadView { path, why });
            }
        }
    }

    fn add(&mut self, piece: Piece) {
        if let Piece::System(system) = &piece {
            let source = &mut self.source;
            source.collected_at.get_or_insert_with(|| system.time.clone());
            source.windows = source.windows.take().or_else(|| system.windows.clone());
            source.elevated = source.elevated.or(system.is_elevated);
        }
        self.evidence.add(piece);
    }
}

/// What is wrong with a file, where its path is told already.
fn within(path: &str, error: &str) -> String {
    let rest = error.strip_prefix(path).and_then(|it| it.strip_prefix(':')).unwrap_or(error);
    let line = if rest.starts_with(|it: char| it.is_ascii_digit()) { "line " } else { "" };
    format!("{line}{}", rest.trim_start())
}

/// Looks at what somebody sent.
pub(super) fn at_bundles(paths: &[PathBuf]) -> Result<Looked, Failure> {
    let names: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let mut looked = Looked::new(Some(names.join(", ")));
    for path in paths {
        at_bundle(path, &mut looked)?;
    }
    if looked.source.files.is_empty() {
        let why = looked
            .source
            .unread
            .first()
            .map_or_else(String::new, |it| format!(": {}: {}", it.path, it.why));
        let message = format!("judge `{}`: nothing in it is evidence{why}", names.join("`, `"));
        let hint = "name a folder or .zip that `weir doctor --collect` made, or output of sc.exe, netsh.exe, bpftool.exe, traces";
        return Err(Failure::new(ExitCode::InputDamaged, message, hint));
    }
    Ok(looked)
}

fn at_bundle(path: &Path, looked: &mut Looked) -> Result<(), Failure> {
    let bundle = Bundle::open(path)?;
    if let Some(manifest) = bundle.manifest() {
        looked.evidence.gaps.extend(manifest.gaps());
        looked.source.host = looked.source.host.take().or_else(|| manifest.host.clone());
        let time = Some(manifest.collected_at.clone()).filter(|it| !it.is_empty());
        looked.source.collected_at = looked.source.collected_at.take().or(time);
        looked.source.elevated = looked.source.elevated.or(manifest.elevated);
    }
    let notes = bundle.each(&mut |item| {
        looked.take(item);
        Ok(())
    })?;
    let unread = notes.into_iter().map(|it| UnreadView { path: it.path, why: it.what });
    looked.source.unread.extend(unread);
    Ok(())
}

/// Looks at the machine that this runs on, keeping what was collected where that was asked for.
pub(super) fn at_this_machine(args: &DoctorArgs) -> Result<Looked, Failure> {
    let options = Options {
        tools_directory: args.tools_directory.clone(),
        bpftool: args.bpftool.clone(),
        has_map_dumps: args.map_dumps,
        trace: args.trace,
        collector: Some(args.collector),
        is_nameless: args.no_host,
        ..Options::default()
    };
    let (interrupt, mut say) = (Interrupt::listen()?, |message: &str| output::say(message));
    if let Some(path) = &args.collect {
        collect::into_bundle(&options, path, &interrupt, &mut say)?;
        return at_bundles(core::slice::from_ref(path));
    }
    let Memory { items, gaps } = collect::into_memory(&options, &interrupt, &mut say)?;
    let mut looked = Looked::new(None);
    looked.evidence.gaps = gaps;
    items.into_iter().for_each(|it| looked.take(it));
    Ok(looked)
}

/// Looks at the machine for its collector, whose own figures these are.
#[cfg(windows)]
pub(super) fn for_the_collector(bpftool: Option<PathBuf>, page: &str) -> Result<Evidence, Failure> {
    let options = Options { bpftool, collector: None, ..Options::default() };
    let nobody_presses = Interrupt::default();
    let Memory { items, gaps } = collect::into_memory(&options, &nobody_presses, &mut |_| {})?;
    let mut looked = Looked::new(None);
    looked.evidence.gaps = gaps;
    items.into_iter().for_each(|it| looked.take(it));
    let page = weir_evidence::telemetry::read("this collector's metrics", page.as_bytes());
    if let Ok(telemetry) = page {
        looked.evidence.add(Piece::Telemetry(telemetry));
    }
    looked.evidence.expected.collector = Some(listens_at);
    if let Some(system) = &mut looked.evidence.system {
        system.collector_answers = Some(true);
    }
    Ok(looked.evidence)
}

/// A store that `reg.exe` did not find: it prints nothing then, and that is an answer.
fn absent_store(about: &About) -> Option<Piece> {
    if about.kind != Some(Kind::Store) || about.exit_code != Some(1) {
        return None;
    }
    let is_user = about.command.as_ref().is_some_and(|it| it.contains("HKCU"));
    let scope = if is_user { Scope::User } else { Scope::Machine };
    Some(Piece::Store(registry::absent(scope, &about.path)))
}
