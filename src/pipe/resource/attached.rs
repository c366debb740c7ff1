//! The resources of a connection: by id, each with the memory that this client has for its transfers.
//!
//! A resource itself may be attached to several connections, under other ids and with other memory.

use std::{cell::RefCell, collections::hash_map::Entry, rc::Rc};

use super::{Resource, Storage};
use crate::{
    memory::{MemoryError, SharedMemory},
    pipe::{ids::IdMap, wire::virgl::command::ResourceId},
};

/// A resource that a connection knows.
#[derive(Debug)]
pub struct Attached {
    resource: Rc<Resource>,
    /// What this client shares with us for transfers.
    memory: RefCell<Option<Rc<SharedMemory>>>,
}

impl Attached {
    /// A resource with memory for its transfers, if there is some yet.
    pub fn new(resource: Rc<Resource>, memory: Option<Rc<SharedMemory>>) -> Self {
        let this = Self {
            resource,
            memory: RefCell::default(),
        };
        if let Some(memory) = memory {
            this.attach_memory(memory);
        }
        this
    }

    /// The resource.
    pub fn resource(&self) -> &Rc<Resource> {
        &self.resource
    }

    /// Gives the attachment memory for transfers, in the place of what it had.
    pub fn attach_memory(&self, memory: Rc<SharedMemory>) {
        match &self.resource.storage {
            Storage::Guest(guest) => guest.replace(memory),
            Storage::Buffer(_) | Storage::Texture(_) => *self.memory.borrow_mut() = Some(memory),
        }
    }

    /// The memory for transfers; what is stored in guest memory has it always.
    ///
    /// # Errors
    /// If the kernel has none where the resource needs it.
    pub fn memory(&self) -> Result<Option<Rc<SharedMemory>>, MemoryError> {
        match &self.resource.storage {
            Storage::Guest(guest) => guest.memory().map(Some),
            Storage::Buffer(_) | Storage::Texture(_) => Ok(self.memory.borrow().clone()),
        }
    }
}

/// Memory that is all there is of a resource. It is the client's once there is some, and ours until then.
#[derive(Debug)]
pub struct GuestMemory {
    bytes: u64,
    memory: RefCell<Option<Rc<SharedMemory>>>,
}

impl GuestMemory {
    /// Memory of so many bytes, made when it is needed.
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes,
            memory: RefCell::default(),
        }
    }

    /// The memory.
    ///
    /// # Errors
    /// If the kernel has none.
    pub fn memory(&self) -> Result<Rc<SharedMemory>, MemoryError> {
        let mut memory = self.memory.borrow_mut();
        if let Some(memory) = &*memory {
            return Ok(memory.clone());
        }
        let (made, _) = SharedMemory::create("unshared", self.bytes)?;
        Ok(memory.insert(Rc::new(made)).clone())
    }

    /// Moves to the client's memory, with what has been written so far.
    fn replace(&self, memory: Rc<SharedMemory>) {
        let before = self.memory.replace(Some(memory.clone()));
        let Some(before) = before else { return };
        let bytes = before.len().min(memory.len());
        if let (Some(to), Some(from)) = (memory.write(0..bytes), before.read(0..bytes)) {
            to.copy_from(from);
        }
    }
}

/// The resources of a connection by id.
#[derive(Debug, Default)]
pub struct Resources {
    by_id: IdMap<Rc<Attached>>,
}

impl Resources {
    /// What is attached under that id.
    pub fn get(&self, id: ResourceId) -> Option<&Rc<Attached>> {
        self.by_id.get(&id.0)
    }

    /// Attaches a resource; false if the id is taken.
    pub fn insert(&mut self, id: ResourceId, attached: Attached) -> bool {
        match self.by_id.entry(id.0) {
            Entry::Vacant(entry) => {
                entry.insert(Rc::new(attached));
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// Forgets the id. What is bound stays alive.
    pub fn remove(&mut self, id: ResourceId) -> Option<Rc<Attached>> {
        self.by_id.remove(&id.0)
    }
}
