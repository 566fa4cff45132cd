//! Reads a capture on a thread of its own, ahead of the replay.

use super::Pipeline;
use super::feed::{ReadResult, read, show};
use crate::failure::Failure;
use std::io::Read;
use std::sync::mpsc;
use std::thread;
use weir_usermode::capture::{FlowKey, StreamEvent};
use weir_usermode::replay::Replay;

/// Stream events on their way from the reading thread, payload in one buffer.
#[derive(Default)]
struct Chunk {
    steps: Vec<Step>,
    bytes: Vec<u8>,
}

enum Step {
    Whole(StreamEvent<'static>),
    Data { flow: FlowKey, at_ns: u64, from_initiator: bool, missed_bytes: u64, bytes: usize },
}

/// Payload of a chunk; large enough that handing it over costs nothing, small enough that chunks
/// on their way stay in the cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// Steps of a chunk.
const CHUNK_STEPS: usize = 4_096;

/// Chunks on their way; the reader waits when they are all full.
const CHUNKS: usize = 4;

impl Chunk {
    fn push(&mut self, event: StreamEvent<'_>) {
        let step = match event {
            StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                self.bytes.extend_from_slice(bytes);
                let bytes = bytes.len();
                Step::Data { flow, at_ns, from_initiator, missed_bytes, bytes }
            }
            StreamEvent::Established { flow, at_ns, initiator, responder, mid_capture } => {
                Step::Whole(StreamEvent::Established {
                    flow,
                    at_ns,
                    initiator,
                    responder,
                    mid_capture,
                })
            }
            StreamEvent::Closed { flow, at_ns, reason } => {
                Step::Whole(StreamEvent::Closed { flow, at_ns, reason })
            }
        };
        self.steps.push(step);
    }

    const fn is_full(&self) -> bool {
        self.bytes.len() >= CHUNK_BYTES || self.steps.len() >= CHUNK_STEPS
    }

    fn show(&self, replay: &mut Replay, pipeline: &mut Pipeline) -> Result<(), Failure> {
        let mut rest = self.bytes.as_slice();
        for step in &self.steps {
            match *step {
                Step::Whole(event) => show(&event, replay, pipeline)?,
                Step::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                    let (bytes, behind) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
                    rest = behind;
                    let event =
                        StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes };
                    show(&event, replay, pipeline)?;
                }
            }
        }
        Ok(())
    }
}

/// Replays what `reader` holds; the two threads hand chunks back and forth.
pub(super) fn read_ahead(
    reader: Box<dyn Read + Send>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<ReadResult, Failure> {
    let (full, to_show) = mpsc::sync_channel::<Chunk>(CHUNKS);
    let (empty, to_fill) = mpsc::channel::<Chunk>();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut chunk = Chunk::default();
            let read = read(reader, &mut |event| {
                chunk.push(event);
                if chunk.is_full() {
                    let next = to_fill.try_recv().unwrap_or_default();
                    // The other side is gone only after a failure that it reports itself.
                    let _gone = full.send(core::mem::replace(&mut chunk, next));
                }
            });
            let _gone = full.send(chunk);
            read
        });
        let mut result = Ok(());
        for mut chunk in &to_show {
            if result.is_ok() {
                result = chunk.show(replay, pipeline);
            }
            chunk.steps.clear();
            chunk.bytes.clear();
            let _gone = empty.send(chunk);
        }
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.map(|()| read)
    })
}
