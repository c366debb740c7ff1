//! The layouts of the virgl stream's commands.

use super::layout::{Kind::*, *};

const fn command(name: &'static str, id: u32, fields: &'static [Field], rest: Rest) -> Layout {
    Layout {
        name,
        id,
        fields,
        rest,
    }
}

const fn object(name: &'static str, kind: u32, fields: &'static [Field], rest: Rest) -> Layout {
    Layout {
        name,
        id: 1 | kind << 8,
        fields,
        rest,
    }
}

const HANDLE: &[Field] = &[num("handle")];

const fn bind(name: &'static str, kind: u32) -> Layout {
    Layout {
        name,
        id: 2 | kind << 8,
        fields: HANDLE,
        rest: Rest::Nothing,
    }
}

const fn destroy(name: &'static str, kind: u32) -> Layout {
    Layout {
        name,
        id: 3 | kind << 8,
        fields: HANDLE,
        rest: Rest::Nothing,
    }
}

macro_rules! fields {
    ($($part:expr),* $(,)?) => { &[$($part),*] };
}

const BLEND_TARGET: &[Field] = fields![
    flag("enable", 0),
    bits("rgb_func", 1, 3, BLEND_FUNC),
    bits("rgb_src", 4, 5, BLEND_FACTOR),
    bits("rgb_dst", 9, 5, BLEND_FACTOR),
    bits("alpha_func", 14, 3, BLEND_FUNC),
    bits("alpha_src", 17, 5, BLEND_FACTOR),
    bits("alpha_dst", 22, 5, BLEND_FACTOR),
    bits("mask", 27, 4, Hex),
];

const BLEND: &[Field] = fields![
    num("handle"),
    flag("independent", 0),
    flag("logicop_enable", 1),
    flag("dither", 2),
    flag("alpha_to_coverage", 3),
    flag("alpha_to_one", 4),
    bits("logicop", 0, 4, LOGIC_OP),
];

const RASTERIZER: &[Field] = fields![
    num("handle"),
    flag("flatshade", 0),
    flag("depth_clip", 1),
    flag("clip_halfz", 2),
    flag("discard", 3),
    flag("flatshade_first", 4),
    flag("light_twoside", 5),
    flag("sprite_coord_lower_left", 6),
    flag("point_quad", 7),
    bits("cull", 8, 2, CULL_FACE),
    bits("fill_front", 10, 2, POLYGON_MODE),
    bits("fill_back", 12, 2, POLYGON_MODE),
    flag("scissor", 14),
    flag("front_ccw", 15),
    flag("clamp_vertex_color", 16),
    flag("clamp_fragment_color", 17),
    flag("offset_line", 18),
    flag("offset_point", 19),
    flag("offset_tri", 20),
    flag("poly_smooth", 21),
    flag("poly_stipple", 22),
    flag("point_smooth", 23),
    flag("point_size_per_vertex", 24),
    flag("multisample", 25),
    flag("line_smooth", 26),
    flag("line_stipple", 27),
    flag("line_last_pixel", 28),
    flag("half_pixel_center", 29),
    flag("bottom_edge_rule", 30),
    flag("persample", 31),
    float("point_size"),
    hex("sprite_coord_enable"),
    bits("stipple_pattern", 0, 16, Hex),
    bits("stipple_factor", 16, 8, Unsigned),
    bits("clip_planes", 24, 8, Hex),
    float("line_width"),
    float("offset_units"),
    float("offset_scale"),
    float("offset_clamp"),
];

