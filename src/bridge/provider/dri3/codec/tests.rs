use proptest::prelude::*;
use x11rb::protocol::{dri3 as proto, present, shm};

use super::{dri3::Plane, *};
use crate::x11::ByteOrder;

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

fn body(order: ByteOrder, words: &[u32]) -> Vec<u8> {
    let made = words.iter().fold(Maker::new(order), |made, word| made.u32(*word));
    made.finish()
}

fn parse(minor: u8, order: ByteOrder, bytes: &[u8]) -> Result<Dri3Request, Bad> {
    Dri3Request::parse(minor, Fields::new(bytes, order))
}

#[test]
fn a_buffer_is_offered_in_both_orders_and_both_forms() {
    for order in ORDERS {
        let head = Maker::new(order).u32(0x20_0001).u32(0x1e3);
        let one = head
            .u32(480_000)
            .u16(400)
            .u16(300)
            .u16(1600)
            .u8(24)
            .u8(32)
            .finish();
        let Ok(Dri3Request::PixmapFromBuffers(offer)) = parse(proto::PIXMAP_FROM_BUFFER_REQUEST, order, &one)
        else {
            panic!("{order:?}");
        };
        assert_eq!(
            (offer.width, offer.height, offer.depth, offer.bpp),
            (400, 300, 24, 32)
        );
        assert_eq!(
            offer.plane,
            Plane {
                stride: 1600,
                offset: 0
            }
        );
        let head = Maker::new(order).u32(0x20_0001).u32(0x1e3).u8(1).pad(3);
        let planes = head.u16(400).u16(300).u32(1600).pad(28);
        let many = planes.u8(24).u8(32).pad(2).u64(offer.modifier).finish();
        let again = parse(proto::PIXMAP_FROM_BUFFERS_REQUEST, order, &many);
        assert_eq!(again, Ok(Dri3Request::PixmapFromBuffers(offer)));
    }
}

#[test]
fn lengths_are_checked_as_servers_check_them() {
    let bytes = [0; 64];
    for (minor, length) in [
        (0, 8),
        (1, 8),
        (2, 20),
        (3, 4),
        (4, 12),
        (5, 8),
        (6, 8),
        (7, 60),
        (8, 4),
    ] {
        for wrong in [0, length - 4, length + 4] {
            let found = parse(minor, ByteOrder::Big, &bytes[..wrong]);
            assert_eq!(found, Err(Bad::Length), "{minor}, {wrong} bytes");
        }
        assert!(parse(minor, ByteOrder::Big, &bytes[..length]).is_ok(), "{minor}");
    }
    assert_eq!(parse(9, ByteOrder::Little, &bytes[..8]), Err(Bad::Request));
}

#[test]
fn no_more_descriptors_are_wanted_than_a_buffer_has_planes() {
    let bytes = [255; 60];
    let offer = parse(proto::PIXMAP_FROM_BUFFERS_REQUEST, ByteOrder::Little, &bytes).unwrap();
    assert_eq!(offer.descriptors(), 4);
}

#[test]
fn replies_are_those_of_x11rb_for_this_machine() {
    use x11rb::x11_utils::{TryParse, TryParseFd};
    let order = ByteOrder::NATIVE;
    let version = Answer::Version { major: 1, minor: 2 }.encode(order, 77);
    let (reply, rest) = proto::QueryVersionReply::try_parse(&version).unwrap();
    assert_eq!(
        (reply.major_version, reply.minor_version, reply.sequence),
        (1, 2, 77)
    );
    assert!(rest.is_empty());
    let modifiers = Answer::Modifiers {
        window: &[],
        screen: &[0, 7],
    };
    let (reply, rest) = proto::GetSupportedModifiersReply::try_parse(&modifiers.encode(order, 78))
        .map(|(r, rest)| (r, rest.len()))
        .unwrap();
    assert_eq!(
        (reply.window_modifiers, reply.screen_modifiers),
        (vec![], vec![0, 7])
    );
    assert_eq!(rest, 0);
    let buffer = BufferReply {
        width: 641,
        height: 33,
        depth: 24,
        bpp: 32,
        stride: 2564,
        size: 90_000,
    };
    let fd = || vec![std::fs::File::open("/dev/null").unwrap().into()];
    let bytes = buffer.one(order, 79).unwrap();
    let (reply, rest) = proto::BufferFromPixmapReply::try_parse_fd(&bytes, &mut fd()).unwrap();
    assert_eq!(
        (reply.width, reply.height, reply.stride, reply.size),
        (641, 33, 2564, 90_000)
    );
    assert_eq!((reply.depth, reply.bpp, rest.len()), (24, 32, 0));
    let bytes = buffer.many(order, 80);
    let (reply, rest) = proto::BuffersFromPixmapReply::try_parse_fd(&bytes, &mut fd()).unwrap();
    assert_eq!((reply.width, reply.height), (641, 33));
    assert_eq!((reply.strides, reply.offsets), (vec![2564], vec![0]));
    assert_eq!((reply.depth, reply.bpp, rest.len()), (24, 32, 0));
}

