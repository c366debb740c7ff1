//! Pictures in memory of ours, and their end.
//!
//! GL must have finished with such a picture before it goes: what was queued for it would not arrive, and what reads
//! it would find nothing. So a picture that nobody knows any more waits in [`Retired`] for the fences behind it.

use std::{cell::RefCell, ops::Deref, rc::Rc};

use crate::gl::MemoryTexture;

/// Counts pictures that each keep a descriptor open, of which a process has only so many.
#[derive(Debug, Clone, Default)]
pub struct Count(Rc<()>);

impl Count {
    /// How many clones of this there are.
    pub fn others(&self) -> usize {
        Rc::strong_count(&self.0) - 1
    }
}

/// Pictures that are to go once GL has finished with them.
#[derive(Debug, Default)]
pub struct Retired(RefCell<Vec<Rc<MemoryTexture>>>);

impl Retired {
    /// Those that came since this was called last.
    pub fn take(&self) -> Vec<Rc<MemoryTexture>> {
        self.0.take()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// A texture in memory of ours that retires when this is dropped.
#[derive(Debug)]
pub struct InPlace {
    picture: Rc<MemoryTexture>,
    retired: Rc<Retired>,
}

impl InPlace {
    /// Lets a picture retire to `retired` in the end.
    pub fn new(picture: MemoryTexture, retired: &Rc<Retired>) -> Self {
        Self {
            picture: Rc::new(picture),
            retired: retired.clone(),
        }
    }
}

impl Deref for InPlace {
    type Target = MemoryTexture;

    fn deref(&self) -> &MemoryTexture {
        &self.picture
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        self.retired.0.borrow_mut().push(self.picture.clone());
    }
}