const DSA: &[Field] = fields![
    num("handle"),
    flag("depth", 0),
    flag("depth_write", 1),
    bits("depth_func", 2, 3, COMPARE),
    flag("alpha", 8),
    bits("alpha_func", 9, 3, COMPARE),
    flag("front", 0),
    bits("front_func", 1, 3, COMPARE),
    bits("front_fail", 4, 3, STENCIL_OP),
    bits("front_zpass", 7, 3, STENCIL_OP),
    bits("front_zfail", 10, 3, STENCIL_OP),
    bits("front_value_mask", 13, 8, Hex),
    bits("front_write_mask", 21, 8, Hex),
    flag("back", 0),
    bits("back_func", 1, 3, COMPARE),
    bits("back_fail", 4, 3, STENCIL_OP),
    bits("back_zpass", 7, 3, STENCIL_OP),
    bits("back_zfail", 10, 3, STENCIL_OP),
    bits("back_value_mask", 13, 8, Hex),
    bits("back_write_mask", 21, 8, Hex),
    float("alpha_ref"),
];

const VERTEX_ELEMENT: &[Field] = fields![
    num("offset"),
    num("divisor"),
    num("buffer"),
    word("format", Format)
];

const SAMPLER_VIEW: &[Field] = fields![
    num("handle"),
    num("resource"),
    bits("format", 0, 24, Format),
    bits("target", 24, 8, Unsigned),
    hex("first"),
    hex("last"),
    bits("r", 0, 3, SWIZZLE),
    bits("g", 3, 3, SWIZZLE),
    bits("b", 6, 3, SWIZZLE),
    bits("a", 9, 3, SWIZZLE),
];

const SAMPLER_STATE: &[Field] = fields![
    num("handle"),
    bits("wrap_s", 0, 3, WRAP),
    bits("wrap_t", 3, 3, WRAP),
    bits("wrap_r", 6, 3, WRAP),
    bits("min_img", 9, 2, IMAGE_FILTER),
    bits("min_mip", 11, 2, MIP_FILTER),
    bits("mag_img", 13, 2, IMAGE_FILTER),
    flag("compare", 15),
    bits("compare_func", 16, 3, COMPARE),
    flag("seamless", 19),
    bits("anisotropy", 20, 5, Unsigned),
    float("lod_bias"),
    float("min_lod"),
    float("max_lod"),
    hex("border_r"),
    hex("border_g"),
    hex("border_b"),
    hex("border_a"),
];

const SURFACE: &[Field] = fields![
    num("handle"),
    num("resource"),
    word("format", Format),
    num("level"),
    bits("first_layer", 0, 16, Unsigned),
    bits("last_layer", 16, 16, Unsigned),
    num("samples"),
];

const QUERY: &[Field] = fields![
    num("handle"),
    bits("type", 0, 16, QUERY_TYPE),
    bits("index", 16, 16, Unsigned),
    num("offset"),
    num("resource"),
];

const VIEWPORT: &[Field] = fields![
    float("scale_x"),
    float("scale_y"),
    float("scale_z"),
    float("translate_x"),
    float("translate_y"),
    float("translate_z"),
];

const SCISSOR: &[Field] = fields![
    bits("min_x", 0, 16, Unsigned),
    bits("min_y", 16, 16, Unsigned),
    bits("max_x", 0, 16, Unsigned),
    bits("max_y", 16, 16, Unsigned),
];

const BUFFER_RANGE: &[Field] = fields![num("offset"), num("length"), num("resource")];
const VERTEX_BUFFER: &[Field] = fields![num("stride"), num("offset"), num("resource")];
const PLANE: &[Field] = fields![float("x"), float("y"), float("z"), float("w")];

const IMAGE: &[Field] = fields![
    word("format", Format),
    num("access"),
    hex("layers"),
    hex("level"),
    num("resource")
];

const DRAW: &[Field] = fields![
    num("start"),
    num("count"),
    word("mode", PRIMITIVE),
    num("indexed"),
    num("instances"),
    int("index_bias"),
    num("start_instance"),
    num("restart"),
    hex("restart_index"),
    num("min_index"),
    hex("max_index"),
    num("count_from_so"),
    num("patch_vertices"),
    num("draw_id"),
    num("indirect"),
    num("indirect_offset"),
    num("indirect_stride"),
    num("indirect_count"),
    num("count_offset"),
    num("count_buffer"),
];

