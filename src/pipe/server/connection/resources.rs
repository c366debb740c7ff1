//! Resources of a connection: ids, guest memory, quotas.

use std::{collections::HashMap, os::fd::OwnedFd, rc::Rc};

use super::{Common, Connection};
use crate::{
    memory::SharedMemory,
    pipe::{
        format::Format,
        resource::{ResourceDescription, bind},
        server::{error::SessionError, exports::Export, renderer::Renderer},
        wire::{
            virgl::command::ResourceId,
            vtest::{BlobDesc, BlobKind, ResourceDesc},
        },
    },
};

/// What the session knows of a resource.
#[derive(Debug)]
pub(super) struct Held<S> {
    pub(super) description: ResourceDescription,
    pub(super) memory: Option<GuestMemory>,
    /// What others have of it. Imported resources come with it, others get it when they are exported.
    pub(super) export: Option<Rc<Export<S>>>,
    id_from: Chooser,
}

/// Memory that the connection's transfers use.
#[derive(Debug)]
pub(super) struct GuestMemory {
    pub(super) shared: Rc<SharedMemory>,
    /// Kept where a client may ask for the descriptor again.
    pub(super) file: Option<OwnedFd>,
}

/// Who chose a resource's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chooser {
    Client,
    Server,
}

impl<S> Held<S> {
    /// A resource under an id of the client's choice, without guest memory.
    pub(super) fn new(description: ResourceDescription, export: Option<Rc<Export<S>>>) -> Self {
        Self {
            description,
            memory: None,
            export,
            id_from: Chooser::Client,
        }
    }

    pub(super) fn shared_memory(&self) -> Option<Rc<SharedMemory>> {
        self.memory.as_ref().map(|memory| memory.shared.clone())
    }
}

/// The resources of a connection.
#[derive(Debug)]
pub(super) struct Resources<S> {
    by_id: HashMap<u32, Held<S>>,
    /// Ids of ours that are free again, the last freed last.
    free_ids: Vec<u32>,
    last_id: u32,
    /// Bytes of guest memory.
    memory: u64,
    /// Descriptors kept for memory.
    pub(super) files: usize,
    /// Resources that others have, too, or may.
    pub(super) shared: usize,
}

impl<S> Default for Resources<S> {
    fn default() -> Self {
        Self {
            by_id: HashMap::new(),
            free_ids: Vec::new(),
            last_id: 0,
            memory: 0,
            files: 0,
            shared: 0,
        }
    }
}

impl<S> Resources<S> {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: ResourceId) -> Option<&Held<S>> {
        self.by_id.get(&id.0)
    }

    /// Gives a resource its guest memory.
    pub(super) fn set_memory(&mut self, id: ResourceId, memory: GuestMemory) {
        if let Some(held) = self.by_id.get_mut(&id.0) {
            self.files += usize::from(memory.file.is_some());
            held.memory = Some(memory);
        }
    }

    /// Makes a resource one that others may have.
    pub(super) fn set_export(&mut self, id: ResourceId, export: Rc<Export<S>>) {
        if let Some(held) = self.by_id.get_mut(&id.0) {
            self.shared += 1;
            held.export = Some(export);
        }
    }

    pub(super) fn insert(&mut self, id: ResourceId, held: Held<S>) {
        self.shared += usize::from(held.export.is_some());
        self.files += held.files();
        self.by_id.insert(id.0, held);
    }

    fn remove(&mut self, id: ResourceId) -> Option<Held<S>> {
        let held = self.by_id.remove(&id.0)?;
        self.shared -= usize::from(held.export.is_some());
        self.files -= held.files();
        if held.id_from == Chooser::Server {
            self.free_ids.push(id.0);
        }
        Some(held)
    }

    /// An id that nobody uses: the client may have chosen some itself while an older version was in force.
    fn free_id(&mut self) -> ResourceId {
        loop {
            let id = self.free_ids.pop().unwrap_or_else(|| {
                self.last_id = self.last_id.wrapping_add(1).max(1);
                self.last_id
            });
            if !self.by_id.contains_key(&id) {
                return ResourceId(id);
            }
        }
    }
}

impl<S> Held<S> {
    fn files(&self) -> usize {
        usize::from(self.memory.as_ref().is_some_and(|memory| memory.file.is_some()))
    }

    fn bytes(&self) -> u64 {
        self.memory
            .as_ref()
            .map_or(0, |memory| memory.shared.len() as u64)
    }
}

impl<R: Renderer> Connection<R> {
    /// The id for a new resource: the client's choice, or ours from version 3 on.
    fn new_id(&mut self, asked: ResourceId) -> Result<(ResourceId, Chooser), SessionError> {
        match (self.version.server_allocates_ids(), asked.0) {
            (true, 0) => {
                self.check_resources()?;
                Ok((self.resources.free_id(), Chooser::Server))
            }
            (false, _) => Ok((self.chosen_id(asked)?, Chooser::Client)),
            _ => Err(SessionError::ResourceId(asked)),
        }
    }

    /// An id of the client's choice for a new resource.
    pub(super) fn chosen_id(&self, asked: ResourceId) -> Result<ResourceId, SessionError> {
        self.check_resources()?;
        match asked.0 != 0 && self.resources.get(asked).is_none() {
            true => Ok(asked),
            false => Err(SessionError::ResourceId(asked)),
        }
    }

    fn check_resources(&self) -> Result<(), SessionError> {
        let limit = self.limits.resources;
        match self.resources.len() < limit {
            true => Ok(()),
            false => Err(SessionError::Quota {
                what: "another resource",
                limit: limit as u64,
            }),
        }
    }

