//! Why a command was not carried out.

use crate::memory::MemoryError;
use crate::{
    gl::{ErrorCode, GlError},
    pipe::{
        format::Format,
        glsl::EmitError,
        resource::{BoxError, ExportError, ResourceError},
        tgsi::ParseError,
        wire::virgl::{
            DecodeError,
            command::{ObjectId, ResourceId},
            enums::{ObjectType, Primitive, Stage, TextureTarget},
        },
    },
};

/// A command of the stream that was refused. The stream goes on with the next command.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The words do not form a command.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A command of a later GL version, whose cap is not advertised.
    #[error("{0} is not supported by this renderer")]
    Unsupported(&'static str),
    /// No such object in the sub-context.
    #[error("no {kind} object with handle {}", .id.0)]
    NoObject {
        /// What was looked for.
        kind: &'static str,
        /// The handle.
        id: ObjectId,
    },
    /// Objects with handle 0 cannot be created.
    #[error("handle 0 cannot name a new {0:?} object")]
    ZeroHandle(ObjectType),
    /// The object type cannot be bound by BIND_OBJECT.
    #[error("objects of type {0:?} are not bound by BIND_OBJECT")]
    NotBindable(ObjectType),
    /// No such resource.
    #[error("no resource with id {}", .0.0)]
    NoResource(ResourceId),
    /// The id is taken.
    #[error("resource id {} is already in use", .0.0)]
    ResourceExists(ResourceId),
    /// The resource cannot be used in this way.
    #[error("resource {} is not {wanted}", .id.0)]
    WrongResource {
        /// The resource.
        id: ResourceId,
        /// What would have been needed.
        wanted: &'static str,
    },
    /// The resource description is refused.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// The format has no host counterpart for this use.
    #[error("format {} cannot be used as {usage}", .format.name())]
    Format {
        /// The format.
        format: Format,
        /// The use.
        usage: &'static str,
    },
    /// The target cannot be used in this way.
    #[error("target {target:?} cannot be used as {usage}")]
    Target {
        /// The target.
        target: TextureTarget,
        /// The use.
        usage: &'static str,
    },
    /// A level or layer range that the resource does not have.
    #[error("levels {levels:?} or layers {layers:?} are outside resource {}", .id.0)]
    Range {
        /// The resource.
        id: ResourceId,
        /// First and last level.
        levels: (u32, u32),
        /// First and last layer.
        layers: (u32, u32),
    },
    /// A box outside the resource or data outside its memory.
    #[error(transparent)]
    Box(#[from] BoxError),
    /// Data shorter than the box needs.
    #[error("the box needs {needed} bytes, {given} are given")]
    Short {
        /// Bytes needed.
        needed: u64,
        /// Bytes given.
        given: u64,
    },
    /// A part of a shader text that does not fit the parts before it.
    #[error("shader {} ({stage:?}): {reason}", .id.0)]
    ShaderPart {
        /// The shader object.
        id: ObjectId,
        /// Its stage.
        stage: Stage,
        /// What is wrong.
        reason: &'static str,
    },
    /// The shader text is not TGSI.
    #[error("shader text: {0}")]
    Parse(#[from] ParseError),
    /// The shader cannot be translated.
    #[error("shader translation: {0}")]
    Emit(#[from] EmitError),
    /// The bound shaders do not fit each other or what is drawn.
    #[error("cannot draw {mode:?}: {reason}")]
    Draw {
        /// What is drawn.
        mode: Primitive,
        /// What does not fit.
        reason: &'static str,
    },
    /// A value outside its range.
    #[error("{what} {value} is out of range")]
    OutOfRange {
        /// What it is.
        what: &'static str,
        /// The value.
        value: u64,
    },
    /// The host's GL refused.
    #[error(transparent)]
    Gl(#[from] GlError),
    /// GL recorded an error for a call of ours.
    #[error("GL recorded {0}")]
    Recorded(ErrorCode),
    /// The kernel gave no memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Others cannot have the resource.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A query command that does not fit the query's state.
    #[error("query {}: {reason}", .id.0)]
    Query {
        /// The query.
        id: ObjectId,
        /// What is wrong.
        reason: &'static str,
    },
}
