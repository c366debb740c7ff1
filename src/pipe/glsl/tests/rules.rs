//! One small shader for each rule of the translation.

use super::{validator::Validator, *};
use crate::pipe::{
    tgsi::{Opcode, Operation, Stage, Texture},
    wire::virgl::{
        command::StreamOutput,
        enums::{CompareFunc, Swizzle},
    },
};

fn compiles(stage: Stage, source: &str) {
    let mut validator = Validator::new();
    validator.add(stage, "the shader of this test", source);
    validator.check();
}

fn fragment_source(text: &str, key: &FragmentKey) -> String {
    let emitted = fragment(&shader(text), key, &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::Fragment, &source);
    source
}

fn vertex_source(text: &str, key: &VertexKey) -> String {
    let emitted = vertex(&shader(text), key, &StreamOutputs::default(), &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::Vertex, &source);
    source
}

/// The statements for `instructions` on a few registers of every file.
fn statements(instructions: &str) -> String {
    let source = fragment_source(
        &format!(
            "FRAG\nDCL OUT[0], COLOR\nDCL IN[0], GENERIC[0], PERSPECTIVE\nDCL CONST[0..7]\nDCL TEMP[0..3]\n\
             DCL TEMP[4..7], ARRAY(1), LOCAL\nDCL ADDR[0]\n\
             DCL SAMP[0]\nDCL SAMP[1]\nDCL SVIEW[0], 2D, FLOAT\nDCL SVIEW[1], SHADOW2D, FLOAT\n\
             IMM[0] UINT32 {{1065353216, 2, 0, 4294967295}}\n{instructions}\nEND\n"
        ),
        &everything(),
    );
    let (_, body) = source
        .split_once("uvec4 o0=uvec4(0u);\n")
        .expect("the first statement");
    let (body, _) = body.split_once("color0_0=").expect("the last statement");
    body.trim_end().to_owned()
}

#[test]
fn moves_keep_bits_and_float_operations_cast() {
    assert_eq!(statements("MOV TEMP[0].xy, TEMP[1].zwxx"), "t0.xy=t1.zw;");
    assert_eq!(
        statements("MOV TEMP[0].x, -TEMP[1].yyyy"),
        "t0.x=(t1.y^0x80000000u);"
    );
    assert_eq!(
        statements("MOV TEMP[0].x, |TEMP[1].yyyy|"),
        "t0.x=(t1.y&0x7fffffffu);"
    );
    assert_eq!(statements("MOV TEMP[0], IN[0]"), "t0=U(v_g0);");
    assert_eq!(
        statements("ADD TEMP[0].xz, TEMP[1], -IMM[0].xxxx"),
        "t0.xz=U(F(t1.xz)+vec2((-1.0)));"
    );
    assert_eq!(
        statements("MOV_SAT TEMP[0], TEMP[1]"),
        "t0=U(clamp(F(t1),0.0,1.0));"
    );
}

#[test]
fn precise_results_go_through_a_precise_variable() {
    assert_eq!(
        statements("MUL_PRECISE TEMP[0].xy, TEMP[1], TEMP[2]"),
        "{precise uvec2 p=U(F(t1.xy)*F(t2.xy));t0.xy=p;}"
    );
}

#[test]
fn scalar_operations_take_x_and_fill_the_mask() {
    assert_eq!(
        statements("RSQ TEMP[0].yz, TEMP[1].wxyz"),
        "t0.yz=uvec2(U(inversesqrt(F(t1.w))));"
    );
    assert_eq!(
        statements("DP3 TEMP[0].x, TEMP[1], TEMP[2].zyxw"),
        "t0.x=U(dot(F(t1.xyz),F(t2.zyx)));"
    );
}

