//! What is special to vertex and geometry shaders.

use super::*;
use crate::pipe::{tgsi::Stage, wire::virgl::command::StreamOutput};

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
fn a_varying_captured_whole_needs_no_copy() {
    let text = "VERT\nDCL OUT[0], GENERIC[2]\nDCL CONST[0]\nMOV OUT[0], CONST[0]\nEND\n";
    let table = StreamOutputs {
        strides: [8, 0, 0, 0],
        outputs: vec![capture(0, 0, 4, 0, 4), capture(0, 0, 4, 0, 0)],
    };
    let source = vertex(&shader(text), &last(), &table, &HOST, &LAYOUT)
        .unwrap()
        .source;
    compiles(Stage::Vertex, &source);
    assert!(source.contains("layout(xfb_buffer=0,xfb_offset=16,xfb_stride=32)out vec4 v_g2;\n"));
    assert!(source.contains("layout(xfb_buffer=0,xfb_offset=0,xfb_stride=32)out uvec4 xfb1;\n"));
    assert!(source.contains("xfb1=U(v_g2);\n"));
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
    assert_eq!(
        refused([4; 4], vec![capture(1, 1, 1, 0, 0)]),
        error(0, "captures more than the one component of a scalar")
    );
    assert_eq!(
        refused([4; 4], vec![capture(0, 0, 0, 0, 0)]),
        error(0, "captures nothing")
    );
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
    assert!(source.contains(
        "vec4 ci0(uint i){return vec4(gl_in[i].gl_ClipDistance[0],gl_in[i].gl_ClipDistance[1],\
         gl_in[i].gl_CullDistance[0],0.0);}\n"
    ));
    assert!(source.contains(
        "void emit0(){\ngl_Position=o0;\ng_g7=o1;\ngl_Layer=int(o2.x);\nxfb0=U(o0);\n\
         gl_ClipDistance[0]=dot(o0,sys.clip_planes[0]);\nEmitVertex();}\n"
    ));
    assert!(source.contains("void emit1(){\nxfb1=U(o1.z);\nEmitStreamVertex(1);}\n"));
    assert!(source.contains("o0=gl_in[2].gl_Position;\no1=v_g1[min(uint(d1x),2u)];\n"));
    assert!(source.contains("o1.x=ci0(1).x+ci0(1).x;\nemit0();\nemit1();\nEndPrimitive();\n"));
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
