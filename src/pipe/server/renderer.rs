//! What a session needs of whoever carries out its requests.

use std::{rc::Rc, time::Duration};

use crate::{
    memory::SharedMemory,
    pipe::{
        exec::{ExecError, Executor, ExecutorGroup, Fence},
        resource::{Exported, Resource, ResourceDescription},
        wire::virgl::{
            command::{ResourceId, Transfer},
            enums::TransferDirection,
        },
    },
};

/// Carries out requests. Refusals that concern the client's commands are logged by the renderer itself.
pub trait Renderer {
    /// Why a request was refused.
    type Error: std::error::Error;

    /// Capability set 1.
    fn capset1(&self) -> Vec<u8>;
    /// Capability set 2.
    fn capset2(&self) -> Vec<u8>;
    /// Bytes of guest memory that all levels of a resource need; `None` if it makes no sense.
    fn backing_size(&self, desc: &ResourceDescription) -> Option<u64>;
    /// Creates a resource.
    ///
    /// # Errors
    /// If it cannot be.
    fn create_resource(
        &mut self,
        id: ResourceId,
        desc: &ResourceDescription,
        memory: Option<Rc<SharedMemory>>,
    ) -> Result<(), Self::Error>;
    /// Forgets a resource.
    fn unref_resource(&mut self, id: ResourceId);
    /// Carries out a buffer of virgl commands.
    fn submit(&mut self, words: &[u32]);
    /// Moves a box between a resource and its guest memory.
    fn transfer(&mut self, transfer: &Transfer, offset: u64, direction: TransferDirection);
    /// Reads a box into bytes of ours; what cannot be read stays as it is.
    fn read(&mut self, transfer: &Transfer, out: &mut [u8]);
    /// Writes a box from bytes of ours.
    fn write(&mut self, transfer: &Transfer, data: &[u8]);
    /// Whether work is pending; with `wait`, once it is done.
    fn busy(&mut self, wait: bool) -> bool;
    /// Starts on what was queued: the session is about to sleep.
    fn flush(&mut self);
    /// Whether the host's GL is lost, so that the session cannot go on.
    fn lost(&self) -> bool;

    /// A resource as another renderer of the group can take it in.
    type Shared: Clone + std::fmt::Debug;
    /// A mark in what GL was given.
    type Fence: std::fmt::Debug;

    /// Gives a resource guest memory that it was created without.
    ///
    /// # Errors
    /// If there is no such resource.
    fn attach_memory(&mut self, id: ResourceId, memory: Rc<SharedMemory>) -> Result<(), Self::Error>;
    /// What others may have of a resource. The same file each time.
    ///
    /// # Errors
    /// If others cannot have it.
    fn export(&mut self, id: ResourceId) -> Result<Exported<Self::Shared>, Self::Error>;
    /// Takes in a resource of another renderer of the group under a free id.
    ///
    /// # Errors
    /// If it cannot be.
    fn adopt(&mut self, id: ResourceId, shared: Self::Shared) -> Result<(), Self::Error>;
    /// Brings the exported memory up to date with the texture; a fence tells when that is done.
    ///
    /// # Errors
    /// If it cannot be.
    fn resolve(&mut self, id: ResourceId) -> Result<(), Self::Error>;
    /// Brings the texture up to date with the exported memory, in an area of x, y, width and height in texels.
    ///
    /// # Errors
    /// If it cannot be.
    fn upload(&mut self, id: ResourceId, area: [u32; 4]) -> Result<(), Self::Error>;
    /// A mark behind all that GL was given by this renderer, and GL starts on it. `None` if nothing is unfinished.
    fn fence(&mut self) -> Option<Self::Fence>;
    /// Whether GL has come past a mark, waiting at most `patience`.
    fn passed(&mut self, fence: &Self::Fence, patience: Duration) -> bool;
}

/// Renderers whose resources can be shared with one another.
pub trait RendererGroup {
    /// What carries out the requests of one connection.
    type Renderer: Renderer;
    /// A renderer for another connection.
    ///
    /// # Errors
    /// If none can be made.
    fn connect(&mut self) -> Result<Self::Renderer, <Self::Renderer as Renderer>::Error>;
    /// Lets go of what renderers that are gone have left.
    fn tidy(&mut self);
}

impl Renderer for Executor {
    type Error = ExecError;

    fn capset1(&self) -> Vec<u8> {
        self.caps().capset1()
    }

    fn capset2(&self) -> Vec<u8> {
        self.caps().capset2()
    }

    fn backing_size(&self, desc: &ResourceDescription) -> Option<u64> {
        Executor::backing_size(self, desc)
    }

    fn create_resource(
        &mut self,
        id: ResourceId,
        desc: &ResourceDescription,
        memory: Option<Rc<SharedMemory>>,
    ) -> Result<(), ExecError> {
        Executor::create_resource(self, id, desc, memory)
    }

    fn unref_resource(&mut self, id: ResourceId) {
        Executor::unref_resource(self, id);
    }

    fn submit(&mut self, words: &[u32]) {
        Executor::submit(self, words);
    }

    fn transfer(&mut self, transfer: &Transfer, offset: u64, direction: TransferDirection) {
        Executor::transfer(self, transfer, offset, direction);
    }

    fn read(&mut self, transfer: &Transfer, out: &mut [u8]) {
        Executor::read(self, transfer, out);
    }

    fn write(&mut self, transfer: &Transfer, data: &[u8]) {
        Executor::write(self, transfer, data);
    }

    fn busy(&mut self, wait: bool) -> bool {
        Executor::busy(self, wait)
    }

    fn flush(&mut self) {
        Executor::flush(self);
    }

    fn lost(&self) -> bool {
        Executor::lost(self)
    }

    type Shared = Rc<Resource>;
    type Fence = Fence;

    fn attach_memory(&mut self, id: ResourceId, memory: Rc<SharedMemory>) -> Result<(), ExecError> {
        Executor::attach_memory(self, id, memory)
    }

    fn export(&mut self, id: ResourceId) -> Result<Exported<Rc<Resource>>, ExecError> {
        Executor::export(self, id)
    }

    fn adopt(&mut self, id: ResourceId, shared: Rc<Resource>) -> Result<(), ExecError> {
        Executor::adopt(self, id, shared)
    }

    fn resolve(&mut self, id: ResourceId) -> Result<(), ExecError> {
        Executor::resolve(self, id)
    }

    fn upload(&mut self, id: ResourceId, area: [u32; 4]) -> Result<(), ExecError> {
        Executor::upload(self, id, area)
    }

    fn fence(&mut self) -> Option<Fence> {
        Executor::fence(self)
    }

    fn passed(&mut self, fence: &Fence, patience: Duration) -> bool {
        Executor::passed(self, fence, patience)
    }
}

impl RendererGroup for ExecutorGroup {
    type Renderer = Executor;

    fn connect(&mut self) -> Result<Executor, ExecError> {
        ExecutorGroup::connect(self)
    }

    fn tidy(&mut self) {
        ExecutorGroup::tidy(self);
    }
}
