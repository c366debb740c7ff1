//! The shared memory that images pass through on their way to GL.

use std::{cell::RefCell, rc::Rc};

use crate::x11::{Display, Segment, ShmError, X11Error};

/// One segment for all imports of a display: each bind is done with it when it returns.
///
/// It grows to the largest image so far. What is never written costs no memory.
#[derive(Debug)]
pub(super) struct Staging {
    display: Rc<Display>,
    segment: RefCell<Option<Rc<Segment>>>,
}

impl Staging {
    pub(super) fn new(display: &Rc<Display>) -> Self {
        Self {
            display: display.clone(),
            segment: RefCell::default(),
        }
    }

    /// Whether there can be any.
    pub(super) fn available(&self) -> Result<(), ShmError> {
        Segment::available(&self.display)
    }

    /// The segment, of at least so many bytes. Waits for the server's answer if it has to be made.
    pub(super) fn segment(&self, bytes: u64) -> Result<Rc<Segment>, X11Error> {
        let mut segment = self.segment.borrow_mut();
        if let Some(segment) = &*segment
            && segment.memory().len() as u64 >= bytes
        {
            return Ok(segment.clone());
        }
        // The old one first: the two together may be more than there is memory for.
        *segment = None;
        let made = Segment::create(&self.display, bytes.next_power_of_two().max(1 << 16))?;
        Ok(segment.insert(Rc::new(made)).clone())
    }
}
