//! Whether DRI3 can be offered to the clients of an X server, and the numbers that it is known by there.

use x11rb::{
    connection::RequestConnection as _,
    protocol::{shm::ConnectionExt as _, xproto::ConnectionExt as _},
};

use crate::{
    pipe::format::Format,
    x11::{Absence, Display, Extension, Fourcc, Segment, ShmError, Version, X11Error},
};

/// The first major opcode of extensions.
const FIRST_MAJOR: u8 = 128;
/// DRI3 with several planes and modifiers, which Mesa uses if Present has at least this version, too.
const WITH_MODIFIERS: Version = Version(1, 2);

/// Why an X server's clients do without DRI3.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// What DRI3 needs beside it is missing.
    #[error("{extension} is needed: {absence}")]
    Extension {
        /// Which.
        extension: Extension,
        /// Why it is not there.
        absence: Absence,
    },
    /// The server does not map memory of others.
    #[error(transparent)]
    Shm(#[from] ShmError),
    /// It maps memory, but makes no pixmaps of it, and has no DRI3 of its own to take dmabufs.
    #[error("the display makes no pixmaps of shared memory, and has no DRI3 for dmabufs")]
    NoSharedPixmaps,
    /// Windows whose pixels are not those of the textures.
    #[error("pixels of depth 24 are not XRGB8888")]
    Pixels,
    /// All extension opcodes are in use.
    #[error("the display has no major opcode left")]
    NoOpcode,
    /// The server failed us.
    #[error(transparent)]
    Display(#[from] X11Error),
}

/// How the server takes a picture in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Takes {
    /// As shared memory, which becomes a pixmap.
    pub(crate) memory: bool,
    /// As a dmabuf, by its own DRI3 of this version.
    pub(crate) dmabufs: Option<Version>,
}

/// What clients are offered, by the major opcodes of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    /// The one that DRI3 has: the server's own, or one that nothing else has.
    pub(crate) dri3: u8,
    pub(crate) present: u8,
    pub(crate) shm: u8,
    pub(crate) sync: u8,
    pub(crate) render: Option<u8>,
    pub(crate) randr: Option<u8>,
    /// The version of DRI3.
    pub(crate) version: Version,
    /// Whether pixels of depth 16 are RGB565.
    rgb565: bool,
    pub(crate) takes: Takes,
}

impl Offer {
    /// Asks the server for what is needed. Waits for its answers.
    ///
    /// # Errors
    /// Why DRI3 cannot be offered.
    pub(crate) fn of(display: &Display) -> Result<Self, Unavailable> {
        let need = |extension: Extension, version| {
            let found = display.extensions().need(extension, version);
            found.map_err(|absence| Unavailable::Extension { extension, absence })
        };
        let present = need(Extension::Present, Version(1, 0))?;
        need(Extension::Sync, Version(3, 1))?;
        need(Extension::XFixes, Version(2, 0))?;
        Segment::available(display)?;
        let formats = display.formats();
        if formats
            .of_depth(24)
            .is_none_or(|format| format.fourcc != Fourcc::XRGB8888)
        {
            return Err(Unavailable::Pixels);
        }
        let takes = Takes {
            memory: shares_pixmaps(display)?,
            dmabufs: display.extensions().version(Extension::Dri3).ok(),
        };
        if !takes.memory && takes.dmabufs.is_none() {
            return Err(Unavailable::NoSharedPixmaps);
        }
        let major = |name| {
            Ok::<_, X11Error>(
                display
                    .connection()
                    .extension_information(name)?
                    .map(|info| info.major_opcode),
            )
        };
        let known = |extension: Extension| {
            let absence = Absence::NotOffered;
            major(extension.name())?.ok_or(Unavailable::Extension { extension, absence })
        };
        Ok(Self {
            dri3: match major(Extension::Dri3.name())? {
                Some(major) => major,
                None => free_major(display)?.ok_or(Unavailable::NoOpcode)?,
            },
            present: known(Extension::Present)?,
            shm: known(Extension::Shm)?,
            sync: known(Extension::Sync)?,
            render: major("RENDER")?,
            randr: major(Extension::RandR.name())?,
            version: if present < WITH_MODIFIERS {
                Version(1, 0)
            } else {
                WITH_MODIFIERS
            },
            rgb565: formats
                .of_depth(16)
                .is_some_and(|format| format.fourcc == Fourcc::RGB565),
            takes,
        })
    }

    /// What textures are made of whose pixels are those of pixmaps of this depth.
    pub(crate) fn format(&self, depth: u8) -> Option<Format> {
        match depth {
            16 if self.rgb565 => Some(Format::B5G6R5_UNORM),
            24 => Some(Format::B8G8R8X8_UNORM),
            32 => Some(Format::B8G8R8A8_UNORM),
            _ => None,
        }
    }
}

fn shares_pixmaps(display: &Display) -> Result<bool, X11Error> {
    let version = display
        .connection()
        .shm_query_version()
        .map_err(X11Error::from)?
        .reply()?;
    Ok(version.shared_pixmaps)
}

/// A major opcode that no extension of the server has: the highest, since servers begin with the lowest.
fn free_major(display: &Display) -> Result<Option<u8>, X11Error> {
    let connection = display.connection();
    let names = connection.list_extensions()?.reply()?.names;
    let asked: Result<Vec<_>, _> = names
        .iter()
        .map(|name| connection.query_extension(&name.name))
        .collect();
    let mut used = Vec::new();
    for cookie in asked? {
        used.push(cookie.reply()?.major_opcode);
    }
    Ok((FIRST_MAJOR..=u8::MAX).rev().find(|major| !used.contains(major)))
}
