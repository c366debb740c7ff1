//! What the tests of the fault peer do as an X client.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create},
    io::pwrite,
};
use x11rb::{
    COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT,
    connection::Connection,
    protocol::{
        Event,
        dri3::ConnectionExt as _,
        present::{ConnectionExt as _, EventMask as PresentMask},
        xproto::{ConnectionExt as _, CreateWindowAux, EventMask, WindowClass},
    },
    rust_connection::RustConnection,
};

/// The root window.
pub(crate) fn root(connection: &RustConnection) -> u32 {
    connection.setup().roots[0].root
}

/// A mapped window, without the events of that.
pub(crate) fn window(connection: &RustConnection, width: u16, height: u16) -> u32 {
    let window = connection.generate_id().unwrap();
    let aux = CreateWindowAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    connection
        .create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root(connection),
            5,
            7,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            COPY_FROM_PARENT,
            &aux,
        )
        .unwrap()
        .check()
        .unwrap();
    connection.map_window(window).unwrap().check().unwrap();
    events(connection);
    window
}

/// Rows of ascending values, `offset` bytes into the file and `stride` apart.
pub(crate) fn buffer(width: u16, height: u16, offset: u32, stride: u32, first: u32) -> OwnedFd {
    let file = memfd_create("buffer", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&file, u64::from(offset + stride * u32::from(height))).unwrap();
    for y in 0..u32::from(height) {
        let row: Vec<u8> = (0..u32::from(width))
            .flat_map(|x| (first + y * u32::from(width) + x).to_ne_bytes())
            .collect();
        pwrite(&file, &row, u64::from(offset + y * stride)).unwrap();
    }
    file
}

/// Selects all events of Present.
pub(crate) fn select(connection: &RustConnection, window: u32) -> u32 {
    let eid = connection.generate_id().unwrap();
    let mask = PresentMask::COMPLETE_NOTIFY | PresentMask::IDLE_NOTIFY | PresentMask::CONFIGURE_NOTIFY;
    connection
        .present_select_input(eid, window, mask)
        .unwrap()
        .check()
        .unwrap();
    eid
}

/// Presents all of a pixmap at the next count.
pub(crate) fn present(connection: &RustConnection, window: u32, pixmap: u32, serial: u32) {
    let none = 0;
    let cookie = connection.present_pixmap(
        window,
        pixmap,
        serial,
        none,
        none,
        0,
        0,
        none,
        none,
        none,
        0,
        0,
        0,
        0,
        &[],
    );
    cookie.unwrap().check().unwrap();
}

/// A DRI3 pixmap of depth 24 over a file.
pub(crate) fn dri3_pixmap(
    connection: &RustConnection,
    file: OwnedFd,
    width: u16,
    height: u16,
    offset: u32,
    stride: u32,
) -> u32 {
    let pixmap = connection.generate_id().unwrap();
    connection
        .dri3_pixmap_from_buffers(
            pixmap,
            root(connection),
            width,
            height,
            stride,
            offset,
            0,
            0,
            0,
            0,
            0,
            0,
            24,
            32,
            0,
            vec![file],
        )
        .unwrap()
        .check()
        .unwrap();
    pixmap
}

/// The next event, which must have come.
pub(crate) fn next_event(connection: &RustConnection) -> Event {
    connection
        .poll_for_event()
        .unwrap()
        .expect("an event has been sent")
}

/// All events that have come.
pub(crate) fn events(connection: &RustConnection) -> Vec<Event> {
    std::iter::from_fn(|| connection.poll_for_event().unwrap()).collect()
}
