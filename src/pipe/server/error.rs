//! Why a connection is ended.

use std::io;

use crate::{
    memory::MemoryError,
    pipe::wire::{virgl::command::ResourceId, vtest::RequestError},
};

/// Why a connection had to be ended.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SessionError {
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the first request was not CREATE_RENDERER")]
    NoRenderer,
    #[error("{0} is not served, and its client would wait for the answer")]
    Unserved(&'static str),
    #[error("resource id {} is taken, or not for the client to choose", .0.0)]
    ResourceId(ResourceId),
    #[error("{what} would exceed the quota of {limit}")]
    Quota { what: &'static str, limit: u64 },
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("a descriptor was announced and none came")]
    NoDescriptor,
    #[error("the client went while its fence was waited for")]
    Gone,
    #[error("the client does not read: {0} bytes of answers wait for it")]
    Unread(usize),
    #[error("no timeline has the id {0}")]
    Timeline(u32),
    #[error("capset {0} is not served")]
    Capset(u32),
    #[error("the host's GL is lost")]
    Lost,
}

/// Whether the other end is closed. A client that was killed may leave answers unread.
pub(super) fn is_hangup(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
