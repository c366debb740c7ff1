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
    request("RESOURCE_EXPORT_FD", 38, &[num("resource")], Rest::Nothing),
];
