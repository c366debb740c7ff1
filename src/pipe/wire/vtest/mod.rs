//! Framing of the vtest socket protocol, both directions and both ends.
//!
//! `vtest_protocol.h` of the virglrenderer project is the only specification. Its length words cannot be trusted to
//! find the next request (their unit varies, and one of them counts bytes that are never sent), so the size of a
//! request comes from its kind here, and only the few truly variable kinds look at the length word.
//!
//! * [`parse`] reads a [`Request`] from the front of a byte buffer; [`Inbox`] is the buffer that suits it.
//! * [`Request::encode`] is the client's half, in the words a Mesa client would use.
//!
//! A file descriptor travels in a message of its own that carries one byte of data. Received with `recvmsg`, that
//! byte stands in the byte stream like any other, so requests that are followed by descriptors include these bytes:
//! once such a request is complete, its descriptors have arrived ([`Request::fd_count`] tells how many).

mod encode;
mod inbox;
mod items;
mod kind;
mod parse;
mod reply;
mod request;
mod submit;

#[cfg(test)]
mod tests;

pub use inbox::Inbox;
pub use items::{Item, Items, Payload};
pub use kind::{RequestKind, Version};
pub use parse::{Parsed, RequestError, parse};
pub use reply::ReplyShape;
pub use request::{
    BlobDesc, BlobKind, DrmSyncWait, DrmTransfer, Request, ResourceDesc, SyncPoint, SyncobjPoint,
};
pub use submit::{Batch, BatchFlags, Batches, Submit2};

/// Bytes of the header of a request or reply: length word and command id.
pub const HEADER_BYTES: usize = 8;

/// The longest name that CREATE_RENDERER may carry, in bytes.
pub const MAX_NAME_BYTES: usize = 1 << 20;

/// The largest command stream that one SUBMIT_CMD or SUBMIT_CMD2 may carry, in bytes. Mesa's buffers hold 260 KiB.
pub const MAX_SUBMIT_BYTES: usize = 64 << 20;

/// The most data that one TRANSFER_PUT or TRANSFER_GET may move over the socket, in bytes.
pub const MAX_TRANSFER_BYTES: usize = 256 << 20;

/// The most synchronisation objects that one request may name.
pub const MAX_SYNC_OBJECTS: usize = 4096;

/// Rings of a context; ring indices are below this number.
pub const MAX_RINGS: u32 = 64;
