//! The extension for resources that several connections have, described in `docs/protocol.md`.

use std::rc::Rc;

use rustix::io::Errno;

use super::{
    Common, Connection,
    fences::Then,
    resources::{GuestMemory, Held, description},
};
use crate::pipe::{
    resource::{ExportLayout, Placement},
    server::{
        error::SessionError,
        exports::{ConnectionId, Export, FileId},
        renderer::Renderer,
    },
    wire::{virgl::command::ResourceId, vtest::Request},
};

const RESOURCE_MEMORY: u32 = 0x5042_0002;
const RESOURCE_EXPORT: u32 = 0x5042_0003;
const RESOURCE_IMPORT: u32 = 0x5042_0004;
const RESOLVE: u32 = 0x5042_0006;
const UPLOAD: u32 = 0x5042_0007;
pub(super) const FENCE_MERGE: u32 = 0x5042_0008;
const WAIT: u32 = 0x5042_0009;

/// A RESOLVE or UPLOAD, for which all that have the resource must have come far enough.
#[derive(Debug)]
pub(in crate::pipe::server) struct Ask<S> {
    pub(in crate::pipe::server) requester: ConnectionId,
    pub(in crate::pipe::server) export: Rc<Export<S>>,
    serial: u32,
    resource: ResourceId,
    direction: Direction,
}

/// Which of texture and exported memory is brought up to date.
#[derive(Debug, Clone, Copy)]
enum Direction {
    Resolve,
    Upload([u32; 4]),
}

impl Direction {
    fn command(self) -> u32 {
        match self {
            Self::Resolve => RESOLVE,
            Self::Upload(_) => UPLOAD,
        }
    }
}

impl<R: Renderer> Connection<R> {
    pub(super) fn share(
        &mut self,
        request: &Request<'_>,
        common: &mut Common<R::Shared>,
    ) -> Result<(), SessionError> {
        match *request {
            Request::BareCreate { ref desc, flags } => {
                let id = self.chosen_id(desc.id)?;
                let full = description(desc, flags);
                // As with the other requests that create, the client goes on using the id.
                if let Err(error) = self.renderer.create_resource(id, &full, None) {
                    tracing::warn!("resource {} cannot be made: {error}", id.0);
                }
                self.resources.insert(id, Held::new(full, None));
                Ok(())
            }
            Request::ResourceMemory { resource, size } => self.resource_memory(common, resource, size),
            Request::ResourceExport(id) => self.export(common, id),
            Request::ResourceImport(id) => self.import(common, id),
            Request::StridedTransfer {
                direction,
                ref transfer,
                offset,
            } => {
                self.renderer.transfer(transfer, offset, direction);
                Ok(())
            }
            Request::Resolve { serial, resource } => self.ask(common, serial, resource, Direction::Resolve),
            Request::Upload {
                serial,
                resource,
                area,
            } => self.ask(common, serial, resource, Direction::Upload(area)),
            Request::FenceMerge => self.merge_fences(),
            Request::Wait { serial, resource } => self.wait(serial, resource),
            Request::Signal => self.signal(),
            // A server without kernel synchronisation objects does not know what is left.
            _ => Err(SessionError::Unserved(request.kind().name())),
        }
    }

    fn resource_memory(
        &mut self,
        common: &mut Common<R::Shared>,
        id: ResourceId,
        asked: u64,
    ) -> Result<(), SessionError> {
        match self.guest_memory(common, id, asked) {
            Err(refused) => self.reply(RESOURCE_MEMORY, &[refused.raw_os_error() as u32, 0, 0]),
            Ok(()) => {
                let memory = self.resources.get(id).and_then(|held| held.memory.as_ref());
                let Some(GuestMemory {
                    shared,
                    file: Some(file),
                }) = memory
                else {
                    // The client has had the only descriptor, with its RESOURCE_CREATE2.
                    return self.reply(RESOURCE_MEMORY, &[Errno::INVAL.raw_os_error() as u32, 0, 0]);
                };
                let (file, [low, high]) = (file.try_clone()?, halves(shared.len() as u64));
                self.reply_fd(RESOURCE_MEMORY, &[0, low, high], &file)
            }
        }
    }

