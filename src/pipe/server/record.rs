//! Recording a session: its requests, and what they make the host read from guest memory.
//!
//! The client writes shared memory without telling. What counts is what the host reads, so just before a request that
//! makes it read a resource's memory, that memory is compared with what the trace already says, and the difference is
//! written.

use std::{collections::HashMap, fs::File, io, io::BufWriter, path::Path, rc::Rc};

use crate::pipe::{
    resource::GuestMemory,
    wire::{
        trace::TraceWriter,
        virgl::{
            self,
            command::{Command, ResourceId},
            enums::TransferDirection,
        },
        vtest::Request,
    },
};

/// Memory is compared in pieces of this size.
const PIECE: usize = 4096;

/// Writes the trace of one session.
#[derive(Debug)]
pub struct Recorder {
    trace: TraceWriter<BufWriter<File>>,
    /// Guest memory as the trace has it.
    known: HashMap<u32, Vec<u8>>,
}

impl Recorder {
    /// Begins a trace in a new file.
    ///
    /// # Errors
    /// Of the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let trace = TraceWriter::new(BufWriter::new(File::create(path)?))?;
        Ok(Self {
            trace,
            known: HashMap::new(),
        })
    }

    /// Records a request, before it is carried out.
    ///
    /// # Errors
    /// Of the file.
    pub(super) fn request(
        &mut self,
        bytes: &[u8],
        request: &Request<'_>,
        memory: impl Fn(ResourceId) -> Option<Rc<GuestMemory>>,
    ) -> io::Result<()> {
        let mut read = Vec::new();
        match request {
            Request::SubmitCmd(commands) => memory_read(&commands.words(), &mut read),
            Request::SubmitCmd2(submit) => {
                submit
                    .batches()
                    .for_each(|batch| memory_read(&batch.commands.words(), &mut read));
            }
            Request::TransferPut2 { transfer, .. } => read.push(transfer.resource),
            Request::ResourceUnref(id) => {
                self.known.remove(&id.0);
            }
            _ => {}
        }
        read.sort_unstable();
        read.dedup();
        for id in read {
            if let Some(memory) = memory(id) {
                self.memory(id, &memory)?;
            }
        }
        self.trace.request(bytes)
    }

    /// Writes what changed of a resource's memory.
    fn memory(&mut self, id: ResourceId, memory: &GuestMemory) -> io::Result<()> {
        let Some(now) = memory.read(0..memory.len()).map(|bytes| bytes.to_vec()) else {
            return Ok(());
        };
        let known = self.known.entry(id.0).or_default();
        known.resize(now.len(), 0);
        let mut start = None;
        let pieces = now.chunks(PIECE).zip(known.chunks(PIECE)).enumerate();
        let mut changed = Vec::new();
        for (index, (new, old)) in pieces {
            match (new != old, start) {
                (true, None) => start = Some(index * PIECE),
                (false, Some(from)) => {
                    changed.push(from..index * PIECE);
                    start = None;
                }
                _ => {}
            }
        }
        changed.extend(start.map(|from| from..now.len()));
        for range in changed {
            self.trace.memory(id, range.start as u64, &now[range.clone()])?;
            known[range.clone()].copy_from_slice(&now[range]);
        }
        Ok(())
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// Of the file.
    pub fn finish(self) -> io::Result<()> {
        self.trace.finish()
    }
}

/// The resources whose guest memory a command buffer reads.
fn memory_read(words: &[u32], read: &mut Vec<ResourceId>) {
    for command in virgl::commands(words).flatten() {
        match command {
            Command::Transfer3d {
                transfer,
                direction: TransferDirection::ToHost,
                ..
            } => {
                read.push(transfer.resource);
            }
            Command::CopyTransfer3d {
                staging,
                from_host: false,
                ..
            } => read.push(staging),
            _ => {}
        }
    }
}
