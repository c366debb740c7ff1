//! Declarations: ranges, masks, and what each register file may add.

use super::*;

/// Reads one declaration and checks that it is written as it was read.
fn declaration(text: &str) -> Declaration {
    let shader = read(&format!("DCL {text}"));
    let [declaration] = &shader.declarations[..] else {
        panic!("{text} is {} declarations", shader.declarations.len());
    };
    assert_eq!(declaration.to_string(), format!("DCL {text}"));
    declaration.clone()
}

fn refusal(declaration: &str) -> String {
    super::refusal(&format!("DCL {declaration}"))
}

#[test]
fn one_register_or_a_range() {
    let one = declaration("TEMP[7]");
    assert_eq!(
        (one.file, one.dimension, one.first, one.last),
        (File::Temp, None, 7, 7)
    );
    let range = declaration("CONST[2..32767]");
    assert_eq!((range.file, range.first, range.last), (File::Const, 2, 32767));
    assert_eq!(
        refusal("TEMP[3..2]"),
        "line 2, column 10: the range 3..2 ends before it begins"
    );
    assert_eq!(
        refusal("TEMP[0..32768]"),
        "line 2, column 13: a register index `32768` is outside 0 to 32767"
    );
    assert_eq!(
        refusal("TEMP[-1]"),
        "line 2, column 10: expected a register index, found `-1`"
    );
    assert_eq!(
        refusal("TEMPS[0]"),
        "line 2, column 5: expected a register file, found `TEMPS`"
    );
}

#[test]
fn a_bracket_before_the_range_is_a_dimension() {
    let buffer = declaration("CONST[1][0..3]");
    assert_eq!(buffer.dimension, Some(DeclaredDimension::Index(1)));
    assert_eq!((buffer.first, buffer.last), (0, 3));
    let vertices = declaration("IN[][0], POSITION");
    assert_eq!(vertices.dimension, Some(DeclaredDimension::Implied));
    assert_eq!(
        refusal("IN[]"),
        "line 3, column 1: expected a second bracket, found `END`"
    );
    assert_eq!(
        refusal("CONST[0..1][2]"),
        "line 2, column 16: expected no second bracket after a range, found `[2`"
    );
}

#[test]
fn masks_ascend() {
    assert_eq!(declaration("OUT[0], COLOR").mask, Mask::XYZW);
    assert_eq!(declaration("OUT[0].yw, COLOR").mask, Mask(0b1010));
    for mask in ["yx", "xx", "xyzwx", "r", ""] {
        let message = refusal(&format!("OUT[0].{mask}, COLOR"));
        assert!(
            message.starts_with("line 2, column 12: expected a write mask"),
            "{message}"
        );
    }
}

#[test]
fn semantics_have_an_index_where_it_tells_something() {
    let generic = declaration("IN[0], GENERIC[0], PERSPECTIVE");
    let semantic = Semantic {
        name: SemanticName::Generic,
        index: 0,
    };
    assert_eq!(generic.semantic, Some(semantic));
    assert_eq!(declaration("OUT[1], COLOR[3]").semantic.map(|s| s.index), Some(3));
    assert_eq!(
        declaration("SV[0], INSTANCEID").semantic.map(|s| s.index),
        Some(0)
    );
}

#[test]
fn color_is_a_semantic_first_and_an_interpolation_after_one() {
    let color = declaration("IN[0], COLOR, COLOR");
    assert_eq!(color.semantic.map(|s| s.name), Some(SemanticName::Color));
    assert_eq!(color.interpolation, Some(Interpolation::Color));
    assert_eq!(declaration("OUT[0], COLOR").interpolation, None);
}

#[test]
fn inputs_say_how_and_where_they_are_interpolated() {
    let input = declaration("IN[0].xy, GENERIC[0], LINEAR, CENTROID");
    assert_eq!(input.interpolation, Some(Interpolation::Linear));
    assert_eq!(input.location, Location::Centroid);
    assert_eq!(
        declaration("IN[0], GENERIC[0], PERSPECTIVE, SAMPLE").location,
        Location::Sample
    );
    assert_eq!(
        declaration("IN[0], GENERIC[0], CONSTANT").location,
        Location::Center
    );
    let old = read("DCL IN[0], GENERIC[0], LINEAR, CYLWRAP_X");
    assert_eq!(old.declarations, [declaration("IN[0], GENERIC[0], LINEAR")]);
}

#[test]
fn outputs_may_be_invariant_or_go_to_streams() {
    assert!(declaration("OUT[0], POSITION, INVARIANT").invariant);
    let streams = declaration("OUT[1], GENERIC[0], STREAM(0, 0, 1, 3)").streams;
    assert_eq!(streams, Some([0, 0, 1, 3]));
    assert_eq!(
        refusal("OUT[1], GENERIC[0], STREAM(0, 0, 1, 4)"),
        "line 2, column 41: a stream number `4` is outside 0 to 3"
    );
}

#[test]
fn addressable_temporaries_form_arrays() {
    let array = declaration("TEMP[0..2], ARRAY(1), LOCAL");
    assert_eq!((array.array, array.local), (Some(1), true));
}

#[test]
fn images_have_a_target_a_format_and_access() {
    let detail = declaration("IMAGE[0], 2D, PIPE_FORMAT_R32_UINT, WR").detail;
    let image = Detail::Image {
        target: Texture::D2,
        format: Some("R32_UINT".into()),
        writable: true,
        raw: false,
    };
    assert_eq!(detail, image);
    let detail = declaration("IMAGE[1], BUFFER, PIPE_FORMAT_NONE").detail;
    let image = Detail::Image {
        target: Texture::Buffer,
        format: None,
        writable: false,
        raw: false,
    };
    assert_eq!(detail, image);
    assert_eq!(
        refusal("IMAGE[0], 2D, R32_UINT"),
        "line 2, column 19: expected an image format, WR or RAW, found `R32_UINT`"
    );
    assert_eq!(
        refusal("IMAGE[0], 4D"),
        "line 2, column 15: expected a texture target, found `4D`"
    );
}

#[test]
fn sampler_views_name_one_return_type_or_four() {
    let view = |types| Detail::SamplerView {
        target: Texture::D2Array,
        types,
    };
    use ReturnType::{Float, Sint, Uint, Unorm};
    assert_eq!(declaration("SVIEW[0], 2D_ARRAY, SINT").detail, view([Sint; 4]));
    let mixed = declaration("SVIEW[0], 2D_ARRAY, SINT, UINT, UNORM, FLOAT").detail;
    assert_eq!(mixed, view([Sint, Uint, Unorm, Float]));
    assert_eq!(
        refusal("SVIEW[0], 2D_ARRAY, SINT, UINT"),
        "line 3, column 1: expected four return types, found `END`"
    );
}

#[test]
fn buffers_and_memory_say_what_they_are() {
    assert_eq!(declaration("BUFFER[3]").detail, Detail::None);
    assert_eq!(declaration("BUFFER[3], ATOMIC").detail, Detail::AtomicBuffer);
    assert_eq!(
        declaration("MEMORY[1], SHARED").detail,
        Detail::Memory(MemoryKind::Shared)
    );
    let counters = declaration("HWATOMIC[2][0..4]");
    assert_eq!(counters.dimension, Some(DeclaredDimension::Index(2)));
}

#[test]
fn unknown_modifiers_are_refused() {
    assert_eq!(
        refusal("OUT[0], COLOUR"),
        "line 2, column 13: expected a declaration modifier, found `COLOUR`"
    );
    assert_eq!(
        refusal("BUFFER[0], WR"),
        "line 2, column 16: expected ATOMIC, found `WR`"
    );
}
