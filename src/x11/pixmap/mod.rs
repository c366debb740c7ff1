//! Pixmaps of X clients as GL textures, with the semantics of
//! [GLX_EXT_texture_from_pixmap](https://registry.khronos.org/OpenGL/extensions/EXT/GLX_EXT_texture_from_pixmap.txt).
//!
//! A [`SourcePixmap`] says which pixmap, a [`PixmapImporter`] makes it an [`ImportedPixmap`] by the first of the
//! [`PixmapPath`]s that works, and each [`ImportedPixmap::bind`] brings the texture up to date with what DAMAGE reported
//! until then. A path whose memory is the pixmap's own copies nothing, and the others copy what changed.

mod copied;
mod direct;
mod dmabuf;
mod error;
mod importer;
mod layout;
mod paths;
mod source;
mod staging;
mod target;
mod tracking;
mod transfer;

use std::rc::Rc;

use x11rb::protocol::Event;

pub use dmabuf::ExportError;
pub use error::{ImportError, PathError};
pub use importer::PixmapImporter;
pub use layout::Channels;
pub use paths::{Paths, PixmapPath, Skipped};
pub use source::SourcePixmap;
pub use target::TextureTarget;

use super::{Area, Areas};
use crate::gl::Texture;
use importer::Backing;
use tracking::Tracking;

/// What kind of texture is wanted, and by which paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// The texture's target and levels.
    pub target: TextureTarget,
    /// The texture's channels.
    pub channels: Channels,
    /// The paths that may be taken.
    pub paths: Paths,
}

/// What binds of a pixmap have cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportStats {
    /// Binds.
    pub binds: u64,
    /// Binds that copied from the server.
    pub copies: u64,
    /// Bytes of the pixels that were copied from the server.
    pub bytes_copied: u64,
    /// Rectangles that were copied from the server.
    pub rects: u64,
    /// Times that a bind waited for the server.
    pub round_trips: u64,
    /// Binds that copied within GL, where the pixmap's memory has not the target or the levels that are wanted.
    pub copies_in_gl: u64,
}

/// A pixmap that is a texture.
#[derive(Debug)]
pub struct ImportedPixmap {
    importer: Rc<PixmapImporter>,
    options: ImportOptions,
    picture: Picture,
    /// What the last bind brought.
    changed: Areas,
    stats: ImportStats,
}

/// What is exchanged when a window gets another pixmap.
#[derive(Debug)]
struct Picture {
    path: PixmapPath,
    skipped: Vec<Skipped>,
    backing: Backing,
    tracking: Tracking,
    source: SourcePixmap,
}

impl Picture {
    fn new(
        importer: &PixmapImporter,
        source: SourcePixmap,
        options: &ImportOptions,
    ) -> Result<Self, ImportError> {
        // Before anything is read, so that no change is missed.
        let tracking = Tracking::new(importer.display(), &source).map_err(ImportError::of_display)?;
        let (path, backing, skipped) = importer.open(&source, options, None)?;
        Ok(Self {
            path,
            skipped,
            backing,
            tracking,
            source,
        })
    }

    /// Goes on by the next path; if there is none, the path stays, since what failed may work again.
    fn step_down(
        &mut self,
        importer: &PixmapImporter,
        options: &ImportOptions,
        reason: PathError,
    ) -> Result<(), ImportError> {
        let failed = importer.skip(self.path, reason);
        match importer.open(&self.source, options, Some(self.path)) {
            Ok((path, backing, skipped)) => {
                self.skipped.push(failed);
                self.skipped.extend(skipped);
                (self.path, self.backing) = (path, backing);
                Ok(())
            }
            Err(ImportError::NoPath(mut skipped)) => {
                skipped.insert(0, failed);
                Err(ImportError::NoPath(skipped))
            }
            Err(error) => Err(error),
        }
    }
}

impl ImportedPixmap {
    fn new(
        importer: Rc<PixmapImporter>,
        source: SourcePixmap,
        options: ImportOptions,
    ) -> Result<Self, ImportError> {
        let picture = Picture::new(&importer, source, &options)?;
        Ok(Self {
            importer,
            options,
            changed: Areas::none(picture.source.size()),
            picture,
            stats: ImportStats::default(),
        })
    }

    /// Takes note of an event; false if it is not about this pixmap.
    pub fn handle_event(&mut self, event: &Event) -> bool {
        self.picture.tracking.handle_event(event)
    }

