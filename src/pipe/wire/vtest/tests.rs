use proptest::prelude::*;

use super::*;
use crate::pipe::{
    format::Format,
    wire::virgl::{
        command::{Box3, ResourceId, Transfer},
        enums::TransferDirection,
    },
};

/// The number of a request's kind.
fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[4..8].try_into().unwrap())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn encoded(request: Request<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    request.encode(&mut bytes);
    bytes
}

fn desc() -> ResourceDesc {
    ResourceDesc {
        id: ResourceId(9),
        target: 2,
        format: Format(1),
        bind: 2,
        width: 640,
        height: 480,
        depth: 1,
        array_size: 1,
        last_level: 0,
        samples: 0,
    }
}

fn transfer(stride: u32) -> Transfer {
    Transfer {
        resource: ResourceId(9),
        level: 1,
        usage: 0,
        stride,
        layer_stride: stride * 3,
        area: Box3 {
            x: 1,
            y: 2,
            z: 3,
            w: 4,
            h: 5,
            d: 6,
        },
    }
}

/// Bytes of two batches at protocol 4: one with everything, one empty.
fn submit2() -> Vec<u8> {
    let header = [24, RequestKind::SubmitCmd2.to_wire()];
    let payload = [
        2,
        1 | 2,
        17,
        2,
        19,
        1,
        0,
        1,
        2, // first batch
        4,
        0,
        0,
        0,
        0,
        0,
        0,
        0, // second batch
        0xaaaa,
        0xbbbb,
        7,
        8,
        9,
        0,
        0, // commands, a point, two words nobody refers to
    ];
    let syncobjs = [1, 0, 10, 0, 2, 0, 20, 0, 3, 1, 30, 1];
    [words(&header), words(&payload), words(&syncobjs), vec![0]].concat()
}

/// One request of every kind, some kinds several times.
fn samples() -> Vec<(Vec<u8>, Version)> {
    let (handles, points) = (words(&[3, 4]), words(&[5, 0, 6, 1]));
    let handles = || Items::new(&handles).unwrap();
    let points = || Items::new(&points).unwrap();
    let sync_points = words(&[1, 2, 3, 4, 5, 6]);
    let wait = DrmSyncWait {
        timeout: u64::MAX - 1,
        flags: 1 << 31,
    };
    let requests = [
        Request::GetCaps,
        Request::ResourceCreate(desc()),
        Request::ResourceUnref(ResourceId(9)),
        Request::TransferGet {
            transfer: transfer(64),
            data_size: 77,
        },
        Request::TransferPut {
            transfer: transfer(64),
            data: b"seven b",
        },
        Request::SubmitCmd(Payload::new(b"worddrow").unwrap()),
        Request::SubmitCmd(Payload::new(b"").unwrap()),
        Request::BusyWait {
            resource: ResourceId(0),
            flags: 1,
        },
        Request::CreateRenderer { name: b"glxgears" },
        Request::GetCaps2,
        Request::Ping,
        Request::ProtocolVersion(2),
        Request::ResourceCreate2 {
            desc: desc(),
            data_size: 1 << 20,
        },
        Request::TransferGet2 {
            transfer: transfer(0),
            data_size: 5,
            offset: 6,
        },
        Request::TransferPut2 {
            transfer: transfer(0),
            data_size: 5,
            offset: 6,
        },
        Request::GetParam(1),
        Request::GetCapset {
            capset: 2,
            version: 1,
        },
        Request::ContextInit { capset: 2 },
        Request::ResourceCreateBlob(BlobDesc {
            kind: BlobKind::HostGuest,
            flags: 3,
            size: 1 << 40,
            blob_id: 1 << 50,
        }),
        Request::SyncCreate { value: 1 << 33 },
        Request::SyncUnref(1),
        Request::SyncRead(1),
        Request::SyncWrite(SyncPoint {
            sync: 1,
            value: 2 << 32,
        }),
        Request::SyncWait {
            flags: 1,
            timeout: 1000,
            points: Items::new(&sync_points).unwrap(),
        },
        Request::DrmSyncCreate { flags: 1 },
        Request::DrmSyncDestroy(1),
        Request::DrmSyncHandleToFd(1),
        Request::DrmSyncFdToHandle,
        Request::DrmSyncImportSyncFile(1),
        Request::DrmSyncExportSyncFile(1),
        Request::DrmSyncWait {
            wait,
            handles: handles(),
        },
        Request::DrmSyncReset(handles()),
        Request::DrmSyncSignal(handles()),
        Request::DrmSyncTimelineSignal {
            points: points(),
            handles: handles(),
        },
        Request::DrmSyncTimelineWait {
            wait,
            points: points(),
            handles: handles(),
        },
        Request::DrmSyncQuery {
            flags: 1,
            handles: handles(),
        },
        Request::DrmSyncTransfer(DrmTransfer {
            dst: 1,
            dst_point: 2 << 32,
            src: 3,
            src_point: 4 << 32,
            flags: 5,
        }),
        Request::ResourceExportFd(ResourceId(1)),
        Request::BareCreate {
            desc: desc(),
            flags: 1,
        },
        Request::ResourceMemory {
            resource: ResourceId(1),
            size: 1 << 33,
        },
        Request::ResourceExport(ResourceId(1)),
        Request::ResourceImport(ResourceId(2)),
        Request::StridedTransfer {
            direction: TransferDirection::FromHost,
            transfer: transfer(64),
            offset: 5 << 32,
        },
        Request::Resolve {
            serial: 7,
            resource: ResourceId(1),
        },
        Request::Upload {
            serial: 8,
            resource: ResourceId(1),
            area: [1, 2, 3, 4],
        },
        Request::FenceMerge,
        Request::Wait {
            serial: 9,
            resource: ResourceId(0),
        },
        Request::Signal,
    ];
    let mut samples: Vec<_> = requests
        .into_iter()
        .map(|request| (encoded(request), Version::V3))
        .collect();
    samples.push((submit2(), Version::V4));
    samples
}

