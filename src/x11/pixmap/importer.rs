//! What all imports of a display share, and the ladder of paths.

use std::{cell::Cell, rc::Rc};

use super::{
    ImportError, ImportOptions, ImportedPixmap, PathError, PixmapPath, Skipped, SourcePixmap,
    copied::{CopiedTexture, Reader},
    direct::DirectTexture,
    dmabuf::{self, Export},
    staging::Staging,
};
use crate::{
    gl::{self, Gl, Image, Platform},
    x11::Display,
};

/// Makes textures of a display's pixmaps, for one GL context and those that share with it.
#[derive(Debug)]
pub struct PixmapImporter {
    display: Rc<Display>,
    host: Rc<gl::Display>,
    gl: Gl,
    staging: Staging,
    /// Which paths the log has told of: once is enough for all windows.
    told: Cell<[bool; PixmapPath::ALL.len()]>,
}

/// A texture by one of the paths.
#[derive(Debug)]
pub(super) enum Backing {
    /// It is the pixmap's memory.
    Direct(DirectTexture),
    /// The pixmap is copied into it.
    Copied(CopiedTexture),
}

impl PixmapImporter {
    /// An importer for pixmaps of `display` into textures of `gl`, a context of `host`.
    pub fn new(display: Rc<Display>, host: Rc<gl::Display>, gl: Gl) -> Self {
        Self {
            staging: Staging::new(&display),
            display,
            host,
            gl,
            told: Cell::default(),
        }
    }

    /// Makes a pixmap a texture by the first path that works. Waits for the server's answers. The contents are
    /// defined by the first bind.
    ///
    /// # Errors
    /// If no path works, or the pixmap, the connection or the context is gone.
    pub fn import(
        self: &Rc<Self>,
        source: SourcePixmap,
        options: ImportOptions,
    ) -> Result<ImportedPixmap, ImportError> {
        ImportedPixmap::new(self.clone(), source, options)
    }

    pub(super) fn display(&self) -> &Rc<Display> {
        &self.display
    }

    pub(super) fn gl(&self) -> &Gl {
        &self.gl
    }

    pub(super) fn staging(&self) -> &Staging {
        &self.staging
    }

    /// The first path that works, its texture, and why the better ones do not. Only paths worse than `below` are tried.
    pub(super) fn open(
        &self,
        source: &SourcePixmap,
        options: &ImportOptions,
        below: Option<PixmapPath>,
    ) -> Result<(PixmapPath, Backing, Vec<Skipped>), ImportError> {
        let first = below.map_or(0, |path| path as usize + 1);
        let mut skipped = Vec::new();
        for &path in &PixmapPath::ALL[first..] {
            let opened = match options.paths.allows(path) {
                true => self.open_path(path, source, options),
                false => Err(PathError::SwitchedOff),
            };
            match opened {
                Ok(backing) => return Ok((path, backing, skipped)),
                Err(reason) if reason.is_final() => return Err(ImportError::Final(reason)),
                Err(reason) => skipped.push(self.skip(path, reason)),
            }
        }
        Err(ImportError::NoPath(skipped))
    }

    /// Says in the log why a path is not taken.
    pub(super) fn skip(&self, path: PixmapPath, reason: PathError) -> Skipped {
        let mut told = self.told.get();
        let skipped = Skipped { path, reason };
        if std::mem::replace(&mut told[path as usize], true) {
            tracing::debug!("pixmaps not by {skipped}");
        } else {
            tracing::info!("pixmaps not by {skipped}");
        }
        self.told.set(told);
        skipped
    }

    fn open_path(
        &self,
        path: PixmapPath,
        source: &SourcePixmap,
        options: &ImportOptions,
    ) -> Result<Backing, PathError> {
        let &ImportOptions { target, channels, .. } = options;
        let direct =
            |image: Image| DirectTexture::new(self, source, &image, target, channels).map(Backing::Direct);
        let dmabuf = |export| dmabuf::import(&self.display, &self.host, source, export);
        let copied = |reader| CopiedTexture::new(self, source, target, channels, reader).map(Backing::Copied);
        match path {
            PixmapPath::DmabufModifiers => direct(dmabuf(Export::WithModifiers)?),
            PixmapPath::Dmabuf => direct(dmabuf(Export::Implicit)?),
            PixmapPath::EglPixmap => direct(self.egl_pixmap(source)?),
            PixmapPath::ShmImage => copied(Reader::SharedMemory),
            PixmapPath::GetImage => copied(Reader::Reply),
        }
    }

    fn egl_pixmap(&self, source: &SourcePixmap) -> Result<Image, PathError> {
        // EGL has a connection of its own, to the display that the environment names.
        let same_display = std::env::var("DISPLAY").is_ok_and(|name| name == self.display.name());
        if !same_display || self.host.platform() != Platform::X11 {
            return Err(PathError::HostElsewhere);
        }
        Ok(self.host.import_pixmap(source.id())?)
    }
}