const BLIT: &[Field] = fields![
    bits("mask", 0, 8, Hex),
    bits("filter", 8, 2, IMAGE_FILTER),
    flag("scissor", 10),
    flag("render_condition", 11),
    flag("alpha_blend", 12),
    bits("min_x", 0, 16, Unsigned),
    bits("min_y", 16, 16, Unsigned),
    bits("max_x", 0, 16, Unsigned),
    bits("max_y", 16, 16, Unsigned),
    num("dst"),
    num("dst_level"),
    word("dst_format", Format),
    int("dst_x"),
    int("dst_y"),
    int("dst_z"),
    int("dst_w"),
    int("dst_h"),
    int("dst_d"),
    num("src"),
    num("src_level"),
    word("src_format", Format),
    int("src_x"),
    int("src_y"),
    int("src_z"),
    int("src_w"),
    int("src_h"),
    int("src_d"),
];

const COPY: &[Field] = fields![
    num("dst"),
    num("dst_level"),
    int("dst_x"),
    int("dst_y"),
    int("dst_z"),
    num("src"),
    num("src_level"),
    int("x"),
    int("y"),
    int("z"),
    int("w"),
    int("h"),
    int("d"),
];

macro_rules! transfer {
    ($($more:expr),*) => {
        fields![
            num("resource"), num("level"), hex("usage"), num("stride"), num("layer_stride"), int("x"), int("y"),
            int("z"), int("w"), int("h"), int("d"), $($more),*
        ]
    };
}

const PIPE_RESOURCE: &[Field] = fields![
    word("target", TARGET),
    word("format", Format),
    hex("bind"),
    num("width"),
    num("height"),
    num("depth"),
    num("array_size"),
    num("last_level"),
    num("samples"),
    hex("flags"),
    num("blob_id"),
];