#[test]
fn operand_order_is_that_of_tgsi() {
    assert_eq!(
        statements("LRP TEMP[0].x, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.x=U(mix(F(t3.x),F(t2.x),F(t1.x)));"
    );
    assert_eq!(
        statements("CMP TEMP[0].x, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.x=F(t1.x)<0.0?t2.x:t3.x;"
    );
    assert_eq!(
        statements("CMP TEMP[0].xy, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.xy=mix(t3.xy,t2.xy,lessThan(F(t1.xy),vec2(0.0)));"
    );
    assert_eq!(
        statements("UCMP TEMP[0].xy, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.xy=mix(t3.xy,t2.xy,notEqual(t1.xy,uvec2(0u)));"
    );
}

#[test]
fn comparisons_give_masks_or_ones() {
    assert_eq!(
        statements("FSNE TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=-uint(F(t1.x)!=F(t2.x));"
    );
    assert_eq!(
        statements("ISLT TEMP[0].xy, TEMP[1], TEMP[2]"),
        "t0.xy=-uvec2(lessThan(ivec2(t1.xy),ivec2(t2.xy)));"
    );
    assert_eq!(
        statements("SGE TEMP[0].xy, TEMP[1], TEMP[2]"),
        "t0.xy=U(vec2(greaterThanEqual(F(t1.xy),F(t2.xy))));"
    );
}

#[test]
fn integer_operations_are_defined_for_all_operands() {
    assert_eq!(
        statements("SHL TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=t1.x<<(t2.x&31u);"
    );
    assert_eq!(
        statements("ISHR TEMP[0].x, TEMP[1], IMM[0].yyyy"),
        "t0.x=uint(int(t1.x)>>(2u&31u));"
    );
    assert_eq!(
        statements("MOD TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=uint(int(t1.x)-int(t2.x)*(int(t1.x)/int(t2.x)));"
    );
    assert_eq!(
        statements("UADD TEMP[0].x, TEMP[1], -TEMP[2]"),
        "t0.x=t1.x+(-t2.x);"
    );
    assert_eq!(
        statements("IMSB TEMP[0].x, TEMP[1]"),
        "t0.x=uint(findMSB(int(t1.x)));"
    );
    assert_eq!(
        statements("UBFE TEMP[0].xy, TEMP[1], IMM[0].zzzz, IMM[0].yyyy"),
        "t0.xy=uvec2(bitfieldExtract(t1.x,0,2),bitfieldExtract(t1.y,0,2));"
    );
    assert_eq!(
        statements("ROUND TEMP[0].x, TEMP[1]"),
        "t0.x=U(roundEven(F(t1.x)));"
    );
}

#[test]
fn lit_of_zero_to_the_zero_is_one() {
    assert!(statements("LIT TEMP[0].z, TEMP[1]").contains("(F(t1).w==0.0?1.0:pow("));
}

#[test]
fn kill_if_tests_every_channel_of_the_operand() {
    assert_eq!(statements("KILL_IF -TEMP[0].xxxx"), "if((-F(t0.x))<0.0)discard;");
    assert_eq!(
        statements("KILL_IF TEMP[0].xyzz"),
        "if(any(lessThan(F(t0.xyzz),vec4(0.0))))discard;"
    );
}

#[test]
fn doubles_are_pairs_of_words() {
    assert_eq!(
        statements("DADD TEMP[0].xy, TEMP[1], -TEMP[2].zwxy"),
        "t0.xy=E(D(t1.xy)+(-D(t2.zw)));"
    );
    assert_eq!(
        statements("DMUL TEMP[0], TEMP[1], TEMP[2]"),
        "t0=uvec4(E(D(t1.xy)*D(t2.xy)),E(D(t1.zw)*D(t2.zw)));"
    );
    assert_eq!(statements("D2F TEMP[0].y, TEMP[1]"), "t0.y=U(float(D(t1.xy)));");
    assert_eq!(
        statements("DSLT TEMP[0].xz, TEMP[1], TEMP[2]"),
        "t0.xz=uvec2(-uint(D(t1.xy)<D(t2.xy)),-uint(D(t1.zw)<D(t2.zw)));"
    );
    assert_eq!(statements("U2D TEMP[0].zw, TEMP[1]"), "t0.zw=E(double(t1.y));");
}

#[test]
fn computed_indices_stay_inside_their_arrays() {
    assert_eq!(
        statements("UARL ADDR[0].x, TEMP[1].yyyy\nMOV TEMP[ADDR[0].x+5](1), CONST[ADDR[0].x-1]"),
        "d0x=int(t1.y);\na0[min(uint(d0x+1),3u)]=k.c[min(uint(d0x-1),7u)];"
    );
    assert_eq!(statements("MOV TEMP[6], TEMP[5]"), "a0[2]=a0[1];");
}

#[test]
fn undeclared_temporaries_read_as_zero() {
    assert_eq!(statements("MOV TEMP[0].xy, TEMP[99]"), "t0.xy=uvec2(0u);");
}

#[test]
fn flow_nests() {
    assert_eq!(
        statements("BGNLOOP :0\nUIF TEMP[0].xxxx :1\nBRK\nELSE :0\nCONT\nENDIF\nENDLOOP :0"),
        "for(;;){\nif(t0.x!=0u){\nbreak;\n}else{\ncontinue;\n}\n}"
    );
    assert_eq!(
        statements("IF TEMP[0].yyyy :1\nNOP\nENDIF"),
        "if(F(t0.y)!=0.0){\n}"
    );
}

#[test]
fn every_return_runs_the_exit_code() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0]\nUIF TEMP[0].xxxx\nRET\nENDIF\nEND\n",
        &everything(),
    );
    assert_eq!(source.matches("color0_0=F(o0);").count(), 2);
    assert!(source.contains("color0_0=F(o0);\nreturn;\n}"));
}

#[test]
fn lookups_take_their_parts_from_where_tgsi_keeps_them() {
    assert_eq!(
        statements("TXP TEMP[0], TEMP[1], SAMP[0], 2D"),
        "t0=U(textureProj(fs0,F(t1.xyw)));"
    );
    assert_eq!(
        statements("TXB TEMP[0].xy, TEMP[1], SAMP[0], 2D, IMM[0].wyz"),
        "t0.xy=U(textureOffset(fs0,F(t1.xy),ivec2((-1),2),F(t1.w)).xy);"
    );
    assert_eq!(
        statements("TXF TEMP[0], TEMP[1], SAMP[0], 2D, IMM[0].zyz"),
        "t0=U(texelFetchOffset(fs0,ivec2(t1.xy),int(t1.w),ivec2(0,2)));"
    );
    assert_eq!(
        statements("TXD TEMP[0], TEMP[1], TEMP[2], TEMP[3], SAMP[1], SHADOW2D"),
        "t0=uvec4(U(textureGrad(fs1,F(t1.xyz),F(t2.xy),F(t3.xy))));"
    );
    assert_eq!(
        statements("TG4 TEMP[0], TEMP[1], IMM[0].yyyy, SAMP[0], 2D, TEMP[2].xyx"),
        "t0=U(textureGatherOffset(fs0,F(t1.xy),ivec2(t2.xy),2));"
    );
    assert_eq!(
        statements("TG4 TEMP[0], TEMP[1], IMM[0].yyyy, SAMP[1], SHADOW2D"),
        "t0=U(textureGather(fs1,F(t1.xy),F(t1.z)));"
    );
}

#[test]
fn levels_of_shadow_arrays_need_an_extension() {
    let text = lookup("FRAG", Opcode::Txl2, "SHADOW2D_ARRAY", "FLOAT", "");
    let emit = |host: &Host| fragment(&shader(&text), &everything(), host, &LAYOUT);
    let source = emit(&HOST).unwrap().source;
    assert!(source.contains("#extension GL_EXT_texture_shadow_lod : require\n"));
    assert!(source.contains("t0.x=U(textureLod(fs0,F(t1),F(t2.x)));"));
    let without = Host {
        texture_shadow_lod: false,
        ..HOST
    };
    assert_eq!(
        emit(&without),
        Err(EmitError::HostLacks("EXT_texture_shadow_lod"))
    );
}

#[test]
fn sizes_come_with_the_number_of_levels() {
    assert_eq!(
        statements("TXQ TEMP[0].xy, TEMP[1], SAMP[0], 2D"),
        "t0.xy=uvec2(textureSize(fs0,int(t1.x)).xy);"
    );
    assert_eq!(
        statements("TXQ TEMP[0].w, TEMP[1], SAMP[0], 2D"),
        "t0.w=uint(textureQueryLevels(fs0));"
    );
    assert_eq!(
        statements("TXQ TEMP[0].xw, TEMP[1], SAMP[0], 2D"),
        "t0.xw=uvec2(ivec4(textureSize(fs0,int(t1.x)),0,textureQueryLevels(fs0)).xw);"
    );
}

#[test]
fn the_swizzle_of_shadow_samplers_and_buffers_is_in_the_text() {
    let swizzle = [Swizzle::X, Swizzle::X, Swizzle::Zero, Swizzle::One];
    let key = |slot| FragmentKey {
        swizzled: vec![Swizzled { slot, swizzle }],
        ..everything()
    };
    let head = "FRAG\nDCL OUT[0], COLOR\nDCL SAMP[2]\nDCL TEMP[0]\n";
    let source = fragment_source(
        &format!("{head}TEX OUT[0], TEMP[0], SAMP[2], SHADOW2D\nEND\n"),
        &key(2),
    );
    assert!(source.contains("{float r=texture(fs2,F(t0.xyz));o0=U(vec4(r,r,0.0,1.0));\n}"));
    let view = "DCL SVIEW[2], BUFFER, SINT\n";
    let text = format!("{head}{view}TXF OUT[0].yw, TEMP[0], SAMP[2], BUFFER\nEND\n");
    let source = fragment_source(&text, &key(2));
    assert!(source.contains("{ivec4 r=texelFetch(fs2,int(t0.x));o0.yw=uvec2(ivec2(r.x,1));\n}"));
    let source = fragment_source(&text, &key(3));
    assert!(source.contains("o0.yw=uvec2(texelFetch(fs2,int(t0.x)).yw);"));
}

#[test]
fn addressed_samplers_form_an_array() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL SAMP[0]\nDCL SAMP[1]\nDCL SAMP[2]\nDCL SVIEW[0], CUBE, FLOAT\n\
         DCL SVIEW[1], 2D, UINT\nDCL SVIEW[2], 2D, UINT\nDCL ADDR[0..2]\nDCL TEMP[0]\n\
         TEX OUT[0], TEMP[0], SAMP[ADDR[2].x+1], 2D\nEND\n",
        &everything(),
    );
    assert!(source.contains("layout(binding=32)uniform samplerCube fs0;\n"));
    assert!(source.contains("layout(binding=33)uniform usampler2D fs1[2];\n"));
    assert!(source.contains("o0=texture(fs1[min(uint(d2x),1u)],F(t0.xy));"));
}

#[test]
fn constant_buffers_have_a_binding_for_each_stage_and_number() {
    let source = vertex_source(
        "VERT\nDCL OUT[0], POSITION\nDCL CONST[0..3]\nDCL CONST[2][0..9]\n\
         ADD OUT[0], CONST[3], CONST[2][9]\nEND\n",
        &last(),
    );
    assert!(source.contains("layout(std140,binding=0)uniform vk0{uvec4 c[4];}k;\n"));
    assert!(source.contains("layout(std140,binding=2)uniform vk2{uvec4 c[10];}k2;\n"));
    assert!(source.contains("gl_Position=F(k.c[3])+F(k2.c[9]);"));
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL CONST[2][0..3]\nDCL CONST[3][0..9]\nDCL ADDR[0..1]\n\
         MOV OUT[0], CONST[ADDR[1].x+2][ADDR[0].x]\nMOV OUT[0], CONST[3][1]\nEND\n",
        &everything(),
    );
    assert!(source.contains("layout(std140,binding=18)uniform fkn{uvec4 c[10];}kn[2];\n"));
    assert!(source.contains("o0=kn[min(uint(d1x),1u)].c[min(uint(d0x),9u)];\no0=kn[1].c[1];\n"));
}

#[test]
fn vertex_inputs_have_the_type_of_their_format() {
    let text = "VERT\nDCL IN[0]\nDCL IN[1]\nDCL IN[2]\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[4]\n\
                MOV OUT[0], IN[0]\nUADD OUT[1], IN[1], IN[2]\nEND\n";
    let source = vertex_source(
        text,
        &VertexKey {
            signed_inputs: 2,
            unsigned_inputs: 4,
            ..last()
        },
    );
    assert!(source.contains("layout(location=0)in vec4 in_0;\n"));
    assert!(source.contains("layout(location=1)in ivec4 in_1;\n"));
    assert!(source.contains("layout(location=2)in uvec4 in_2;\n"));
    assert!(source.contains("gl_Position=in_0;\nv_g4=F(uvec4(in_1)+in_2);\n"));
}

#[test]
fn user_clip_planes_apply_in_the_last_stage_only() {
    let text = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nMOV OUT[0], IN[0]\nEND\n";
    let key = |last| VertexKey {
        last,
        clip_planes: 0b101,
        ..VertexKey::default()
    };
    let source = vertex_source(text, &key(true));
    assert!(source.contains("layout(std140,binding=80)uniform system_block{"));
    assert!(source.contains("out float gl_ClipDistance[3];"));
    assert!(source.contains(
        "gl_ClipDistance[0]=dot(gl_Position,sys.clip_planes[0]);\n\
         gl_ClipDistance[2]=dot(gl_Position,sys.clip_planes[2]);\n}"
    ));
    assert!(!vertex_source(text, &key(false)).contains("gl_ClipDistance"));

    let text = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], CLIPVERTEX\nMOV OUT[0], IN[0]\n\
                MOV OUT[1], IN[0]\nEND\n";
    assert!(vertex_source(text, &key(true)).contains("=dot(cv,sys.clip_planes[0]);"));
    assert!(vertex_source(text, &key(false)).contains("v_cv0=cv;"));
}

