//! What GL draws to a pixmap that the server keeps in memory of its own.

use pixbridge_xtests::sharing::{Placing, Said};
use x11rb::protocol::{
    composite::{ConnectionExt as _, Redirect},
    xproto::{ConnectionExt as _, CreateGCAux, GX, ImageFormat, Rectangle},
};

use super::{BLUE, GREEN, RED, Rig};

/// A width whose rows would be padded in the session's memory, so that the server keeps the pixmap.
const WIDTH: u16 = 50;

#[test]
fn it_is_there_for_all_requests_that_read_the_pixmap() {
    for placing in [Placing::InPlace, Placing::Copied] {
        let rig = Rig::new(placing);
        let client = rig.client();
        let pixmap = client.pixmap(WIDTH, 20);
        client.fill(pixmap, [0, 0, WIDTH, 20], RED);
        let (picture, _) = client.export(&rig, pixmap);
        assert_eq!(picture.pixel(49, 19), RED);
        for color in [GREEN, BLUE] {
            picture.fill(color);
            assert_eq!(client.pixel(pixmap, 49, 19), color, "{placing:?}");
        }
        let window = client.window(WIDTH, 20);
        picture.fill(GREEN);
        let c = &client.connection;
        let gc = client.id();
        c.create_gc(gc, window, &CreateGCAux::new()).unwrap();
        c.copy_area(pixmap, window, gc, 0, 0, 0, 0, WIDTH, 20).unwrap();
        assert_eq!(client.pixel(window, 49, 19), GREEN, "{placing:?}");
    }
}

#[test]
fn the_server_draws_over_it() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(WIDTH, 20);
    let (picture, _) = client.export(&rig, pixmap);
    picture.fill(GREEN);
    let (c, gc) = (&client.connection, client.id());
    let inverting = CreateGCAux::new().function(GX::INVERT);
    c.create_gc(gc, pixmap, &inverting).unwrap();
    let area = Rectangle {
        x: 10,
        y: 5,
        width: 4,
        height: 4,
    };
    c.poly_fill_rectangle(pixmap, gc, &[area]).unwrap();
    let inverted = !GREEN & 0x00ff_ffff;
    assert_eq!(
        [(11, 6), (14, 6)].map(|(x, y)| client.pixel(pixmap, x, y)),
        [inverted, GREEN]
    );
    assert_eq!(
        [(11, 6), (14, 6)].map(|(x, y)| picture.pixel(x, y)),
        [inverted, GREEN]
    );
}

#[test]
fn it_leaves_what_the_server_draws_elsewhere() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(WIDTH, 20);
    let (picture, _) = client.export(&rig, pixmap);
    for (round, [below, above]) in [[RED, GREEN], [GREEN, BLUE], [BLUE, RED]].into_iter().enumerate() {
        picture.fill(below);
        client.fill(pixmap, [30, 0, 20, 20], above);
        client.sync();
        picture.fill_area([0, 0, 40, 20], below);
        let seen = [20, 35, 45].map(|x| client.pixel(pixmap, x, 10));
        assert_eq!(seen, [below, below, above], "{round}");
    }
}

#[test]
fn requests_that_were_sent_at_once_wait_for_it_once() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(WIDTH, 20);
    let (picture, _) = client.export(&rig, pixmap);
    picture.fill(GREEN);
    let resolves = || {
        let said = rig.session.said();
        said.iter()
            .filter(|said| matches!(said, Said::Resolve(_)))
            .count()
    };
    let before = resolves();
    for x in 0..20 {
        client.fill(pixmap, [x, 0, 1, 1], RED);
    }
    client.sync();
    assert_eq!(resolves(), before + 1);
    assert_eq!(client.pixel(pixmap, 30, 0), GREEN);
    assert_eq!(resolves(), before + 2);
}

#[test]
fn pixmaps_of_windows_get_nothing_of_it() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let window = client.window(WIDTH, 20);
    let c = &client.connection;
    c.composite_query_version(0, 4).unwrap().reply().unwrap();
    c.composite_redirect_window(window, Redirect::MANUAL).unwrap();
    let pixmap = client.id();
    c.composite_name_window_pixmap(window, pixmap).unwrap();
    client.fill(window, [0, 0, WIDTH, 20], RED);
    let (picture, _) = client.export(&rig, pixmap);
    picture.fill(GREEN);
    assert_eq!(client.pixel(pixmap, 3, 3), RED);
    assert_eq!(client.pixel(window, 3, 3), RED);
}

#[test]
fn pixels_of_16_bits_are_no_exception() {
    const GREEN_565: u16 = 0x07e0;
    let rig = Rig::new(Placing::Copied);
    let client = rig.client();
    let pixmap = client.pixmap_of_depth(16, WIDTH, 20);
    let (picture, described) = client.export(&rig, pixmap);
    assert_eq!(
        (described.depth, described.bpp, described.stride),
        (16, 16, WIDTH * 2)
    );
    let twice = u32::from(GREEN_565) << 16 | u32::from(GREEN_565);
    picture.fill(twice);
    let c = &client.connection;
    let image = c.get_image(ImageFormat::Z_PIXMAP, pixmap, 49, 19, 1, 1, !0);
    let data = image.unwrap().reply().unwrap().data;
    assert_eq!(data[..2], GREEN_565.to_le_bytes());
}
