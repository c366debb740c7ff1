//! What the server draws is in the textures of clients before they can know of it.

use pixbridge_xtests::sharing::{Placing, Said};

use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        composite::{ConnectionExt as _, Redirect},
        damage::{ConnectionExt as _, ReportLevel},
        xproto::ConnectionExt as _,
    },
};

use super::{Client, GREEN, RED, Rig};

/// A compositor's view of a window: its pixmap.
fn named(client: &Client, window: u32) -> u32 {
    let c = &client.connection;
    c.composite_query_version(0, 4).unwrap().reply().unwrap();
    c.composite_redirect_window(window, Redirect::MANUAL).unwrap();
    let pixmap = client.id();
    c.composite_name_window_pixmap(window, pixmap).unwrap();
    pixmap
}

#[test]
fn a_windows_pixmap_is_followed_by_one_of_the_session() {
    for placing in [Placing::InPlace, Placing::Copied] {
        let rig = Rig::new(placing);
        let (compositor, application) = (rig.client(), rig.client());
        let window = application.window(150, 40);
        let pixmap = named(&compositor, window);
        application.fill(window, [0, 0, 150, 40], RED);
        application.sync();
        let (picture, described) = compositor.export(&rig, pixmap);
        assert_eq!((described.width, described.height), (150, 40));
        assert_eq!((picture.pixel(0, 0), picture.pixel(149, 39)), (RED, RED));
        for (x, color) in [(3, GREEN), (140, RED), (3, RED), (77, GREEN)] {
            application.fill(window, [x, 5, 2, 2], color);
            application.sync();
            // Any word of the server comes after the picture.
            compositor.sync();
            assert_eq!(picture.pixel(x.into(), 5), color, "{placing:?} {x}");
        }
        if placing == Placing::Copied {
            let uploads = rig
                .session
                .said()
                .iter()
                .filter(|said| matches!(said, Said::Upload(_)))
                .count();
            assert!(uploads >= 5, "{:?}", rig.session.said());
        }
    }
}

#[test]
fn a_compositor_is_told_of_damage_after_its_texture_has_it() {
    let rig = Rig::new(Placing::InPlace);
    let (compositor, application) = (rig.client(), rig.client());
    let window = application.window(150, 40);
    let pixmap = named(&compositor, window);
    let (picture, _) = compositor.export(&rig, pixmap);
    let c = &compositor.connection;
    c.damage_query_version(1, 1).unwrap().reply().unwrap();
    let damage = compositor.id();
    c.damage_create(damage, window, ReportLevel::NON_EMPTY)
        .unwrap()
        .check()
        .unwrap();
    let wait_for_damage = || {
        while !matches!(c.wait_for_event().unwrap(), Event::DamageNotify(_)) {}
    };
    // All of a window counts as damaged at first.
    wait_for_damage();
    for (frame, color) in [GREEN, RED, GREEN, RED].into_iter().enumerate() {
        c.damage_subtract(damage, 0u32, 0u32).unwrap().check().unwrap();
        application.fill(window, [0, 0, 150, 40], color);
        application.sync();
        wait_for_damage();
        assert_eq!(picture.pixel(75, 20), color, "{frame}");
    }
}

#[test]
fn a_copied_pixmap_takes_in_what_the_server_draws_later() {
    let rig = Rig::new(Placing::Copied);
    let client = rig.client();
    let pixmap = client.pixmap(112, 30);
    client.fill(pixmap, [0, 0, 112, 30], RED);
    let uploads = || {
        rig.session
            .said()
            .iter()
            .filter(|said| matches!(said, Said::Upload(_)))
            .count()
    };
    let (picture, _) = client.export(&rig, pixmap);
    assert_eq!((uploads(), picture.pixel(50, 20)), (1, RED));
    client.sync();
    assert_eq!(uploads(), 1, "nothing was drawn");
    client.fill(pixmap, [50, 20, 3, 3], GREEN);
    client.sync();
    assert_eq!((uploads(), picture.pixel(50, 20)), (2, GREEN));
}

#[test]
fn a_shadow_goes_with_its_pixmap() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let pixmap = client.pixmap(8, 8);
    client.export(&rig, pixmap);
    client.connection.free_pixmap(pixmap).unwrap();
    client.sync();
    rig.session
        .wait_for(|said| said.iter().any(|said| matches!(said, Said::Unref(_))));
}
