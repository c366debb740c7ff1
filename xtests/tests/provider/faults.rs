//! Clients that lie, sessions that die.

use std::time::{Duration, Instant};

use pixbridge::memory::SharedMemory;
use pixbridge_xtests::sharing::{Placing, Said};
use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        dri3::ConnectionExt as _,
        xproto::{AtomEnum, ConnectionExt as _, PropMode},
    },
    wrapper::ConnectionExt as _,
};

use super::{Client, DEPTH, Rig};

const VALUE: u8 = 2;
const PIXMAP: u8 = 4;
const MATCH: u8 = 8;
const ALLOC: u8 = 11;
const ID_CHOICE: u8 = 14;

/// Code, extension and minor opcode of an error.
pub(super) fn error_of(error: ReplyError) -> (u8, &'static str, u16) {
    match error {
        ReplyError::X11Error(error) => {
            let extension = match error.extension_name.as_deref() {
                Some("DRI3") => "DRI3",
                _ => "another",
            };
            (error.error_code, extension, error.minor_opcode)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_client_that_lies_is_told_so_by_errors_of_dri3() {
    let rig = Rig::new(Placing::InPlace);
    let (client, other) = (rig.client(), rig.client());
    let picture = rig.session.picture(64, 64);
    let (_memory, foreign) = SharedMemory::create("foreign", 1 << 20).unwrap();
    let theirs = other.import(&picture, 64, 64);
    let (c, root) = (&client.connection, client.root());
    let offer = |pixmap, file, width: u16, height, stride, depth, bpp| {
        c.dri3_pixmap_from_buffer(pixmap, root, 1 << 14, width, height, stride, depth, bpp, file)
            .unwrap()
            .check()
            .unwrap_err()
    };
    let cases = [
        (VALUE, offer(client.id(), foreign, 64, 64, 256, DEPTH, 32)),
        (MATCH, offer(client.id(), picture.file(), 65, 64, 260, DEPTH, 32)),
        (MATCH, offer(client.id(), picture.file(), 64, 65, 256, DEPTH, 32)),
        (MATCH, offer(client.id(), picture.file(), 64, 64, 255, DEPTH, 32)),
        (VALUE, offer(client.id(), picture.file(), 64, 64, 128, 16, 32)),
        (MATCH, offer(client.id(), picture.file(), 64, 64, 128, 16, 16)),
        (VALUE, offer(client.id(), picture.file(), 0, 64, 256, DEPTH, 32)),
        (ID_CHOICE, offer(theirs, picture.file(), 64, 64, 256, DEPTH, 32)),
    ];
    for (at, (wanted, error)) in cases.into_iter().enumerate() {
        assert_eq!(error_of(error), (wanted, "DRI3", 2), "case {at}");
    }
    let error = c.dri3_buffer_from_pixmap(0x1234).unwrap().reply().unwrap_err();
    assert_eq!(error_of(error), (PIXMAP, "DRI3", 3));
    assert_eq!(other.pixel(theirs, 0, 0), 0, "nobody else is touched");
}

#[test]
fn the_servers_own_error_is_told_in_the_name_of_the_request_that_the_client_made() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let picture = rig.session.picture(64, 64);
    let taken = client.window(10, 10);
    let error = client.offer(taken, picture.file(), 64, 64).check().unwrap_err();
    assert_eq!(error_of(error), (ID_CHOICE, "DRI3", 2));
    rig.session
        .wait_for(|said| said.iter().any(|said| matches!(said, Said::Unref(_))));
}

#[test]
fn a_client_may_grab_the_server_and_wait_for_what_our_own_connection_does() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    client.connection.grab_server().unwrap();
    let pixmap = client.pixmap(15, 15);
    client.export(&rig, pixmap);
    let picture = rig.session.picture(64, 64);
    client.import(&picture, 64, 64);
    client.connection.ungrab_server().unwrap();
    client.sync();
}

#[test]
fn a_client_that_never_asked_for_dri3_has_the_server_to_itself_when_it_grabs_it() {
    let rig = Rig::new(Placing::InPlace);
    let [holder, other] = [(); 2].map(|()| Client {
        connection: rig.proxied.connect(),
    });
    holder.connection.grab_server().unwrap();
    holder.sync();
    let window = holder.root();
    let (property, kind) = (AtomEnum::CUT_BUFFER0, AtomEnum::STRING);
    other
        .connection
        .change_property8(PropMode::REPLACE, window, property, kind, b"late")
        .unwrap();
    other.connection.flush().unwrap();

    let picture = rig.session.picture(64, 64);
    let refused = holder.offer(holder.id(), picture.file(), 64, 64).check();
    assert_eq!(
        error_of(refused.unwrap_err()),
        (ALLOC, "DRI3", 2),
        "nobody could make it now"
    );
    let value = || {
        let asked = holder
            .connection
            .get_property(false, window, property, kind, 0, 9);
        asked.unwrap().reply().unwrap().value
    };
    assert_eq!(value(), b"");
    holder.connection.ungrab_server().unwrap();
    holder.import(&picture, 64, 64);
    other.sync();
    assert_eq!(value(), b"late");
}

#[test]
fn when_the_session_dies_clients_are_told_and_another_session_takes_its_place() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let picture = rig.session.picture(64, 64);
    picture.fill(super::GREEN);
    let pixmap = client.import(&picture, 64, 64);
    rig.session.hold_resolves(true);
    let image = client.connection.get_image(
        x11rb::protocol::xproto::ImageFormat::Z_PIXMAP,
        pixmap,
        0,
        0,
        1,
        1,
        !0,
    );
    client.connection.flush().unwrap();
    rig.session
        .wait_for(|said| said.iter().any(|said| matches!(said, Said::Resolve(_))));
    rig.session.die();
    rig.session.hold_resolves(false);
    image
        .unwrap()
        .reply()
        .expect("a pixmap stays one of the server's");
    let error = client
        .connection
        .dri3_open(client.root(), 0)
        .unwrap()
        .reply()
        .unwrap_err();
    assert_eq!(error_of(error), (ALLOC, "DRI3", 1));
    let error = client
        .offer(client.id(), picture.file(), 64, 64)
        .check()
        .unwrap_err();
    assert_eq!(error_of(error), (ALLOC, "DRI3", 2));
    // Pixmaps are the server's own meanwhile.
    client.pixmap(112, 100);
    rig.session.listen();
    client
        .connection
        .dri3_open(client.root(), 0)
        .unwrap()
        .reply()
        .unwrap();
    let again = rig.session.picture(64, 64);
    client.import(&again, 64, 64);
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let rig = Rig::new(Placing::InPlace);
    let picture = rig.session.picture(64, 64);
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let cycle = || {
        let client = rig.client();
        client.import(&picture, 64, 64);
        let pixmap = client.pixmap(8, 8);
        client.export(&rig, pixmap);
        // In the midst of a request that waits for the session.
        let _ = client.offer(client.id(), picture.file(), 64, 64);
        client.connection.flush().unwrap();
    };
    let balance = |said: &[Said]| {
        let count = |wanted: fn(&Said) -> bool| said.iter().filter(|said| wanted(said)).count();
        let had = count(|said| matches!(said, Said::Import(_) | Said::Create(_)));
        had.checked_sub(count(|said| matches!(said, Said::Unref(_))))
    };
    cycle();
    rig.session.wait_for(|said| balance(said) == Some(0));
    let before = descriptors();
    for _ in 0..20 {
        cycle();
    }
    rig.session
        .wait_for(|said| said.len() > 60 && balance(said) == Some(0));
    // The session of the test keeps the files of pictures that it made, and each client's connection to it. Other tests
    // in this process have descriptors, too, until they end.
    let (kept, end) = (20 * 2, Instant::now() + Duration::from_secs(30));
    while descriptors() > before + kept + 4 {
        assert!(Instant::now() < end, "{before} before, {} now", descriptors());
        std::thread::sleep(Duration::from_millis(10));
    }
}