    /// Brings the texture up to date with all events so far, and lends it until the result is dropped.
    ///
    /// Where nothing changed, nothing is asked of the server and nothing copied. Where the pixmap is copied, the bind
    /// waits once for the server, and what is drawn in the meantime may or may not be seen, but is damage for the next
    /// bind. The bind calls GL in the importer's context; it changes no bindings there.
    ///
    /// # Errors
    /// If the pixmap, the connection or the context is gone, or all paths have failed by now. What changed then counts as
    /// changed still.
    pub fn bind(&mut self) -> Result<BoundTexture<'_>, ImportError> {
        let mut changed = self.picture.tracking.take().map_err(ImportError::of_display)?;
        if !changed.is_empty()
            && let Err(error) = self.update(&mut changed)
        {
            self.picture.tracking.put_back(&changed);
            return Err(error);
        }
        self.stats.binds += 1;
        self.changed = changed;
        Ok(BoundTexture { imported: self })
    }

    /// Brings areas up to date; all of them where the texture is a new one by another path.
    fn update(&mut self, areas: &mut Areas) -> Result<(), ImportError> {
        let Self {
            importer,
            options,
            picture,
            ..
        } = self;
        loop {
            let result = match &picture.backing {
                Backing::Direct(direct) => direct.update(importer.gl(), areas).map_err(PathError::from),
                Backing::Copied(copied) => copied.update(importer, &picture.source, areas),
            };
            match result {
                Ok(()) => break,
                Err(reason) if reason.is_final() => return Err(ImportError::Final(reason)),
                Err(reason) => picture.step_down(importer, options, reason)?,
            }
            *areas = Areas::all(picture.source.size());
        }
        match &picture.backing {
            Backing::Direct(direct) => self.stats.copies_in_gl += u64::from(direct.is_copied()),
            Backing::Copied(copied) => {
                self.stats.copies += 1;
                self.stats.round_trips += 1;
                self.stats.rects += areas.as_slice().len() as u64;
                self.stats.bytes_copied += copied.bytes(areas.pixels());
            }
        }
        Ok(())
    }

    /// Goes on with another pixmap, as the one that a window has got by a resize. It is imported before the old one is
    /// let go; if it cannot be, the old one stays.
    ///
    /// # Errors
    /// As [`PixmapImporter::import`].
    pub fn replace(&mut self, source: SourcePixmap) -> Result<(), ImportError> {
        self.picture = Picture::new(&self.importer, source, &self.options)?;
        Ok(())
    }

    /// The pixmap.
    pub fn source(&self) -> &SourcePixmap {
        &self.picture.source
    }

    /// The path in use.
    pub fn path(&self) -> PixmapPath {
        self.picture.path
    }

    /// The better paths that were not taken, best first.
    pub fn skipped(&self) -> &[Skipped] {
        &self.picture.skipped
    }

    /// What binds have cost so far.
    pub fn stats(&self) -> ImportStats {
        self.stats
    }

    /// Whether texture coordinate t = 0 is the top row, as GLX_Y_INVERTED_EXT says of a drawable: X keeps the top row
    /// first, and no path turns it round.
    pub const fn y_inverted(&self) -> bool {
        true
    }
}

/// A texture with a pixmap's contents. Dropping it is the release: only then can the pixmap be bound again.
#[derive(Debug)]
pub struct BoundTexture<'a> {
    imported: &'a ImportedPixmap,
}

impl BoundTexture<'_> {
    /// The texture. Its parameters may be set, other than the swizzle; its contents are to be sampled: raw copies
    /// may see red and blue exchanged and an alpha that is none.
    pub fn texture(&self) -> &Texture {
        match &self.imported.picture.backing {
            Backing::Direct(direct) => direct.texture(),
            Backing::Copied(copied) => copied.texture(),
        }
    }

    /// Whether raw copies see red and blue exchanged, where texels are four bytes, one a channel; `None` where they are
    /// something else, or the driver alone knows.
    pub fn exchanged_bytes(&self) -> Option<bool> {
        match &self.imported.picture.backing {
            Backing::Direct(_) => None,
            Backing::Copied(copied) => copied.exchanged_bytes(),
        }
    }

    /// What may have changed since the bind before.
    pub fn changed(&self) -> &[Area] {
        self.imported.changed.as_slice()
    }
}
