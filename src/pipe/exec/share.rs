//! Resources that several connections have.

use std::{rc::Rc, time::Duration};

use super::{
    Executor,
    error::ExecError,
    transfer::{read_texture, shared_bytes, write_texture},
    work::Fence,
};
use crate::{
    memory::SharedMemory,
    pipe::{
        resource::{Attached, Exported, HostTexture, PictureCopy, Resource},
        wire::virgl::command::{Box3, ResourceId},
    },
};

impl Executor {
    /// Gives a resource the memory that this client has for its transfers.
    ///
    /// # Errors
    /// If there is no such resource.
    pub fn attach_memory(&mut self, id: ResourceId, memory: Rc<SharedMemory>) -> Result<(), ExecError> {
        self.shared.attached(id)?.attach_memory(memory);
        Ok(())
    }

    /// What others may have of a resource. The same file each time.
    ///
    /// # Errors
    /// If there is no such resource, it is no single picture, or there is no memory for a copy.
    pub fn export(&mut self, id: ResourceId) -> Result<Exported<Rc<Resource>>, ExecError> {
        let resource = self.shared.resource(id)?;
        let (file, layout) = resource.export()?;
        Ok(Exported {
            shared: resource.clone(),
            file,
            layout,
        })
    }

    /// Takes in a resource of another executor of the group under a free id.
    ///
    /// # Errors
    /// If the id is taken.
    pub fn adopt(&mut self, id: ResourceId, shared: Rc<Resource>) -> Result<(), ExecError> {
        let number = self.shared.number;
        let attached = Attached::new(shared.clone(), None);
        if !self.shared.resources.insert(id, attached) {
            return Err(ExecError::ResourceExists(id));
        }
        let mut users = shared.users.borrow_mut();
        let works = &self.shared.group.works;
        if !users.iter().all(|user| works.knows(*user)) {
            // Nobody may be left who has waited for what one that is gone drew.
            works.follow_all(number);
        }
        for user in users.iter() {
            self.shared.group.works.pair(number, *user);
        }
        users.insert(number);
        Ok(())
    }

    /// Brings the exported memory up to date with the texture. What others that have the resource gave GL before is part
    /// of it: a [`fence`](Self::fence) tells when it is done.
    ///
    /// # Errors
    /// If there is no such resource, or GL refuses.
    pub fn resolve(&mut self, id: ResourceId) -> Result<(), ExecError> {
        let resource = self.shared.resource(id)?.clone();
        let Some((copy, texture)) = copied(&resource) else {
            self.shared.group.works.take_over_partners(self.shared.number);
            return Ok(());
        };
        self.begin();
        self.shared.settle();
        let shape = resource.shape.transfer(0, &resource.whole(), 0, 0)?;
        let to = shared_bytes(copy.memory(), 0, shape.span)?;
        read_texture(&self.gl, texture, 0, &shape, to)
    }

    /// Brings the texture up to date with the exported memory inside of `[x, y, width, height]`.
    ///
    /// # Errors
    /// If there is no such resource, the area is not inside of it, or GL refuses.
    pub fn upload(&mut self, id: ResourceId, area: [u32; 4]) -> Result<(), ExecError> {
        let resource = self.shared.resource(id)?.clone();
        let [x, y, w, h] = area.map(|side| i32::try_from(side).unwrap_or(i32::MAX));
        let (z, d) = (0, 1);
        let shape = resource.shape.transfer(0, &Box3 { x, y, z, w, h, d }, 0, 0)?;
        let Some((copy, texture)) = copied(&resource).filter(|_| shape.span > 0) else {
            return Ok(());
        };
        self.begin();
        let block = resource.shape.block();
        let row = u64::from(area[1] / u32::from(block.height));
        let column = u64::from(area[0] / u32::from(block.width));
        let start = row * shape.stride + column * u64::from(block.bytes);
        let bytes = shared_bytes(copy.memory(), start, shape.span)?;
        write_texture(&self.gl, texture, 0, &shape, bytes.as_read())
    }

    /// A mark behind all that GL was given by this executor; flushes. `None` if nothing is unfinished.
    pub fn fence(&mut self) -> Option<Fence> {
        self.work.borrow_mut().fence()
    }

    /// Whether GL has come past a mark, waiting at most `patience`.
    pub fn passed(&mut self, fence: &Fence, patience: Duration) -> bool {
        self.work.borrow_mut().passed(fence, patience)
    }
}

/// The copy that others have of a resource, and the texture that it is a copy of.
fn copied(resource: &Resource) -> Option<(&PictureCopy, &HostTexture)> {
    Some((resource.exported_copy()?, resource.texture()?))
}