#[test]
fn a_stride_too_long_for_the_old_reply_gives_none() {
    let buffer = BufferReply {
        width: 20_000,
        height: 1,
        depth: 24,
        bpp: 32,
        stride: 80_000,
        size: 80_000,
    };
    assert_eq!(buffer.one(ByteOrder::Big, 1), None);
}

#[test]
fn an_extension_is_added_to_the_list_once() {
    for order in ORDERS {
        let empty = Maker::new(order).u8(1).u8(0).u16(5).u32(0).reply();
        let one = extension_names(&empty, order, b"DRI3").unwrap();
        assert_eq!(one.len(), 40);
        assert_eq!((&one[32..37], one[1]), (&b"\x04DRI3"[..], 1));
        assert_eq!(Fields::new(&one, order).u32(4), Some(2));
        let two = extension_names(&one, order, b"Present").unwrap();
        assert_eq!(&two[32..45], b"\x04DRI3\x07Present");
        assert_eq!(extension_names(&two, order, b"DRI3"), None);
        assert_eq!(extension_names(&two[..34], order, b"SYNC"), None);
    }
}

#[test]
fn a_presented_pixmap_gets_a_region_and_nothing_else_changes() {
    for order in ORDERS {
        let words: Vec<u32> = (1..=17).collect();
        let request = [&[148, present::PIXMAP_REQUEST, 0, 0][..], &body(order, &words)].concat();
        let parsed =
            PresentPixmap::parse(present::PIXMAP_REQUEST, Fields::new(&request[4..], order)).unwrap();
        let wanted = PresentPixmap {
            window: 1,
            pixmap: 2,
            update: 5,
            wait_fence: 8,
            idle_fence: 9,
        };
        assert_eq!(parsed, wanted);
        let changed = PresentPixmap::with_update(&request, 4, order, 0x77);
        let again = PresentPixmap::parse(present::PIXMAP_REQUEST, Fields::new(&changed[4..], order));
        assert_eq!(
            again,
            Some(PresentPixmap {
                update: 0x77,
                ..wanted
            })
        );
        assert_eq!((&changed[..20], &changed[24..]), (&request[..20], &request[24..]));
    }
}

#[test]
fn a_pixmap_of_a_segment_is_asked_for_as_x11rb_does() {
    let order = ByteOrder::NATIVE;
    let padded = Geometry {
        width: 416,
        height: 300,
        depth: 24,
    };
    let ours = shm_create_pixmap(order, 130, 0x20_0001, 0x1e3, padded, 0x30_0002, 4096);
    let theirs = shm::CreatePixmapRequest {
        pid: 0x20_0001,
        drawable: 0x1e3,
        width: 416,
        height: 300,
        depth: 24,
        shmseg: 0x30_0002,
        offset: 4096,
    };
    let (theirs, _fds) = theirs.serialize(130);
    assert_eq!(ours, theirs.concat());
}

#[test]
fn a_size_is_corrected_in_the_reply() {
    for order in ORDERS {
        let reply = Maker::new(order)
            .u8(1)
            .u8(24)
            .u16(9)
            .u32(0)
            .u32(0x1e3)
            .u16(0)
            .u16(0)
            .u16(416)
            .u16(300);
        let reply = reply.reply();
        let told = Geometry::from_reply(Fields::new(&reply, order)).unwrap();
        let real = Geometry { width: 401, ..told };
        let corrected = real.correct(&reply, order);
        assert_eq!(Geometry::from_reply(Fields::new(&corrected, order)), Some(real));
        assert_eq!(corrected.len(), 32);
    }
}

proptest! {
    #[test]
    fn anything_can_be_parsed(minor in 0u8..12, bytes in prop::collection::vec(any::<u8>(), 0..80), big in any::<bool>()) {
        let order = ORDERS[usize::from(big)];
        let fields = Fields::new(&bytes, order);
        let _ = Dri3Request::parse(minor, fields);
        let _ = PresentPixmap::parse(minor, fields);
        let _ = Drawn::parse(minor, fields);
        let _ = IdleNotify::parse(fields, 148);
        let _ = create_pixmap(minor, fields);
        let _ = Geometry::from_reply(fields);
        if let Some(longer) = extension_names(&bytes, order, b"DRI3") {
            prop_assert_eq!(longer.len() % 4, 0);
        }
    }
}
