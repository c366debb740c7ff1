//! A display, a GL host, and another client's pixmaps on their way from the one to the other.

use std::rc::Rc;

use pixbridge::{
    gl::{self, Choice, Gl},
    x11::{
        BoundTexture, Channels, Display, Happening, ImportOptions, ImportedPixmap, Limits, Paths,
        PixmapImporter, PixmapPath, SourcePixmap, TextureTarget,
    },
};
use x11rb::protocol::xproto::{Drawable, Pixmap, Window};

use crate::{
    painter::{Painter, colour},
    sampled::Sampler,
    xpeer::Peer,
};

/// The difference of a channel that the precision of GL's formats explains.
const PRECISION: f32 = 1e-4;

/// What imports need. Its methods panic where something fails that a test cannot do without.
#[derive(Debug)]
pub struct Rig {
    /// The other client.
    pub painter: Painter,
    /// Our connection.
    pub display: Rc<Display>,
    /// The GL context.
    pub gl: Gl,
    importer: Rc<PixmapImporter>,
    sampler: Sampler,
}

#[allow(clippy::missing_panics_doc)]
impl Rig {
    /// Opens the display of this name and a GL host.
    pub fn open(name: &str, limits: &Limits, choice: Choice) -> Self {
        let host = Rc::new(gl::Display::open(choice).expect("a GL host"));
        Self::on_host(name, limits, host)
    }

    /// Opens the display of this name for a host that is open.
    pub fn on_host(name: &str, limits: &Limits, host: Rc<gl::Display>) -> Self {
        let display = Display::open(Some(name), limits).expect("display");
        Self::new(Painter::connect(name), display, host)
    }

    /// Connects to a fault peer.
    pub fn on_peer(peer: &Peer, host: Rc<gl::Display>) -> Self {
        let guarded = peer.connect_guarded().expect("peer");
        let display = Display::from_connection(guarded, 0, &Limits::default()).expect("display");
        Self::new(Painter::on(peer.connect().expect("peer"), 0), display, host)
    }

    fn new(painter: Painter, display: Display, host: Rc<gl::Display>) -> Self {
        let display = Rc::new(display);
        let gl = host.create_context(None).expect("a GL context").gl();
        let importer = PixmapImporter::new(display.clone(), host, gl.clone());
        Self {
            painter,
            importer: Rc::new(importer),
            display,
            sampler: Sampler::new(&gl).expect("programs"),
            gl,
        }
    }

    /// The importer.
    pub fn importer(&self) -> &Rc<PixmapImporter> {
        &self.importer
    }

    /// A pixmap of the painter's, imported.
    pub fn import(&self, pixmap: Pixmap, options: ImportOptions) -> ImportedPixmap {
        let source = SourcePixmap::of_pixmap(&self.display, pixmap).expect("pixmap");
        self.importer.import(source, options).expect("a way to a texture")
    }

    /// A window's pixmap, imported.
    pub fn import_window(&self, window: Window, options: ImportOptions) -> ImportedPixmap {
        let source = SourcePixmap::of_window(&self.display, window).expect("window");
        self.importer.import(source, options).expect("a way to a texture")
    }

    /// Lets importer and GL go.
    pub fn without_importer(self) -> (Painter, Rc<Display>) {
        (self.painter, self.display)
    }

    /// Hands over all events of what the painter has done so far.
    pub fn hear(&self, imported: &mut ImportedPixmap) {
        self.display.sync().expect("connection");
        while let Some(happening) = self.display.poll().expect("connection") {
            match happening {
                Happening::Event(event) => {
                    imported.handle_event(&event);
                }
                Happening::Refused { error, .. } => panic!("{error:?}"),
            }
        }
    }

    /// What shaders read of a texture's level 0.
    pub fn sampled(&self, bound: &BoundTexture<'_>, size: (u16, u16)) -> Vec<[f32; 4]> {
        self.sampled_level(bound, 0, size)
    }

    /// What shaders read of a level, whose size is given.
    pub fn sampled_level(&self, bound: &BoundTexture<'_>, level: u32, size: (u16, u16)) -> Vec<[f32; 4]> {
        let texels = self.sampler.read(bound.texture(), level, size).expect("texels");
        assert_eq!(self.gl.get_error(), None);
        texels
    }

    /// Binds, and compares what shaders read with what the server holds of `drawable`, pixel by pixel.
    #[track_caller]
    pub fn assert_up_to_date(&self, imported: &mut ImportedPixmap, drawable: Drawable, channels: Channels) {
        self.hear(imported);
        let (size, format) = (imported.source().size(), imported.source().format());
        let held = self.painter.pixels(drawable, format, size);
        let bound = imported.bind().expect("bound");
        let texels = self.sampled(&bound, size);
        assert_eq!(held.len(), texels.len());
        for (at, (pixel, texel)) in held.into_iter().zip(texels).enumerate() {
            let mut wanted = colour(format, pixel);
            if channels == Channels::Rgb {
                wanted[3] = 1.0;
            }
            let (x, y) = (at % usize::from(size.0), at / usize::from(size.0));
            let same = wanted
                .iter()
                .zip(texel)
                .all(|(wanted, texel)| (wanted - texel).abs() < PRECISION);
            assert!(
                same,
                "at {x}, {y} of {size:?}: {texel:?}, and the server has {pixel:#010x}"
            );
        }
    }
}

/// Options that force a path.
pub fn by(path: PixmapPath) -> ImportOptions {
    ImportOptions {
        paths: Paths::only(path),
        ..ImportOptions::default()
    }
}

/// The same with another target.
pub fn onto(target: TextureTarget, options: ImportOptions) -> ImportOptions {
    ImportOptions { target, ..options }
}
