//! The layouts of vtest requests. SUBMIT_CMD and CREATE_RENDERER have forms of their own.

use super::layout::{Kind::*, *};

const fn request(name: &'static str, id: u32, fields: &'static [Field], rest: Rest) -> Layout {
    Layout {
        name,
        id,
        fields,
        rest,
    }
}

macro_rules! resource {
    ($($more:expr),*) => {
        &[
            num("id"), word("target", TARGET), word("format", Format), hex("bind"), num("width"), num("height"),
            num("depth"), num("array_size"), num("last_level"), num("samples"), $($more),*
        ]
    };
}

const SHARED_TRANSFER: &[Field] = &[
    num("resource"),
    num("level"),
    int("x"),
    int("y"),
    int("z"),
    int("w"),
    int("h"),
    int("d"),
    num("size"),
    num("offset"),
];

const SOCKET_TRANSFER: &[Field] = &[
    num("resource"),
    num("level"),
    num("stride"),
    num("layer_stride"),
    int("x"),
    int("y"),
    int("z"),
    int("w"),
    int("h"),
    int("d"),
    num("size"),
];

const STRIDED_TRANSFER: &[Field] = &[
    word("direction", DIRECTION),
    num("resource"),
    num("level"),
    num("stride"),
    num("layer_stride"),
    int("x"),
    int("y"),
    int("z"),
    int("w"),
    int("h"),
    int("d"),
    num("offset"),
    num("offset_high"),
];

/// Number of handles, timeout, flags.
const DRM_WAIT: &[Field] = &[num("count"), num("timeout"), num("timeout_high"), hex("flags")];

/// Requests whose payload is whole words.
pub(super) const REQUESTS: &[Layout] = &[
    request("GET_CAPS", 1, &[], Rest::Nothing),
    request("RESOURCE_CREATE", 2, resource!(), Rest::Nothing),
    request("RESOURCE_UNREF", 3, &[num("resource")], Rest::Nothing),
    request("TRANSFER_GET", 4, SOCKET_TRANSFER, Rest::Nothing),
    request("TRANSFER_PUT", 5, SOCKET_TRANSFER, Rest::Data("data")),
    request("BUSY_WAIT", 7, &[num("resource"), hex("flags")], Rest::Nothing),
    request("GET_CAPS2", 9, &[], Rest::Nothing),
    request("PING_PROTOCOL_VERSION", 10, &[], Rest::Nothing),
    request("PROTOCOL_VERSION", 11, &[num("version")], Rest::Nothing),
    request("RESOURCE_CREATE2", 12, resource!(num("data_size")), Rest::Nothing),
    request("TRANSFER_GET2", 13, SHARED_TRANSFER, Rest::Nothing),
    request("TRANSFER_PUT2", 14, SHARED_TRANSFER, Rest::Nothing),
    request("GET_PARAM", 15, &[num("param")], Rest::Nothing),
    request("GET_CAPSET", 16, &[num("capset"), num("version")], Rest::Nothing),
    request("CONTEXT_INIT", 17, &[num("capset")], Rest::Nothing),
    request(
        "RESOURCE_CREATE_BLOB",
        18,
        &[
            num("type"),
            hex("flags"),
            num("size"),
            num("size_high"),
            num("blob_id"),
            num("blob_id_high"),
        ],
        Rest::Nothing,
    ),
    request(
        "SYNC_CREATE",
        19,
        &[num("value"), num("value_high")],
        Rest::Nothing,
    ),
    request("SYNC_UNREF", 20, &[num("sync")], Rest::Nothing),
    request("SYNC_READ", 21, &[num("sync")], Rest::Nothing),
    request(
        "SYNC_WRITE",
        22,
        &[num("sync"), num("value"), num("value_high")],
        Rest::Nothing,
    ),
    request(
        "SYNC_WAIT",
        23,
        &[hex("flags"), num("timeout")],
        Rest::Records("points", &[num("sync"), num("value"), num("value_high")]),
    ),
    request("SUBMIT_CMD2", 24, &[], Rest::Data("words")),
    request("DRM_SYNC_CREATE", 25, &[hex("flags")], Rest::Nothing),
    request("DRM_SYNC_DESTROY", 26, &[num("handle")], Rest::Nothing),
    request("DRM_SYNC_HANDLE_TO_FD", 27, &[num("handle")], Rest::Nothing),
    request("DRM_SYNC_EXPORT_SYNC_FILE", 30, &[num("handle")], Rest::Nothing),
    request("DRM_SYNC_WAIT", 31, DRM_WAIT, Rest::List("handles", Unsigned)),
    request(
        "DRM_SYNC_RESET",
        32,
        &[num("count")],
        Rest::List("handles", Unsigned),
    ),
    request(
        "DRM_SYNC_SIGNAL",
        33,
        &[num("count")],
        Rest::List("handles", Unsigned),
    ),
    request(
        "DRM_SYNC_TIMELINE_SIGNAL",
        34,
        &[num("count")],
        Rest::Data("points_and_handles"),
    ),
    request(
        "DRM_SYNC_TIMELINE_WAIT",
        35,
        DRM_WAIT,
        Rest::Data("points_and_handles"),
    ),
    request(
        "DRM_SYNC_QUERY",
        36,
        &[num("count"), hex("flags")],
        Rest::List("handles", Unsigned),
    ),
    request(
        "DRM_SYNC_TRANSFER",
        37,
        &[
            num("dst"),
            num("dst_point"),
            num("dst_point_high"),
            num("src"),
            num("src_point"),
            num("src_point_high"),
            hex("flags"),
        ],
        Rest::Nothing,
    ),
    request("RESOURCE_EXPORT_FD", 38, &[num("resource")], Rest::Nothing),
    request(
        "PB_RESOURCE_CREATE",
        0x5042_0001,
        resource!(hex("flags")),
        Rest::Nothing,
    ),
    request(
        "PB_RESOURCE_MEMORY",
        0x5042_0002,
        &[num("resource"), num("size"), num("size_high")],
        Rest::Nothing,
    ),
    request(
        "PB_RESOURCE_EXPORT",
        0x5042_0003,
        &[num("resource")],
        Rest::Nothing,
    ),
    request(
        "PB_RESOURCE_IMPORT",
        0x5042_0004,
        &[num("resource")],
        Rest::Descriptors(1),
    ),
    request("PB_TRANSFER", 0x5042_0005, STRIDED_TRANSFER, Rest::Nothing),
    request(
        "PB_RESOLVE",
        0x5042_0006,
        &[num("serial"), num("resource")],
        Rest::Nothing,
    ),
    request(
        "PB_UPLOAD",
        0x5042_0007,
        &[
            num("serial"),
            num("resource"),
            num("x"),
            num("y"),
            num("w"),
            num("h"),
        ],
        Rest::Nothing,
    ),
    request("PB_FENCE_MERGE", 0x5042_0008, &[], Rest::Descriptors(2)),
    request(
        "PB_WAIT",
        0x5042_0009,
        &[num("serial"), num("resource")],
        Rest::Nothing,
    ),
    request("PB_SIGNAL", 0x5042_000a, &[], Rest::Descriptors(1)),
];