#[test]
fn every_kind_survives_encoding_and_parsing() {
    let samples = samples();
    for (bytes, version) in &samples {
        let Ok(Parsed::Complete { request, taken }) = parse(bytes, *version) else {
            panic!("{bytes:?} is a request");
        };
        assert_eq!(taken, bytes.len(), "{request:?}");
        assert_eq!(encoded(request), *bytes, "{request:?}");
        assert_eq!(request.kind().to_wire(), number(bytes));
    }
    for kind in RequestKind::ALL {
        assert!(
            samples.iter().any(|(bytes, _)| number(bytes) == kind.to_wire()),
            "no sample of {}",
            kind.name()
        );
    }
}

#[test]
fn cut_requests_ask_for_bytes_that_belong_to_them() {
    for (bytes, version) in samples() {
        for cut in 0..bytes.len() {
            match parse(&bytes[..cut], version).unwrap() {
                Parsed::Incomplete { needed } => {
                    assert!((cut + 1..=bytes.len()).contains(&needed), "{cut} of {bytes:?}");
                }
                Parsed::Complete { request, .. } => panic!("{request:?} is complete at {cut} of {bytes:?}"),
            }
        }
    }
}

#[test]
fn length_words_are_ignored_where_the_size_is_fixed() {
    let bytes = encoded(Request::TransferPut2 {
        transfer: transfer(0),
        data_size: 4000,
        offset: 0,
    });
    assert_eq!(bytes.len(), 48, "no data follows");
    assert_eq!(
        bytes[..4],
        1010u32.to_le_bytes(),
        "the length word pretends otherwise"
    );
    let mut other = bytes.clone();
    other[..4].fill(0xff);
    assert!(matches!(
        parse(&bytes, Version::V2),
        Ok(Parsed::Complete { taken: 48, .. })
    ));
    assert_eq!(parse(&bytes, Version::V2), parse(&other, Version::V2));
}

