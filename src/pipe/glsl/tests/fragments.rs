//! What is special to fragment shaders.

use super::*;
use crate::pipe::wire::virgl::enums::CompareFunc;

const COLOR: &str = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nMOV OUT[0], IN[0]\nEND\n";

#[test]
fn exit_code_of_fragment_shaders_is_in_order() {
    let source = fragment_source(
        COLOR,
        &FragmentKey {
            polygon_stipple: true,
            alpha_test: Some(CompareFunc::Greater),
            alpha_in_red: 1,
            ..everything()
        },
    );
    let positions: Vec<_> = [
        "sys.stipple",
        "if(!(F(o0.w)>sys.alpha_ref))discard;",
        "color0_0=F(o0.wyzw);",
    ]
    .iter()
    .map(|part| source.find(part).expect(part))
    .collect();
    assert!(positions.is_sorted());
}

#[test]
fn colors_have_the_type_and_order_of_their_buffers() {
    let text = COLOR.replacen("FRAG\n", "FRAG\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\n", 1);
    let source = fragment_source(
        &text,
        &FragmentKey {
            color_buffers: 3,
            signed_colors: 2,
            unsigned_colors: 4,
            exchange_red_blue: 1,
            ..everything()
        },
    );
    assert!(source.contains("color0_0=F(o0.zyxw);\ncolor1_0=ivec4(o0);\ncolor2_0=(o0);\n"));
    assert!(
        source.contains("layout(location=1)out ivec4 color1_0;\nlayout(location=2)out uvec4 color2_0;\n")
    );
    assert!(!fragment_source(COLOR, &everything()).contains("color1_0"));
}

#[test]
fn colors_are_fetched_in_the_order_of_the_shader() {
    let text = "FRAG\nDCL OUT[0], COLOR\nDCL OUT[1], COLOR[1]\nDCL TEMP[0]\nFBFETCH TEMP[0], OUT[0]\n\
                FBFETCH TEMP[0].x, OUT[1].yyyy\nMOV OUT[0], TEMP[0]\nEND\n";
    let key = FragmentKey {
        color_buffers: 2,
        exchange_red_blue: 1,
        unsigned_colors: 2,
        ..everything()
    };
    // The reference compiler knows the extension for GLES alone.
    let source = fragment(&shader(text), &key, &HOST, &LAYOUT).unwrap().source;
    assert!(source.contains("#extension GL_EXT_shader_framebuffer_fetch : require\n"));
    assert!(
        source.contains("layout(location=0)inout vec4 color0_0;\nlayout(location=1)inout uvec4 color1_0;\n")
    );
    assert!(source.contains("t0=U(color0_0.zyxw);\nt0.x=uvec4(color1_0).y;\n"));
    assert_eq!(
        fragment(&shader(text), &key, &HOST_450, &LAYOUT),
        Err(EmitError::HostLacks("EXT_shader_framebuffer_fetch"))
    );
}

#[test]
fn the_second_source_of_blending_is_index_one() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL OUT[1], COLOR[1]\nEND\n",
        &FragmentKey {
            dual_source: true,
            exchange_red_blue: 1,
            ..everything()
        },
    );
    assert!(
        source
            .contains("layout(location=0)out vec4 color0_0;\nlayout(location=0,index=1)out vec4 color0_1;\n")
    );
    assert!(source.contains("color0_1=F(o1.zyxw);"));
}

#[test]
fn depth_stencil_and_coverage_come_from_their_channels() {
    let source = fragment_source(
        "FRAG\nPROPERTY FS_DEPTH_LAYOUT 3\nDCL OUT[0], POSITION\nDCL OUT[1], STENCIL\nDCL OUT[2], SAMPLEMASK\n\
         DCL CONST[0]\nMOV OUT[0].z, CONST[0].xxxx\nEND\n",
        &everything(),
    );
    assert!(source.contains("#extension GL_ARB_shader_stencil_export : require\n"));
    assert!(source.contains("layout(depth_less)out float gl_FragDepth;\n"));
    assert!(
        source.contains(
            "gl_FragDepth=F(o0.z);\ngl_FragStencilRefARB=int(o1.y);\ngl_SampleMask[0]=int(o2.x);\n"
        )
    );
}

#[test]
fn inputs_that_nobody_writes_are_constants() {
    let source = fragment_source(COLOR, &FragmentKey::default());
    assert!(source.contains("o0=uvec4(0u,0u,0u,0x3f800000u);"));
    assert!(!source.contains("in vec4"));
}

#[test]
fn color_interpolation_follows_flat_shading() {
    let flat = FragmentKey {
        flat_shade: true,
        ..everything()
    };
    assert!(fragment_source(COLOR, &flat).contains("\nflat in vec4 v_c0;\n"));
    assert!(fragment_source(COLOR, &everything()).contains("\nin vec4 v_c0;\n"));
}

