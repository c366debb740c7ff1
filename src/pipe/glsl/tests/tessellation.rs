//! Tessellation: what control and evaluation shaders become, and that the stages link.

use super::*;

const VERT: &str = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nMOV OUT[0], IN[0]\n\
                    MOV OUT[1], IN[0].yyyy\nEND\n";
const CONTROL: &str = "TESS_CTRL\nPROPERTY TCS_VERTICES_OUT 3\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[3]\n\
                       DCL SV[0], INVOCATIONID\nDCL OUT[][0], POSITION\nDCL OUT[][1], GENERIC[3]\n\
                       DCL OUT[][2].xy, GENERIC[4]\nDCL OUT[3], TESSOUTER\nDCL OUT[4].xy, TESSINNER\n\
                       DCL OUT[5], PATCH[2]\nDCL TEMP[0..3]\nDCL ADDR[0..1]\nIMM[0] UINT32 {0, 1065353216, 3, 2}\n\
                       UARL ADDR[1].x, SV[0].xxxx\n";
const EVAL: &str = "TESS_EVAL\nPROPERTY TES_PRIM_MODE 4\nPROPERTY TES_SPACING 1\nPROPERTY TES_VERTEX_ORDER_CW 1\n\
                    PROPERTY TES_POINT_MODE 0\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[3]\nDCL IN[2], PATCH[2]\n\
                    DCL SV[0], TESSCOORD\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nDCL TEMP[0]\nDCL ADDR[0..1]\n";
const FRAG: &str = "FRAG\nDCL IN[0], GENERIC[3], PERSPECTIVE\nDCL OUT[0], COLOR\nMOV OUT[0], IN[0]\nEND\n";

fn control(instructions: &str) -> String {
    let key = ControlKey {
        available: ALL,
        ..ControlKey::default()
    };
    let text = format!("{CONTROL}{instructions}END\n");
    let emitted = tess_control(&shader(&text), &key, &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::TessControl, &source);
    source
}

fn evaluation(text: &str, key: &EvaluationKey) -> String {
    let emitted = tess_eval(&shader(text), key, &StreamOutputs::default(), &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::TessEval, &source);
    source
}

