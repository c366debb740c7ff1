//! Frames reach windows: whole, not before they are drawn, and without their padding.

use pixbridge_xtests::sharing::{Placing, Said};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        present::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, CreateGCAux},
    },
};

use super::{BLUE, Client, GREEN, RED, Rig};

/// Presents a pixmap at once.
fn present(client: &Client, window: u32, pixmap: u32, serial: u32, idle_fence: u32) {
    let options = present::Option::ASYNC.into();
    let c = &client.connection;
    c.present_pixmap(
        window,
        pixmap,
        serial,
        0,
        0,
        0,
        0,
        0,
        0,
        idle_fence,
        options,
        0,
        0,
        0,
        &[],
    )
    .unwrap();
    c.flush().unwrap();
}

fn select(client: &Client, window: u32) {
    let c = &client.connection;
    c.present_query_version(1, 2).unwrap().reply().unwrap();
    let mask = present::EventMask::COMPLETE_NOTIFY | present::EventMask::IDLE_NOTIFY;
    c.present_select_input(client.id(), window, mask)
        .unwrap()
        .check()
        .unwrap();
}

fn wait_for_complete(client: &Client, wanted: u32) {
    loop {
        if let Event::PresentCompleteNotify(complete) = client.connection.wait_for_event().unwrap()
            && complete.serial == wanted
        {
            return;
        }
    }
}

#[test]
fn a_frame_is_shown_without_its_padding() {
    for placing in [Placing::InPlace, Placing::Copied] {
        let rig = Rig::new(placing);
        let client = rig.client();
        let window = client.window(400, 100);
        select(&client, window);
        let picture = rig.session.picture(301, 50);
        let pixmap = client.import(&picture, 301, 50);
        picture.fill(RED);
        picture.fill_area([0, 0, 301, 50], GREEN);
        present(&client, window, pixmap, 7, 0);
        wait_for_complete(&client, 7);
        let row: Vec<u32> = [0, 300, 301, 303, 320]
            .map(|x| client.pixel(window, x, 49))
            .to_vec();
        assert_eq!(row, [GREEN, GREEN, BLUE, BLUE, BLUE], "{placing:?}");
        assert_eq!(client.pixel(window, 10, 50), BLUE);
    }
}

#[test]
fn a_frame_waits_for_the_session_and_its_client_alone_waits_with_it() {
    let rig = Rig::new(Placing::InPlace);
    let (client, other) = (rig.client(), rig.client());
    let window = client.window(64, 64);
    select(&client, window);
    let picture = rig.session.picture(64, 64);
    picture.fill(RED);
    let pixmap = client.import(&picture, 64, 64);
    rig.session.hold_resolves(true);
    present(&client, window, pixmap, 1, 0);
    rig.session
        .wait_for(|said| said.iter().any(|said| matches!(said, Said::Resolve(_))));
    assert_eq!(other.pixel(window, 5, 5), BLUE, "the frame is not drawn yet");
    picture.fill(GREEN);
    rig.session.hold_resolves(false);
    wait_for_complete(&client, 1);
    assert_eq!(other.pixel(window, 5, 5), GREEN);
}

#[test]
fn whatever_reads_a_pixmap_or_draws_over_it_waits_until_gl_has_drawn_it() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let window = client.window(64, 64);
    let picture = rig.session.picture(64, 64);
    let pixmap = client.import(&picture, 64, 64);
    let resolves = || {
        rig.session
            .said()
            .iter()
            .filter(|said| matches!(said, Said::Resolve(_)))
            .count()
    };
    client.pixel(pixmap, 0, 0);
    assert_eq!(resolves(), 1);
    let (c, gc) = (&client.connection, client.id());
    c.create_gc(gc, window, &CreateGCAux::new()).unwrap();
    c.copy_area(pixmap, window, gc, 0, 0, 0, 0, 64, 64).unwrap();
    client.sync();
    assert_eq!(resolves(), 2);
    c.copy_area(window, pixmap, gc, 0, 0, 0, 0, 64, 64).unwrap();
    client.sync();
    assert_eq!(resolves(), 3);
}

#[test]
fn an_update_region_of_the_client_stays() {
    use x11rb::protocol::xfixes::ConnectionExt as _;
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let window = client.window(64, 64);
    select(&client, window);
    let picture = rig.session.picture(50, 50);
    picture.fill(GREEN);
    let pixmap = client.import(&picture, 50, 50);
    let (c, region) = (&client.connection, client.id());
    c.xfixes_query_version(5, 0).unwrap().reply().unwrap();
    let (x, y, width, height) = (10, 10, 5, 5);
    c.xfixes_create_region(
        region,
        &[x11rb::protocol::xproto::Rectangle { x, y, width, height }],
    )
    .unwrap();
    let options = present::Option::ASYNC.into();
    c.present_pixmap(window, pixmap, 3, 0, region, 0, 0, 0, 0, 0, options, 0, 0, 0, &[])
        .unwrap();
    c.flush().unwrap();
    wait_for_complete(&client, 3);
    let seen = [9, 10, 14, 15].map(|at| client.pixel(window, at, at));
    assert_eq!(seen, [BLUE, GREEN, GREEN, BLUE]);
}