#[test]
fn back_faces_take_the_back_color_that_is_there() {
    let key = |color, back_color| FragmentKey {
        two_sided: true,
        available: Varyings {
            color,
            back_color,
            ..Varyings::default()
        },
        ..everything()
    };
    assert!(fragment_source(COLOR, &key(1, 1)).contains("o0=U((gl_FrontFacing?v_c0:v_bc0));"));
    assert!(fragment_source(COLOR, &key(1, 0)).contains("o0=U(v_c0);"));
    assert!(fragment_source(COLOR, &key(0, 1)).contains("o0=U(v_bc0);"));
}

#[test]
fn sprite_coordinates_replace_generics_and_texture_coordinates() {
    let text = "FRAG\nDCL IN[0], TEXCOORD[1], PERSPECTIVE\nDCL OUT[0], COLOR\nMOV OUT[0], IN[0]\nEND\n";
    let key = |sprite_coords| FragmentKey {
        sprite_coords,
        ..everything()
    };
    assert!(fragment_source(text, &key(2)).contains("o0=U(vec4(gl_PointCoord,0.0,1.0));"));
    assert!(fragment_source(text, &key(1)).contains("o0=U(v_t1);"));
}

#[test]
fn builtin_inputs_are_read_from_gl() {
    let source = fragment_source(
        "FRAG\nDCL IN[0], POSITION, LINEAR\nDCL IN[1].x, FACE, CONSTANT\n\
         DCL IN[2].x, LAYER, CONSTANT\nDCL IN[3].x, FOG, PERSPECTIVE\nDCL OUT[0], COLOR\n\
         ADD OUT[0].xy, IN[0], IN[1].xxxx\nMOV OUT[0].z, IN[2].xxxx\nMOV OUT[0].w, IN[3].xyzw\nEND\n",
        &everything(),
    );
    assert!(source.contains("o0.xy=U(gl_FragCoord.xy+vec2((gl_FrontFacing?1.0:-1.0)));"));
    assert!(source.contains("o0.z=uint(gl_Layer);"));
    assert!(source.contains("o0.w=U(vec4(v_f0.x,0.0,0.0,1.0).w);"));
}

#[test]
fn the_declared_origin_changes_nothing_and_pixel_centres_do() {
    let body = "DCL IN[0], POSITION, LINEAR\nDCL OUT[0], COLOR\nMOV OUT[0], IN[0]\nEND\n";
    let declared = "PROPERTY FS_COORD_ORIGIN LOWER_LEFT\n";
    assert_eq!(
        fragment_source(&format!("FRAG\n{declared}{body}"), &everything()),
        fragment_source(&format!("FRAG\n{body}"), &everything())
    );
    let integer = format!("FRAG\nPROPERTY FS_COORD_PIXEL_CENTER INTEGER\n{body}");
    let centre = "layout(pixel_center_integer)in vec4 gl_FragCoord;\n";
    assert!(fragment_source(&integer, &everything()).contains(centre));
}

#[test]
fn interpolation_elsewhere_takes_the_bare_input() {
    let text = "FRAG\nDCL IN[0], COLOR, PERSPECTIVE\nDCL OUT[0], COLOR\n\
                INTERP_OFFSET OUT[0].xy, -IN[0].yxxx, IN[0].zwww\nEND\n";
    assert!(
        fragment_source(text, &everything())
            .contains("{vec4 r=interpolateAtOffset(v_c0,v_c0.zw);o0.xy=U(-r.yx);\n}")
    );
    let two_sided = FragmentKey {
        two_sided: true,
        ..everything()
    };
    assert!(fragment_source(text, &two_sided).contains("{vec4 r=gl_FrontFacing?interpolateAtOffset(v_c0,"));
}

#[test]
fn interfaces_say_what_bindings_a_shader_needs() {
    let facts = interface(&shader(
        "FRAG\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\nDCL IN[0], GENERIC[3], PERSPECTIVE\n\
         DCL IN[1], TEXCOORD[1], PERSPECTIVE\nDCL OUT[0], COLOR\nDCL OUT[1], COLOR[2]\nDCL CONST[0..6]\n\
         DCL CONST[3][0..1]\nDCL SAMP[0]\nDCL SAMP[4]\nDCL SAMP[5]\nDCL SVIEW[0], BUFFER, FLOAT\n\
         DCL SVIEW[4], SHADOWCUBE, FLOAT\nDCL SVIEW[5], 2D, FLOAT\nEND\n",
    ))
    .unwrap();
    assert_eq!((facts.inputs.generic, facts.inputs.texcoord), (8, 2));
    assert_eq!(
        (
            facts.constants,
            facts.uniform_blocks,
            facts.uniform_block_sizes[3]
        ),
        (7, 8, 2)
    );
    assert_eq!(
        (facts.samplers, facts.shadow_samplers, facts.buffer_samplers),
        (0x31, 0x10, 0x01)
    );
    assert_eq!((facts.color_outputs, facts.color_to_all), (5, true));
}
