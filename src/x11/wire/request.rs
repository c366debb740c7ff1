//! Requests, as far as their length and their answers depend on them.

use x11rb::protocol::xproto::{GET_IMAGE_REQUEST, QUERY_EXTENSION_REQUEST};

use super::{ByteOrder, Short};

/// How a request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestHead {
    pub(crate) major: u8,
    pub(crate) form: Form,
    /// The length as it is said, in units of four bytes.
    pub(crate) units: u32,
}

/// Where the length of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In two bytes.
    Usual,
    /// In four bytes after those, as BIG-REQUESTS has it.
    Long,
}

impl Form {
    /// Where the fields of a request begin.
    pub(crate) const fn body(self) -> usize {
        match self {
            Self::Usual => 4,
            Self::Long => 8,
        }
    }
}

impl RequestHead {
    pub(crate) fn read(order: ByteOrder, bytes: &[u8]) -> Result<Self, Short> {
        let (Some(&major), Some(units)) = (bytes.first(), order.u16_at(bytes, 2)) else {
            return Err(Short(4));
        };
        let (form, units) = match units {
            0 => (Form::Long, order.u32_at(bytes, 4).ok_or(Short(8))?),
            _ => (Form::Usual, units.into()),
        };
        Ok(Self { major, form, units })
    }

    /// Its length: at least that of what was read.
    pub(crate) fn bytes(self) -> u64 {
        4 * u64::from(self.units.max(self.form.body() as u32 / 4))
    }
}

/// A request, as far as its answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    /// Whether there is an extension of this name, which may be cut off.
    QueryExtension { name: &'a [u8] },
    /// The pixels of an area.
    GetImage { width: u16, height: u16 },
    /// Anything else, by the first two bytes.
    Other { major: u8, minor: u8 },
}

impl<'a> Request<'a> {
    /// What a request is that begins with these bytes, of which a [`Framer`](super::Framer) gives enough.
    pub(crate) fn of(order: ByteOrder, head: &'a [u8]) -> Self {
        let byte = |at| head.get(at).copied().unwrap_or_default();
        let (major, minor) = (byte(0), byte(1));
        let body = head.get(if order.u16_at(head, 2) == Some(0) { 8 } else { 4 }..);
        let body = body.unwrap_or_default();
        let known = match major {
            QUERY_EXTENSION_REQUEST => order.u16_at(body, 0).map(|length| Self::QueryExtension {
                name: name(body, length),
            }),
            GET_IMAGE_REQUEST => order
                .u16_at(body, 8)
                .zip(order.u16_at(body, 10))
                .map(|(width, height)| Self::GetImage { width, height }),
            _ => None,
        };
        known.unwrap_or(Self::Other { major, minor })
    }
}

fn name(body: &[u8], length: u16) -> &[u8] {
    let name = body.get(4..).unwrap_or_default();
    &name[..name.len().min(length.into())]
}