#[test]
fn written_distances_are_split_in_clip_and_cull() {
    let source = vertex_source(
        "VERT\nPROPERTY NUM_CLIPDIST_ENABLED 3\nPROPERTY NUM_CULLDIST_ENABLED 2\nDCL IN[0]\n\
         DCL OUT[0], POSITION\nDCL OUT[1..2], CLIPDIST\nMOV OUT[0], IN[0]\nMOV OUT[2].x, IN[0].yyyy\nEND\n",
        &VertexKey {
            clip_planes: 1,
            ..last()
        },
    );
    assert!(source.contains("out float gl_ClipDistance[3];\nout float gl_CullDistance[2];\n"));
    assert!(source.contains("cd[1].x=in_0.y;\n"));
    assert!(source.contains("gl_ClipDistance[2]=cd[0][2];\ngl_CullDistance[0]=cd[0][3];\n"));
    assert!(source.contains("gl_CullDistance[1]=cd[1][0];\n"));
    assert!(!source.contains("sys."));
}

fn capture(
    register: u8,
    start_component: u8,
    num_components: u8,
    buffer: u8,
    dst_offset: u16,
) -> StreamOutput {
    StreamOutput {
        register,
        start_component,
        num_components,
        buffer,
        dst_offset,
        stream: 0,
    }
}

