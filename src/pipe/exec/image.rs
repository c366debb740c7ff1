//! Images: texels of a texture, or of a buffer, that shaders read and write in place.

use std::rc::Rc;

use crate::pipe::{
    format::{FormatInfo, Signedness},
    resource::Resource,
    wire::virgl::command::ShaderImage,
};

/// What an image slot is bound to.
#[derive(Debug)]
pub(super) struct BoundImage {
    resource: Rc<Resource>,
    format: &'static FormatInfo,
    desc: ShaderImage,
}

impl BoundImage {
    /// The sign of a pure-integer image; `None` for all others.
    pub(super) fn integer(&self) -> Option<Signedness> {
        self.format.integer()
    }
}
