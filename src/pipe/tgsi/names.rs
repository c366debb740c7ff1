//! The words of the text form, each beside the value it names.
//!
//! One table serves reading and writing, so that the two cannot drift apart. Reading ignores case.

use super::*;

/// A closed set of values that the text form names by words.
pub(super) trait Named: Copy + 'static {
    /// Words and their values. Frequent ones come first, as lookup walks the table.
    const WORDS: &'static [(&'static str, Self)];

    /// The value that `word` names, if any.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(w, _)| w.eq_ignore_ascii_case(word))
            .map(|&(_, value)| value)
    }
}

macro_rules! words {
    ($($kind:ident { $($variant:ident $word:literal,)* })*) => {$(
        impl Named for $kind {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $kind::$variant),)*];
        }

        impl $kind {
            /// The word that names the value in the text form.
            pub const fn word(self) -> &'static str {
                match self { $($kind::$variant => $word,)* }
            }
        }
    )*};
}

words! {
    Stage {
        Vertex "VERT", Fragment "FRAG", Geometry "GEOM", TessControl "TESS_CTRL", TessEval "TESS_EVAL",
        Compute "COMP",
    }
    PropertyName {
        GsInputPrimitive "GS_INPUT_PRIMITIVE", GsOutputPrimitive "GS_OUTPUT_PRIMITIVE",
        GsMaxOutputVertices "GS_MAX_OUTPUT_VERTICES", FsCoordOrigin "FS_COORD_ORIGIN",
        FsCoordPixelCenter "FS_COORD_PIXEL_CENTER", FsColor0WritesAllCbufs "FS_COLOR0_WRITES_ALL_CBUFS",
        FsDepthLayout "FS_DEPTH_LAYOUT", VsProhibitUcps "VS_PROHIBIT_UCPS", GsInvocations "GS_INVOCATIONS",
        VsWindowSpacePosition "VS_WINDOW_SPACE_POSITION", TcsVerticesOut "TCS_VERTICES_OUT",
        TesPrimMode "TES_PRIM_MODE", TesSpacing "TES_SPACING", TesVertexOrderCw "TES_VERTEX_ORDER_CW",
        TesPointMode "TES_POINT_MODE", NumClipdistEnabled "NUM_CLIPDIST_ENABLED",
        NumCulldistEnabled "NUM_CULLDIST_ENABLED", FsEarlyDepthStencil "FS_EARLY_DEPTH_STENCIL",
        FsPostDepthCoverage "FS_POST_DEPTH_COVERAGE", NextShader "NEXT_SHADER",
        CsFixedBlockWidth "CS_FIXED_BLOCK_WIDTH", CsFixedBlockHeight "CS_FIXED_BLOCK_HEIGHT",
        CsFixedBlockDepth "CS_FIXED_BLOCK_DEPTH", MulZeroWins "MUL_ZERO_WINS",
        LegacyMathRules "LEGACY_MATH_RULES", VsBlitSgprsAmd "VS_BLIT_SGPRS_AMD",
        CsUserDataComponentsAmd "CS_USER_DATA_COMPONENTS_AMD", LayerViewportRelative "LAYER_VIEWPORT_RELATIVE",
        FsBlendEquationAdvanced "FS_BLEND_EQUATION_ADVANCED", SeparableProgram "SEPARABLE_PROGRAM",
    }
    File {
        Temp "TEMP", Imm "IMM", Const "CONST", In "IN", Out "OUT", Addr "ADDR", Samp "SAMP", Sv "SV",
        Image "IMAGE", Buffer "BUFFER", Sview "SVIEW", Memory "MEMORY", HwAtomic "HWATOMIC", Null "NULL",
        Pred "PRED",
    }
    SemanticName {
        Position "POSITION", Color "COLOR", Bcolor "BCOLOR", Fog "FOG", Psize "PSIZE", Generic "GENERIC",
        Normal "NORMAL", Face "FACE", Edgeflag "EDGEFLAG", PrimId "PRIM_ID", InstanceId "INSTANCEID",
        VertexId "VERTEXID", Stencil "STENCIL", Clipdist "CLIPDIST", Clipvertex "CLIPVERTEX",
        GridSize "GRID_SIZE", BlockId "BLOCK_ID", BlockSize "BLOCK_SIZE", ThreadId "THREAD_ID",
        Texcoord "TEXCOORD", Pcoord "PCOORD", ViewportIndex "VIEWPORT_INDEX", Layer "LAYER",
        Culldist "CULLDIST", SampleId "SAMPLEID", SamplePos "SAMPLEPOS", SampleMask "SAMPLEMASK",
        InvocationId "INVOCATIONID", VertexIdNobase "VERTEXID_NOBASE", Basevertex "BASEVERTEX", Patch "PATCH",
        Tesscoord "TESSCOORD", Tessouter "TESSOUTER", Tessinner "TESSINNER", VerticesIn "VERTICESIN",
        HelperInvocation "HELPER_INVOCATION", Baseinstance "BASEINSTANCE", Drawid "DRAWID",
        WorkDim "WORK_DIM", SubgroupSize "SUBGROUP_SIZE", SubgroupInvocation "SUBGROUP_INVOCATION",
        SubgroupEqMask "SUBGROUP_EQ_MASK", SubgroupGeMask "SUBGROUP_GE_MASK",
        SubgroupGtMask "SUBGROUP_GT_MASK", SubgroupLeMask "SUBGROUP_LE_MASK",
        SubgroupLtMask "SUBGROUP_LT_MASK",
    }
    Interpolation {
        Constant "CONSTANT", Linear "LINEAR", Perspective "PERSPECTIVE", Color "COLOR",
    }
    Location {
        Center "CENTER", Centroid "CENTROID", Sample "SAMPLE",
    }
    Texture {
        Buffer "BUFFER", D1 "1D", D2 "2D", D3 "3D", Cube "CUBE", Rect "RECT", Shadow1D "SHADOW1D",
        Shadow2D "SHADOW2D", ShadowRect "SHADOWRECT", D1Array "1D_ARRAY", D2Array "2D_ARRAY",
        Shadow1DArray "SHADOW1D_ARRAY", Shadow2DArray "SHADOW2D_ARRAY", ShadowCube "SHADOWCUBE",
        D2Msaa "2D_MSAA", D2ArrayMsaa "2D_ARRAY_MSAA", CubeArray "CUBEARRAY",
        ShadowCubeArray "SHADOWCUBEARRAY", Unknown "UNKNOWN",
    }
    ReturnType {
        Unorm "UNORM", Snorm "SNORM", Sint "SINT", Uint "UINT", Float "FLOAT",
    }
    MemoryKind {
        Global "GLOBAL", Shared "SHARED", Private "PRIVATE", Input "INPUT",
    }
    ImmediateType {
        Flt32 "FLT32", Uint32 "UINT32", Int32 "INT32", Flt64 "FLT64", Uint64 "UINT64", Int64 "INT64",
    }
}

