//! Network data in memory: lists of lists of pieces, in every form that Windows gives them.
//!
//! [`Chain`] lays bytes out in a [`Shape`] (`shape`) and says where they start, as a stream
//! indication does. Each piece lies alone, read-only, and ends at a page that cannot be touched.
//! What is not part of the bytes is filled with poison. The structures are in `layout`.

mod layout;
mod shape;

use crate::fwp::guarded::{Guarded, POISON};
use crate::fwp::layout::StreamData;
use core::ptr;
use shape::Plan;

pub(crate) use layout::{Mdl, NetBuffer, NetBufferList};
pub use shape::Shape;

/// Bytes in memory, with everything that Windows puts around them.
///
/// The parts are linked by address, so each is a box that does not move.
#[derive(Debug)]
#[expect(clippy::vec_box, reason = "the parts refer to each other by address")]
pub struct Chain {
    lists: Vec<Box<NetBufferList>>,
    buffers: Vec<Box<NetBuffer>>,
    mdls: Vec<Box<Mdl>>,
    memory: Vec<Guarded>,
    /// Without flags and length.
    start: StreamData,
}

impl Chain {
    /// Lays out bytes. None at all in the plainest shape have no place, as an indication that
    /// only says that the stream ends has none.
    #[must_use]
    pub fn build(bytes: &[u8], shape: Shape) -> Self {
        let mut chain = Self {
            lists: Vec::new(),
            buffers: Vec::new(),
            mdls: Vec::new(),
            memory: Vec::new(),
            start: NOWHERE,
        };
        if !(bytes.is_empty() && shape == Shape::Contiguous) {
            chain.lay_out(bytes, &Plan::of(shape, bytes.len()));
        }
        chain
    }

    /// What a stream callout is given.
    #[must_use]
    pub fn stream_data(&self, flags: u32, length: usize) -> StreamData {
        StreamData { flags, length, ..self.start }
    }

    /// Where its bytes lie, with what is before and behind them in the same MDLs.
    pub fn memory(&self) -> impl Iterator<Item = core::ops::Range<usize>> {
        self.mdls.iter().map(|mdl| {
            let (start, bytes) = (mdl.pages.addr(), usize::try_from(mdl.count).unwrap_or(0));
            start..start + bytes
        })
    }

    fn lay_out(&mut self, bytes: &[u8], plan: &Plan) {
        let mut content = vec![POISON; plan.before];
        content.extend_from_slice(bytes);
        let total: usize = plan.lists.iter().flatten().flatten().sum();
        content.resize(total, POISON);
        let mut rest = content.as_slice();
        let start = plan.start();
        // From the back, so that what comes next is known; the bytes too.
        for (l, list) in plan.lists.iter().enumerate().rev() {
            let mut first: *const NetBuffer = ptr::null();
            for (b, sizes) in list.iter().enumerate().rev() {
                let mut mdl: *const Mdl = ptr::null();
                for (m, size) in sizes.iter().enumerate().rev() {
                    let (front, piece) = rest.split_at(rest.len() - size);
                    rest = front;
                    mdl = self.mdl(plan, piece, mdl, m);
                    if (l, b, m) == (start.0, start.1, start.2) {
                        let headers = if m == 0 { plan.headers } else { 0 };
                        self.start.mdl = mdl.cast();
                        self.start.mdl_offset = small(headers + start.4);
                    }
                }
                first = self.buffer(plan, sizes.iter().sum(), mdl, first);
                if (l, b) == (start.0, start.1) {
                    self.start.buffer = first.cast();
                    self.start.buffer_offset = small(start.3);
                }
            }
            self.list(first);
            if l == start.0 {
                self.start.list = self.newest().cast();
            }
        }
        self.start.chain = self.newest().cast();
        self.start.stream_offset = plan.before;
    }

    /// The list that was made last, the first of the chain so far.
    fn newest(&self) -> *const NetBufferList {
        self.lists.last().map_or(ptr::null(), |list| &raw const **list)
    }

    fn list(&mut self, first: *const NetBuffer) {
        let list = NetBufferList { next: self.newest(), first, rest: [POISON; 336] };
        self.lists.push(Box::new(list));
    }

    fn buffer(
        &mut self,
        plan: &Plan,
        length: usize,
        mdl: *const Mdl,
        next: *const NetBuffer,
    ) -> *const NetBuffer {
        let buffer = Box::new(NetBuffer {
            next,
            current_mdl: mdl,
            current_mdl_offset: small(plan.headers),
            gap: u32::from_le_bytes([POISON; 4]),
            length: small(length),
            length_high: 0,
            mdl_chain: mdl,
            data_offset: small(plan.headers),
            rest: [POISON; 132],
        });
        let at = &raw const *buffer;
        self.buffers.push(buffer);
        at
    }

    fn mdl(&mut self, plan: &Plan, piece: &[u8], next: *const Mdl, place: usize) -> *const Mdl {
        let mut bytes = if place == 0 { vec![POISON; plan.headers] } else { Vec::new() };
        bytes.extend_from_slice(piece);
        let memory = Guarded::read_only(&bytes);
        let start = memory.start().cast_const();
        self.memory.push(memory);
        let is_mapped = place < plan.unmapped_from;
        let poisoned = ptr::without_provenance(usize::from_le_bytes([POISON; 8]));
        let mdl = Box::new(Mdl {
            next,
            size: 56,
            flags: if is_mapped { plan.flags } else { 0 },
            process: 0,
            mapped: if is_mapped { start } else { poisoned },
            start: if is_mapped { start.map_addr(|it| it & !0xfff) } else { poisoned },
            count: small(bytes.len()),
            offset: small(start.addr() & 0xfff),
            pages: start,
        });
        let at = &raw const *mdl;
        self.mdls.push(mdl);
        at
    }
}

/// No data.
const NOWHERE: StreamData = StreamData {
    flags: 0,
    list: ptr::null(),
    buffer: ptr::null(),
    mdl: ptr::null(),
    mdl_offset: 0,
    buffer_offset: 0,
    stream_offset: 0,
    length: 0,
    chain: ptr::null(),
};

/// Windows counts the bytes of a buffer in 32 bits.
fn small(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
