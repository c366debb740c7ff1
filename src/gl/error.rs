//! What can go wrong between us and the host's GL.

use super::platform::ProbeReport;

/// A refusal by EGL, by GL, or by the checks in front of them.
#[derive(Debug, thiserror::Error)]
pub enum GlError {
    /// No libEGL, or one older than 1.5.
    #[error("libEGL 1.5 cannot be loaded: {0}")]
    Library(String),
    /// A platform name that is not one of ours.
    #[error("unknown GL platform {0:?}: use auto, device, gbm, surfaceless or x11")]
    UnknownPlatform(String),
    /// An EGL extension that is needed is missing.
    #[error("EGL lacks {0}")]
    Extension(&'static str),
    /// A GL extension that is needed is missing.
    #[error("GL lacks {0}")]
    GlExtension(&'static str),
    /// The device platform lists no device that is a DRM node.
    #[error("none of the {0} EGL devices is a DRM device")]
    NoDrmDevice(usize),
    /// There is no DRM node to open.
    #[error("{0} has no DRM nodes")]
    NoNode(&'static str),
    /// A DRM node or its GBM device is of no use, or refuses to allocate.
    #[error("{call} on {node}: {error}")]
    Gbm {
        /// What was tried.
        call: &'static str,
        /// The node.
        node: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A buffer of GBM asked of a display that has no such device.
    #[error("GL is not on a GBM device")]
    NoGbm,
    /// A dmabuf asked of a software renderer that is on no DRM device, or on one that nobody can tell.
    #[error("no dmabufs for {renderer:?} on the {platform} platform: the gbm platform is needed")]
    NoDumbBuffers {
        /// `GL_RENDERER`.
        renderer: String,
        /// The platform.
        platform: super::Platform,
    },
    /// A dmabuf, or the node itself, that a software renderer cannot reach.
    #[error("the software renderer cannot reach the dmabuf: {call} on {node}: {error}")]
    Unmappable {
        /// What was tried.
        call: &'static str,
        /// The node.
        node: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A descriptor could not be duplicated.
    #[error("a descriptor cannot be duplicated: {0}")]
    Descriptor(std::io::Error),
    /// A description of a picture in dmabufs that cannot be one.
    #[error(transparent)]
    Dmabuf(#[from] super::DmabufError),
    /// An object of another EGL display or share group than the one it is used with.
    #[error("the {0} belongs to another EGL display or share group")]
    Foreign(&'static str),
    /// Pixmaps asked for where EGL is not on an X server.
    #[error("EGL displays of the {0} platform have no X pixmaps")]
    NoPixmaps(super::Platform),
    /// A texture was made without an error, and is not what was asked for.
    #[error("the texture is of {found:?} pixels instead of {wanted:?}")]
    TextureSize {
        /// Width and height that GL tells.
        found: [i32; 2],
        /// Those of the image, where they are known.
        wanted: Option<[u32; 2]>,
    },
    /// Textures cannot lie in memory that others attach.
    #[error(transparent)]
    Memory(#[from] super::MemoryError),
    /// No platform gave a usable display.
    #[error("no usable GL: {0}")]
    NoPlatform(ProbeReport),
    /// An EGL call failed.
    #[error("{call} failed: {error}")]
    Egl {
        /// The call.
        call: &'static str,
        /// EGL's reason.
        error: khronos_egl::Error,
    },
    /// The context could not be made current before, and is not used any more.
    #[error("the GL context is lost")]
    Lost,
    /// The host's GL is too old, or not desktop GL.
    #[error("desktop GL 4.5 core is needed, the host's version is {0:?}")]
    Version(String),
    /// A function that GL 4.5 has is missing.
    #[error("the host's GL lacks {0}")]
    Function(&'static str),
    /// GL made no object.
    #[error("GL cannot create a {0}")]
    Create(&'static str),
    /// GL refused a call.
    #[error("{call}: {error}")]
    Refused {
        /// The call.
        call: &'static str,
        /// What `glGetError` said.
        error: ErrorCode,
    },
    /// A number that does not fit GL's signed type, or a negative one where GL wants none.
    #[error("{what} {value} is out of range")]
    OutOfRange {
        /// What it counts.
        what: &'static str,
        /// The number.
        value: i128,
    },
    /// Memory shorter than what GL would touch.
    #[error("{what} needs {needed} bytes, {given} are given")]
    Short {
        /// The operation.
        what: &'static str,
        /// Bytes GL would touch.
        needed: u64,
        /// Bytes there are.
        given: u64,
    },
    /// Rows or images that overlap each other.
    #[error("a stride of {stride} bytes is less than the {needed} bytes of a {of}")]
    Stride {
        /// `row` or `image`.
        of: &'static str,
        /// Bytes from one to the next.
        stride: u64,
        /// Bytes of one.
        needed: u64,
    },
    /// A pixel size that is not that of the format and type.
    #[error("pixels of format {format:#06x}, type {ty:#06x} are not of {pixel_bytes} bytes")]
    PixelSize {
        /// GL format.
        format: u32,
        /// GL type.
        ty: u32,
        /// The size the caller counts with.
        pixel_bytes: u64,
    },
    /// A target that the call does not take.
    #[error("{call} does not take target {target:#06x}")]
    Target {
        /// The call.
        call: &'static str,
        /// The target.
        target: u32,
    },
    /// A draw that would read vertices from nowhere.
    #[error("cannot draw: {0}")]
    Unbound(&'static str),
    /// A shader does not compile or a program does not link.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

/// A shader that does not compile, or shaders that do not link.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProgramError {
    /// One shader.
    #[error("the {kind} shader does not compile: {log}")]
    Compile {
        /// Its stage.
        kind: super::ShaderKind,
        /// GL's words.
        log: String,
    },
    /// Their combination.
    #[error("the program does not link: {log}")]
    Link {
        /// GL's words.
        log: String,
    },
}

/// What `glGetError` gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.0 {
            glow::INVALID_ENUM => "GL_INVALID_ENUM",
            glow::INVALID_VALUE => "GL_INVALID_VALUE",
            glow::INVALID_OPERATION => "GL_INVALID_OPERATION",
            glow::INVALID_FRAMEBUFFER_OPERATION => "GL_INVALID_FRAMEBUFFER_OPERATION",
            glow::OUT_OF_MEMORY => "GL_OUT_OF_MEMORY",
            glow::CONTEXT_LOST => "GL_CONTEXT_LOST",
            other => return write!(f, "GL error {other:#06x}"),
        };
        f.write_str(name)
    }
}
