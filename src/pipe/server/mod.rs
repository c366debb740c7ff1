//! The vtest server: sockets, and sessions.
//!
//! [`Listener`] accepts connections of its own user and hands each to a process of its own; it holds no GL.
//! [`Session`] runs one connection: it reads requests in batches, has a [`Renderer`] carry them out, and answers in
//! order. The protocol is described in `vtest_protocol.h` of the virglrenderer project. [`SharedSession`] runs many
//! connections, which can have resources in common by the extension that `docs/protocol.md` describes.

mod barrier;
mod connection;
mod error;
mod exports;
mod fds;
mod hub;
mod lent;
mod limits;
mod listener;
mod outbox;
mod record;
mod renderer;
mod session;
mod timelines;

pub use error::SessionError;
pub use fds::{receive, send_with_fd};
pub use limits::{Limits, SharedLimits};
pub use listener::{ListenError, Listener, Peer, Sessions, make_free};
pub(crate) use listener::{is_transient, permitted};
pub use record::Recorder;
pub use renderer::{Renderer, RendererGroup};
pub use session::{Session, SharedSession};
