//! Executors whose resources can be shared: one display, one share group, one thread.

use std::{cell::RefCell, rc::Rc, time::Duration};

use super::{
    ExecError, Executor, features,
    layout::layout,
    library::Library,
    pictures::Pictures,
    resource_limits,
    shader::Translation,
    work::{Fence, Works},
};
use crate::{
    gl::{self, Gl, GlError, MemoryTexture, ReadBytes},
    pipe::{
        caps::{Caps, FormatSupport, HostLimits, SamplePositions},
        glsl::Host,
        resource::{Placement, ResourceLimits},
    },
};

/// Bytes of zeros that stand in for a missing vertex buffer.
const ZEROS: usize = 256;

/// Where pictures that are shown and shared are to be for others. Others than those pictures are copied anyway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PicturePlace {
    /// The best place that works.
    #[default]
    Best,
    /// The best place that works and is memory which the CPU can map, for X servers without DRI3.
    BestInMemory,
    /// That one, or the group is not made.
    Only(Placement),
}

impl PicturePlace {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Best,
        Self::BestInMemory,
        Self::Only(Placement::Dmabuf),
        Self::Only(Placement::InPlace),
        Self::Only(Placement::Copied),
    ];

    /// The name that options have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::BestInMemory => "memory",
            Self::Only(placement) => placement.name(),
        }
    }

    /// Whether pictures may be there.
    pub fn allows(self, placement: Placement) -> bool {
        match self {
            Self::Best => true,
            Self::BestInMemory => placement != Placement::Dmabuf,
            Self::Only(wanted) => wanted == placement,
        }
    }
}

/// Executors in one share group of GL.
#[derive(Debug)]
pub struct ExecutorGroup(Rc<Group>);

impl ExecutorGroup {
    /// Finds out what the host can do.
    ///
    /// # Errors
    /// If no context can be made, its GL is older than 4.5 core, or pictures cannot be where they are to be.
    pub fn new(display: gl::Display, place: PicturePlace) -> Result<Self, ExecError> {
        Group::new(display, place).map(|group| Self(Rc::new(group)))
    }

    /// An executor for one more connection.
    ///
    /// # Errors
    /// If no context can be made.
    pub fn connect(&self) -> Result<Executor, ExecError> {
        Executor::in_group(&self.0)
    }

    /// Deletes what executors that are gone have left to be deleted, as far as GL has finished with it.
    pub fn tidy(&self) {
        let gl = self.0.root.gl();
        self.0.tidy(&gl);
        // Names that were dropped while no context was current wait for one.
        gl.flush();
    }

    /// Where pictures that are shown and shared are for others.
    pub fn placement(&self) -> Placement {
        self.0.pictures.placement()
    }

    /// The better places that were tried, and why pictures cannot be there.
    pub fn refused_placements(&self) -> &[(Placement, GlError)] {
        self.0.pictures.refused()
    }
}

/// What the executors of a group have in common.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) works: Works,
    pub(super) pictures: Pictures,
    /// Pictures that go once GL has come past the fence behind all that may draw them.
    leaving: RefCell<Vec<(Fence, Vec<Rc<MemoryTexture>>)>>,
    pub(super) translation: Translation,
    pub(super) caps: Caps,
    pub(super) limits: ResourceLimits,
    /// Stands in for missing vertex buffers: reads as zeros.
    pub(super) zeros: gl::Buffer,
    root: gl::Context,
    pub(super) display: gl::Display,
}

impl Group {
    fn new(display: gl::Display, place: PicturePlace) -> Result<Self, ExecError> {
        let root = display.create_context(None)?;
        root.make_current()?;
        let gl = root.gl();
        let host = HostLimits {
            sample_positions: SamplePositions::probe(&gl)?,
            ..HostLimits::from(gl.capabilities())
        };
        let translation = Translation {
            host: glsl_host(gl.capabilities()),
            layout: layout(&host),
            library: Library::default(),
        };
        let zeros = gl.create_buffer()?;
        gl.buffer_storage(&zeros, ZEROS as u64, Some(ReadBytes::from(&[0u8; ZEROS][..])), 0)?;
        Ok(Self {
            works: Works::default(),
            pictures: Pictures::new(&display, &gl, place)?,
            leaving: RefCell::default(),
            caps: Caps::new(
                &host,
                &FormatSupport::probe(&gl)?,
                &features(&translation.host, gl.capabilities()),
            ),
            translation,
            limits: resource_limits(&host),
            zeros,
            root,
            display,
        })
    }

    /// A context of the share group.
    pub(super) fn context(&self) -> Result<gl::Context, GlError> {
        self.display.create_context(Some(&self.root))
    }

    /// Lets go of pictures that GL has finished with. `gl` is any context of the group.
    pub(super) fn tidy(&self, gl: &Gl) {
        let retired = self.pictures.retired();
        if !retired.is_empty() {
            let pictures = retired.take();
            self.leaving
                .borrow_mut()
                .push((self.works.fence_all(gl), pictures));
        }
        self.leaving
            .borrow_mut()
            .retain(|(fence, _)| !fence.passed(gl, Duration::ZERO));
    }
}

impl Drop for Group {
    /// Pictures must not go before GL has finished with them.
    fn drop(&mut self) {
        let gl = self.root.gl();
        self.works.fence_all(&gl).passed(&gl, Duration::MAX);
    }
}

fn glsl_host(capabilities: &gl::Capabilities) -> Host {
    Host {
        version: if capabilities.version >= (4, 6) { 460 } else { 450 },
        draw_parameters: capabilities.has("GL_ARB_shader_draw_parameters"),
        viewport_layer_array: capabilities.has("GL_ARB_shader_viewport_layer_array"),
        stencil_export: capabilities.has("GL_ARB_shader_stencil_export"),
        texture_shadow_lod: capabilities.has("GL_EXT_texture_shadow_lod"),
        group_vote: capabilities.has("GL_ARB_shader_group_vote"),
        shader_clock: capabilities.has("GL_ARB_shader_clock"),
        ballot: capabilities.has("GL_ARB_shader_ballot"),
        int64: capabilities.has("GL_ARB_gpu_shader_int64"),
        atomic_counter_ops: capabilities.has("GL_ARB_shader_atomic_counter_ops"),
        framebuffer_fetch: capabilities.has("GL_EXT_shader_framebuffer_fetch"),
    }
}
