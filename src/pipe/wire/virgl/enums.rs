//! The enumerations of the virgl stream, with their wire numbers and the names used in textual form.

macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $value:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $name { $($variant = $value,)* }

        impl $name {
            /// Every value, ascending.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The value with wire number `n`, if there is one.
            pub const fn from_wire(n: u32) -> Option<Self> {
                match n { $($value => Some(Self::$variant),)* _ => None }
            }

            /// The number on the wire.
            pub const fn to_wire(self) -> u32 {
                self as u32
            }

            /// The name in textual form.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value with that name in textual form, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(in crate::pipe::wire) use wire_enum;

wire_enum! {
    /// What a command does. The names are those of the protocol.
    CommandId {
        Nop = 0 "NOP", CreateObject = 1 "CREATE_OBJECT", BindObject = 2 "BIND_OBJECT",
        DestroyObject = 3 "DESTROY_OBJECT", SetViewports = 4 "SET_VIEWPORT_STATE",
        SetFramebuffer = 5 "SET_FRAMEBUFFER_STATE", SetVertexBuffers = 6 "SET_VERTEX_BUFFERS",
        Clear = 7 "CLEAR", DrawVbo = 8 "DRAW_VBO", InlineWrite = 9 "RESOURCE_INLINE_WRITE",
        SetSamplerViews = 10 "SET_SAMPLER_VIEWS", SetIndexBuffer = 11 "SET_INDEX_BUFFER",
        SetConstantBuffer = 12 "SET_CONSTANT_BUFFER", SetStencilRef = 13 "SET_STENCIL_REF",
        SetBlendColor = 14 "SET_BLEND_COLOR", SetScissors = 15 "SET_SCISSOR_STATE", Blit = 16 "BLIT",
        CopyRegion = 17 "RESOURCE_COPY_REGION", BindSamplerStates = 18 "BIND_SAMPLER_STATES",
        BeginQuery = 19 "BEGIN_QUERY", EndQuery = 20 "END_QUERY", GetQueryResult = 21 "GET_QUERY_RESULT",
        SetPolygonStipple = 22 "SET_POLYGON_STIPPLE", SetClipState = 23 "SET_CLIP_STATE",
        SetSampleMask = 24 "SET_SAMPLE_MASK", SetStreamoutTargets = 25 "SET_STREAMOUT_TARGETS",
        SetRenderCondition = 26 "SET_RENDER_CONDITION", SetUniformBuffer = 27 "SET_UNIFORM_BUFFER",
        SetSubContext = 28 "SET_SUB_CTX", CreateSubContext = 29 "CREATE_SUB_CTX",
        DestroySubContext = 30 "DESTROY_SUB_CTX", BindShader = 31 "BIND_SHADER",
        SetTessState = 32 "SET_TESS_STATE", SetMinSamples = 33 "SET_MIN_SAMPLES",
        SetShaderBuffers = 34 "SET_SHADER_BUFFERS", SetShaderImages = 35 "SET_SHADER_IMAGES",
        MemoryBarrier = 36 "MEMORY_BARRIER", LaunchGrid = 37 "LAUNCH_GRID",
        SetFramebufferNoAttach = 38 "SET_FRAMEBUFFER_STATE_NO_ATTACH",
        TextureBarrier = 39 "TEXTURE_BARRIER", SetAtomicBuffers = 40 "SET_ATOMIC_BUFFERS",
        SetDebugFlags = 41 "SET_DEBUG_FLAGS", GetQueryResultQbo = 42 "GET_QUERY_RESULT_QBO",
        Transfer3d = 43 "TRANSFER3D", EndTransfers = 44 "END_TRANSFERS",
        CopyTransfer3d = 45 "COPY_TRANSFER3D", SetTweaks = 46 "SET_TWEAKS",
        ClearTexture = 47 "CLEAR_TEXTURE", PipeResourceCreate = 48 "PIPE_RESOURCE_CREATE",
        PipeResourceSetType = 49 "PIPE_RESOURCE_SET_TYPE", GetMemoryInfo = 50 "GET_MEMORY_INFO",
        StringMarker = 51 "SEND_STRING_MARKER", LinkShader = 52 "LINK_SHADER",
        CreateVideoCodec = 53 "CREATE_VIDEO_CODEC", DestroyVideoCodec = 54 "DESTROY_VIDEO_CODEC",
        CreateVideoBuffer = 55 "CREATE_VIDEO_BUFFER", DestroyVideoBuffer = 56 "DESTROY_VIDEO_BUFFER",
        BeginFrame = 57 "BEGIN_FRAME", DecodeMacroblock = 58 "DECODE_MACROBLOCK",
        DecodeBitstream = 59 "DECODE_BITSTREAM", EncodeBitstream = 60 "ENCODE_BITSTREAM",
        EndFrame = 61 "END_FRAME", ClearSurface = 62 "CLEAR_SURFACE",
        GetPipeResourceLayout = 63 "GET_PIPE_RESOURCE_LAYOUT",
    }
}

wire_enum! {
    /// Shader stage.
    Stage {
        Vertex = 0 "vertex", Fragment = 1 "fragment", Geometry = 2 "geometry",
        TessControl = 3 "tess_control", TessEval = 4 "tess_eval", Compute = 5 "compute",
    }
}

wire_enum! {
    /// Type of an object in a sub-context's object table.
    ObjectType {
        Null = 0 "null", Blend = 1 "blend", Rasterizer = 2 "rasterizer", Dsa = 3 "dsa", Shader = 4 "shader",
        VertexElements = 5 "vertex_elements", SamplerView = 6 "sampler_view", SamplerState = 7 "sampler_state",
        Surface = 8 "surface", Query = 9 "query", StreamoutTarget = 10 "streamout_target",
        MsaaSurface = 11 "msaa_surface",
    }
}

wire_enum! {
    /// Texture target of a resource or view.
    TextureTarget {
        Buffer = 0 "buffer", D1 = 1 "1d", D2 = 2 "2d", D3 = 3 "3d", Cube = 4 "cube", Rect = 5 "rect",
        D1Array = 6 "1d_array", D2Array = 7 "2d_array", CubeArray = 8 "cube_array",
    }
}

wire_enum! {
    /// Primitive mode of a draw.
    Primitive {
        Points = 0 "points", Lines = 1 "lines", LineLoop = 2 "line_loop", LineStrip = 3 "line_strip",
        Triangles = 4 "triangles", TriangleStrip = 5 "triangle_strip", TriangleFan = 6 "triangle_fan",
        Quads = 7 "quads", QuadStrip = 8 "quad_strip", Polygon = 9 "polygon",
        LinesAdjacency = 10 "lines_adjacency", LineStripAdjacency = 11 "line_strip_adjacency",
        TrianglesAdjacency = 12 "triangles_adjacency", TriangleStripAdjacency = 13 "triangle_strip_adjacency",
        Patches = 14 "patches",
    }
}

wire_enum! {
    /// Blend factor. `Unset` appears where the factor is not used.
    BlendFactor {
        Unset = 0 "unset", One = 1 "one", SrcColor = 2 "src_color", SrcAlpha = 3 "src_alpha",
        DstAlpha = 4 "dst_alpha", DstColor = 5 "dst_color", SrcAlphaSaturate = 6 "src_alpha_saturate",
        ConstColor = 7 "const_color", ConstAlpha = 8 "const_alpha", Src1Color = 9 "src1_color",
        Src1Alpha = 10 "src1_alpha", Zero = 0x11 "zero", InvSrcColor = 0x12 "inv_src_color",
        InvSrcAlpha = 0x13 "inv_src_alpha", InvDstAlpha = 0x14 "inv_dst_alpha",
        InvDstColor = 0x15 "inv_dst_color", InvConstColor = 0x17 "inv_const_color",
        InvConstAlpha = 0x18 "inv_const_alpha", InvSrc1Color = 0x19 "inv_src1_color",
        InvSrc1Alpha = 0x1a "inv_src1_alpha",
    }
}

wire_enum! {
    /// Blend equation.
    BlendFunc {
        Add = 0 "add", Subtract = 1 "subtract", ReverseSubtract = 2 "reverse_subtract", Min = 3 "min", Max = 4 "max",
    }
}

wire_enum! {
    /// Logic operation.
    LogicOp {
        Clear = 0 "clear", Nor = 1 "nor", AndInverted = 2 "and_inverted", CopyInverted = 3 "copy_inverted",
        AndReverse = 4 "and_reverse", Invert = 5 "invert", Xor = 6 "xor", Nand = 7 "nand", And = 8 "and",
        Equiv = 9 "equiv", Noop = 10 "noop", OrInverted = 11 "or_inverted", Copy = 12 "copy",
        OrReverse = 13 "or_reverse", Or = 14 "or", Set = 15 "set",
    }
}

wire_enum! {
    /// Comparison for depth, stencil, alpha and shadow tests.
    CompareFunc {
        Never = 0 "never", Less = 1 "less", Equal = 2 "equal", Lequal = 3 "lequal", Greater = 4 "greater",
        Notequal = 5 "notequal", Gequal = 6 "gequal", Always = 7 "always",
    }
}

wire_enum! {
    /// Stencil operation.
    StencilOp {
        Keep = 0 "keep", Zero = 1 "zero", Replace = 2 "replace", Incr = 3 "incr", Decr = 4 "decr",
        IncrWrap = 5 "incr_wrap", DecrWrap = 6 "decr_wrap", Invert = 7 "invert",
    }
}

wire_enum! {
    /// Polygon mode. The wire field has two bits; 3 appears in the wild as "filled by a rectangle" and is refused.
    PolygonMode { Fill = 0 "fill", Line = 1 "line", Point = 2 "point", }
}

wire_enum! {
    /// Faces to cull.
    CullFace { None = 0 "none", Front = 1 "front", Back = 2 "back", FrontAndBack = 3 "front_and_back", }
}

wire_enum! {
    /// Texture wrap mode.
    Wrap {
        Repeat = 0 "repeat", Clamp = 1 "clamp", ClampToEdge = 2 "clamp_to_edge",
        ClampToBorder = 3 "clamp_to_border", MirrorRepeat = 4 "mirror_repeat", MirrorClamp = 5 "mirror_clamp",
        MirrorClampToEdge = 6 "mirror_clamp_to_edge", MirrorClampToBorder = 7 "mirror_clamp_to_border",
    }
}

wire_enum! {
    /// Filter inside a mipmap level.
    ImageFilter { Nearest = 0 "nearest", Linear = 1 "linear", }
}

wire_enum! {
    /// Filter between mipmap levels.
    MipFilter { Nearest = 0 "nearest", Linear = 1 "linear", None = 2 "none", }
}

wire_enum! {
    /// Component selector of a sampler view.
    Swizzle { X = 0 "x", Y = 1 "y", Z = 2 "z", W = 3 "w", Zero = 4 "0", One = 5 "1", }
}

wire_enum! {
    /// Query type.
    QueryType {
        OcclusionCounter = 0 "occlusion_counter", OcclusionPredicate = 1 "occlusion_predicate",
        Timestamp = 2 "timestamp", TimestampDisjoint = 3 "timestamp_disjoint", TimeElapsed = 4 "time_elapsed",
        PrimitivesGenerated = 5 "primitives_generated", PrimitivesEmitted = 6 "primitives_emitted",
        SoStatistics = 7 "so_statistics", SoOverflowPredicate = 8 "so_overflow_predicate",
        GpuFinished = 9 "gpu_finished", PipelineStatistics = 10 "pipeline_statistics",
        OcclusionPredicateConservative = 11 "occlusion_predicate_conservative",
        SoOverflowAnyPredicate = 12 "so_overflow_any_predicate",
    }
}

wire_enum! {
    /// How conditional rendering waits for its query.
    RenderConditionMode {
        Wait = 0 "wait", NoWait = 1 "no_wait", ByRegionWait = 2 "by_region_wait", ByRegionNoWait = 3 "by_region_no_wait",
    }
}

wire_enum! {
    /// Direction of TRANSFER3D.
    TransferDirection { ToHost = 1 "to_host", FromHost = 2 "from_host", }
}

wire_enum! {
    /// Type of a result written by GET_QUERY_RESULT_QBO.
    QueryValueType { I32 = 0 "i32", U32 = 1 "u32", I64 = 2 "i64", U64 = 3 "u64", }
}
