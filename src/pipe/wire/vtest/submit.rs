//! SUBMIT_CMD2: several batches of commands in one request, each with what it waits for and signals.
//!
//! The payload holds a count, eight words a batch, then command words and synchronisation points wherever the
//! batches say. Behind the payload, and not counted by the length word, follow batch after batch the arrays of kernel
//! synchronisation objects (from protocol 4 on) and the byte of an input fence's descriptor.

use super::{
    MAX_RINGS, MAX_SYNC_OBJECTS,
    items::{Item, Items, Payload, words},
    kind::{RequestKind, Version},
    parse::RequestError,
    request::{SyncPoint, SyncobjPoint},
};

const BATCH_WORDS: usize = 8;

/// The flags of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchFlags(pub u32);

impl BatchFlags {
    /// Whether the ring index is meant.
    pub const fn has_ring(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether the client sends the descriptor of a fence to wait for.
    pub const fn has_in_fence(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether the client expects the descriptor of a fence that the batch signals.
    pub const fn has_out_fence(self) -> bool {
        self.0 & 4 != 0
    }
}

/// One batch of SUBMIT_CMD2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// What else comes or is expected with it.
    pub flags: BatchFlags,
    /// The ring, if the flags say that it is meant; below [`MAX_RINGS`] then.
    pub ring: u32,
    /// The virgl commands.
    pub commands: Payload<'a>,
    /// Points that are reached when the batch is done.
    pub syncs: Items<'a, SyncPoint>,
    /// Kernel synchronisation objects to wait for.
    pub wait_syncobjs: Items<'a, SyncobjPoint>,
    /// Kernel synchronisation objects to signal.
    pub signal_syncobjs: Items<'a, SyncobjPoint>,
}

/// The checked content of a SUBMIT_CMD2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submit2<'a> {
    payload: Payload<'a>,
    tail: &'a [u8],
    with_syncobjs: bool,
}

impl<'a> Submit2<'a> {
    /// The payload words, batch headers included.
    pub fn payload(&self) -> Payload<'a> {
        self.payload
    }

    /// What follows the payload: synchronisation objects and descriptor bytes.
    pub fn tail(&self) -> &'a [u8] {
        self.tail
    }

    /// The batches in order.
    pub fn batches(&self) -> Batches<'a> {
        Batches {
            headers: headers(self.payload),
            submit: *self,
            tail: self.tail,
        }
    }

    /// Checks what the batches of `payload` refer to, and tells how many bytes follow it.
    pub(super) fn check(payload: Payload<'_>, version: Version) -> Result<usize, RequestError> {
        let [count] = words(payload.bytes());
        if 1 + u64::from(count) * BATCH_WORDS as u64 > payload.len() as u64 {
            return Err(bad("batch_count", count));
        }
        let with_syncobjs = version >= Version::V4;
        let (mut syncobjs, mut fds) = (0usize, 0usize);
        for header in headers(payload) {
            header.check(payload)?;
            if with_syncobjs {
                let (wait, signal) = header.syncobj_counts();
                syncobjs = syncobjs.saturating_add(wait).saturating_add(signal);
            }
            fds += usize::from(header.flags.has_in_fence());
        }
        let bytes = syncobjs.saturating_mul(SyncobjPoint::BYTES);
        if syncobjs > MAX_SYNC_OBJECTS {
            return Err(RequestError::TooLong {
                kind: RequestKind::SubmitCmd2,
                bytes: bytes as u64,
                max: MAX_SYNC_OBJECTS * SyncobjPoint::BYTES,
            });
        }
        Ok(bytes + fds)
    }

    /// A payload that passed [`Self::check`] for `version`, and the bytes behind it.
    pub(super) fn new(payload: Payload<'a>, tail: &'a [u8], version: Version) -> Self {
        Self {
            payload,
            tail,
            with_syncobjs: version >= Version::V4,
        }
    }
}

fn bad(field: &'static str, value: u32) -> RequestError {
    RequestError::Value {
        kind: RequestKind::SubmitCmd2,
        field,
        value,
    }
}

/// The batches of a [`Submit2`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    headers: Headers<'a>,
    submit: Submit2<'a>,
    tail: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Batch<'a>;

    fn next(&mut self) -> Option<Batch<'a>> {
        let header = self.headers.next()?;
        let (wait, signal) = match self.submit.with_syncobjs {
            true => header.syncobj_counts(),
            false => (0, 0),
        };
        let wait_syncobjs = take_syncobjs(&mut self.tail, wait)?;
        let signal_syncobjs = take_syncobjs(&mut self.tail, signal)?;
        if header.flags.has_in_fence() {
            self.tail.split_off_first()?;
        }
        let payload = self.submit.payload;
        Some(Batch {
            flags: header.flags,
            ring: header.ring,
            commands: payload.get(header.cmd_offset, header.cmd_size as usize)?,
            syncs: Items::prefix(header.syncs(payload)?.bytes()),
            wait_syncobjs,
            signal_syncobjs,
        })
    }
}

fn take_syncobjs<'a>(tail: &mut &'a [u8], count: usize) -> Option<Items<'a, SyncobjPoint>> {
    let bytes = tail.split_off(..count * SyncobjPoint::BYTES)?;
    Items::new(bytes)
}

/// The eight words that introduce a batch.
struct Header {
    flags: BatchFlags,
    cmd_offset: u32,
    cmd_size: u32,
    sync_offset: u32,
    sync_count: u32,
    ring: u32,
    wait_syncobjs: u32,
    signal_syncobjs: u32,
}

impl Header {
    fn syncobj_counts(&self) -> (usize, usize) {
        (self.wait_syncobjs as usize, self.signal_syncobjs as usize)
    }

    fn syncs<'a>(&self, payload: Payload<'a>) -> Option<Payload<'a>> {
        let words = (self.sync_count as usize).checked_mul(SyncPoint::BYTES / 4)?;
        payload.get(self.sync_offset, words)
    }

    fn check(&self, payload: Payload<'_>) -> Result<(), RequestError> {
        if payload.get(self.cmd_offset, self.cmd_size as usize).is_none() {
            return Err(bad("cmd_size", self.cmd_size));
        }
        if self.syncs(payload).is_none() {
            return Err(bad("sync_count", self.sync_count));
        }
        if self.flags.has_ring() && self.ring >= MAX_RINGS {
            return Err(bad("ring_idx", self.ring));
        }
        Ok(())
    }
}

/// The batch headers of a payload: as many as it counts and holds.
#[derive(Debug, Clone)]
struct Headers<'a>(std::slice::ChunksExact<'a, u8>);

fn headers(payload: Payload<'_>) -> Headers<'_> {
    let [count] = words(payload.bytes());
    let table = payload.bytes().get(4..).unwrap_or_default();
    let wanted = (count as usize).saturating_mul(BATCH_WORDS * 4);
    Headers(table[..wanted.min(table.len())].chunks_exact(BATCH_WORDS * 4))
}

impl Iterator for Headers<'_> {
    type Item = Header;

    fn next(&mut self) -> Option<Header> {
        let [
            flags,
            cmd_offset,
            cmd_size,
            sync_offset,
            sync_count,
            ring,
            wait_syncobjs,
            signal_syncobjs,
        ] = words(self.0.next()?);
        Some(Header {
            flags: BatchFlags(flags),
            cmd_offset,
            cmd_size,
            sync_offset,
            sync_count,
            ring,
            wait_syncobjs,
            signal_syncobjs,
        })
    }
}