#[test]
fn unaligned_data_of_a_transfer_is_not_padded() {
    let bytes = encoded(Request::TransferPut {
        transfer: transfer(1),
        data: &[1, 2, 3, 4, 5],
    });
    assert_eq!(bytes.len(), 8 + 44 + 5);
    assert_eq!(bytes[..4], 13u32.to_le_bytes());
}

#[test]
fn unknown_commands_and_impossible_lengths_are_errors() {
    let error = |request: &[u32]| parse(&words(request), Version::V4).unwrap_err();
    assert_eq!(error(&[3, 39]), RequestError::Unknown(39));
    assert!(matches!(error(&[0, 0]), RequestError::Unknown(0)));
    assert!(matches!(
        error(&[0, 0x5042_000b]),
        RequestError::Unknown(0x5042_000b)
    ));
    let transfer = [&[13, 0x5042_0005, 3][..], &[0; 12]].concat();
    assert!(matches!(
        error(&transfer),
        RequestError::Value {
            field: "direction",
            value: 3,
            ..
        }
    ));
    for (length, kind) in [
        ((MAX_SUBMIT_BYTES / 4 + 1) as u32, RequestKind::SubmitCmd),
        (u32::MAX, RequestKind::SubmitCmd2),
        ((MAX_NAME_BYTES + 1) as u32, RequestKind::CreateRenderer),
        (2 + 6 * MAX_SYNC_OBJECTS as u32, RequestKind::SyncWait),
    ] {
        let error = error(&[length, kind.to_wire(), 0, 0]);
        assert!(
            matches!(error, RequestError::TooLong { kind: k, .. } if k == kind),
            "{error}"
        );
    }
    assert!(matches!(error(&[0, 24]), RequestError::Length { .. }));
    assert!(matches!(error(&[3, 23, 0, 0, 0]), RequestError::Length { .. }));
    assert!(matches!(error(&[0, 33, u32::MAX]), RequestError::TooLong { .. }));
    let error = error(&[6, 18, 9, 1, 1, 1, 1, 1]);
    assert_eq!(
        error.to_string(),
        "resource_create_blob: blob type 9 has no meaning"
    );
}

#[test]
fn batches_see_their_commands_points_and_objects() {
    let bytes = submit2();
    let Ok(Parsed::Complete { request, .. }) = parse(&bytes, Version::V4) else {
        panic!("a request");
    };
    assert_eq!(request.fd_count(), 1);
    let Request::SubmitCmd2(submit) = request else {
        panic!("{request:?}");
    };
    let batches: Vec<_> = submit.batches().collect();
    assert_eq!(batches.len(), 2);
    assert_eq!(*batches[0].commands.words(), [0xaaaa, 0xbbbb]);
    assert_eq!(
        batches[0].syncs.iter().collect::<Vec<_>>(),
        [SyncPoint {
            sync: 7,
            value: 8 | 9 << 32
        }]
    );
    assert_eq!(batches[0].wait_syncobjs.len(), 1);
    assert_eq!(
        batches[0].signal_syncobjs.iter().last(),
        Some(SyncobjPoint {
            handle: 3,
            flags: 1,
            point: 30 | 1 << 32
        })
    );
    assert!(batches[1].flags.has_out_fence() && batches[1].commands.is_empty());
}

#[test]
fn batches_that_point_outside_are_refused() {
    let refuse = |at: usize, value: u32| {
        let mut bytes = submit2();
        bytes[8 + 4 * at..][..4].copy_from_slice(&value.to_le_bytes());
        assert!(
            matches!(
                parse(&bytes, Version::V4),
                Err(RequestError::Value { .. } | RequestError::TooLong { .. })
            ),
            "word {at} = {value}"
        );
    };
    refuse(0, 3);
    refuse(0, u32::MAX);
    refuse(2, 23);
    refuse(2, u32::MAX);
    refuse(3, u32::MAX);
    refuse(5, u32::MAX);
    refuse(6, 64);
    refuse(7, u32::MAX);
}

