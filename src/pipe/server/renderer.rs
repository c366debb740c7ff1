//! What a session needs of whoever carries out its requests.

use crate::memory::SharedMemory;
use std::rc::Rc;

use crate::pipe::{
    exec::{ExecError, Executor},
    resource::ResourceDescription,
    wire::virgl::{
        command::{ResourceId, Transfer},
        enums::TransferDirection,
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
}
