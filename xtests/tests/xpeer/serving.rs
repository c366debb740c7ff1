//! Extensions, drawing, windows, compositing, and what the peer tells about its clients.

use pixbridge_xtests::xpeer::{Complaint, ErrorCode, Extension, Offer, Peer, Script, Seen};
use rustix::{
    fs::fstat,
    io::{pread, pwrite},
};
use x11rb::{
    connection::{Connection, RequestConnection},
    errors::ReplyError,
    protocol::{
        ErrorKind, Event,
        composite::{ConnectionExt as _, Redirect},
        damage::{ConnectionExt as _, ReportLevel},
        dri3::ConnectionExt as _,
        present,
        shm::ConnectionExt as _,
        xfixes::ConnectionExt as _,
        xproto::{
            ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, EventMask,
            ImageFormat, PropMode, Rectangle,
        },
    },
    wrapper::ConnectionExt as _,
};

use crate::client::{buffer, dri3_pixmap, events, next_event, present, root, select, window};

#[test]
fn the_handshake_tells_of_a_screen_and_its_depths() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let setup = connection.setup();
    let screen = &setup.roots[0];
    assert_eq!(
        (screen.width_in_pixels, screen.height_in_pixels, screen.root_depth),
        (1280, 800, 24)
    );
    let depths: Vec<_> = screen
        .allowed_depths
        .iter()
        .map(|depth| (depth.depth, depth.visuals.len()))
        .collect();
    assert_eq!(depths, [(1, 0), (16, 1), (24, 1), (30, 1), (32, 1)]);
    assert!(
        setup
            .pixmap_formats
            .iter()
            .any(|format| (format.depth, format.bits_per_pixel) == (16, 16))
    );
    assert_eq!(
        connection
            .get_geometry(screen.root)
            .unwrap()
            .reply()
            .unwrap()
            .width,
        1280
    );
    assert!(connection.maximum_request_bytes() > 1 << 20, "by BIG-REQUESTS");
    peer.finish();
}

#[test]
fn extensions_are_there_as_they_are_offered() {
    let offer = Offer::none()
        .with(Extension::Shm)
        .version(Extension::Dri3, (1, 2));
    let peer = Peer::start(Script::default().offering(offer)).unwrap();
    let connection = peer.connect().unwrap();
    let names = connection.list_extensions().unwrap().reply().unwrap().names;
    let names: Vec<_> = names
        .iter()
        .map(|name| String::from_utf8_lossy(&name.name))
        .collect();
    assert_eq!(names, ["MIT-SHM", "DRI3"]);
    let version = connection.dri3_query_version(1, 4).unwrap().reply().unwrap();
    assert_eq!((version.major_version, version.minor_version), (1, 2));
    assert!(
        connection
            .extension_information(present::X11_EXTENSION_NAME)
            .unwrap()
            .is_none()
    );
    peer.finish();
}

#[test]
fn pixels_go_there_and_back_by_all_ways() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 8, 4);
    let gc = connection.generate_id().unwrap();
    connection
        .create_gc(gc, window, &CreateGCAux::new().graphics_exposures(0))
        .unwrap();
    let data: Vec<u8> = (0..8 * 4u32).flat_map(u32::to_ne_bytes).collect();
    connection
        .put_image(ImageFormat::Z_PIXMAP, window, gc, 8, 4, 0, 0, 0, 24, &data)
        .unwrap();
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, 8, 4, u32::MAX)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(image.data, data);

    let segment = connection.generate_id().unwrap();
    let reply = connection
        .shm_create_segment(segment, 8192, false)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(fstat(&reply.shm_fd).unwrap().st_size, 8192);
    pwrite(&reply.shm_fd, &[0xaa; 8 * 4 * 4], 512).unwrap();
    connection
        .shm_put_image(
            window,
            gc,
            8,
            4,
            2,
            1,
            3,
            2,
            4,
            1,
            24,
            ImageFormat::Z_PIXMAP.into(),
            true,
            segment,
            512,
        )
        .unwrap()
        .check()
        .unwrap();
    assert!(
        matches!(next_event(&connection), Event::ShmCompletion(done) if done.shmseg == segment && done.offset == 512)
    );
    let pixmap = connection.generate_id().unwrap();
    connection.create_pixmap(24, pixmap, window, 8, 4).unwrap();
    connection
        .copy_area(window, pixmap, gc, 0, 0, 0, 0, 8, 4)
        .unwrap();
    connection
        .shm_get_image(
            pixmap,
            0,
            0,
            8,
            4,
            u32::MAX,
            ImageFormat::Z_PIXMAP.into(),
            segment,
            4096,
        )
        .unwrap()
        .reply()
        .unwrap();
    let mut taken = vec![0; data.len()];
    pread(&reply.shm_fd, &mut taken, 4096).unwrap();
    for (index, pixel) in taken.chunks_exact(4).enumerate() {
        let inside = (4..7).contains(&(index % 8)) && (1..3).contains(&(index / 8));
        let wanted = if inside { 0xaaaa_aaaa } else { index as u32 };
        assert_eq!(u32::from_ne_bytes(pixel.try_into().unwrap()), wanted, "{index}");
    }
    peer.finish();
}

