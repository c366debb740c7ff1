//! A buffer as a texture to draw into and to read, and as a pixmap of the X server.

use std::{error::Error, ffi::c_void, mem, os::fd::AsRawFd, ptr};

use glow::HasContext as _;
use khronos_egl as egl;
use pixbridge::gl::Dmabuf;
use pixbridge_xtests::surfaceless::{Egl, make_current};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        ChangeGCAux, ConnectionExt as _, CreateGCAux, Gcontext, ImageFormat, Pixmap, Rectangle,
    },
    rust_connection::RustConnection,
};

/// Width and height in pixels.
pub(super) const SIDE: u32 = 64;
/// The colour in a pixel: the number of a frame.
const COLOUR: u32 = 0x00ff_ffff;
/// The X server draws each frame of a number that this divides.
const SERVERS_TURN: u32 = 3;

const LINUX_DMA_BUF: egl::Enum = 0x3270;
const LINUX_DRM_FOURCC: egl::Attrib = 0x3271;
const PLANE0_FD: egl::Attrib = 0x3272;
const PLANE0_OFFSET: egl::Attrib = 0x3273;
const PLANE0_PITCH: egl::Attrib = 0x3274;
const PLANE0_MODIFIER_LO: egl::Attrib = 0x3443;
const PLANE0_MODIFIER_HI: egl::Attrib = 0x3444;

type ImageTargetTexture = unsafe extern "system" fn(u32, *const c_void);

/// The buffer, attached to the framebuffer that is bound.
pub(super) struct Canvas {
    gl: glow::Context,
    server: Option<XServer>,
    _egl: Egl,
}

impl Canvas {
    /// Makes a context current and takes the buffer in.
    pub(super) fn open(dmabuf: &Dmabuf, server: Option<XServer>) -> Result<Self, Box<dyn Error>> {
        // SAFETY: the system's libEGL is what it says.
        let egl = unsafe { Egl::load_required() }?;
        let display = make_current(&egl)?;
        let find = |name: &str| {
            egl.get_proc_address(name)
                .map_or(ptr::null(), |f| f as *const c_void)
        };
        // SAFETY: the context is current and stays so in this thread.
        let gl = unsafe { glow::Context::from_loader_function(find) };
        attach(&egl, &gl, import(&egl, display, dmabuf)?)?;
        Ok(Self {
            gl,
            server,
            _egl: egl,
        })
    }

    /// Who draws.
    pub(super) fn renderer(&self) -> String {
        // SAFETY: the context is current.
        unsafe { self.gl.get_parameter_string(glow::RENDERER) }
    }

    /// Draws a frame, to the end.
    pub(super) fn draw(&mut self, frame: u32) -> Result<(), Box<dyn Error>> {
        if let Some(server) = self
            .server
            .as_ref()
            .filter(|_| frame.is_multiple_of(SERVERS_TURN))
        {
            return server.draw(frame);
        }
        let [blue, green, red, _] = frame.to_le_bytes().map(|byte| f32::from(byte) / 255.0);
        // SAFETY: the context is current.
        unsafe { self.gl.clear_color(red, green, blue, 1.0) };
        // SAFETY: the context is current.
        unsafe { self.gl.clear(glow::COLOR_BUFFER_BIT) };
        // SAFETY: the context is current.
        unsafe { self.gl.finish() };
        Ok(())
    }

    /// Looks whether all of the buffer shows a frame, to GL and to the X server.
    pub(super) fn look(&self, frame: u32) -> Result<(), Box<dyn Error>> {
        let mut bytes = vec![0; (SIDE * SIDE * 4) as usize];
        let (side, to) = (SIDE.cast_signed(), glow::PixelPackData::Slice(Some(&mut bytes)));
        // SAFETY: there is room for as many pixels of four bytes.
        unsafe {
            self.gl
                .read_pixels(0, 0, side, side, glow::BGRA, glow::UNSIGNED_BYTE, to);
        }
        expect("GL", &bytes, frame)?;
        match &self.server {
            Some(server) => expect("the X server", &server.read()?, frame),
            None => Ok(()),
        }
    }
}

fn expect(who: &str, pixels: &[u8], frame: u32) -> Result<(), Box<dyn Error>> {
    for pixel in pixels.as_chunks().0 {
        let shown = u32::from_le_bytes(*pixel) & COLOUR;
        if shown != frame {
            return Err(format!("{who} sees frame {shown} instead of {frame}").into());
        }
    }
    Ok(())
}