#[test]
fn the_inbox_keeps_requests_however_they_arrive() {
    let samples = samples();
    let samples = samples
        .iter()
        .filter(|(_, version)| *version == Version::V3)
        .map(|(bytes, _)| bytes);
    let stream = samples.clone().flatten().copied().collect::<Vec<_>>();
    for step in [1, 3, 7, 64, 1000, usize::MAX] {
        let mut inbox = Inbox::default();
        let (mut rest, mut seen) = (stream.as_slice(), samples.clone());
        loop {
            match parse(inbox.unread(), Version::V3).unwrap() {
                Parsed::Complete { taken, .. } => {
                    assert_eq!(Some(&inbox.unread()[..taken]), seen.next().map(Vec::as_slice));
                    inbox.take(taken);
                }
                Parsed::Incomplete { .. } if rest.is_empty() => break,
                Parsed::Incomplete { needed } => {
                    let room = inbox.room(needed);
                    let count = room.len().min(step).min(rest.len());
                    room[..count].copy_from_slice(&rest[..count]);
                    rest = &rest[count..];
                    inbox.filled(count);
                }
            }
        }
        assert_eq!((seen.next(), inbox.unread()), (None, &[][..]));
    }
}

#[test]
fn command_streams_are_viewed_in_place() {
    let mut inbox = Inbox::default();
    for request in [
        Request::CreateRenderer { name: b"odd one" },
        Request::SubmitCmd(Payload::from(&[1, 2][..])),
    ] {
        let bytes = encoded(request);
        inbox.room(bytes.len())[..bytes.len()].copy_from_slice(&bytes);
        inbox.filled(bytes.len());
        let Ok(Parsed::Complete { request, taken }) = parse(inbox.unread(), Version::V2) else {
            panic!("a request");
        };
        if let Request::SubmitCmd(payload) = request {
            assert!(matches!(payload.words(), std::borrow::Cow::Borrowed([1, 2])));
        }
        inbox.take(taken);
    }
}

#[test]
fn the_inbox_does_not_trust_a_length_word_with_memory() {
    let mut inbox = Inbox::default();
    inbox.room(8)[..8].copy_from_slice(&words(&[(MAX_SUBMIT_BYTES / 4) as u32, 6]));
    inbox.filled(8);
    let Ok(Parsed::Incomplete { needed }) = parse(inbox.unread(), Version::V2) else {
        panic!("the beginning of a request");
    };
    assert_eq!(needed, 8 + MAX_SUBMIT_BYTES);
    assert!(inbox.room(needed).len() < 1 << 20);
}

#[test]
fn versions_settle_on_the_lower_but_never_on_one() {
    assert_eq!(Version::negotiate(Version::V4, 1), Version::V0);
    assert_eq!(Version::negotiate(Version::V2, 3), Version::V2);
    assert_eq!(Version::negotiate(Version::V4, 2), Version::V2);
    assert_eq!(Version::negotiate(Version::MAX, u32::MAX), Version::V4);
}

fn any_kind() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0u32..40, 1 => 0x5042_0000u32..0x5042_000c]
}

proptest! {
    #[test]
    fn any_bytes_parse_or_fail(length in 0u32..200, id in any_kind(), body: Vec<u32>, version in 0u32..5) {
        let bytes = [words(&[length, id]), words(&body)].concat();
        let version = Version::negotiate(Version::MAX, version);
        if let Ok(Parsed::Complete { request, taken }) = parse(&bytes, version) {
            prop_assert!(taken <= bytes.len());
            let again = encoded(request);
            prop_assert_eq!(
                parse(&again, version),
                Ok(Parsed::Complete { request, taken: again.len() })
            );
            if let Request::SubmitCmd2(submit) = request {
                prop_assert_eq!(submit.batches().count() as u32, body[0]);
            }
        }
    }
}