#[test]
fn sixteen_bits_have_odd_strides() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let (pixmap, gc) = (
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
    );
    connection
        .create_pixmap(16, pixmap, root(&connection), 3, 2)
        .unwrap();
    connection.create_gc(gc, pixmap, &CreateGCAux::new()).unwrap();
    let words: [u16; 8] = [1, 2, 3, 0, 4, 5, 6, 0];
    let data: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    connection
        .put_image(ImageFormat::Z_PIXMAP, pixmap, gc, 3, 2, 0, 0, 0, 16, &data)
        .unwrap();
    connection.flush().unwrap();
    assert_eq!(peer.control().pixels(pixmap).unwrap().data, [1, 2, 3, 4, 5, 6]);
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, pixmap, 0, 0, 3, 2, u32::MAX)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(image.data, data);
    peer.finish();
}

#[test]
fn pixmaps_are_exported_with_their_memory() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let imported = dri3_pixmap(&connection, buffer(16, 8, 128, 96, 3), 16, 8, 128, 96);
    let reply = connection
        .dri3_buffers_from_pixmap(imported)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(
        (reply.strides, reply.offsets, reply.modifier, reply.bpp),
        (vec![96], vec![128], 0, 32)
    );
    let mut word = [0; 4];
    pread(&reply.buffers[0], &mut word, 128).unwrap();
    assert_eq!(u32::from_ne_bytes(word), 3);

    let (pixmap, gc) = (
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
    );
    connection
        .create_pixmap(24, pixmap, root(&connection), 5, 5)
        .unwrap();
    let reply = connection
        .dri3_buffer_from_pixmap(pixmap)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!((reply.stride, reply.size, reply.width), (20, 100, 5));
    connection
        .create_gc(gc, pixmap, &CreateGCAux::new().foreground(0x1234))
        .unwrap();
    let spot = Rectangle {
        x: 0,
        y: 1,
        width: 1,
        height: 1,
    };
    connection
        .poly_fill_rectangle(pixmap, gc, &[spot])
        .unwrap()
        .check()
        .unwrap();
    pread(&reply.pixmap_fd, &mut word, 20).unwrap();
    assert_eq!(u32::from_ne_bytes(word), 0x1234);
    peer.finish();
}

#[test]
fn windows_tell_those_that_watch_them() {
    let peer = Peer::start(Script::default()).unwrap();
    let (client, manager) = (peer.connect().unwrap(), peer.connect().unwrap());
    let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    manager
        .change_window_attributes(root(&manager), &watch)
        .unwrap()
        .check()
        .unwrap();
    let window = window(&client, 10, 10);
    select(&client, window);
    manager
        .configure_window(window, &ConfigureWindowAux::new().width(30))
        .unwrap()
        .check()
        .unwrap();
    assert!(
        matches!(next_event(&client), Event::ConfigureNotify(c) if (c.width, c.height, c.x) == (30, 10, 5))
    );
    assert!(
        matches!(next_event(&client), Event::PresentConfigureNotify(c) if c.width == 30 && c.pixmap_flags == 0)
    );
    manager.destroy_window(window).unwrap().check().unwrap();
    assert!(matches!(next_event(&client), Event::DestroyNotify(_)));
    assert!(matches!(next_event(&client), Event::PresentConfigureNotify(c) if c.pixmap_flags == 1));
    let seen: Vec<_> = events(&manager);
    assert!(matches!(
        seen[..],
        [
            Event::CreateNotify(_),
            Event::MapNotify(_),
            Event::ConfigureNotify(_),
            Event::DestroyNotify(_)
        ]
    ));
    peer.finish();
}