#[test]
fn control_shaders_write_in_place_and_read_what_others_wrote() {
    let source = control(
        "MOV OUT[ADDR[1].x][0], IN[ADDR[1].x][0]\nMOV OUT[ADDR[1].x][1], IN[0][1]\nMOV OUT[ADDR[1].x][2].xy, IMM[0].yyyy\nMOV OUT[3].yz, IMM[0].yyyy\n\
         MOV OUT[5].w, IMM[0].yyyy\nBARRIER\nADD TEMP[0], OUT[2][1], OUT[3]\nMOV TEMP[1].x, OUT[5].wwww\n",
    );
    for line in [
        "layout(vertices=3)out;\n",
        "in vec4 v_g3[];\n",
        "out uvec4 c_g3[];\n",
        "patch out uvec4 c_p2;\n",
        "gl_out[gl_InvocationID].gl_Position=gl_in[min(uint(d1x),31u)].gl_Position;\nc_g3[gl_InvocationID]=U(v_g3[0]);\n",
        "c_g4[gl_InvocationID].xy=uvec2(0x3f800000u);\n",
        "gl_TessLevelOuter[1]=1.0;\ngl_TessLevelOuter[2]=1.0;\n",
        "c_p2.w=0x3f800000u;\nbarrier();\nt0=U(F(c_g3[2])+vec4(gl_TessLevelOuter[0],",
        "t1.x=c_p2.w;\n",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
}

#[test]
fn outputs_chosen_at_run_time_go_through_functions() {
    let source = control(
        "MOV OUT[ADDR[1].x][ADDR[0].x+1].xy, IN[ADDR[1].x][ADDR[0].x]\nMOV TEMP[0], OUT[ADDR[1].x][ADDR[0].x+1]\n\
         MOV TEMP[1], OUT[ADDR[0].x+3]\n",
    );
    for line in [
        "case 1u:return uvec4(U(v_g3[v]));\n",
        "case 1u:return uvec4((c_g3[v]));\n",
        "case 5u:return uvec4((c_p2));\n",
        "void put3(uint r,uvec4 v){switch(r){\n",
        "case 2u:c_g4[gl_InvocationID].xy=(v.xy);break;\n",
        "case 3u:gl_TessLevelOuter[0]=F(v[0]);gl_TessLevelOuter[1]=F(v[1]);break;\n",
        "{uvec4 w;w.xy=in_vertex(min(uint(d1x),31u),min(uint(d0x),1u)).xy;\nput3(min(uint(d0x+1),5u),w);}\n",
        "t0=out_vertex(min(uint(d1x),2u),min(uint(d0x+1),5u));\nt1=out_patch(min(uint(d0x+3),5u));\n",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
}

#[test]
fn a_barrier_stands_outside_of_control_flow() {
    let text = format!("{CONTROL}UIF IMM[0].yyyy\nBARRIER\nENDIF\nEND\n");
    let refused = tess_control(&shader(&text), &ControlKey::default(), &HOST, &LAYOUT);
    assert_eq!(refused, Err(EmitError::Barrier));
}

#[test]
fn evaluation_shaders_name_their_outputs_as_vertex_shaders_do() {
    let text = format!(
        "{EVAL}UARL ADDR[1].x, IN[2].xxxx\nMUL TEMP[0], SV[0].xxxx, IN[ADDR[1].x+1][1]\n\
         MAD OUT[0], IN[0][0], SV[0].yyyy, TEMP[0]\nMOV OUT[1], IN[2]\nEND\n"
    );
    let key = EvaluationKey {
        available: ALL,
        last: true,
        clip_planes: 2,
        ..EvaluationKey::default()
    };
    let source = evaluation(&text, &key);
    for line in [
        "layout(triangles,fractional_even_spacing,cw)in;\n",
        "in uvec4 c_g3[];\n",
        "patch in uvec4 c_p2;\n",
        "out vec4 v_g3;\n",
        "F(c_g3[min(uint(d1x+1),31u)])",
        "gl_ClipDistance[1]=dot(gl_Position,sys.clip_planes[1]);\n",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
    let missing = evaluation(&text, &EvaluationKey::default());
    assert!(!missing.contains("c_g3") && !missing.contains("c_p2"));
    assert_eq!(interface(&shader(&text)).unwrap().emits, Some(Emits::Triangles));
    let points = text.replace("TES_POINT_MODE 0", "TES_POINT_MODE 1");
    assert_eq!(interface(&shader(&points)).unwrap().emits, Some(Emits::Points));
}

#[test]
fn outputs_of_other_stages_chosen_at_run_time_are_an_array_until_exit() {
    let text = format!("{EVAL}MOV OUT[ADDR[0].x], IN[0][0]\nMOV OUT[0].xy, SV[0]\nEND\n");
    let key = EvaluationKey {
        available: ALL,
        ..EvaluationKey::default()
    };
    let source = evaluation(&text, &key);
    assert!(source.contains("uvec4 outs[2];\nfor(int i=0;i<2;i++)outs[i]=uvec4(0u);\n"));
    assert!(source.contains("outs[min(uint(d0x),1u)]=U(gl_in[0].gl_Position);\n"));
    assert!(source.ends_with("gl_Position=F(outs[0]);\nv_g3=F(outs[1]);\n}\n"));
    let geometry_text = "GEOM\nPROPERTY GS_INPUT_PRIMITIVE POINTS\nPROPERTY GS_OUTPUT_PRIMITIVE POINTS\n\
                         PROPERTY GS_MAX_OUTPUT_VERTICES 1\nDCL IN[][0], POSITION\nDCL OUT[0], POSITION\n\
                         DCL OUT[1], GENERIC[0]\nDCL ADDR[0]\nIMM[0] UINT32 {0, 0, 0, 0}\n\
                         MOV OUT[ADDR[0].x], IN[0][ADDR[0].x]\nEMIT IMM[0].xxxx\nEND\n";
    let emitted = geometry(
        &shader(geometry_text),
        &GeometryKey::default(),
        &StreamOutputs::default(),
        &HOST,
        &LAYOUT,
    );
    let source = emitted.unwrap().source;
    assert!(source.contains("o0=F(outs[0]);\no1=F(outs[1]);\nemit0();\n}\n"));
    compiles(Stage::Geometry, &source);
}

#[test]
fn the_control_shader_that_stands_in_hands_on_everything() {
    let key = PassthroughKey {
        vertices: 4,
        available: Varyings {
            generic: 8,
            fog: true,
            ..Varyings::default()
        },
        distances: ClipDistances { clip: 1, cull: 1 },
        point_size: true,
    };
    let source = passthrough_control(&key, &HOST, &LAYOUT).unwrap().source;
    compiles(Stage::TessControl, &source);
    for line in [
        "layout(std140,binding=48)uniform levels{vec4 outer;vec4 inner;};\n",
        "layout(vertices=4)out;\n",
        "c_g3[gl_InvocationID]=floatBitsToUint(v_g3[gl_InvocationID]);\n",
        "c_f0[gl_InvocationID]=",
        "gl_out[gl_InvocationID].gl_CullDistance[0]=gl_in[gl_InvocationID].gl_CullDistance[0];\n",
        "gl_TessLevelOuter[3]=outer[3];\n",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
    let none = PassthroughKey::default();
    assert!(passthrough_control(&none, &HOST, &LAYOUT).is_err());
}

#[test]
fn all_stages_of_a_patch_link() {
    let none = StreamOutputs::default();
    let (vert, frag) = (shader(VERT), shader(FRAG));
    let control_tree = shader(&format!(
        "{CONTROL}MOV OUT[ADDR[1].x][0], IN[ADDR[1].x][0]\nMOV OUT[ADDR[1].x][1], IN[ADDR[1].x][1]\n\
         MOV OUT[5], IMM[0].yyyy\nEND\n"
    ));
    let eval_tree = shader(&format!(
        "{EVAL}MAD OUT[0], IN[0][0], SV[0].yyyy, IN[2]\nMOV OUT[1], IN[1][1]\nEND\n"
    ));
    let available = interface(&vert).unwrap().outputs;
    let first = vertex(&vert, &VertexKey::default(), &none, &HOST, &LAYOUT).unwrap();
    let key = ControlKey {
        available,
        ..ControlKey::default()
    };
    let own = tess_control(&control_tree, &key, &HOST, &LAYOUT).unwrap();
    let key = PassthroughKey {
        vertices: 3,
        available,
        ..PassthroughKey::default()
    };
    let standing_in = passthrough_control(&key, &HOST, &LAYOUT).unwrap();
    let written = interface(&control_tree).unwrap().outputs;
    for (control, available) in [(own, written), (standing_in, available)] {
        let key = EvaluationKey {
            available,
            last: true,
            ..EvaluationKey::default()
        };
        let eval = tess_eval(&eval_tree, &key, &none, &HOST, &LAYOUT).unwrap();
        let key = FragmentKey {
            available: interface(&eval_tree).unwrap().outputs,
            ..everything()
        };
        let last = fragment(&frag, &key, &HOST, &LAYOUT).unwrap();
        let mut validator = Validator::new();
        validator.add(Stage::Vertex, "vertex", &first.source);
        validator.add(Stage::TessControl, "control", &control.source);
        validator.add(Stage::TessEval, "evaluation", &eval.source);
        validator.add(Stage::Fragment, "fragment", &last.source);
        validator.link();
    }
}