    /// Memory for a resource, within the quotas.
    pub(super) fn allocate(
        &mut self,
        common: &mut Common<R::Shared>,
        name: &str,
        bytes: u64,
    ) -> Result<(Rc<SharedMemory>, OwnedFd), SessionError> {
        let quotas = [
            (self.resources.memory, self.limits.memory),
            (common.memory, common.memory_limit),
        ];
        if let Some(&(_, limit)) = quotas
            .iter()
            .find(|(used, limit)| used.saturating_add(bytes) > *limit)
        {
            return Err(SessionError::Quota {
                what: "more shared memory",
                limit,
            });
        }
        let (memory, file) = SharedMemory::create(name, bytes)?;
        self.resources.memory += bytes;
        common.memory += bytes;
        Ok((Rc::new(memory), file))
    }

    /// `data_size`: bytes of shared memory that the client asks for; `None` if its request knows no such thing.
    pub(super) fn create(
        &mut self,
        common: &mut Common<R::Shared>,
        desc: &ResourceDesc,
        data_size: Option<u32>,
        reply: u32,
    ) -> Result<(), SessionError> {
        let (id, id_from) = self.new_id(desc.id)?;
        let full = description(desc, 0);
        let (memory, file) = match data_size.unwrap_or(0) {
            0 => (None, None),
            asked => {
                let needed = self.renderer.backing_size(&full).unwrap_or(0);
                let (memory, file) = self.allocate(common, "pixbridge-resource", needed.max(asked.into()))?;
                (Some(memory), Some(file))
            }
        };
        // The client does not learn of a refusal and goes on using the id. It gets the memory it waits for; what it
        // does with the resource is refused in turn.
        if let Err(error) = self.renderer.create_resource(id, &full, memory.clone()) {
            tracing::warn!("resource {} cannot be made: {error}", id.0);
        }
        if self.version.server_allocates_ids() {
            self.reply(reply, &[id.0])?;
        }
        if let Some(file) = &file {
            self.send_fd(file)?;
        }
        let again = full.bind & (bind::SHARED | bind::SCANOUT | bind::DISPLAY_TARGET) != 0;
        let memory = memory.map(|shared| GuestMemory {
            shared,
            file: file.filter(|_| again),
        });
        self.resources.insert(
            id,
            Held {
                memory,
                id_from,
                ..Held::new(full, None)
            },
        );
        Ok(())
    }

    pub(super) fn unref(&mut self, common: &mut Common<R::Shared>, id: ResourceId) {
        if let Some(held) = self.resources.remove(id) {
            self.forget(common, &held);
            self.renderer.unref_resource(id);
        }
    }

    fn forget(&mut self, common: &mut Common<R::Shared>, held: &Held<R::Shared>) {
        self.resources.memory -= held.bytes();
        common.memory -= held.bytes();
        if let Some(export) = &held.export {
            common.exports.leave(export, self.id);
        }
    }

    /// Gives back what the session counts for this connection's resources.
    pub(super) fn release_resources(&mut self, common: &mut Common<R::Shared>) {
        for (_, held) in std::mem::take(&mut self.resources.by_id) {
            self.forget(common, &held);
        }
    }

    /// Blobs of the host's own memory are not offered by our caps; all kinds get guest memory.
    pub(super) fn create_blob(
        &mut self,
        common: &mut Common<R::Shared>,
        blob: &BlobDesc,
    ) -> Result<(), SessionError> {
        if blob.kind != BlobKind::Guest {
            tracing::warn!("a {} blob is served from guest memory", blob.kind.name());
        }
        let (id, id_from) = self.new_id(ResourceId(0))?;
        let (memory, file) = self.allocate(common, "pixbridge-blob", blob.size)?;
        let full = blob_description(memory.len() as u64);
        if let Err(error) = self.renderer.create_resource(id, &full, Some(memory.clone())) {
            tracing::warn!("blob {} cannot be made: {error}", id.0);
        }
        self.reply_fd(18, &[id.0], &file)?;
        let memory = Some(GuestMemory {
            shared: memory,
            file: Some(file),
        });
        self.resources.insert(
            id,
            Held {
                memory,
                id_from,
                ..Held::new(full, None)
            },
        );
        Ok(())
    }

    /// RESOURCE_EXPORT_FD: the guest memory again.
    pub(super) fn export_memory(&mut self, id: ResourceId) -> Result<(), SessionError> {
        let memory = self
            .resources
            .get(id)
            .and_then(|held| held.memory.as_ref()?.file.as_ref());
        let unserved = SessionError::Unserved("RESOURCE_EXPORT_FD of a resource that is not shared");
        let file = memory.ok_or(unserved)?.try_clone()?;
        self.reply_fd(38, &[], &file)
    }
}

pub(super) fn description(desc: &ResourceDesc, flags: u32) -> ResourceDescription {
    ResourceDescription {
        target: desc.target,
        format: desc.format,
        bind: desc.bind,
        width: desc.width,
        height: desc.height,
        depth: desc.depth,
        array_size: desc.array_size,
        last_level: desc.last_level,
        samples: desc.samples,
        flags,
    }
}

/// A blob as a buffer that lives in guest memory.
fn blob_description(bytes: u64) -> ResourceDescription {
    ResourceDescription {
        target: 0,
        format: Format::R8_UNORM,
        bind: bind::STAGING,
        width: u32::try_from(bytes).unwrap_or(u32::MAX),
        height: 1,
        depth: 1,
        array_size: 1,
        last_level: 0,
        samples: 0,
        flags: 0,
    }
}