    /// Sees to it that a resource has guest memory.
    fn guest_memory(
        &mut self,
        common: &mut Common<R::Shared>,
        id: ResourceId,
        asked: u64,
    ) -> Result<(), Errno> {
        let held = self.resources.get(id).ok_or(Errno::NOENT)?;
        if held.memory.is_some() {
            return Ok(());
        }
        let needed = self.renderer.backing_size(&held.description).unwrap_or(0);
        let bytes = needed.max(asked);
        if bytes == 0 {
            return Err(Errno::INVAL);
        }
        if self.resources.files >= self.limits.files {
            return Err(Errno::DQUOT);
        }
        let (shared, file) = self
            .allocate(common, "pixbridge-resource", bytes)
            .map_err(|error| {
                tracing::warn!("no memory for resource {}: {error}", id.0);
                match error {
                    SessionError::Quota { .. } => Errno::DQUOT,
                    _ => Errno::NOMEM,
                }
            })?;
        // The client maps the memory whatever became of the resource; transfers are refused then.
        if let Err(error) = self.renderer.attach_memory(id, shared.clone()) {
            tracing::warn!("resource {} takes no memory: {error}", id.0);
        }
        self.resources.set_memory(
            id,
            GuestMemory {
                shared,
                file: Some(file),
            },
        );
        Ok(())
    }

    fn export(&mut self, common: &mut Common<R::Shared>, id: ResourceId) -> Result<(), SessionError> {
        match self.exported(common, id) {
            Ok(export) => {
                let payload = layout_words(0, &export.layout);
                let file = export.lend()?;
                self.reply_fd(RESOURCE_EXPORT, &payload, &file)
            }
            Err(refused) => {
                let mut payload = [0; 11];
                payload[0] = refused.raw_os_error() as u32;
                self.reply(RESOURCE_EXPORT, &payload)
            }
        }
    }

    /// What others may have of a resource, made at the first asking.
    fn exported(
        &mut self,
        common: &mut Common<R::Shared>,
        id: ResourceId,
    ) -> Result<Rc<Export<R::Shared>>, Errno> {
        let held = self.resources.get(id).ok_or(Errno::NOENT)?;
        if let Some(export) = &held.export {
            return Ok(export.clone());
        }
        if self.resources.shared >= self.limits.shared {
            return Err(Errno::DQUOT);
        }
        let description = held.description;
        let exported = self.renderer.export(id).map_err(|error| {
            tracing::warn!("resource {} cannot be exported: {error}", id.0);
            Errno::NOTSUP
        })?;
        let export = common.exports.enter(exported, description)?;
        export.attach(self.id);
        self.resources.set_export(id, export.clone());
        Ok(export)
    }

    fn import(&mut self, common: &mut Common<R::Shared>, id: ResourceId) -> Result<(), SessionError> {
        let file = self.fds.pop_front().ok_or(SessionError::NoDescriptor)?;
        let found = FileId::of(&file).map(|file| common.exports.get(file));
        let mut payload = [0; 18];
        match self.adopt(id, found.unwrap_or(None)) {
            Ok(export) => {
                let desc = &export.description;
                let described = [
                    0,
                    desc.target,
                    desc.format.0,
                    desc.bind,
                    desc.width,
                    desc.height,
                    desc.depth,
                    desc.array_size,
                    desc.last_level,
                    desc.samples,
                ];
                let [_, placement, _, _, rest @ ..] = layout_words(0, &export.layout);
                payload[..10].copy_from_slice(&described);
                payload[10] = placement;
                payload[11..].copy_from_slice(&rest);
            }
            Err(refused) => payload[0] = refused.raw_os_error() as u32,
        }
        self.reply(RESOURCE_IMPORT, &payload)
    }