const CAPTURED: &str =
    "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], PSIZE\nMOV OUT[0], IN[0]\nMOV OUT[1].x, IN[0]\nEND\n";

#[test]
fn captures_are_outputs_of_their_own() {
    let table = StreamOutputs {
        strides: [4, 0, 5, 0],
        outputs: vec![
            capture(0, 1, 3, 0, 1),
            capture(0, 0, 4, 2, 0),
            capture(1, 0, 1, 2, 4),
        ],
    };
    let emit = |key: &VertexKey| {
        vertex(&shader(CAPTURED), key, &table, &HOST, &LAYOUT)
            .unwrap()
            .source
    };
    let source = emit(&last());
    compiles(Stage::Vertex, &source);
    assert!(source.contains("layout(xfb_buffer=0,xfb_offset=4,xfb_stride=16)out uvec3 xfb0;\n"));
    assert!(source.contains("layout(xfb_buffer=2,xfb_offset=16,xfb_stride=20)out uint xfb2;\n"));
    assert!(source.contains("xfb0=U(gl_Position.yzw);\nxfb1=U(gl_Position);\nxfb2=U(gl_PointSize);\n"));
    assert!(!emit(&VertexKey::default()).contains("xfb"));
}

#[test]
fn captures_that_gl_would_refuse_are_named() {
    let refused = |strides, outputs: Vec<StreamOutput>| {
        let table = StreamOutputs { strides, outputs };
        vertex(&shader(CAPTURED), &last(), &table, &HOST, &LAYOUT).unwrap_err()
    };
    let error = |entry, reason| EmitError::StreamOutput { entry, reason };
    assert_eq!(
        refused([4; 4], vec![capture(7, 0, 1, 0, 0)]),
        error(0, "captures an undeclared register")
    );
    assert_eq!(
        refused([4; 4], vec![capture(0, 2, 3, 0, 0)]),
        error(0, "captures components beyond w")
    );
    assert_eq!(
        refused([4; 4], vec![capture(0, 0, 4, 0, 1)]),
        error(0, "lies outside the stride of its buffer")
    );
    assert_eq!(
        refused([4; 4], vec![capture(0, 0, 2, 0, 0), capture(0, 0, 2, 0, 1)]),
        error(1, "overlaps an earlier output")
    );
    assert_eq!(
        refused([4; 4], vec![capture(0, 0, 1, 4, 0)]),
        error(0, "names a buffer above 3")
    );
}

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
        "FRAG\nPROPERTY FS_COORD_PIXEL_CENTER INTEGER\nDCL IN[0], POSITION, LINEAR\nDCL IN[1].x, FACE, CONSTANT\n\
         DCL IN[2].x, LAYER, CONSTANT\nDCL IN[3].x, FOG, PERSPECTIVE\nDCL OUT[0], COLOR\n\
         ADD OUT[0].xy, IN[0], IN[1].xxxx\nMOV OUT[0].z, IN[2].xxxx\nMOV OUT[0].w, IN[3].xyzw\nEND\n",
        &everything(),
    );
    assert!(source.contains("layout(pixel_center_integer)in vec4 gl_FragCoord;\n"));
    assert!(source.contains("o0.xy=U(gl_FragCoord.xy+vec2((gl_FrontFacing?1.0:-1.0)));"));
    assert!(source.contains("o0.z=uint(gl_Layer);"));
    assert!(source.contains("o0.w=U(vec4(v_f0.x,0.0,0.0,1.0).w);"));
}

