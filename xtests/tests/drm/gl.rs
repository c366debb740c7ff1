//! GL on GBM devices: buffers out of GBM into textures and back, and shared with the X server.

use std::{fs::File, os::fd::OwnedFd, time::Duration};

use pixbridge::gl::{
    Choice, Context, Display, Dmabuf, DmabufError, DmabufImport, Framebuffer, GbmUsage, Gl, GlError, Pixels,
    Plane, Platform, Region, Texture, WriteBytes, dmabuf::LINEAR,
};
use pixbridge_xtests::{machine::DISPLAY_NODE, process};
use x11rb::{
    connection::Connection,
    protocol::{
        dri3::ConnectionExt as _,
        xproto::{ConnectionExt as _, CreateGCAux, ImageFormat, Pixmap, Rectangle, Screen},
    },
    rust_connection::RustConnection,
    utils::RawFdContainer,
};

use crate::machine;

const TEXTURE_2D: u32 = 0x0de1;
const COLOR_ATTACHMENT0: u32 = 0x8ce0;
const FRAMEBUFFER_COMPLETE: u32 = 0x8cd5;
const RGBA: u32 = 0x1908;
const UNSIGNED_BYTE: u32 = 0x1401;
const RGBA8: u32 = 0x8058;

const LIMIT: Duration = Duration::from_secs(60);
const SIZES: [[u32; 2]; 4] = [[64, 64], [301, 203], [1, 1], [641, 7]];
const COLOUR: [f32; 4] = [1.0, 0.2, 0.0, 1.0];
const BYTES: [u8; 4] = [255, 51, 0, 255];

fn fourcc(name: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*name)
}

fn display() -> Display {
    Display::open(Choice::Only(Platform::Gbm)).expect("a GBM device")
}

fn framebuffer(gl: &Gl, texture: &Texture) -> Framebuffer {
    let framebuffer = gl.create_framebuffer().unwrap();
    gl.framebuffer_texture(&framebuffer, COLOR_ATTACHMENT0, Some(texture), 0);
    gl.framebuffer_draw_buffers(&framebuffer, &[COLOR_ATTACHMENT0]);
    assert_eq!(gl.check_framebuffer_status(&framebuffer), FRAMEBUFFER_COMPLETE);
    framebuffer
}

fn imported(display: &Display, gl: &Gl, dmabuf: &Dmabuf) -> Texture {
    let image = display.import_dmabuf(dmabuf).expect("an image");
    assert_eq!(image.size(), Some([dmabuf.width, dmabuf.height]));
    gl.create_texture_from_image(TEXTURE_2D, &image)
        .expect("a texture")
}

fn region([width, height]: [u32; 2]) -> Region {
    Region {
        level: 0,
        x: 0,
        y: 0,
        z: 0,
        w: width as i32,
        h: height as i32,
        d: 1,
    }
}

/// Red, green, blue, alpha of all pixels.
fn read(gl: &Gl, texture: &Texture, size: [u32; 2]) -> Vec<[u8; 4]> {
    let row_bytes = u64::from(size[0]) * 4;
    let mut bytes = vec![0; (size[0] * size[1] * 4) as usize];
    let pixels = Pixels {
        format: RGBA,
        ty: UNSIGNED_BYTE,
        pixel_bytes: 4,
        row_bytes,
        image_bytes: row_bytes * u64::from(size[1]),
        block: [1, 1],
    };
    let to = WriteBytes::from(&mut bytes[..]);
    gl.get_texture_sub_image(texture, region(size), &pixels, to)
        .unwrap();
    bytes.as_chunks().0.to_vec()
}

fn context(display: &Display) -> (Context, Gl) {
    let context = display.create_context(None).expect("a context");
    let gl = context.gl();
    (context, gl)
}

/// A pixel in the lower right corner, so that strides matter.
fn mark(gl: &Gl, texture: &Texture, [width, height]: [u32; 2]) {
    let corner = Region {
        x: width as i32 - 1,
        y: height as i32 - 1,
        ..region([1, 1])
    };
    let mut texel = [0; 16];
    texel[..4].copy_from_slice(&[0, 0, 255, 255]);
    gl.clear_tex_sub_image(texture, corner, RGBA, UNSIGNED_BYTE, &texel)
        .unwrap();
}