#[test]
fn properties_are_kept() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let name = connection
        .intern_atom(false, b"_PIXBRIDGE")
        .unwrap()
        .reply()
        .unwrap()
        .atom;
    assert_eq!(
        connection
            .intern_atom(true, b"_PIXBRIDGE")
            .unwrap()
            .reply()
            .unwrap()
            .atom,
        name
    );
    assert_eq!(
        connection.get_atom_name(name).unwrap().reply().unwrap().name,
        b"_PIXBRIDGE"
    );
    let window = window(&connection, 1, 1);
    connection
        .change_property32(PropMode::REPLACE, window, name, name, &[5, 6, 7])
        .unwrap();
    let reply = connection
        .get_property(false, window, name, name, 1, 1)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(
        (reply.value32().unwrap().collect::<Vec<_>>(), reply.bytes_after),
        (vec![6], 4)
    );
    peer.finish();
}

#[test]
fn compositors_get_damage_and_window_pixmaps() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 10, 10);
    connection
        .composite_redirect_window(window, Redirect::MANUAL)
        .unwrap();
    let (named, damage, gc) = (
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
    );
    connection.composite_name_window_pixmap(window, named).unwrap();
    connection
        .damage_create(damage, window, ReportLevel::NON_EMPTY)
        .unwrap();
    connection
        .create_gc(gc, window, &CreateGCAux::new().foreground(9))
        .unwrap();
    let spots = [
        Rectangle {
            x: 1,
            y: 1,
            width: 2,
            height: 2,
        },
        Rectangle {
            x: 5,
            y: 5,
            width: 1,
            height: 1,
        },
    ];
    connection
        .poly_fill_rectangle(window, gc, &spots)
        .unwrap()
        .check()
        .unwrap();
    assert!(matches!(next_event(&connection), Event::DamageNotify(notify) if notify.damage == damage));
    assert!(
        connection.poll_for_event().unwrap().is_none(),
        "not empty is told once"
    );
    let parts = connection.generate_id().unwrap();
    connection.xfixes_create_region(parts, &[]).unwrap();
    connection.damage_subtract(damage, 0u32, parts).unwrap();
    let fetched = connection.xfixes_fetch_region(parts).unwrap().reply().unwrap();
    assert_eq!((fetched.rectangles.len(), fetched.extents.width), (2, 5));

    connection
        .configure_window(window, &ConfigureWindowAux::new().width(20))
        .unwrap()
        .check()
        .unwrap();
    let old = peer.control().pixels(named).unwrap();
    assert_eq!(
        (old.width, old.at(1, 1)),
        (10, Some(9)),
        "the name keeps the pixels of before the resize"
    );
    peer.finish();
}

#[test]
fn requests_are_logged_by_name() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    peer.control().take_requests();
    let window = window(&connection, 4, 4);
    dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    let requests = peer.control().requests();
    let names: Vec<_> = requests.iter().map(|logged| logged.name.as_str()).collect();
    let wanted = [
        "CreateWindow",
        "GetInputFocus",
        "MapWindow",
        "GetInputFocus",
        "QueryExtension",
    ];
    assert_eq!(names[..5], wanted);
    assert!(
        matches!(requests.iter().find(|logged| logged.name == "DRI3::PixmapFromBuffers").map(|logged| &logged.seen),
        Some(Seen::Import(imported)) if imported.planes.len() == 1 && imported.modifier == Some(0))
    );
    assert_ne!(window, 0);
    peer.finish();
}

#[test]
fn wrong_clients_are_complained_of() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let error = connection.free_pixmap(0x1234).unwrap().check().unwrap_err();
    assert!(matches!(error, ReplyError::X11Error(error) if error.error_kind == ErrorKind::Pixmap));
    let error = connection.grab_server().unwrap().check().unwrap_err();
    assert!(matches!(error, ReplyError::X11Error(error) if error.error_kind == ErrorKind::Request));
    let refused = Complaint::Refused {
        request: "FreePixmap".into(),
        code: ErrorCode::Pixmap,
        value: 0x1234,
    };
    let unserved = Complaint::Unserved {
        request: "GrabServer".into(),
    };
    assert_eq!(peer.control().take_complaints(), [refused, unserved]);
    let window = window(&connection, 4, 4);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    present(&connection, window, pixmap, 1);
    present(&connection, window, pixmap, 2);
    let busy = Complaint::Busy {
        request: "Present::Pixmap".into(),
        pixmap,
    };
    assert_eq!(peer.control().take_complaints(), [busy]);
    peer.finish();
}

#[test]
#[should_panic(expected = "FreePixmap: BadPixmap, value 0x1234")]
fn complaints_fail_the_test_at_its_end() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    connection.free_pixmap(0x1234).unwrap().ignore_error();
    connection.flush().unwrap();
    peer.finish();
}