/// Primitive words; the position is gallium's number.
const PRIMITIVES: &[&str] = &[
    "POINTS",
    "LINES",
    "LINE_LOOP",
    "LINE_STRIP",
    "TRIANGLES",
    "TRIANGLE_STRIP",
    "TRIANGLE_FAN",
    "QUADS",
    "QUAD_STRIP",
    "POLYGON",
    "LINES_ADJACENCY",
    "LINE_STRIP_ADJACENCY",
    "TRIANGLES_ADJACENCY",
    "TRIANGLE_STRIP_ADJACENCY",
    "PATCHES",
];
const ORIGINS: &[&str] = &["UPPER_LEFT", "LOWER_LEFT"];
const PIXEL_CENTERS: &[&str] = &["HALF_INTEGER", "INTEGER"];
/// Stage words; the position is gallium's number.
const STAGES: &[&str] = &["VERT", "FRAG", "GEOM", "TESS_CTRL", "TESS_EVAL", "COMP"];

/// The words for the values of a property, where it has any; the position is the value.
pub(super) fn property_words(name: PropertyName) -> &'static [&'static str] {
    match name {
        PropertyName::GsInputPrimitive | PropertyName::GsOutputPrimitive => PRIMITIVES,
        PropertyName::FsCoordOrigin => ORIGINS,
        PropertyName::FsCoordPixelCenter => PIXEL_CENTERS,
        PropertyName::NextShader => STAGES,
        _ => &[],
    }
}