    fn adopt(
        &mut self,
        id: ResourceId,
        export: Option<Rc<Export<R::Shared>>>,
    ) -> Result<Rc<Export<R::Shared>>, Errno> {
        let export = export.ok_or(Errno::BADF)?;
        self.chosen_id(id).map_err(|error| match error {
            SessionError::Quota { .. } => Errno::DQUOT,
            _ => Errno::INVAL,
        })?;
        if self.resources.shared >= self.limits.shared {
            return Err(Errno::DQUOT);
        }
        self.renderer.adopt(id, export.shared.clone()).map_err(|error| {
            tracing::warn!("resource {} cannot be taken in: {error}", id.0);
            Errno::NOTSUP
        })?;
        export.attach(self.id);
        self.resources
            .insert(id, Held::new(export.description, Some(export.clone())));
        Ok(export)
    }

    fn ask(
        &mut self,
        common: &mut Common<R::Shared>,
        serial: u32,
        resource: ResourceId,
        direction: Direction,
    ) -> Result<(), SessionError> {
        let export = match self.resources.get(resource) {
            None => Err(Errno::NOENT),
            Some(_) if self.resolving >= self.limits.resolves => Err(Errno::DQUOT),
            Some(held) => held.export.clone().ok_or(Errno::INVAL),
        };
        match export {
            Err(refused) => self.reply(direction.command(), &[serial, refused.raw_os_error() as u32]),
            Ok(export) => {
                self.resolving += 1;
                common.asked.push(Ask {
                    requester: self.id,
                    export,
                    serial,
                    resource,
                    direction,
                });
                Ok(())
            }
        }
    }

    /// Carries out a RESOLVE or UPLOAD of this connection, now that all others have come far enough. Its answer is given
    /// once GL is done.
    ///
    /// # Errors
    /// Of the socket.
    pub(in crate::pipe::server) fn carry_out_asked(
        &mut self,
        ask: &Ask<R::Shared>,
    ) -> Result<(), SessionError> {
        self.resolving -= 1;
        let (command, serial) = (ask.direction.command(), ask.serial);
        let still_held = self
            .resources
            .get(ask.resource)
            .and_then(|held| held.export.as_ref())
            .is_some_and(|export| Rc::ptr_eq(export, &ask.export));
        if !still_held {
            return self.reply(command, &[serial, Errno::NOENT.raw_os_error() as u32]);
        }
        let done = match ask.direction {
            Direction::Resolve => self.renderer.resolve(ask.resource),
            Direction::Upload(area) => self.renderer.upload(ask.resource, area),
        };
        match done {
            Ok(()) => self.mark(Then::Answer { command, serial }),
            Err(error) => {
                tracing::warn!("the picture of resource {}: {error}", ask.resource.0);
                self.reply(command, &[serial, Errno::INVAL.raw_os_error() as u32])
            }
        }
    }

    fn wait(&mut self, serial: u32, resource: ResourceId) -> Result<(), SessionError> {
        if resource.0 != 0 && self.resources.get(resource).is_none() {
            return self.reply(WAIT, &[serial, Errno::NOENT.raw_os_error() as u32]);
        }
        let then = Then::Answer {
            command: WAIT,
            serial,
        };
        match self.renderer.busy(false) {
            true => self.mark(then),
            false => self.now(then),
        }
    }
}

/// Status and layout as RESOURCE_EXPORT answers.
fn layout_words(status: u32, layout: &ExportLayout) -> [u32; 11] {
    let placement = match layout.placement {
        Placement::InPlace => 1,
        Placement::Dmabuf => 2,
        Placement::Copied => 3,
    };
    let [modifier, modifier_high] = halves(layout.modifier);
    let [size, size_high] = halves(layout.size);
    [
        status,
        placement,
        layout.width,
        layout.height,
        layout.fourcc,
        layout.stride,
        layout.offset,
        modifier,
        modifier_high,
        size,
        size_high,
    ]
}

/// The low and the high word.
fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}
