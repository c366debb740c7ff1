//! What a shader shares with its neighbours and with the pipeline state.

/// A set of user and fixed-function varyings, as named by their semantics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Varyings {
    /// GENERIC[n], n < 64.
    pub generic: u64,
    /// TEXCOORD[n], n < 8.
    pub texcoord: u8,
    /// COLOR[n], n < 2.
    pub color: u8,
    /// BCOLOR[n], n < 2.
    pub back_color: u8,
    /// FOG.
    pub fog: bool,
    /// LAYER.
    pub layer: bool,
    /// VIEWPORT_INDEX.
    pub viewport_index: bool,
    /// PRIM_ID written by a geometry shader.
    pub primitive_id: bool,
}
