//! The vtest server: sockets, and a session for each connection.
//!
//! [`Listener`] accepts connections of its own user and hands each to a process of its own; it holds no GL.
//! [`Session`] runs one connection: it reads requests in batches, has a [`Renderer`] carry them out, and answers in
//! order. The protocol is described in `vtest_protocol.h` of the virglrenderer project.

mod fds;
mod limits;
mod listener;
mod record;
mod renderer;
mod session;
mod timelines;

pub use fds::{receive, send_with_fd};
pub use limits::Limits;
pub use listener::{ListenError, Listener, Peer, Sessions};
pub(crate) use listener::{is_transient, permitted};
pub use record::Recorder;
pub use renderer::Renderer;
pub use session::{Session, SessionError};