/// All commands. The first layout with the right number and type is used.
pub(super) const COMMANDS: &[Layout] = &[
    command("NOP", 0, &[], Rest::Data("words")),
    object("CREATE_BLEND", 1, BLEND, Rest::Records("targets", BLEND_TARGET)),
    object("CREATE_RASTERIZER", 2, RASTERIZER, Rest::Nothing),
    object("CREATE_DSA", 3, DSA, Rest::Nothing),
    object(
        "CREATE_SHADER",
        4,
        fields![
            num("handle"),
            word("stage", STAGE),
            hex("position"),
            num("tokens"),
            num("outputs")
        ],
        Rest::Shader,
    ),
    object(
        "CREATE_VERTEX_ELEMENTS",
        5,
        fields![num("handle")],
        Rest::Records("elements", VERTEX_ELEMENT),
    ),
    object("CREATE_SAMPLER_VIEW", 6, SAMPLER_VIEW, Rest::Nothing),
    object("CREATE_SAMPLER_STATE", 7, SAMPLER_STATE, Rest::Nothing),
    object("CREATE_SURFACE", 8, SURFACE, Rest::Nothing),
    object("CREATE_QUERY", 9, QUERY, Rest::Nothing),
    object(
        "CREATE_STREAMOUT_TARGET",
        10,
        fields![num("handle"), num("resource"), num("offset"), num("size")],
        Rest::Nothing,
    ),
    object("CREATE_MSAA_SURFACE", 11, SURFACE, Rest::Nothing),
    bind("BIND_BLEND", 1),
    bind("BIND_RASTERIZER", 2),
    bind("BIND_DSA", 3),
    bind("BIND_VERTEX_ELEMENTS", 5),
    destroy("DESTROY_OBJECT", 0),
    destroy("DESTROY_BLEND", 1),
    destroy("DESTROY_RASTERIZER", 2),
    destroy("DESTROY_DSA", 3),
    destroy("DESTROY_SHADER", 4),
    destroy("DESTROY_VERTEX_ELEMENTS", 5),
    destroy("DESTROY_SAMPLER_VIEW", 6),
    destroy("DESTROY_SAMPLER_STATE", 7),
    destroy("DESTROY_SURFACE", 8),
    destroy("DESTROY_QUERY", 9),
    destroy("DESTROY_STREAMOUT_TARGET", 10),
    command(
        "SET_VIEWPORT_STATE",
        4,
        fields![num("start")],
        Rest::Records("viewports", VIEWPORT),
    ),
    command(
        "SET_FRAMEBUFFER_STATE",
        5,
        fields![num("count"), num("zsbuf")],
        Rest::List("cbufs", Unsigned),
    ),
    command(
        "SET_VERTEX_BUFFERS",
        6,
        &[],
        Rest::Records("buffers", VERTEX_BUFFER),
    ),
    command(
        "CLEAR",
        7,
        fields![
            hex("buffers"),
            float("r"),
            float("g"),
            float("b"),
            float("a"),
            hex("depth_low"),
            hex("depth_high"),
            num("stencil")
        ],
        Rest::Nothing,
    ),
    command("DRAW_VBO", 8, DRAW, Rest::Nothing),
    command("RESOURCE_INLINE_WRITE", 9, transfer!(), Rest::Data("data")),
    command(
        "SET_SAMPLER_VIEWS",
        10,
        fields![word("stage", STAGE), num("start")],
        Rest::List("views", Unsigned),
    ),
    command(
        "SET_INDEX_BUFFER",
        11,
        fields![num("resource"), num("size"), num("offset")],
        Rest::Nothing,
    ),
    command(
        "SET_CONSTANT_BUFFER",
        12,
        fields![word("stage", STAGE), num("index")],
        Rest::List("data", Float),
    ),
    command(
        "SET_STENCIL_REF",
        13,
        fields![bits("front", 0, 8, Unsigned), bits("back", 8, 8, Unsigned)],
        Rest::Nothing,
    ),
    command(
        "SET_BLEND_COLOR",
        14,
        fields![float("r"), float("g"), float("b"), float("a")],
        Rest::Nothing,
    ),
    command(
        "SET_SCISSOR_STATE",
        15,
        fields![num("start")],
        Rest::Records("scissors", SCISSOR),
    ),
    command("BLIT", 16, BLIT, Rest::Nothing),
    command("RESOURCE_COPY_REGION", 17, COPY, Rest::Nothing),
    command(
        "BIND_SAMPLER_STATES",
        18,
        fields![word("stage", STAGE), num("start")],
        Rest::List("states", Unsigned),
    ),
    command("BEGIN_QUERY", 19, fields![num("handle")], Rest::Nothing),
    command("END_QUERY", 20, fields![num("handle")], Rest::Nothing),
    command(
        "GET_QUERY_RESULT",
        21,
        fields![num("handle"), num("wait")],
        Rest::Nothing,
    ),
    command("SET_POLYGON_STIPPLE", 22, &[], Rest::Data("pattern")),
    command("SET_CLIP_STATE", 23, &[], Rest::Records("planes", PLANE)),
    command("SET_SAMPLE_MASK", 24, fields![hex("mask")], Rest::Nothing),
    command(
        "SET_STREAMOUT_TARGETS",
        25,
        fields![hex("append")],
        Rest::List("targets", Unsigned),
    ),
    command(
        "SET_RENDER_CONDITION",
        26,
        fields![num("query"), num("inverted"), word("mode", CONDITION_MODE)],
        Rest::Nothing,
    ),
    command(
        "SET_UNIFORM_BUFFER",
        27,
        fields![
            word("stage", STAGE),
            num("index"),
            num("offset"),
            num("length"),
            num("resource")
        ],
        Rest::Nothing,
    ),
    command("SET_SUB_CTX", 28, fields![num("id")], Rest::Nothing),
    command("CREATE_SUB_CTX", 29, fields![num("id")], Rest::Nothing),
    command("DESTROY_SUB_CTX", 30, fields![num("id")], Rest::Nothing),
    command(
        "BIND_SHADER",
        31,
        fields![num("handle"), word("stage", STAGE)],
        Rest::Nothing,
    ),
    command("SET_TESS_STATE", 32, &[], Rest::List("levels", Float)),
    command("SET_MIN_SAMPLES", 33, fields![num("samples")], Rest::Nothing),
    command(
        "SET_SHADER_BUFFERS",
        34,
        fields![word("stage", STAGE), num("start")],
        Rest::Records("buffers", BUFFER_RANGE),
    ),
    command(
        "SET_SHADER_IMAGES",
        35,
        fields![word("stage", STAGE), num("start")],
        Rest::Records("images", IMAGE),
    ),
    command("MEMORY_BARRIER", 36, fields![hex("flags")], Rest::Nothing),
    command(
        "LAUNCH_GRID",
        37,
        fields![
            num("block_x"),
            num("block_y"),
            num("block_z"),
            num("grid_x"),
            num("grid_y"),
            num("grid_z"),
            num("indirect"),
            num("indirect_offset")
        ],
        Rest::Nothing,
    ),
    command(
        "SET_FRAMEBUFFER_STATE_NO_ATTACH",
        38,
        fields![
            bits("width", 0, 16, Unsigned),
            bits("height", 16, 16, Unsigned),
            bits("layers", 0, 16, Unsigned),
            bits("samples", 16, 8, Unsigned)
        ],
        Rest::Nothing,
    ),
    command("TEXTURE_BARRIER", 39, fields![hex("flags")], Rest::Nothing),
    command(
        "SET_ATOMIC_BUFFERS",
        40,
        fields![num("start")],
        Rest::Records("buffers", BUFFER_RANGE),
    ),
    command("SET_DEBUG_FLAGS", 41, &[], Rest::Data("text")),
    command(
        "GET_QUERY_RESULT_QBO",
        42,
        fields![
            num("query"),
            num("resource"),
            num("wait"),
            word("type", VALUE_TYPE),
            num("offset"),
            int("index")
        ],
        Rest::Nothing,
    ),
    command(
        "TRANSFER3D",
        43,
        transfer!(num("offset"), word("direction", DIRECTION)),
        Rest::Nothing,
    ),
    command("END_TRANSFERS", 44, &[], Rest::Data("skipped")),
    command(
        "COPY_TRANSFER3D",
        45,
        transfer!(
            num("staging"),
            num("offset"),
            flag("synchronized", 0),
            flag("from_host", 1)
        ),
        Rest::Nothing,
    ),
    command("SET_TWEAKS", 46, fields![num("id"), num("value")], Rest::Nothing),
    command(
        "CLEAR_TEXTURE",
        47,
        fields![
            num("resource"),
            num("level"),
            int("x"),
            int("y"),
            int("z"),
            int("w"),
            int("h"),
            int("d")
        ],
        Rest::Data("texel"),
    ),
    command("PIPE_RESOURCE_CREATE", 48, PIPE_RESOURCE, Rest::Nothing),
    command(
        "PIPE_RESOURCE_SET_TYPE",
        49,
        fields![num("resource")],
        Rest::Data("words"),
    ),
    command("GET_MEMORY_INFO", 50, fields![num("resource")], Rest::Nothing),
    command(
        "SEND_STRING_MARKER",
        51,
        fields![num("length")],
        Rest::Data("text"),
    ),
    command(
        "LINK_SHADER",
        52,
        fields![
            num("vertex"),
            num("fragment"),
            num("geometry"),
            num("tess_control"),
            num("tess_eval"),
            num("compute")
        ],
        Rest::Nothing,
    ),
    command(
        "CLEAR_SURFACE",
        62,
        fields![
            flag("render_condition", 0),
            bits("buffers", 1, 3, Hex),
            num("surface"),
            hex("c0"),
            hex("c1"),
            hex("c2"),
            hex("c3"),
            num("x"),
            num("y"),
            num("width"),
            num("height")
        ],
        Rest::Nothing,
    ),
    command(
        "GET_PIPE_RESOURCE_LAYOUT",
        63,
        fields![num("output"), num("target")],
        Rest::Nothing,
    ),
];
