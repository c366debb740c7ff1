//! How long the answer to a request is, for those who are clients.

use super::{HEADER_BYTES, Request, Version, items::words};

/// The longest answer with a header, in bytes.
const MAX_REPLY: usize = 1 << 20;

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyShape {
    /// Nothing.
    None,
    /// That many bytes without a header.
    Raw(usize),
    /// A header whose length word counts the words that follow.
    Words,
    /// A header whose length word is one more than the bytes that follow.
    Capset,
}

impl ReplyShape {
    /// The shape of the answer to a request, descriptors apart.
    pub fn of(request: &Request<'_>, version: Version) -> Self {
        match request {
            Request::GetCaps | Request::GetCaps2 => Self::Capset,
            Request::TransferGet { data_size, .. } => Self::Raw(*data_size as usize),
            Request::ResourceCreate(_) | Request::ResourceCreate2 { .. }
                if version.server_allocates_ids() =>
            {
                Self::Words
            }
            Request::BusyWait { .. }
            | Request::Ping
            | Request::ProtocolVersion(_)
            | Request::GetParam(_)
            | Request::GetCapset { .. }
            | Request::ResourceCreateBlob(_)
            | Request::SyncCreate { .. }
            | Request::SyncRead(_)
            | Request::SyncWait { .. }
            | Request::ResourceExportFd(_)
            | Request::ResourceMemory { .. }
            | Request::ResourceExport(_)
            | Request::ResourceImport(_)
            | Request::Resolve { .. }
            | Request::Upload { .. }
            | Request::FenceMerge
            | Request::Wait { .. } => Self::Words,
            _ => Self::None,
        }
    }

    /// Bytes behind the header; `None` if the header announces more than is reasonable.
    pub fn body(self, header: [u8; HEADER_BYTES]) -> Option<usize> {
        let [length] = words(&header);
        let bytes = match self {
            Self::None | Self::Raw(_) => 0,
            Self::Words => (length as usize).checked_mul(4)?,
            Self::Capset => (length as usize).checked_sub(1)?,
        };
        (bytes <= MAX_REPLY).then_some(bytes)
    }

    /// The number of descriptors that follow the answer with this body, each in a message of one byte.
    pub fn descriptors(request: &Request<'_>, body: &[u8]) -> usize {
        match request {
            // Given where the first word, the status, says that nothing went wrong.
            Request::ResourceMemory { .. } | Request::ResourceExport(_) | Request::FenceMerge => {
                usize::from(body.starts_with(&[0; 4]))
            }
            Request::ResourceCreate2 { data_size, .. } => usize::from(*data_size != 0),
            Request::ResourceCreateBlob(_) | Request::SyncWait { .. } | Request::ResourceExportFd(_) => 1,
            Request::SubmitCmd2(submit) => submit
                .batches()
                .filter(|batch| batch.flags.has_out_fence())
                .count(),
            _ => 0,
        }
    }
}
