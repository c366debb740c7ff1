//! Pixel and vertex formats by their virgl numbers.
//!
//! [`Format::info`] tells what a format is made of, and how the host's GL stores it ([`HostFormat`]) or fetches
//! vertices of it ([`VertexFormat`]). Whether a given host supports the format is for [`crate::pipe::caps`] to find out.

#![forbid(unsafe_code)]

mod host;
mod info;
mod table;
mod vertex;
mod view;

#[cfg(test)]
mod tests;

pub use host::{HostFormat, SR8_EXT, SRG8_EXT, Storage, Transfer};
pub use info::{Block, Channel, Component, FormatInfo, Kind, Signedness};
pub use vertex::VertexFormat;
pub use view::{ViewClass, copy_compatible};

use std::fmt;

/// A virgl format number. Any number may stand here; the format table says which have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Format(pub u32);

impl Format {
    /// What the format is made of; `None` for numbers without a format.
    pub fn info(self) -> Option<&'static FormatInfo> {
        table::TABLE.get(usize::try_from(self.0).ok()?)?.as_ref()
    }

    /// The name without a prefix, such as `B8G8R8A8_UNORM`; `unknown` for numbers without a format.
    pub fn name(self) -> &'static str {
        self.info().map_or("unknown", |info| info.name)
    }

    /// The format with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|format| format.name() == name)
    }

    /// Every format, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..table::COUNT as u32)
            .map(Self)
            .filter(|format| format.info().is_some())
    }

    /// How the host's GL stores textures of the format.
    pub fn host(self) -> Option<HostFormat> {
        self.info()?.host
    }

    /// How GL fetches vertices of the format.
    pub fn vertex(self) -> Option<VertexFormat> {
        self.info()?.vertex
    }

    /// Formats of the same class may view each other's textures; `None` for those that only view their own.
    pub fn view_class(self) -> Option<ViewClass> {
        self.host()?.view_class()
    }

    /// Whether colours are encoded by the sRGB curve.
    pub fn is_srgb(self) -> bool {
        self.info().is_some_and(|info| info.is_srgb)
    }

    /// Whether there is an alpha channel. Without one, alpha reads as 1.
    pub fn has_alpha(self) -> bool {
        self.info().is_some_and(|info| info.has_alpha)
    }

    /// Whether shaders read and write integers, and of which signedness.
    pub fn integer(self) -> Option<Signedness> {
        self.info()?.integer()
    }

    /// Whether it has depth or stencil.
    pub fn is_depth_or_stencil(self) -> bool {
        self.info().is_some_and(FormatInfo::is_depth_or_stencil)
    }
}

/// The facts and the storage of a format of which textures can be made.
pub fn host_format(format: Format) -> Option<(&'static FormatInfo, &'static HostFormat)> {
    let info = format.info()?;
    Some((info, info.host.as_ref()?))
}

/// The name, or the number where there is none.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Some(info) => f.pad(info.name),
            None => write!(f, "format {}", self.0),
        }
    }
}
