//! Textures that pixmaps are copied into.

use x11rb::connection::Connection as _;

use super::{
    Channels, PathError, PixmapImporter, SourcePixmap, TextureTarget, layout::ImageLayout, transfer::Transfer,
};
use crate::{
    gl::Texture,
    x11::{Areas, X11Error},
};

/// The request that reads the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// MIT-SHM's GetImage.
    SharedMemory,
    /// The core protocol's.
    Reply,
}

/// A texture, and how it is brought up to date.
#[derive(Debug)]
pub(super) struct CopiedTexture {
    texture: Texture,
    target: TextureTarget,
    layout: ImageLayout,
    reader: Reader,
}

impl CopiedTexture {
    pub(super) fn new(
        importer: &PixmapImporter,
        source: &SourcePixmap,
        target: TextureTarget,
        channels: Channels,
        reader: Reader,
    ) -> Result<Self, PathError> {
        if reader == Reader::SharedMemory {
            importer.staging().available()?;
        }
        let format = source.format();
        let layout = ImageLayout::new(importer.display().connection().setup(), format).ok_or(
            X11Error::UnknownFormat {
                visual: 0,
                depth: format.depth,
            },
        )?;
        let texture = target.create(importer.gl(), layout.internal(), source.size())?;
        let swizzle = layout.swizzle(channels);
        importer
            .gl()
            .texture_parameter_iv(&texture, glow::TEXTURE_SWIZZLE_RGBA, &swizzle);
        Ok(Self {
            texture,
            target,
            layout,
            reader,
        })
    }

    pub(super) fn texture(&self) -> &Texture {
        &self.texture
    }

    /// Whether texels are four bytes, one a channel, and if so, whether red and blue are exchanged.
    pub(super) fn exchanged_bytes(&self) -> Option<bool> {
        self.layout.exchanged_bytes()
    }

    /// Bytes of so many pixels.
    pub(super) fn bytes(&self, pixels: u64) -> u64 {
        pixels * u64::from(self.layout.pixel_bytes())
    }

    /// Copies areas of the pixmap.
    pub(super) fn update(
        &self,
        importer: &PixmapImporter,
        source: &SourcePixmap,
        areas: &Areas,
    ) -> Result<(), PathError> {
        let transfer = Transfer {
            display: importer.display(),
            gl: importer.gl(),
            source,
            layout: &self.layout,
            texture: &self.texture,
        };
        match self.reader {
            Reader::SharedMemory => transfer.by_shared_memory(areas, importer.staging())?,
            Reader::Reply => transfer.by_reply(areas)?,
        }
        self.target.make_mipmaps(importer.gl(), &self.texture);
        Ok(())
    }
}
