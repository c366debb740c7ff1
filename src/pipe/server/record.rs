//! Recording a session: its requests, and what they make the host read from guest memory.
//!
//! The client writes shared memory without telling. What counts is what the host reads, so just before a request that
//! makes it read a resource's memory, that memory is compared with what the trace already says, and the difference is
//! written.

use crate::memory::SharedMemory;
use std::{collections::HashMap, fs::File, io, io::BufWriter, ops::Range, path::Path, rc::Rc};

use crate::pipe::wire::{
    trace::TraceWriter,
    virgl::{
        self,
        command::{Command, ResourceId},
        enums::TransferDirection,
    },
    vtest::Request,
};

/// Memory is compared in pieces of this size.
const PIECE: usize = 4096;

/// Writes the trace of one session.
#[derive(Debug)]
pub struct Recorder {
    trace: TraceWriter<BufWriter<File>>,
    /// Guest memory as a replay has it at this point. What is not in here is all zeros, as it was made.
    known: HashMap<u32, Known>,
}

/// What a replay will find in a resource's memory.
#[derive(Debug)]
enum Known {
    Bytes(Vec<u8>),
    /// The host of the replay writes it, perhaps not the same as this one.
    Written,
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
        memory: impl Fn(ResourceId) -> Option<Rc<SharedMemory>>,
    ) -> io::Result<()> {
        let mut used = Used::default();
        match request {
            Request::SubmitCmd(commands) => used.by(&commands.words()),
            Request::SubmitCmd2(submit) => {
                submit
                    .batches()
                    .for_each(|batch| used.by(&batch.commands.words()));
            }
            Request::TransferPut2 { transfer, .. } => used.read.push(transfer.resource),
            Request::TransferGet2 { transfer, .. } => used.written.push(transfer.resource),
            Request::ResourceUnref(id) => {
                self.known.remove(&id.0);
            }
            _ => {}
        }
        used.read.sort_unstable();
        used.read.dedup();
        for id in used.read {
            if let Some(memory) = memory(id) {
                self.memory(id, &memory)?;
            }
        }
        for id in used.written {
            if memory(id).is_some() {
                self.known.insert(id.0, Known::Written);
            }
        }
        self.trace.request(bytes)
    }

    /// Writes what changed of a resource's memory.
    fn memory(&mut self, id: ResourceId, memory: &SharedMemory) -> io::Result<()> {
        let Some(now) = memory.read(0..memory.len()).map(|bytes| bytes.to_vec()) else {
            return Ok(());
        };
        let changed = match self.known.get(&id.0) {
            None => changes(&vec![0; now.len()], &now),
            Some(Known::Bytes(before)) => changes(before, &now),
            Some(Known::Written) => std::iter::once(0..now.len()).collect(),
        };
        for range in changed {
            self.trace.memory(id, range.start as u64, &now[range])?;
        }
        self.known.insert(id.0, Known::Bytes(now));
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

/// Where `new` differs from `old`, in whole pieces; neighbours are joined.
fn changes(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    let mut changed: Vec<Range<usize>> = Vec::new();
    for (index, (old, new)) in old.chunks(PIECE).zip(new.chunks(PIECE)).enumerate() {
        let start = index * PIECE;
        let end = start + new.len();
        match changed.last_mut() {
            _ if old == new => {}
            Some(last) if last.end == start => last.end = end,
            _ => changed.push(start..end),
        }
    }
    changed
}

/// The resources whose guest memory the host uses.
#[derive(Debug, Default)]
struct Used {
    read: Vec<ResourceId>,
    written: Vec<ResourceId>,
}

impl Used {
    /// Adds those that a command buffer uses.
    fn by(&mut self, words: &[u32]) {
        for command in virgl::commands(words).flatten() {
            let (id, from_host) = match command {
                Command::Transfer3d {
                    transfer, direction, ..
                } => (transfer.resource, direction == TransferDirection::FromHost),
                Command::CopyTransfer3d {
                    staging, from_host, ..
                } => (staging, from_host),
                _ => continue,
            };
            match from_host {
                true => self.written.push(id),
                false => self.read.push(id),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::pipe::wire::{
        trace::{Record, TraceReader},
        virgl::command::{Box3, Transfer},
    };

    const ID: ResourceId = ResourceId(3);

    fn transfer() -> Transfer {
        Transfer {
            resource: ID,
            level: 0,
            usage: 0,
            stride: 0,
            layer_stride: 0,
            area: Box3::default(),
        }
    }

    fn put() -> Request<'static> {
        Request::TransferPut2 {
            transfer: transfer(),
            data_size: 0,
            offset: 0,
        }
    }

    fn get() -> Request<'static> {
        Request::TransferGet2 {
            transfer: transfer(),
            data_size: 0,
            offset: 0,
        }
    }

    /// Offset and length of each piece of memory in the trace that `requests` leave, and the number of requests.
    fn recorded(
        requests: impl FnOnce(&mut dyn FnMut(&Request<'_>), &SharedMemory),
    ) -> (Vec<(u64, usize)>, usize) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trace");
        let memory = Rc::new(SharedMemory::create("test", 3 * PIECE as u64).unwrap().0);
        let mut recorder = Recorder::create(&path).unwrap();
        let mut say = |request: &Request<'_>| {
            recorder
                .request(&[0; 8], request, |id| (id == ID).then(|| memory.clone()))
                .unwrap();
        };
        requests(&mut say, &memory);
        recorder.finish().unwrap();
        let (mut pieces, mut count) = (Vec::new(), 0);
        for record in TraceReader::new(BufReader::new(File::open(path).unwrap())).unwrap() {
            match record.unwrap() {
                Record::Request(_) => count += 1,
                Record::Memory { offset, bytes, .. } => pieces.push((offset, bytes.len())),
            }
        }
        (pieces, count)
    }

    #[test]
    fn only_what_changed_is_written() {
        let (pieces, requests) = recorded(|say, memory| {
            say(&put());
            memory
                .write(PIECE + 5..PIECE + 6)
                .unwrap()
                .copy_from([1].as_slice().into());
            say(&put());
            say(&put());
        });
        assert_eq!(pieces, [(PIECE as u64, PIECE)]);
        assert_eq!(requests, 3);
    }

    #[test]
    fn memory_that_the_host_wrote_is_written_anew() {
        let (pieces, _) = recorded(|say, _| {
            say(&put());
            say(&get());
            say(&put());
            say(&put());
        });
        assert_eq!(pieces, [(0, 3 * PIECE)]);
    }

    #[test]
    fn neighbouring_pieces_are_joined() {
        let old = vec![0; 4 * PIECE + 1];
        let mut new = old.clone();
        for at in [PIECE, 2 * PIECE, 4 * PIECE] {
            new[at] = 1;
        }
        assert_eq!(changes(&old, &new), [PIECE..3 * PIECE, 4 * PIECE..4 * PIECE + 1]);
    }
}