#[test]
fn the_lower_left_origin_is_refused() {
    let text = "FRAG\nPROPERTY FS_COORD_ORIGIN LOWER_LEFT\nEND\n";
    assert!(matches!(
        fragment(&shader(text), &everything(), &HOST, &LAYOUT),
        Err(EmitError::Property { .. })
    ));
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
fn system_values_of_the_host() {
    let text = "VERT\nDCL SV[0], VERTEXID\nDCL SV[1], VERTEXID_NOBASE\nDCL SV[2], DRAWID\nDCL OUT[0], POSITION\n\
                U2F OUT[0].x, SV[0].xxxx\nU2F OUT[0].y, SV[1].xxxx\nU2F OUT[0].z, SV[2].xxxx\nEND\n";
    let source = vertex_source(text, &last());
    assert!(source.contains("gl_Position.x=float(uint(gl_VertexID));"));
    assert!(source.contains("gl_Position.y=float(uint((gl_VertexID-gl_BaseVertex)));"));
    assert!(source.contains("gl_Position.z=float(uint((gl_DrawID+sys.draw_id_base)));"));
    let old = Host {
        version: 450,
        draw_parameters: false,
        ..HOST
    };
    assert_eq!(
        vertex(&shader(text), &last(), &StreamOutputs::default(), &old, &LAYOUT),
        Err(EmitError::HostLacks("ARB_shader_draw_parameters"))
    );
}

#[test]
fn geometry_shaders_copy_their_outputs_when_they_emit() {
    let text = "GEOM\nPROPERTY GS_INPUT_PRIMITIVE TRIANGLES\nPROPERTY GS_OUTPUT_PRIMITIVE POINTS\n\
                PROPERTY GS_MAX_OUTPUT_VERTICES 3\nPROPERTY GS_INVOCATIONS 2\nDCL IN[][0], POSITION\n\
                DCL IN[][1], GENERIC[1]\nDCL IN[][2], CLIPDIST\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[7]\n\
                DCL OUT[2].x, LAYER\nDCL ADDR[0..1]\nIMM[0] UINT32 {0, 1, 2, 3}\nMOV OUT[0], IN[2][0]\n\
                MOV OUT[1], IN[ADDR[1].x][1]\nMOV OUT[2].x, IMM[0].yyyy\nADD OUT[1].x, IN[1][2], IN[1][2]\n\
                EMIT IMM[0].xxxx\nEMIT IMM[0].yyyy\nENDPRIM IMM[0].xxxx\nEND\n";
    let key = GeometryKey {
        available: ALL,
        input_distances: ClipDistances { clip: 2, cull: 1 },
        clip_planes: 1,
        ..GeometryKey::default()
    };
    let table = StreamOutputs {
        strides: [4, 1, 0, 0],
        outputs: vec![
            capture(0, 0, 4, 0, 0),
            StreamOutput {
                stream: 1,
                ..capture(1, 2, 1, 1, 0)
            },
        ],
    };
    let source = geometry(&shader(text), &key, &table, &HOST, &LAYOUT)
        .unwrap()
        .source;
    compiles(Stage::Geometry, &source);
    assert!(source.contains("layout(triangles,invocations=2)in;\nlayout(points,max_vertices=3)out;\n"));
    assert!(source.contains("in vec4 v_g1[];\n"));
    assert!(source.contains("float gl_ClipDistance[2];float gl_CullDistance[1];}gl_in[];"));
    assert!(source.contains(
        "void emit0(){\ngl_Position=o0;\ng_g7=o1;\ngl_Layer=int(o2.x);\nxfb0=U(o0);\n\
         gl_ClipDistance[0]=dot(o0,sys.clip_planes[0]);\nEmitVertex();}\n"
    ));
    assert!(source.contains("void emit1(){\nxfb1=U(o1.z);\nEmitStreamVertex(1);}\n"));
    assert!(source.contains("o0=gl_in[2].gl_Position;\no1=v_g1[min(uint(d1x),2u)];\n"));
    assert!(source.contains("o1.x=ci0[1].x+ci0[1].x;\nemit0();\nemit1();\nEndPrimitive();\n"));
}

#[test]
fn stages_link_by_the_names_of_their_varyings() {
    let vert = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nDCL OUT[2], COLOR\nDCL CONST[0]\n\
                MOV OUT[0], IN[0]\nMOV OUT[1], CONST[0]\nMOV OUT[2], IN[0]\nEND\n";
    let frag = "FRAG\nDCL IN[0], GENERIC[3], CONSTANT\nDCL IN[1], COLOR, COLOR\nDCL OUT[0], COLOR\n\
                DCL CONST[0..5]\nMAD OUT[0], IN[0], IN[1], CONST[5]\nEND\n";
    let geom = "GEOM\nPROPERTY GS_INPUT_PRIMITIVE POINTS\nPROPERTY GS_OUTPUT_PRIMITIVE POINTS\n\
                PROPERTY GS_MAX_OUTPUT_VERTICES 1\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[3]\n\
                DCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nIMM[0] UINT32 {0, 0, 0, 0}\n\
                MOV OUT[0], IN[0][0]\nMOV OUT[1], IN[0][1]\nEMIT IMM[0].xxxx\nEND\n";
    let (vert, frag, geom) = (shader(vert), shader(frag), shader(geom));
    let none = StreamOutputs::default();
    let written = interface(&vert).unwrap().outputs;
    let plain = FragmentKey {
        available: written,
        ..everything()
    };
    let mut two = Validator::new();
    two.add(
        Stage::Vertex,
        "vertex",
        &vertex(&vert, &last(), &none, &HOST, &LAYOUT).unwrap().source,
    );
    two.add(
        Stage::Fragment,
        "fragment",
        &fragment(&frag, &plain, &HOST, &LAYOUT).unwrap().source,
    );
    two.link();

    let first = vertex(&vert, &VertexKey::default(), &none, &HOST, &LAYOUT).unwrap();
    let key = GeometryKey {
        available: written,
        ..GeometryKey::default()
    };
    let second = geometry(&geom, &key, &none, &HOST, &LAYOUT).unwrap();
    let behind = FragmentKey {
        producer: Producer::Geometry,
        available: interface(&geom).unwrap().outputs,
        ..everything()
    };
    let third = fragment(&frag, &behind, &HOST, &LAYOUT).unwrap();
    let mut three = Validator::new();
    three.add(Stage::Vertex, "vertex", &first.source);
    three.add(Stage::Geometry, "geometry", &second.source);
    three.add(Stage::Fragment, "fragment", &third.source);
    three.link();
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

/// Opcodes that have no place in a fragment shader.
const NOT_IN_FRAGMENTS: [Opcode; 4] = [Opcode::Fbfetch, Opcode::Emit, Opcode::Endprim, Opcode::Barrier];

#[test]
fn every_register_opcode_compiles_with_every_width() {
    let mut validator = Validator::new();
    for &opcode in Opcode::ALL {
        if opcode.operation() != Operation::Alu || NOT_IN_FRAGMENTS.contains(&opcode) {
            continue;
        }
        let name = opcode.mnemonic();
        let mut text = String::from(
            "FRAG\nDCL IN[0], GENERIC[0], PERSPECTIVE\nDCL OUT[0], COLOR\nDCL CONST[0..3]\nDCL TEMP[0..3]\n\
             DCL ADDR[0]\nIMM[0] UINT32 {1065353216, 2147483648, 0, 5}\n",
        );
        for suffix in ["", "_SAT", "_PRECISE"] {
            for to in ["TEMP[0].x", "TEMP[0].yz", "TEMP[0]", "OUT[0].xyz", "ADDR[0].x"] {
                for from in [
                    "IN[0]",
                    "TEMP[1]",
                    "-CONST[1].yyxx",
                    "|IMM[0]|",
                    "-|TEMP[2].wwww|",
                ] {
                    let first = if name.starts_with("INTERP") {
                        "-IN[0].yxzw"
                    } else {
                        from
                    };
                    let mut operands = Vec::new();
                    operands.extend((opcode.destinations() > 0).then_some(to));
                    operands.extend((0..opcode.sources()).map(|n| if n == 0 { first } else { from }));
                    text += &format!("{name}{suffix} {}\n", operands.join(", "));
                }
            }
        }
        text += "END\n";
        for version in [450, 460] {
            let host = Host { version, ..HOST };
            let emitted = fragment(&shader(&text), &everything(), &host, &LAYOUT);
            let source = emitted.unwrap_or_else(|e| panic!("{name}: {e}")).source;
            validator.add(Stage::Fragment, name, &source);
        }
    }
    assert!(validator.check() > 200);
}

const TARGETS: [(&str, Texture); 18] = [
    ("BUFFER", Texture::Buffer),
    ("1D", Texture::D1),
    ("2D", Texture::D2),
    ("3D", Texture::D3),
    ("CUBE", Texture::Cube),
    ("RECT", Texture::Rect),
    ("SHADOW1D", Texture::Shadow1D),
    ("SHADOW2D", Texture::Shadow2D),
    ("SHADOWRECT", Texture::ShadowRect),
    ("1D_ARRAY", Texture::D1Array),
    ("2D_ARRAY", Texture::D2Array),
    ("SHADOW1D_ARRAY", Texture::Shadow1DArray),
    ("SHADOW2D_ARRAY", Texture::Shadow2DArray),
    ("SHADOWCUBE", Texture::ShadowCube),
    ("2D_MSAA", Texture::D2Msaa),
    ("2D_ARRAY_MSAA", Texture::D2ArrayMsaa),
    ("CUBEARRAY", Texture::CubeArray),
    ("SHADOWCUBEARRAY", Texture::ShadowCubeArray),
];

/// A shader with one texture instruction.
fn lookup(stage: &str, opcode: Opcode, target: &str, view: &str, offset: &str) -> String {
    let sources = match opcode {
        Opcode::Tg4 => "IMM[0].yyyy, ",
        Opcode::Txd => "TEMP[2], TEMP[3], ",
        _ if opcode.sources() == 3 => "TEMP[2], ",
        _ => "",
    };
    let first = if opcode == Opcode::Txqs { "" } else { "TEMP[1], " };
    let name = opcode.mnemonic();
    let mut text = format!(
        "{stage}\nDCL OUT[0], {}\nDCL SAMP[0]\nDCL SVIEW[0], {target}, {view}\nDCL TEMP[0..3]\n\
         IMM[0] UINT32 {{1, 2, 4294967295, 0}}\n",
        if stage == "VERT" { "POSITION" } else { "COLOR" }
    );
    for to in ["TEMP[0].x", "TEMP[0].yw", "OUT[0]"] {
        text += &format!("{name} {to}, {first}{sources}SAMP[0], {target}{offset}\n");
    }
    text + "END\n"
}

#[test]
fn every_texture_opcode_compiles_with_every_target_it_takes() {
    let mut validator = Validator::new();
    let swizzled = vec![Swizzled {
        slot: 0,
        swizzle: [Swizzle::Zero, Swizzle::X, Swizzle::X, Swizzle::One],
    }];
    let keys = [
        everything(),
        FragmentKey {
            swizzled,
            ..everything()
        },
    ];
    // The reference compiler does not know EXT_texture_shadow_lod.
    let host = Host {
        texture_shadow_lod: false,
        ..HOST
    };
    let textures = Opcode::ALL.iter().filter(|o| o.operation() == Operation::Texture);
    for &opcode in textures {
        for (target, _) in TARGETS {
            for view in ["FLOAT", "SINT"] {
                for offset in ["", ", IMM[0].xyz"] {
                    let label = format!("{} {target} {view}{offset}", opcode.mnemonic());
                    for key in &keys {
                        let tree = shader(&lookup("FRAG", opcode, target, view, offset));
                        if let Ok(emitted) = fragment(&tree, key, &host, &LAYOUT) {
                            validator.add(Stage::Fragment, &label, &emitted.source);
                        }
                    }
                    let tree = shader(&lookup("VERT", opcode, target, view, offset));
                    let none = StreamOutputs::default();
                    if let Ok(emitted) = vertex(&tree, &last(), &none, &host, &LAYOUT) {
                        validator.add(Stage::Vertex, &label, &emitted.source);
                    }
                }
            }
        }
    }
    assert!(validator.check() > 1000);
}

#[test]
fn targets_are_refused_only_where_glsl_has_no_lookup() {
    let refused = |opcode| -> Vec<Texture> {
        let takes = |target| {
            let tree = shader(&lookup("FRAG", opcode, target, "FLOAT", ""));
            fragment(&tree, &everything(), &HOST, &LAYOUT).is_ok()
        };
        let bad = TARGETS.iter().filter(|(name, _)| !takes(name));
        bad.map(|&(_, target)| target).collect()
    };
    use Texture as T;
    let flat = vec![T::Buffer, T::D2Msaa, T::D2ArrayMsaa];
    let flat_and_cube_array = [flat.as_slice(), &[T::ShadowCubeArray]].concat();
    assert_eq!(refused(Opcode::Tex), flat_and_cube_array);
    assert_eq!(refused(Opcode::Txl2), flat);
    assert_eq!(refused(Opcode::Txb2), flat);
    assert_eq!(refused(Opcode::Txd), flat_and_cube_array);
    assert_eq!(refused(Opcode::Txq), vec![]);
    let one_dimension = [T::D1, T::D3, T::Shadow1D, T::D1Array, T::Shadow1DArray];
    let mut gathered = refused(Opcode::Tg4);
    gathered.retain(|t| !flat.contains(t) && !one_dimension.contains(t));
    assert_eq!(gathered, vec![]);
}
