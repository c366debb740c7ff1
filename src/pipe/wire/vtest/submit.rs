//! SUBMIT_CMD2: several batches of commands with their synchronisation.

use super::{
    SyncPoint, SyncobjPoint,
    items::{Item, Items, Payload, words},
};

/// Flags of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFlags(pub u32);

impl BatchFlags {
    /// Whether the ring index means something.
    pub fn has_ring(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether a descriptor to wait for comes with the request.
    pub fn has_in_fence(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether the server answers with a descriptor that tells when the batch is done.
    pub fn has_out_fence(self) -> bool {
        self.0 & 4 != 0
    }
}

/// One batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Batch<'a> {
    pub flags: BatchFlags,
    pub commands: Payload<'a>,
    /// Set to these values when the batch is done.
    pub syncs: Items<'a, SyncPoint>,
    pub ring: u32,
    pub in_syncobjs: u32,
    pub out_syncobjs: u32,
}

/// Bytes of a batch's description.
const BATCH_BYTES: usize = 32;

/// The batches of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submit2<'a> {
    payload: Payload<'a>,
    count: usize,
    /// In- and out-points of all batches, in order, from version 4 on.
    pub syncobjs: Items<'a, SyncobjPoint>,
}

/// Iterator over the batches of a [`Submit2`].
pub type Batches<'a> = Box<dyn Iterator<Item = Batch<'a>> + 'a>;

impl<'a> Submit2<'a> {
    /// Checks that all batches lie inside the payload; `None` otherwise.
    pub(super) fn new(payload: Payload<'a>) -> Option<Self> {
        let count = words::<1>(payload.bytes())[0] as usize;
        let end = count.checked_mul(BATCH_BYTES)?.checked_add(4)?;
        if payload.is_empty() || end > payload.bytes().len() {
            return None;
        }
        let submit = Self {
            payload,
            count,
            syncobjs: Items::prefix(&[]),
        };
        (0..count).all(|at| submit.batch(at).is_some()).then_some(submit)
    }

    /// Bytes of the syncobj points that follow the payload from version 4 on.
    pub(super) fn syncobj_bytes(&self) -> Option<usize> {
        self.batches().try_fold(0usize, |sum, batch| {
            let points = batch.in_syncobjs.checked_add(batch.out_syncobjs)? as usize;
            sum.checked_add(points.checked_mul(SyncobjPoint::BYTES)?)
        })
    }

    pub(super) fn with_syncobjs(self, bytes: &'a [u8]) -> Self {
        Self {
            syncobjs: Items::prefix(bytes),
            ..self
        }
    }

    fn batch(&self, at: usize) -> Option<Batch<'a>> {
        let bytes = self.payload.bytes();
        let start = 4 + at * BATCH_BYTES;
        let [
            flags,
            offset,
            size,
            sync_offset,
            sync_count,
            ring,
            in_syncobjs,
            out_syncobjs,
        ] = words(bytes.get(start..start + BATCH_BYTES)?);
        let commands = self.payload.get(offset, size as usize)?;
        let syncs = self.payload.get(
            sync_offset,
            (sync_count as usize).checked_mul(SyncPoint::BYTES / 4)?,
        )?;
        let syncs = Items::new(syncs.bytes())?;
        Some(Batch {
            flags: BatchFlags(flags),
            commands,
            syncs,
            ring,
            in_syncobjs,
            out_syncobjs,
        })
    }

    /// The batches in order.
    pub fn batches(&self) -> Batches<'a> {
        let submit = *self;
        Box::new((0..self.count).filter_map(move |at| submit.batch(at)))
    }
}
