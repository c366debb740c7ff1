//! Buffers of clients become pixmaps, and pixmaps have buffers.

use pixbridge_xtests::sharing::{Placing, Said};
use x11rb::protocol::{
    dri3::ConnectionExt as _,
    xproto::{ConnectionExt as _, CreateGCAux, FillStyle, Rectangle},
};

use super::{BLUE, DEPTH, GREEN, RED, Rig};

#[test]
fn a_buffer_becomes_a_pixmap_of_the_size_that_its_client_knows() {
    for placing in [Placing::InPlace, Placing::Copied] {
        let rig = Rig::new(placing);
        let client = rig.client();
        let picture = rig.session.picture(301, 20);
        picture.fill(RED);
        picture.fill_area([0, 0, 301, 20], GREEN);
        let pixmap = client.import(&picture, 301, 20);
        let geometry = client.connection.get_geometry(pixmap).unwrap().reply().unwrap();
        assert_eq!(
            (geometry.width, geometry.height, geometry.depth),
            (301, 20, DEPTH)
        );
        for (x, y) in [(0, 0), (300, 0), (0, 19), (300, 19)] {
            assert_eq!(client.pixel(pixmap, x, y), GREEN, "{placing:?} {x},{y}");
        }
    }
}

#[test]
fn what_a_client_gives_up_goes_back_to_the_session() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let picture = rig.session.picture(64, 64);
    let first = client.import(&picture, 64, 64);
    let second = client.import(&picture, 64, 64);
    client.connection.free_pixmap(first).unwrap();
    client.sync();
    let said = rig
        .session
        .wait_for(|said| said.iter().any(|said| matches!(said, Said::Unref(_))));
    let unrefs = |said: &[Said]| said.iter().filter(|said| matches!(said, Said::Unref(_))).count();
    assert_eq!(unrefs(&said), 1);
    assert_eq!(client.pixel(second, 0, 0), 0);
    drop(client);
    rig.session.wait_for(|said| unrefs(said) == 2);
}

#[test]
fn an_imported_buffer_is_given_out_again_as_the_same_file() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let picture = rig.session.picture(301, 20);
    let pixmap = client.import(&picture, 301, 20);
    let (again, described) = client.export(&rig, pixmap);
    assert!(std::sync::Arc::ptr_eq(&picture, &again));
    assert_eq!(
        (described.width, described.height, described.stride),
        (301, 20, 1204)
    );
    let many = client
        .connection
        .dri3_buffers_from_pixmap(pixmap)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(
        (many.width, many.height, many.strides, many.offsets),
        (301, 20, vec![1204], vec![0])
    );
    assert!(rig.session.picture_of(&many.buffers[0]).is_some());
}

#[test]
fn a_pixmap_that_a_client_makes_lies_in_memory_of_the_session() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(112, 30);
    client.fill(pixmap, [0, 0, 112, 30], RED);
    client.fill(pixmap, [111, 29, 1, 1], BLUE);
    let (picture, described) = client.export(&rig, pixmap);
    assert_eq!((described.width, described.height), (112, 30));
    assert_eq!(
        (
            picture.pixel(0, 0),
            picture.pixel(110, 29),
            picture.pixel(111, 29)
        ),
        (RED, RED, BLUE)
    );
    // And the other way round.
    picture.fill_area([10, 10, 5, 5], GREEN);
    assert_eq!(
        (client.pixel(pixmap, 10, 10), client.pixel(pixmap, 15, 10)),
        (GREEN, RED)
    );
}

#[test]
fn a_pixmap_that_would_be_padded_stays_with_the_server_until_its_buffer_is_wanted() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(15, 4);
    client.fill(pixmap, [0, 0, 15, 4], GREEN);
    client.sync();
    let made = |said: &[Said]| said.iter().filter(|said| matches!(said, Said::Create(_))).count();
    assert_eq!(made(&rig.session.said()), 0);
    let (picture, described) = client.export(&rig, pixmap);
    assert_eq!((described.width, described.height, described.stride), (15, 4, 60));
    assert_eq!((picture.pixel(0, 0), picture.pixel(14, 3)), (GREEN, GREEN));
    assert_eq!(made(&rig.session.said()), 1);
}

#[test]
fn a_tile_repeats_at_the_width_that_its_client_gave_it() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let (tile, target) = (client.pixmap(100, 1), client.pixmap(320, 1));
    client.fill(tile, [0, 0, 100, 1], RED);
    client.fill(tile, [0, 0, 1, 1], BLUE);
    let (gc, c) = (client.id(), &client.connection);
    let tiled = CreateGCAux::new().fill_style(FillStyle::TILED).tile(tile);
    c.create_gc(gc, target, &tiled).unwrap();
    let (x, y, width, height) = (0, 0, 320, 1);
    c.poly_fill_rectangle(target, gc, &[Rectangle { x, y, width, height }])
        .unwrap();
    let blue = (0..320).filter(|&x| client.pixel(target, x, 0) == BLUE);
    assert_eq!(blue.collect::<Vec<_>>(), [0, 100, 200, 300]);
}
