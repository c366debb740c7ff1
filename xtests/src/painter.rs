//! Another client of a display: it draws pictures whose every pixel is known, and says what the server holds.

use pixbridge::x11::PixelFormat;
use x11rb::{
    connection::Connection,
    cookie::VoidCookie,
    errors::ConnectionError,
    protocol::{
        composite::{ConnectionExt as _, Redirect},
        res::ConnectionExt as _,
        xproto::{
            ChangeGCAux, ColormapAlloc, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux,
            Drawable, ImageFormat, Pixmap, Rectangle, Screen, Visualid, Window, WindowClass,
        },
    },
    rust_connection::RustConnection,
};

/// A client that paints. The server has done what a method asks for when the method returns.
///
/// Its methods panic where the server refuses, since tests have nothing to do then.
#[derive(Debug)]
pub struct Painter {
    connection: RustConnection,
    screen: Screen,
}

type Requested<'a> = Result<VoidCookie<'a, RustConnection>, ConnectionError>;

#[track_caller]
fn done(request: Requested<'_>) {
    request
        .expect("connection")
        .check()
        .expect("a request carried out");
}

#[allow(clippy::missing_panics_doc)]
impl Painter {
    /// Connects to a display by its name.
    pub fn connect(display: &str) -> Self {
        let (connection, number) = RustConnection::connect(Some(display)).expect("display");
        Self::on(connection, number)
    }

    /// Takes over a connection, for a screen by its number.
    pub fn on(connection: RustConnection, screen: usize) -> Self {
        let screen = connection.setup().roots[screen].clone();
        Self { connection, screen }
    }

    /// The connection, for what is missing here.
    pub fn connection(&self) -> &RustConnection {
        &self.connection
    }

    fn id(&self) -> u32 {
        self.connection.generate_id().expect("identifier")
    }

    /// A pixmap of this size in pixels.
    pub fn pixmap(&self, depth: u8, (width, height): (u16, u16)) -> Pixmap {
        let (c, pixmap) = (&self.connection, self.id());
        done(c.create_pixmap(depth, pixmap, self.screen.root, width, height));
        pixmap
    }

    /// Frees a pixmap.
    pub fn free(&self, pixmap: Pixmap) {
        done(self.connection.free_pixmap(pixmap));
    }

    /// A window that is shown, with a border of so many pixels, drawn into a pixmap of its own.
    pub fn window(&self, depth: u8, visual: Visualid, (width, height): (u16, u16), border: u16) -> Window {
        let (c, root) = (&self.connection, self.screen.root);
        let window = self.id();
        let colormap = match visual == self.screen.root_visual {
            true => self.screen.default_colormap,
            false => {
                let colormap = self.id();
                done(c.create_colormap(ColormapAlloc::NONE, colormap, root, visual));
                colormap
            }
        };
        let values = CreateWindowAux::new()
            .background_pixel(0)
            .border_pixel(0x0012_3456)
            .colormap(colormap)
            .override_redirect(1);
        let class = WindowClass::INPUT_OUTPUT;
        done(c.create_window(
            depth, window, root, 3, 5, width, height, border, class, visual, &values,
        ));
        c.composite_query_version(0, 4)
            .expect("connection")
            .reply()
            .expect("Composite");
        done(c.composite_redirect_window(window, Redirect::MANUAL));
        done(c.map_window(window));
        window
    }

    /// A window in a window, shown.
    pub fn child(&self, parent: Window, area: Rectangle) -> Window {
        let (c, window) = (&self.connection, self.id());
        let Rectangle { x, y, width, height } = area;
        let (class, values) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        done(c.create_window(0, window, parent, x, y, width, height, 0, class, 0, &values));
        done(c.map_window(window));
        window
    }

    /// Gives a window another size.
    pub fn resize(&self, window: Window, (width, height): (u16, u16)) {
        let values = ConfigureWindowAux::new()
            .width(u32::from(width))
            .height(u32::from(height));
        done(self.connection.configure_window(window, &values));
    }

    /// Hides a window.
    pub fn unmap(&self, window: Window) {
        done(self.connection.unmap_window(window));
    }

    /// Destroys a window.
    pub fn destroy(&self, window: Window) {
        done(self.connection.destroy_window(window));
    }

    /// Fills an area with one pixel value.
    pub fn fill(&self, drawable: Drawable, area: Rectangle, pixel: u32) {
        let (c, gc) = (&self.connection, self.id());
        done(c.create_gc(gc, drawable, &CreateGCAux::new()));
        done(c.change_gc(gc, &ChangeGCAux::new().foreground(pixel)));
        done(c.poly_fill_rectangle(drawable, gc, &[area]));
        done(c.free_gc(gc));
    }

