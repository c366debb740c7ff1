//! Looking at an X display: which windows there are, and what the screen shows.

use crate::picture::{Picture, Rgb};
use crate::xvfb::Server;
use std::thread;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::xproto::{
    ConnectionExt, Drawable, GetImageReply, ImageFormat, ImageOrder, MapState, Screen as RootScreen,
    Visualtype, Window,
};
use x11rb::rust_connection::RustConnection;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// So many equal looks in a row make a picture still.
const STILL_LOOKS: usize = 5;

/// Why the screen could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The display refused the connection.
    #[error("cannot connect to the display: {0}")]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the display is gone: {0}")]
    Connection(#[from] ConnectionError),
    /// A request was refused.
    #[error("the display refused: {0}")]
    Reply(#[from] ReplyError),
    /// There are no identifiers left.
    #[error("the display has no identifiers left: {0}")]
    Id(#[from] ReplyOrIdError),
    /// The root window is not of 8 bits a channel in 32-bit pixels.
    #[error("cannot read pictures of depth {depth} with {bits_per_pixel} bits a pixel")]
    Format {
        /// The root window's depth.
        depth: u8,
        /// The bits of one pixel in its images.
        bits_per_pixel: u8,
    },
    /// No window came.
    #[error("no window was shown within {} s", .0.as_secs_f32())]
    NoWindow(Duration),
    /// The picture stayed empty or went on changing.
    #[error("the window showed no still picture within {} s", .0.as_secs_f32())]
    NotStill(Duration),
}

/// A window's place on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub x: i16,
    /// Top edge.
    pub y: i16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

/// A connection that looks at the first screen of a display.
#[derive(Debug)]
pub struct Screen {
    connection: RustConnection,
    root: RootScreen,
    layout: Layout,
}

impl Screen {
    /// Connects to the display.
    ///
    /// # Errors
    /// When it cannot be reached, or its pixels are not 32 bits of 8-bit channels.
    pub fn open(server: &impl Server) -> Result<Self, ScreenError> {
        let (connection, number) = RustConnection::connect(Some(&server.display()))?;
        let root = connection.setup().roots[number].clone();
        let layout = Layout::of(&connection, &root)?;
        Ok(Self {
            connection,
            root,
            layout,
        })
    }

    /// Waits for the first window that is shown, and tells its place.
    ///
    /// # Errors
    /// [`ScreenError::NoWindow`] after `limit`.
    pub fn wait_for_window(&self, limit: Duration) -> Result<Area, ScreenError> {
        let start = Instant::now();
        loop {
            for window in self.connection.query_tree(self.root.root)?.reply()?.children {
                if let Some(area) = self.shown_area(window)? {
                    return Ok(area);
                }
            }
            if start.elapsed() > limit {
                return Err(ScreenError::NoWindow(limit));
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The connection.
    pub fn connection(&self) -> &RustConnection {
        &self.connection
    }

    /// The root window.
    pub fn root(&self) -> Window {
        self.root.root
    }

    /// What the screen shows there.
    ///
    /// # Errors
    /// When the area is not wholly on the screen.
    pub fn look(&self, area: Area) -> Result<Picture, ScreenError> {
        self.picture(self.root.root, area)
    }

    /// What a drawable shows from its top left corner on, if its pixels are like the root window's.
    ///
    /// # Errors
    /// When it is not so large, or a window that is not wholly on the screen.
    pub fn look_at(&self, drawable: Drawable, width: u16, height: u16) -> Result<Picture, ScreenError> {
        let (x, y) = (0, 0);
        self.picture(drawable, Area { x, y, width, height })
    }

    fn picture(&self, drawable: Drawable, area: Area) -> Result<Picture, ScreenError> {
        let Area { x, y, width, height } = area;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, u32::MAX)?
            .reply()?;
        Ok(self.layout.picture(&image, width))
    }

    /// Waits until the screen shows something there that no longer changes.
    ///
    /// # Errors
    /// [`ScreenError::NotStill`] after `limit`.
    pub fn still_picture(&self, area: Area, limit: Duration) -> Result<Picture, ScreenError> {
        let start = Instant::now();
        let mut last = self.look(area)?;
        let mut equal = 0;
        while start.elapsed() < limit {
            thread::sleep(LOOK_AGAIN);
            let now = self.look(area)?;
            equal = if now == last { equal + 1 } else { 0 };
            if equal >= STILL_LOOKS && !now.is_uniform() {
                return Ok(now);
            }
            last = now;
        }
        Err(ScreenError::NotStill(limit))
    }

    /// A window's place if it is viewable. A window that has just gone is no error.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn shown_area(&self, window: Window) -> Result<Option<Area>, ScreenError> {
        let attributes = self.connection.get_window_attributes(window)?;
        let geometry = self.connection.get_geometry(window)?;
        let (Ok(attributes), Ok(geometry)) = (attributes.reply(), geometry.reply()) else {
            return Ok(None);
        };
        let border = i16::try_from(geometry.border_width).unwrap_or_default();
        Ok((attributes.map_state == MapState::VIEWABLE).then_some(Area {
            x: geometry.x + border,
            y: geometry.y + border,
            width: geometry.width,
            height: geometry.height,
        }))
    }
}

/// Where the channels lie in a 32-bit pixel of the root window.
#[derive(Debug)]
struct Layout {
    order: ImageOrder,
    shifts: [u32; 3],
}

impl Layout {
    fn of(connection: &RustConnection, root: &RootScreen) -> Result<Self, ScreenError> {
        let setup = connection.setup();
        let depth = root.root_depth;
        let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        let bits_per_pixel = format.map_or(0, |format| format.bits_per_pixel);
        let mut visuals = root.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let visual = visuals.find(|visual| visual.visual_id == root.root_visual);
        match visual.and_then(channel_shifts) {
            Some(shifts) if bits_per_pixel == 32 => Ok(Self {
                order: setup.image_byte_order,
                shifts,
            }),
            _ => Err(ScreenError::Format {
                depth,
                bits_per_pixel,
            }),
        }
    }

    fn picture(&self, image: &GetImageReply, width: u16) -> Picture {
        let pixel = |bytes: &[u8; 4]| match self.order {
            ImageOrder::MSB_FIRST => self.channels(u32::from_be_bytes(*bytes)),
            _ => self.channels(u32::from_le_bytes(*bytes)),
        };
        let (pixels, _) = image.data.as_chunks::<4>();
        Picture::new(usize::from(width), pixels.iter().map(pixel).collect())
    }

    fn channels(&self, pixel: u32) -> Rgb {
        self.shifts.map(|shift| (pixel >> shift) as u8)
    }
}

/// The shifts of red, green and blue, if each is a whole byte wide.
fn channel_shifts(visual: &Visualtype) -> Option<[u32; 3]> {
    let masks = [visual.red_mask, visual.green_mask, visual.blue_mask];
    let eight_bits = masks.iter().all(|mask| mask.count_ones() == 8);
    eight_bits.then(|| masks.map(u32::trailing_zeros))
}
