//! The renderer that takes notes, and the group that makes such renderers.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    memory::SharedMemory,
    pipe::{
        format::Format,
        resource::{ExportLayout, Exported, Placement, ResourceDescription},
        server::{Renderer, RendererGroup},
        wire::virgl::{
            command::{Box3, ResourceId, Transfer},
            enums::TransferDirection,
        },
    },
};

/// What a renderer was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Call {
    Create { id: u32, memory: Option<usize> },
    Unref(u32),
    Submit(Vec<u32>),
    Read { stride: u32, area: Box3 },
    Write(Vec<u8>),
    Attach { id: u32, memory: usize },
    Adopt(u32),
    Resolve(u32),
    Upload(u32, [u32; 4]),
    Flush,
    Gone,
}

/// What all renderers of a test noted, and what GL is like.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// By the number of the renderer.
    pub(super) calls: Vec<(usize, Call)>,
    /// Whether GL does not get on: what it is given stays unfinished.
    pub(super) stands_still: bool,
    /// How often it is then asked in vain.
    pub(super) reluctance: usize,
    pub(super) renderers: usize,
}

/// The desk, for both ends of a test.
pub(super) type Notebook = Arc<Mutex<Desk>>;

#[derive(Debug, thiserror::Error)]
#[error("no")]
pub(super) struct No;

/// A resource that several renderers have.
#[derive(Debug, Clone)]
pub(super) struct Picture(Rc<OwnedFd>);

/// Answers transfers from the host with the bytes 1, 2, 3, ... and refuses formats with the number 0.
#[derive(Debug)]
pub(super) struct Notes {
    number: usize,
    desk: Notebook,
    memories: HashMap<u32, Rc<SharedMemory>>,
    pictures: HashMap<u32, Picture>,
}

/// Renderers at one desk.
#[derive(Debug)]
pub(super) struct Office(pub(super) Notebook);

impl RendererGroup for Office {
    type Renderer = Notes;

    fn connect(&mut self) -> Result<Notes, No> {
        Ok(Notes::at(&self.0))
    }

    fn tidy(&mut self) {}
}

impl Notes {
    pub(super) fn at(desk: &Notebook) -> Self {
        let mut open = desk.lock().unwrap();
        open.renderers += 1;
        Self {
            number: open.renderers - 1,
            desk: desk.clone(),
            memories: HashMap::new(),
            pictures: HashMap::new(),
        }
    }

    fn note(&self, call: Call) {
        self.desk.lock().unwrap().calls.push((self.number, call));
    }

    fn is_done(&self) -> bool {
        let mut desk = self.desk.lock().unwrap();
        if desk.stands_still {
            return false;
        }
        let asked_in_vain = desk.reluctance > 0;
        desk.reluctance = desk.reluctance.saturating_sub(1);
        !asked_in_vain
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.note(Call::Gone);
    }
}

impl Renderer for Notes {
    type Error = No;
    type Shared = Picture;
    type Fence = ();

    fn capset1(&self) -> Vec<u8> {
        vec![0xc1; 308]
    }

    fn capset2(&self) -> Vec<u8> {
        vec![0xc2; 1408]
    }

    fn backing_size(&self, desc: &ResourceDescription) -> Option<u64> {
        u64::from(desc.width).checked_mul(desc.height.into())
    }

    fn create_resource(
        &mut self,
        id: ResourceId,
        desc: &ResourceDescription,
        memory: Option<Rc<SharedMemory>>,
    ) -> Result<(), No> {
        if desc.format == Format(0) {
            return Err(No);
        }
        self.note(Call::Create {
            id: id.0,
            memory: memory.as_ref().map(|memory| memory.len()),
        });
        self.memories.extend(memory.map(|memory| (id.0, memory)));
        Ok(())
    }

    fn unref_resource(&mut self, id: ResourceId) {
        self.memories.remove(&id.0);
        self.pictures.remove(&id.0);
        self.note(Call::Unref(id.0));
    }

    fn submit(&mut self, words: &[u32]) {
        self.note(Call::Submit(words.to_vec()));
    }

    fn transfer(&mut self, transfer: &Transfer, offset: u64, direction: TransferDirection) {
        let Some(memory) = self.memories.get(&transfer.resource.0) else {
            return;
        };
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| memory.write(start..memory.len()));
        let Some(part) = part else { return };
        match direction {
            TransferDirection::FromHost => {
                let bytes: Vec<u8> = (1..=part.len()).map(|value| value as u8).collect();
                part.copy_from(bytes.as_slice().into());
            }
            TransferDirection::ToHost => self.note(Call::Write(part.as_read().to_vec())),
        }
    }

    fn read(&mut self, transfer: &Transfer, out: &mut [u8]) {
        self.note(Call::Read {
            stride: transfer.stride,
            area: transfer.area,
        });
        (1usize..).zip(out).for_each(|(value, byte)| *byte = value as u8);
    }

    fn write(&mut self, _: &Transfer, data: &[u8]) {
        self.note(Call::Write(data.to_vec()));
    }

    fn busy(&mut self, wait: bool) -> bool {
        !wait
    }

    fn flush(&mut self) {
        self.note(Call::Flush);
    }

    fn lost(&self) -> bool {
        false
    }

    fn attach_memory(&mut self, id: ResourceId, memory: Rc<SharedMemory>) -> Result<(), No> {
        self.note(Call::Attach {
            id: id.0,
            memory: memory.len(),
        });
        self.memories.insert(id.0, memory);
        Ok(())
    }

    /// Resources up to number 99 can be exported.
    fn export(&mut self, id: ResourceId) -> Result<Exported<Picture>, No> {
        if id.0 >= 100 {
            return Err(No);
        }
        let picture = self.pictures.entry(id.0).or_insert_with(|| {
            let (_, file) = SharedMemory::create("picture", 8192).unwrap();
            Picture(Rc::new(file))
        });
        Ok(Exported {
            shared: picture.clone(),
            file: picture.0.try_clone().unwrap(),
            layout: ExportLayout {
                placement: Placement::InPlace,
                width: 8,
                height: 2,
                fourcc: 0x3432_5258,
                stride: 64,
                offset: 4096,
                modifier: 5 << 32,
                size: 8192,
            },
        })
    }

    fn adopt(&mut self, id: ResourceId, shared: Picture) -> Result<(), No> {
        self.note(Call::Adopt(id.0));
        self.pictures.insert(id.0, shared);
        Ok(())
    }

    fn resolve(&mut self, id: ResourceId) -> Result<(), No> {
        self.note(Call::Resolve(id.0));
        Ok(())
    }

    fn upload(&mut self, id: ResourceId, area: [u32; 4]) -> Result<(), No> {
        self.note(Call::Upload(id.0, area));
        match area {
            [_, _, 0, 0] => Err(No),
            _ => Ok(()),
        }
    }

    fn fence(&mut self) -> Option<()> {
        Some(())
    }

    fn passed(&mut self, (): &(), _: Duration) -> bool {
        self.is_done()
    }
}