    /// Draws the gradient of [`gradient`] over the whole drawable.
    pub fn paint_gradient(&self, drawable: Drawable, format: PixelFormat, size: (u16, u16)) {
        let mut data = Vec::new();
        for y in 0..size.1 {
            for x in 0..size.0 {
                let pixel = gradient(format, size, (x, y)).to_le_bytes();
                data.extend(&pixel[..format.bytes_per_pixel() as usize]);
            }
            // Rows of all formats that are used here are padded to 32 bits.
            data.resize(data.len().next_multiple_of(4), 0);
        }
        let (c, gc) = (&self.connection, self.id());
        done(c.create_gc(gc, drawable, &CreateGCAux::new()));
        let (width, height) = size;
        done(c.put_image(
            ImageFormat::Z_PIXMAP,
            drawable,
            gc,
            width,
            height,
            0,
            0,
            0,
            format.depth,
            &data,
        ));
        done(c.free_gc(gc));
    }

    /// The pixel values that the server holds, row after row.
    pub fn pixels(&self, drawable: Drawable, format: PixelFormat, (width, height): (u16, u16)) -> Vec<u32> {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, drawable, 0, 0, width, height, u32::MAX)
            .expect("connection")
            .reply()
            .expect("image");
        let bytes = format.bytes_per_pixel() as usize;
        let row = (usize::from(width) * bytes).next_multiple_of(4);
        let pixels = image.data.chunks(row).flat_map(|row| {
            let row = row.chunks_exact(bytes).take(usize::from(width));
            row.map(|pixel| {
                let mut value = [0; 4];
                value[..bytes].copy_from_slice(pixel);
                u32::from_le_bytes(value)
            })
        });
        pixels.take(usize::from(width) * usize::from(height)).collect()
    }

    /// How many objects of each type the client that owns an identifier has in the server: names of types and numbers.
    pub fn resources_of(&self, owner: u32) -> Vec<(String, u32)> {
        let c = &self.connection;
        let counts = c.res_query_client_resources(owner).expect("connection").reply();
        let counts = counts.expect("resources").types.into_iter().map(|counted| {
            let name = c
                .get_atom_name(counted.resource_type)
                .expect("connection")
                .reply();
            let name = String::from_utf8(name.expect("name").name).expect("ASCII");
            (name, counted.count)
        });
        let mut counts: Vec<_> = counts.collect();
        counts.sort();
        counts
    }
}

/// Bits of red, green, blue and alpha in a pixel: shift and number of each.
pub fn channels(format: PixelFormat) -> [(u32, u32); 4] {
    use pixbridge::x11::Fourcc;
    match format.fourcc {
        Fourcc::XRGB8888 => [(16, 8), (8, 8), (0, 8), (0, 0)],
        Fourcc::ARGB8888 => [(16, 8), (8, 8), (0, 8), (24, 8)],
        Fourcc::XRGB2101010 => [(20, 10), (10, 10), (0, 10), (0, 0)],
        Fourcc::XBGR2101010 => [(0, 10), (10, 10), (20, 10), (0, 0)],
        Fourcc::RGB565 => [(11, 5), (5, 6), (0, 5), (0, 0)],
        Fourcc::XRGB1555 => [(10, 5), (5, 5), (0, 5), (0, 0)],
        other => panic!("no pictures of {other}"),
    }
}

/// A pixel of the test picture: red grows to the right, green downwards, blue along the diagonal, alpha against it; the
/// corners are red, green, blue and white, clockwise from the upper left. Unused bits are not 0.
pub fn gradient(format: PixelFormat, (width, height): (u16, u16), (x, y): (u16, u16)) -> u32 {
    let part = |at: u16, of: u16| f64::from(at) / f64::from(of.max(2) - 1);
    let (right, down) = (part(x, width), part(y, height));
    let colour = match (x == 0, y == 0, x + 1 == width, y + 1 == height) {
        (true, true, ..) => [1.0, 0.0, 0.0, 1.0],
        (_, true, true, _) => [0.0, 1.0, 0.0, 1.0],
        (.., true, true) => [0.0, 0.0, 1.0, 1.0],
        (true, _, _, true) => [1.0, 1.0, 1.0, 0.0],
        _ => [right, down, (right + down) / 2.0, 1.0 - (right + down) / 2.0],
    };
    let used = channels(format).into_iter().zip(colour);
    let mut mask = 0;
    let pixel = used.fold(0, |pixel, ((shift, bits), part)| {
        let most = (1_u32 << bits) - 1;
        mask |= most << shift;
        pixel | ((part * f64::from(most)).round() as u32) << shift
    });
    let unused = 0xa5a5_a5a5_u32 & !mask;
    pixel | unused & u32::MAX.wrapping_shr(32 - u32::from(format.bits_per_pixel))
}

/// What a shader should read of a pixel value, each channel from 0 to 1; alpha is 1 where there is none.
pub fn colour(format: PixelFormat, pixel: u32) -> [f32; 4] {
    channels(format).map(|(shift, bits)| match (1_u32 << bits) - 1 {
        0 => 1.0,
        most => (pixel >> shift & most) as f32 / most as f32,
    })
}
