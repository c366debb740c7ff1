//! Host storage of pictures that are shown and shared: where it can be, it is memory that others can have.

use std::rc::Rc;

use super::{PicturePlace, error::ExecError};
use crate::{
    gl::{self, Gl, GlError},
    pipe::resource::{Backing, Count, InPlace, Placement, ResourceDescription, Retired, window_fourcc},
};

/// The order in which placements are tried.
const LADDER: [Placement; 3] = [Placement::Dmabuf, Placement::InPlace, Placement::Copied];
/// What GL is told that a dmabuf's bytes are, whatever they are for others: `GL_RGBA8`, as all storage is.
const STORED: u32 = u32::from_le_bytes(*b"AB24");
/// The format of the pictures that a placement is tried out with, the one that most windows have.
const TRIED: u32 = u32::from_le_bytes(*b"XR24");
/// Their side, in texels.
const TRIAL: u32 = 32;
/// Pictures with memory of their own at most, each of which keeps a descriptor open. A process has 1024 of them unless
/// somebody raised that.
const MAX_PICTURES: usize = 512;

/// How pictures are made.
#[derive(Debug)]
pub(super) struct Pictures {
    placement: Placement,
    refused: Vec<(Placement, GlError)>,
    retired: Rc<Retired>,
    count: Count,
}

impl Pictures {
    /// Finds the best placement that works.
    pub(super) fn new(display: &gl::Display, gl: &Gl, place: PicturePlace) -> Result<Self, ExecError> {
        let mut pictures = Self {
            placement: Placement::Copied,
            refused: Vec::new(),
            retired: Rc::default(),
            count: Count::default(),
        };
        for placement in LADDER {
            if !place.allows(placement) {
                continue;
            }
            pictures.placement = placement;
            match pictures.try_out(display, gl) {
                Ok(()) => return Ok(pictures),
                Err(error) => pictures.refused.push((placement, error)),
            }
        }
        match pictures.refused.pop() {
            Some((_, error)) => Err(error.into()),
            None => Ok(pictures),
        }
    }

    /// Where pictures are for others.
    pub(super) fn placement(&self) -> Placement {
        self.placement
    }

    /// Why they are not where it would be better.
    pub(super) fn refused(&self) -> &[(Placement, GlError)] {
        &self.refused
    }

    /// Pictures in memory of ours that nobody knows any more.
    pub(super) fn retired(&self) -> &Retired {
        &self.retired
    }

    fn try_out(&self, display: &gl::Display, gl: &Gl) -> Result<(), GlError> {
        for internal in [glow::RGBA8, glow::SRGB8_ALPHA8] {
            self.make(display, gl, [TRIAL; 2], TRIED, internal)?;
        }
        Ok(())
    }

    /// A texture of the internal format for a picture of the description, in memory that others can have. `None` if it
    /// must be in GL's own.
    pub(super) fn create(
        &self,
        display: &gl::Display,
        gl: &Gl,
        desc: &ResourceDescription,
        internal: u32,
    ) -> Option<(gl::Texture, Backing, Count)> {
        let fourcc = window_fourcc(desc.format)?;
        let size = [desc.width, desc.height.max(1)];
        if self.count.others() >= MAX_PICTURES {
            tracing::info!("a picture of {size:?} texels is copied: there are {MAX_PICTURES} others");
            return None;
        }
        let made = self.make(display, gl, size, fourcc, internal);
        let made =
            made.inspect_err(|error| tracing::info!("a picture of {size:?} texels is copied: {error}"));
        let (texture, backing) = made.ok()??;
        Some((texture, backing, self.count.clone()))
    }

    fn make(
        &self,
        display: &gl::Display,
        gl: &Gl,
        size: [u32; 2],
        fourcc: u32,
        internal: u32,
    ) -> Result<Option<(gl::Texture, Backing)>, GlError> {
        match self.placement {
            Placement::InPlace => self.in_place(gl, size, internal).map(Some),
            Placement::Dmabuf => dmabuf(display, gl, size, fourcc, internal).map(Some),
            Placement::Copied => Ok(None),
        }
    }

    fn in_place(
        &self,
        gl: &Gl,
        [width, height]: [u32; 2],
        internal: u32,
    ) -> Result<(gl::Texture, Backing), GlError> {
        let picture = gl.create_memory_texture(width, height)?;
        let texture = view(gl, picture.texture(), internal)?;
        let picture = InPlace::new(picture, &self.retired);
        Ok((texture, Backing::Memory(picture)))
    }
}

/// A linear buffer, which every importer can read.
fn dmabuf(
    display: &gl::Display,
    gl: &Gl,
    [width, height]: [u32; 2],
    fourcc: u32,
    internal: u32,
) -> Result<(gl::Texture, Backing), GlError> {
    let device = display.gbm().ok_or(GlError::NoGbm)?;
    let buffer = device.for_drawing(|device, usage| device.allocate_linear(width, height, fourcc, usage))?;
    let (held, dmabuf) = display.create_gbm_texture(gl, buffer, Some(STORED))?;
    let modifier = dmabuf.modifier.unwrap_or(gl::dmabuf::LINEAR);
    let planes = dmabuf.planes.len();
    let [plane] = <[gl::Plane; 1]>::try_from(dmabuf.planes).map_err(|_| gl::DmabufError::Planes(planes))?;
    let texture = view(gl, held.texture(), internal)?;
    let backing = Backing::Dmabuf {
        held,
        plane,
        modifier,
    };
    Ok((texture, backing))
}

/// A texture's only level as one of another internal format.
fn view(gl: &Gl, texture: &gl::Texture, internal: u32) -> Result<gl::Texture, GlError> {
    gl.texture_view(glow::TEXTURE_2D, texture, internal, (0, 1), (0, 1))
}