fn import(egl: &Egl, display: egl::Display, dmabuf: &Dmabuf) -> Result<egl::Image, Box<dyn Error>> {
    let plane = &dmabuf.planes[0];
    let mut attributes = vec![
        egl::WIDTH as egl::Attrib,
        SIDE as egl::Attrib,
        egl::HEIGHT as egl::Attrib,
        SIDE as egl::Attrib,
        LINUX_DRM_FOURCC,
        dmabuf.fourcc as egl::Attrib,
        PLANE0_FD,
        plane.fd.as_raw_fd() as egl::Attrib,
        PLANE0_OFFSET,
        plane.offset as egl::Attrib,
        PLANE0_PITCH,
        plane.stride as egl::Attrib,
    ];
    if let Some(modifier) = dmabuf.modifier {
        attributes.extend([PLANE0_MODIFIER_LO, modifier as u32 as egl::Attrib]);
        attributes.extend([PLANE0_MODIFIER_HI, (modifier >> 32) as egl::Attrib]);
    }
    attributes.push(egl::ATTRIB_NONE);
    // SAFETY: null is EGL_NO_CONTEXT, which this target wants.
    let none = unsafe { egl::Context::from_ptr(ptr::null_mut()) };
    // SAFETY: this target wants no client buffer.
    let buffer = unsafe { egl::ClientBuffer::from_ptr(ptr::null_mut()) };
    Ok(egl.create_image(display, none, LINUX_DMA_BUF, buffer, &attributes)?)
}

/// Makes the image what is drawn to and read from.
fn attach(egl: &Egl, gl: &glow::Context, image: egl::Image) -> Result<(), Box<dyn Error>> {
    let function = egl
        .get_proc_address("glEGLImageTargetTexture2DOES")
        .ok_or("no textures from images")?;
    // SAFETY: the function of this name has this signature.
    let target_texture = unsafe { mem::transmute::<extern "system" fn(), ImageTargetTexture>(function) };
    // SAFETY: the context is current.
    let texture = unsafe { gl.create_texture() }?;
    // SAFETY: the texture is the context's.
    unsafe { gl.bind_texture(glow::TEXTURE_2D, Some(texture)) };
    // SAFETY: the image is of the context's display.
    unsafe { target_texture(glow::TEXTURE_2D, image.as_ptr()) };
    // SAFETY: the context is current.
    let framebuffer = unsafe { gl.create_framebuffer() }?;
    // SAFETY: the framebuffer is the context's.
    unsafe { gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer)) };
    let (target, point) = (glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
    // SAFETY: the texture is the context's.
    unsafe { gl.framebuffer_texture_2d(target, point, glow::TEXTURE_2D, Some(texture), 0) };
    // SAFETY: the context is current.
    match unsafe { gl.check_framebuffer_status(target) } {
        glow::FRAMEBUFFER_COMPLETE => Ok(()),
        status => Err(format!("the buffer cannot be drawn to: {status:#x}").into()),
    }
}

/// The X server's view of the buffer.
pub(super) struct XServer {
    connection: RustConnection,
    pixmap: Pixmap,
    gc: Gcontext,
}

impl XServer {
    pub(super) fn new(connection: RustConnection, pixmap: Pixmap) -> Result<Self, Box<dyn Error>> {
        let gc = connection.generate_id()?;
        connection.create_gc(gc, pixmap, &CreateGCAux::new())?.check()?;
        Ok(Self {
            connection,
            pixmap,
            gc,
        })
    }

    /// Fills the pixmap, and waits until that is done.
    fn draw(&self, frame: u32) -> Result<(), Box<dyn Error>> {
        let whole = Rectangle {
            x: 0,
            y: 0,
            width: SIDE as u16,
            height: SIDE as u16,
        };
        self.connection
            .change_gc(self.gc, &ChangeGCAux::new().foreground(frame))?;
        self.connection
            .poly_fill_rectangle(self.pixmap, self.gc, &[whole])?
            .check()?;
        Ok(())
    }

    fn read(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let (pixmap, side) = (self.pixmap, SIDE as u16);
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, side, side, u32::MAX)?;
        Ok(image.reply()?.data)
    }
}
