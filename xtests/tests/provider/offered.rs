//! What clients are told of DRI3.

use std::io::Write as _;

use pixbridge_xtests::{
    proxied::{u16_swapped, u32_swapped},
    sharing::{Placing, Said},
};
use x11rb::{
    connection::Connection as _,
    protocol::{dri3::ConnectionExt as _, xproto::ConnectionExt as _},
};

use super::Rig;

#[test]
fn a_client_finds_dri3_where_the_server_has_none() {
    let rig = Rig::new(Placing::InPlace);
    let c = rig.proxied.connect();
    let found = c.query_extension(b"DRI3").unwrap().reply().unwrap();
    assert!(found.present && found.major_opcode >= 128);
    let names = c.list_extensions().unwrap().reply().unwrap().names;
    assert!(names.iter().any(|name| name.name == b"DRI3"));
    for name in names.iter().filter(|name| name.name != b"DRI3") {
        let other = c.query_extension(&name.name).unwrap().reply().unwrap();
        assert_ne!(other.major_opcode, found.major_opcode, "{name:?}");
    }
    let version = c.dri3_query_version(1, 4).unwrap().reply().unwrap();
    assert_eq!((version.major_version, version.minor_version), (1, 2));
    let version = c.dri3_query_version(1, 0).unwrap().reply().unwrap();
    assert_eq!((version.major_version, version.minor_version), (1, 0));
}

#[test]
fn a_client_is_connected_to_the_session_on_a_socket_on_which_nothing_was_said() {
    let rig = Rig::new(Placing::InPlace);
    let c = rig.proxied.connect();
    let root = c.setup().roots[0].root;
    let device = c.dri3_open(root, 0).unwrap().reply().unwrap().device_fd;
    let mut device = std::os::unix::net::UnixStream::from(device);
    let address = device.peer_addr().unwrap();
    assert_eq!(address.as_pathname(), Some(&*rig.session.socket()));
    device
        .write_all(&[5, 0, 0, 0, 8, 0, 0, 0, b't', b'e', b's', b't', 0])
        .unwrap();
    rig.session.wait_for(|said| said.contains(&Said::Hello));
    let error = c.dri3_open(0x1234, 0).unwrap().reply().unwrap_err();
    assert_eq!(super::faults::error_of(error), (9, "DRI3", dri3_open()));
}

fn dri3_open() -> u16 {
    x11rb::protocol::dri3::OPEN_REQUEST.into()
}

#[test]
fn a_client_of_the_other_byte_order_gets_the_same() {
    let rig = Rig::new(Placing::InPlace);
    let picture = rig.session.picture(300, 20);
    let (mut swapped, setup) = rig.proxied.connect_swapped();
    let field = |at: usize| u32::from_ne_bytes(setup[at..at + 4].try_into().unwrap()).swap_bytes();
    let pixmap = field(12) | 1;
    let vendor = usize::from(u16::from_ne_bytes([setup[25], setup[24]]));
    let root = field(40 + vendor.next_multiple_of(4) + usize::from(setup[29]) * 8);

    swapped.request([98, 0], &[&u16_swapped(4)[..], &[0, 0], b"DRI3"].concat());
    let found = swapped.read(32);
    assert_eq!((found[0], found[8]), (1, 1));
    let major = found[9];
    swapped.request([major, 0], &[u32_swapped(1), u32_swapped(2)].concat());
    let version = swapped.read(32);
    assert_eq!(version[8..16], [u32_swapped(1), u32_swapped(2)].concat());

    let shorts = [300, 20, 1200].map(u16_swapped);
    let body = [pixmap, root, 1200 * 20].map(u32_swapped).concat();
    let body = [&body[..], &shorts.concat(), &[24, 32]].concat();
    swapped.request_with([major, 2], &body, &picture.file());
    swapped.request([14, 0], &u32_swapped(pixmap));
    let geometry = swapped.read(32);
    assert_eq!((geometry[0], geometry[1]), (1, 24), "{geometry:?}");
    assert_eq!(geometry[16..20], [300, 20].map(u16_swapped).concat());
}