#[test]
fn a_node_that_allocates_nothing_is_passed_over() {
    let display = display();
    let node = display.gbm().expect("a device").node().to_owned();
    assert!(node.starts_with("/dev/dri/card"), "{node}");
    let report = display.report();
    let (used, refused) = report.attempts.split_last().unwrap();
    assert_eq!(used.result.as_ref().unwrap().device.as_ref(), Some(&node));
    assert!(!refused.is_empty(), "{report}");
    for attempt in refused {
        assert!(matches!(attempt.result, Err(GlError::Gbm { .. })), "{attempt}");
    }
}

#[test]
fn the_host_tells_what_it_imports() {
    let display = display();
    let support = display.dmabuf_support();
    assert_eq!((support.import, support.export), (DmabufImport::Modifiers, true));
    let formats = display.dmabuf_formats().unwrap();
    for format in [fourcc(b"XR24"), fourcc(b"AR24"), fourcc(b"XR30")] {
        assert!(formats.contains(&format), "{formats:08x?}");
        let modifiers = display.dmabuf_modifiers(format).unwrap();
        assert!(modifiers.iter().all(|info| !info.external_only), "{modifiers:?}");
    }
}

#[test]
fn what_is_drawn_into_a_buffer_is_there_for_whoever_imports_it() {
    let display = display();
    let (context, gl) = context(&display);
    let device = display.gbm().expect("a device");
    for name in [b"XR24", b"AR24", b"XB24", b"XR30"] {
        for size @ [width, height] in SIZES {
            let what = format!("{} {width}x{height}", name.escape_ascii());
            let buffer = device
                .allocate_linear(width, height, fourcc(name), GbmUsage::RENDERING)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let dmabuf = buffer.export().unwrap();
            assert_eq!(dmabuf.planes.len(), 1, "{what}");
            assert!(dmabuf.planes[0].stride >= width * 4, "{what}");
            let texture = imported(&display, &gl, &dmabuf);
            gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
            mark(&gl, &texture, size);
            gl.finish();
            let drawn = read(&gl, &texture, size);
            let (last, others) = drawn.split_last().unwrap();
            assert_eq!(*last, [0, 0, 255, 255], "{what}");
            assert!(others.iter().all(|pixel| *pixel == BYTES), "{what}");
            drop(buffer);
            let again = imported(&display, &gl, &dmabuf);
            assert!(read(&gl, &again, size) == drawn, "{what}, imported again");
            let exported = display.export_dmabuf(&context, &texture).unwrap();
            assert_eq!([exported.width, exported.height], size, "{what}");
            assert_eq!(exported.planes[0].stride, dmabuf.planes[0].stride, "{what}");
            let returned = imported(&display, &gl, &exported);
            assert!(read(&gl, &returned, size) == drawn, "{what}, exported");
        }
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_driver_without_modifiers_says_so_and_one_with_them_keeps_to_the_list() {
    let display = display();
    let device = display.gbm().expect("a device");
    match device.allocate(64, 64, fourcc(b"XR24"), &[LINEAR], GbmUsage::RENDERING) {
        Ok(buffer) => assert_eq!(buffer.export().unwrap().modifier, Some(LINEAR)),
        Err(GlError::Gbm { error, .. }) => {
            let number = rustix::io::Errno::NOSYS.raw_os_error();
            assert_eq!(error.raw_os_error(), Some(number), "{error}");
        }
        Err(other) => panic!("{other}"),
    }
    let unknown = device.allocate_linear(64, 64, 0, GbmUsage::RENDERING);
    assert!(matches!(unknown, Err(GlError::Gbm { .. })), "{unknown:?}");
}

#[test]
fn linear_buffers_are_imported_with_and_without_saying_so() {
    let display = display();
    let (_context, gl) = context(&display);
    let size @ [width, height] = [301, 203];
    let device = display.gbm().expect("a device");
    let buffer = device.allocate_linear(width, height, fourcc(b"XR24"), GbmUsage::RENDERING);
    let mut dmabuf = buffer.unwrap().export().unwrap();
    for modifier in [None, Some(LINEAR)] {
        dmabuf.modifier = modifier;
        let texture = imported(&display, &gl, &dmabuf);
        gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
        gl.finish();
        assert!(
            read(&gl, &texture, size).iter().all(|pixel| *pixel == BYTES),
            "{modifier:?}"
        );
    }
}

#[test]
fn descriptions_that_do_not_fit_their_memory_are_refused() {
    let display = display();
    let device = display.gbm().expect("a device");
    let buffer = device
        .allocate_linear(64, 64, fourcc(b"XR24"), GbmUsage::RENDERING)
        .unwrap();
    let refused = |change: &dyn Fn(&mut Dmabuf)| {
        let mut dmabuf = buffer.export().unwrap();
        change(&mut dmabuf);
        match display.import_dmabuf(&dmabuf) {
            Err(GlError::Dmabuf(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(refused(&|d| d.height = 4096), DmabufError::Short { .. }));
    assert!(matches!(
        refused(&|d| d.planes[0].offset = 1 << 20),
        DmabufError::Short { .. }
    ));
    assert!(matches!(
        refused(&|d| d.planes[0].stride = 255),
        DmabufError::Stride { .. }
    ));
    assert!(matches!(
        refused(&|d| d.width = 0),
        DmabufError::OutOfRange { .. }
    ));
    assert!(matches!(
        refused(&|d| d.height = u32::MAX),
        DmabufError::OutOfRange { .. }
    ));
    assert_eq!(refused(&|d| d.planes.clear()), DmabufError::Planes(0));
    let unknown = Dmabuf {
        fourcc: fourcc(b"????"),
        ..buffer.export().unwrap()
    };
    let error = display.import_dmabuf(&unknown).unwrap_err();
    assert!(matches!(error, GlError::Egl { .. }), "{error}");
}

#[test]
fn memory_that_is_no_dmabuf_is_refused() {
    let display = display();
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 16).unwrap();
    let dmabuf = Dmabuf {
        width: 64,
        height: 64,
        fourcc: fourcc(b"XR24"),
        modifier: None,
        planes: vec![Plane {
            fd: file.into(),
            offset: 0,
            stride: 256,
        }],
    };
    let error = display.import_dmabuf(&dmabuf).unwrap_err();
    assert!(matches!(error, GlError::Unmappable { .. }), "{error}");
}

#[test]
fn memory_that_the_software_renderer_cannot_reach_is_refused() {
    let on = |node: &str| {
        let file = File::options().read(true).write(true).open(node);
        Display::open_gbm(file.unwrap().into()).expect("a GBM device")
    };
    let (ours, other) = (on(DISPLAY_NODE), on("/dev/dri/card0"));
    let buffer = ours
        .gbm()
        .unwrap()
        .allocate_linear(64, 64, fourcc(b"XR24"), GbmUsage::RENDERING);
    let dmabuf = buffer.unwrap().export().unwrap();
    let error = other.import_dmabuf(&dmabuf).unwrap_err();
    assert!(matches!(error, GlError::Unmappable { .. }), "{error}");
    for platform in [Platform::Device, Platform::Surfaceless] {
        let display = Display::open(Choice::Only(platform)).expect("a display");
        let error = display.import_dmabuf(&dmabuf).unwrap_err();
        assert!(matches!(error, GlError::NoDumbBuffers { .. }), "{error}");
        let support = display.dmabuf_support();
        assert_eq!((support.import, support.export), (DmabufImport::None, false));
    }
    let (_context, gl) = context(&ours);
    let texture = imported(&ours, &gl, &dmabuf);
    gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
    assert!(read(&gl, &texture, [64, 64]).iter().all(|pixel| *pixel == BYTES));
}

#[test]
fn a_texture_of_gls_own_is_exported_or_refused() {
    let display = display();
    let (context, gl) = context(&display);
    let texture = gl.create_texture(TEXTURE_2D).unwrap();
    gl.texture_storage_2d(&texture, 1, RGBA8, 64, 64).unwrap();
    gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
    gl.finish();
    match display.export_dmabuf(&context, &texture) {
        Ok(dmabuf) => {
            let texture = imported(&display, &gl, &dmabuf);
            assert!(read(&gl, &texture, [64, 64]).iter().all(|pixel| *pixel == BYTES));
        }
        Err(error) => assert!(matches!(error, GlError::Egl { .. }), "{error}"),
    }
    let other = display.create_context(None).unwrap();
    let error = display.export_dmabuf(&other, &texture).unwrap_err();
    assert!(matches!(error, GlError::Foreign("texture")), "{error}");
}

#[test]
fn buffers_leave_no_descriptors_behind() {
    let display = display();
    let (_context, gl) = context(&display);
    let device = display.gbm().expect("a device");
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let round = || {
        let buffer = device
            .allocate_linear(64, 64, fourcc(b"XR24"), GbmUsage::RENDERING)
            .unwrap();
        let texture = imported(&display, &gl, &buffer.export().unwrap());
        gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
    };
    round();
    gl.finish();
    let before = open();
    for _ in 0..50 {
        round();
    }
    gl.finish();
    assert_eq!(open(), before);
}

#[test]
fn contexts_tell_of_errors_there_too() {
    let display = display();
    display.set_debug(true);
    let (_context, gl) = context(&display);
    gl.set_enabled(0xdead, true);
    assert_eq!(gl.get_error().map(|error| error.0), Some(0x0500));
}

/// The X server, and a display on the device that it names.
fn with_server() -> (RustConnection, Screen, Display) {
    let (connection, screen) = machine().connect().expect("the machine's X server");
    let opened = connection.dri3_open(screen.root, 0).unwrap().reply().unwrap();
    let display = Display::open_gbm(opened.device_fd).expect("GL on the server's device");
    (connection, screen, display)
}

/// Fills a pixmap and waits for the server's own GL, which has finished once it can be asked for a pixel.
fn fill(connection: &RustConnection, pixmap: Pixmap, pixel: u32) {
    let gc = connection.generate_id().unwrap();
    let values = CreateGCAux::new().foreground(pixel);
    connection.create_gc(gc, pixmap, &values).unwrap();
    let all = Rectangle {
        x: 0,
        y: 0,
        width: u16::MAX,
        height: u16::MAX,
    };
    connection.poly_fill_rectangle(pixmap, gc, &[all]).unwrap();
    connection.free_gc(gc).unwrap();
    let asked = connection.get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, 1, 1, !0);
    asked.unwrap().reply().expect("a pixel");
}

#[test]
fn what_the_server_draws_into_a_pixmap_is_in_the_texture() {
    let (connection, screen, display) = with_server();
    let (_context, gl) = context(&display);
    let pixmap = connection.generate_id().unwrap();
    let depth = screen.root_depth;
    connection
        .create_pixmap(depth, pixmap, screen.root, 301, 203)
        .unwrap();
    let reply = connection
        .dri3_buffers_from_pixmap(pixmap)
        .unwrap()
        .reply()
        .unwrap();
    let planes = reply.buffers.into_iter().zip(reply.strides).zip(reply.offsets);
    let dmabuf = Dmabuf {
        width: reply.width.into(),
        height: reply.height.into(),
        fourcc: fourcc(b"XR24"),
        modifier: Some(reply.modifier),
        planes: planes
            .map(|((fd, stride), offset)| Plane { fd, offset, stride })
            .collect(),
    };
    let texture = imported(&display, &gl, &dmabuf);
    for (pixel, bytes) in [(0x00ff_3300, [255, 51, 0]), (0x0000_00ff, [0, 0, 255])] {
        fill(&connection, pixmap, pixel);
        let drawn = read(&gl, &texture, [301, 203]);
        assert!(drawn.iter().all(|found| found[..3] == bytes), "{:?}", drawn[0]);
    }
}

#[test]
fn egl_on_the_server_takes_its_pixmaps() {
    let mut command = machine().client(std::env::current_exe().unwrap());
    command.args(["--exact", "gl::in_a_client_of_the_server", "--ignored"]);
    let finished = process::run(command, LIMIT).expect("the test in a client");
    assert!(finished.output().contains("1 passed"), "{}", finished.output());
}

#[test]
#[ignore = "needs the environment of a client: egl_on_the_server_takes_its_pixmaps runs it"]
fn in_a_client_of_the_server() {
    let (connection, screen) = machine().connect().expect("the machine's X server");
    let display = Display::open(Choice::Only(Platform::X11)).expect("EGL on the X server");
    let (_context, gl) = context(&display);
    let pixmap = connection.generate_id().unwrap();
    connection
        .create_pixmap(screen.root_depth, pixmap, screen.root, 301, 203)
        .unwrap();
    fill(&connection, pixmap, 0x00ff_3300);
    let image = display.import_pixmap(pixmap).expect("an image");
    let texture = gl
        .create_texture_from_image(TEXTURE_2D, &image)
        .expect("a texture");
    let drawn = read(&gl, &texture, [301, 203]);
    assert!(
        drawn.iter().all(|found| found[..3] == BYTES[..3]),
        "{:?}",
        drawn[0]
    );
    let error = display
        .import_pixmap(connection.generate_id().unwrap())
        .unwrap_err();
    assert!(matches!(error, GlError::Egl { .. }), "{error}");
}

#[test]
fn what_gl_draws_into_a_buffer_is_in_the_pixmap() {
    let (connection, screen, display) = with_server();
    let (_context, gl) = context(&display);
    let [width, height] = [301, 203];
    let device = display.gbm().expect("a device");
    let buffer = device.allocate_linear(width, height, fourcc(b"XR24"), GbmUsage::RENDERING);
    let mut dmabuf = buffer.unwrap().export().unwrap();
    let texture = imported(&display, &gl, &dmabuf);
    let plane = dmabuf.planes.remove(0);
    let size = plane.stride * height;
    let (pixmap, stride) = (connection.generate_id().unwrap(), plane.stride as u16);
    let fd = RawFdContainer::from(plane.fd);
    connection
        .dri3_pixmap_from_buffer(
            pixmap,
            screen.root,
            size,
            301,
            203,
            stride,
            screen.root_depth,
            32,
            fd,
        )
        .unwrap()
        .check()
        .expect("a pixmap");
    gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
    mark(&gl, &texture, [width, height]);
    gl.finish();
    let image = connection.get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, 301, 203, !0);
    let image = image.unwrap().reply().unwrap().data;
    let pixels: Vec<[u8; 3]> = image
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[b, g, r, _]| [*r, *g, *b])
        .collect();
    let (last, others) = pixels.split_last().unwrap();
    assert_eq!(*last, [0, 0, 255]);
    assert!(
        others.iter().all(|pixel| pixel[..] == BYTES[..3]),
        "{:?}",
        others[0]
    );
}

#[test]
fn a_display_is_opened_on_the_node_that_somebody_names() {
    let node: OwnedFd = File::options()
        .read(true)
        .write(true)
        .open(DISPLAY_NODE)
        .unwrap()
        .into();
    let display = Display::open_gbm(node).unwrap();
    assert_eq!(display.gbm().map(|device| device.node()), Some(DISPLAY_NODE));
    let (context, gl) = context(&display);
    let buffer = display
        .gbm()
        .unwrap()
        .allocate_linear(301, 7, fourcc(b"XR24"), GbmUsage::RENDERING)
        .unwrap();
    let texture = imported(&display, &gl, &buffer.export().unwrap());
    // Nothing that is needed goes with the display.
    drop(display);
    gl.clear_framebuffer_f(&framebuffer(&gl, &texture), 0, COLOUR);
    gl.finish();
    drop(buffer);
    assert!(read(&gl, &texture, [301, 7]).iter().all(|pixel| *pixel == BYTES));
    drop(context);
}
