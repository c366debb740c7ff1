//! Shaders that no client would send: any tree is a text or an error.

use proptest::prelude::*;

use super::*;
use crate::pipe::{
    tgsi::{Instruction, Opcode, Property, PropertyName},
    wire::virgl::command::StreamOutput,
};

fn refuse(text: &str) -> EmitError {
    let tree = shader(text);
    match interface(&tree) {
        Err(error) => error,
        Ok(_) => fragment(&tree, &everything(), &HOST, &LAYOUT).expect_err(text),
    }
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (
            "FRAG\nDCL TEMP[0]\nMOV TEMP[1], TEMP[0]\nEND\n",
            "register Temp[1] is not declared",
        ),
        (
            "FRAG\nDCL TEMP[0]\nMOV TEMP[0], CONST[4]\nEND\n",
            "register Const[4] is not declared",
        ),
        (
            "FRAG\nDCL TEMP[0]\nMOV TEMP[0], IMM[0]\nEND\n",
            "register Imm[0] is not declared",
        ),
        (
            "FRAG\nDCL CONST[0..16384]\nEND\n",
            "register Const[16384] is beyond the limit of 16384 registers",
        ),
        (
            "FRAG\nDCL CONST[1][0..4096]\nEND\n",
            "register Const[4096] is beyond the limit of 4096 registers",
        ),
        (
            "FRAG\nDCL TEMP[0..20000], ARRAY(1)\nEND\n",
            "register Temp[20000] is beyond the limit of 16384 registers",
        ),
        (
            "FRAG\nDCL IN[0], GENERIC[64], PERSPECTIVE\nEND\n",
            "semantic Generic[64] is not supported on In of Fragment shaders",
        ),
        (
            "VERT\nDCL OUT[0], CLIPDIST[4294967295]\nEND\n",
            "semantic Clipdist[4294967295] is not supported on Out of Vertex shaders",
        ),
        (
            "FRAG\nDCL TEMP[0]\nDCL BUFFER[1]\nLOAD TEMP[0], BUFFER[0], TEMP[0]\nEND\n",
            "register Buffer[0] is not declared",
        ),
        (
            "FRAG\nDCL TEMP[0]\nDCL BUFFER[32]\nEND\n",
            "register Buffer[32] is beyond the limit of 32 registers",
        ),
        (
            "FRAG\nDCL TEMP[0]\nDCL IMAGE[3], 2D, PIPE_FORMAT_NONE\n\
             LOAD TEMP[0], IMAGE[3], TEMP[0], 2D\nEND\n",
            "image 3 cannot be used with format NONE",
        ),
        (
            "FRAG\nDCL TEMP[0]\nDCL IMAGE[0], 2D, PIPE_FORMAT_R32_UINT, WR\n\
             ATOMIMIN TEMP[0], IMAGE[0], TEMP[0], TEMP[0], 2D\nEND\n",
            "opcode ATOMIMIN does not take the format of image 0",
        ),
        (
            "FRAG\nDCL TEMP[0]\nDCL IMAGE[0], SHADOW2D, PIPE_FORMAT_R32_UINT, WR\n\
             LOAD TEMP[0], IMAGE[0], TEMP[0], 2D\nEND\n",
            "opcode LOAD does not take target Shadow2D",
        ),
        (
            "FRAG\nDCL HWATOMIC[0][2]\nDCL HWATOMIC[0][1..3]\nEND\n",
            "HwAtomic registers cannot be declared twice",
        ),
        (
            "FRAG\nDCL HWATOMIC[8][0]\nEND\n",
            "register HwAtomic[8] is beyond the limit of 8 registers",
        ),
        (
            "FRAG\nDCL MEMORY[0], SHARED\nEND\n",
            "Memory registers cannot be anything but shared memory of a compute shader",
        ),
        (
            "FRAG\nDCL SAMP[0]\nDCL TEMP[0]\nTEX TEMP[0], TEMP[0], SAMP[0], 2D\n\
             TEX TEMP[0], TEMP[0], SAMP[0], SHADOW2D\nEND\n",
            "sampler 0 is used as D2 and as Shadow2D",
        ),
        (
            "FRAG\nDCL SAMP[0]\nDCL TEMP[0]\nTG4 TEMP[0], TEMP[0], TEMP[0].xxxx, SAMP[0], 2D\nEND\n",
            "operand 1 of TG4 must be an immediate",
        ),
        (
            "FRAG\nDCL SAMP[0]\nDCL TEMP[0]\nTEX TEMP[0], TEMP[0], SAMP[0], 2D, TEMP[0].xyz\nEND\n",
            "opcode TEX cannot take these texel offsets",
        ),
        (
            "FRAG\nDCL SAMP[0]\nDCL TEMP[0]\nTEX TEMP[0], TEMP[0], SAMP[0], 2D_MSAA\nEND\n",
            "opcode TEX does not take target D2Msaa",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(refuse(text).to_string(), words, "{text}");
    }
}

#[test]
fn opcodes_of_other_stages_are_refused() {
    let text = "VERT\nDCL TEMP[0]\nDDX TEMP[0], TEMP[0]\nEND\n";
    let emitted = vertex(&shader(text), &last(), &StreamOutputs::default(), &HOST, &LAYOUT);
    let error = emitted.unwrap_err().to_string();
    assert_eq!(error, "opcode DDX is not allowed in Vertex shaders");
}

/// A fragment shader of bare opcodes. The reader refuses such texts itself; the translator does not lean on it.
fn flow(opcodes: &[Opcode]) -> EmitError {
    let mut tree = shader("FRAG\nDCL TEMP[0]\nUIF TEMP[0].xxxx :0\nENDIF\nEND\n");
    let condition = tree.instructions[0].clone();
    tree.instructions = opcodes
        .iter()
        .map(|&opcode| Instruction {
            opcode,
            ..condition.clone()
        })
        .collect();
    fragment(&tree, &everything(), &HOST, &LAYOUT).unwrap_err()
}

#[test]
fn flow_that_does_not_nest_is_named() {
    use Opcode as O;
    assert_eq!(flow(&[O::Brk, O::End]), EmitError::Unbalanced(O::Brk));
    assert_eq!(
        flow(&[O::Uif, O::Cont, O::Endif, O::End]),
        EmitError::Unbalanced(O::Cont)
    );
    assert_eq!(flow(&[O::Else, O::End]), EmitError::Unbalanced(O::Else));
    assert_eq!(
        flow(&[O::Uif, O::Else, O::Else, O::End]),
        EmitError::Unbalanced(O::Else)
    );
    assert_eq!(
        flow(&[O::Bgnloop, O::Endif, O::End]),
        EmitError::Unbalanced(O::Endif)
    );
    assert_eq!(flow(&[O::Bgnloop, O::End]), EmitError::Unbalanced(O::End));
    assert_eq!(flow(&[O::Nop]), EmitError::NoEnd);
    assert_eq!(flow(&[O::Uif; 300]), EmitError::Nesting(200));
}

#[test]
fn slots_beyond_the_layout_are_refused() {
    let layout = Layout {
        samplers_per_stage: 4,
        ..LAYOUT
    };
    let text = "FRAG\nDCL SAMP[5]\nDCL SVIEW[5], 2D, FLOAT\nEND\n";
    assert!(matches!(
        fragment(&shader(text), &everything(), &HOST, &layout),
        Err(EmitError::RegisterLimit {
            index: 5,
            limit: 4,
            ..
        })
    ));
}

/// Texts that together use most of the language.
const SEEDS: [&str; 7] = [
    "VERT\nPROPERTY NUM_CLIPDIST_ENABLED 3\nDCL IN[0]\nDCL IN[1]\nDCL OUT[0], POSITION\nDCL OUT[1..2], CLIPDIST\n\
     DCL OUT[3], GENERIC[2]\nDCL CONST[0..7]\nDCL CONST[2][0..3]\nDCL TEMP[0..3], ARRAY(1), LOCAL\nDCL TEMP[4..9]\n\
     DCL ADDR[0..1]\nDCL SV[0], VERTEXID\nIMM[0] UINT32 {1, 2, 3, 4}\nUARL ADDR[0].x, CONST[1].xxxx\n\
     MOV TEMP[ADDR[0].x+1](1), IN[ADDR[0].x]\nMOV TEMP[5], CONST[ADDR[1].x+2][ADDR[0].x+1]\n\
     MAD OUT[0], TEMP[2], IN[0].xyzw, IMM[0]\nMOV OUT[2].x, SV[0].xxxx\nDADD TEMP[4].xy, TEMP[5], TEMP[6]\n\
     MOV OUT[3], TEMP[4]\nEND\n",
    "FRAG\nPROPERTY FS_DEPTH_LAYOUT 1\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\nDCL IN[0], GENERIC[0], PERSPECTIVE\n\
     DCL IN[1], COLOR[1], COLOR\nDCL IN[2], CLIPDIST[1], PERSPECTIVE\nDCL OUT[0], COLOR\nDCL OUT[1], POSITION\n\
     DCL SAMP[0]\nDCL SAMP[1]\nDCL SVIEW[0], 2D, FLOAT\nDCL SVIEW[1], 2D, FLOAT\nDCL TEMP[0..5]\nDCL ADDR[2]\n\
     IMM[0] INT32 {1, -1, 2, 0}\nTEX TEMP[0], IN[0], SAMP[ADDR[2].x+1], 2D\n\
     TXF TEMP[1], TEMP[0], SAMP[0], 2D, IMM[0].xyz\nTG4 TEMP[2], IN[0], IMM[0].xxxx, SAMP[1], 2D\n\
     UIF TEMP[2].xxxx :0\nKILL_IF -TEMP[1].xxxx\nENDIF\nINTERP_OFFSET TEMP[3], IN[1], IN[0]\n\
     ADD OUT[0], TEMP[3], IN[2]\nMOV OUT[1].z, TEMP[1].xxxx\nEND\n",
    "GEOM\nPROPERTY GS_INPUT_PRIMITIVE LINES\nPROPERTY GS_OUTPUT_PRIMITIVE POINTS\n\
     PROPERTY GS_MAX_OUTPUT_VERTICES 4\nPROPERTY GS_INVOCATIONS 1\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[0]\n\
     DCL IN[][2], CLIPDIST\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[0]\nDCL OUT[2].x, LAYER\nDCL ADDR[0..1]\n\
     IMM[0] UINT32 {0, 1, 2, 3}\nMOV OUT[0], IN[ADDR[1].x+1][0]\nMOV OUT[1], IN[1][1]\nADD OUT[1].x, IN[0][2], IN[0][2]\n\
     MOV OUT[2].x, IMM[0].yyyy\nEMIT IMM[0].xxxx\nENDPRIM IMM[0].yyyy\nEND\n",
    "FRAG\nDCL IN[0].xy, PCOORD, PERSPECTIVE\nDCL IN[1].x, FACE, CONSTANT\nDCL OUT[0], COLOR\nDCL OUT[1], COLOR[1]\n\
     DCL SAMP[3]\nDCL SVIEW[3], SHADOWCUBEARRAY, FLOAT\nDCL TEMP[0..5]\nTEX2 TEMP[0], TEMP[1], TEMP[2].xxxx, SAMP[3], SHADOWCUBEARRAY\n\
     TXQ TEMP[1], TEMP[2].xxxx, SAMP[3], SHADOWCUBEARRAY\nBGNLOOP :0\nBRK\nENDLOOP :0\nUMUL_HI TEMP[3].xz, TEMP[4], TEMP[5]\n\
     BFI TEMP[4], TEMP[1], TEMP[2], TEMP[3].xxxx, TEMP[3].yyyy\nMOV OUT[0], IN[0]\nMOV OUT[1], IN[1].xxxx\nEND\n",
    "TESS_CTRL\nPROPERTY TCS_VERTICES_OUT 3\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[0]\n\
     DCL IN[][2], CLIPDIST[1]\nDCL SV[0], INVOCATIONID\nDCL SV[1], VERTICESIN\nDCL OUT[][0], POSITION\n\
     DCL OUT[][1], CLIPDIST\nDCL OUT[][2].xy, GENERIC[7]\nDCL OUT[3], TESSOUTER\nDCL OUT[4].xy, TESSINNER\n\
     DCL OUT[5..6], PATCH[3]\nDCL TEMP[0..3]\nDCL ADDR[0..1]\nIMM[0] UINT32 {0, 1, 2, 3}\n\
     UARL ADDR[1].x, SV[0].xxxx\nMOV OUT[ADDR[1].x][ADDR[0].x+1], IN[ADDR[1].x][ADDR[0].x+1]\nBARRIER\n\
     ADD TEMP[0], OUT[2][1], OUT[ADDR[1].x][ADDR[0].x]\nMOV OUT[3].z, OUT[ADDR[0].x+3]\nMOV OUT[6].x, SV[1]\nEND\n",
    "TESS_EVAL\nPROPERTY TES_PRIM_MODE 7\nPROPERTY TES_SPACING 2\nPROPERTY TES_POINT_MODE 1\nDCL IN[][0], POSITION\n\
     DCL IN[][1], GENERIC[7]\nDCL IN[2..3], PATCH[3]\nDCL IN[4], TESSOUTER\nDCL SV[0], TESSCOORD\n\
     DCL OUT[0], POSITION\nDCL OUT[1], GENERIC[2]\nDCL OUT[2], CLIPVERTEX\nDCL TEMP[0..2]\nDCL ADDR[0..1]\n\
     MAD OUT[0], IN[ADDR[1].x][0], SV[0].xxxx, IN[1][ADDR[0].x]\nADD OUT[ADDR[0].x+1], IN[ADDR[0].x+2], IN[4]\n\
     DFRACEXP TEMP[0].xy, TEMP[1].x, TEMP[2]\nMOV OUT[2], IN[2]\nEND\n",
    "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 8\nPROPERTY CS_FIXED_BLOCK_HEIGHT 2\nDCL SV[0], THREAD_ID\n\
     DCL BUFFER[0]\nDCL BUFFER[3]\nDCL IMAGE[0..1], 2D, PIPE_FORMAT_R32_UINT, WR\n\
     DCL IMAGE[2], 2D_MSAA, PIPE_FORMAT_NONE, WR\nDCL HWATOMIC[1][2..5]\nDCL MEMORY[1], SHARED\n\
     DCL CONST[2][0..3]\nDCL TEMP[0..3]\nDCL ADDR[2]\nIMM[0] UINT32 {0, 1, 15, 4}\n\
     LOAD TEMP[0], BUFFER[ADDR[2].x], SV[0]\nSTORE BUFFER[3].xw, TEMP[0], TEMP[1], COHERENT\n\
     ATOMIMIN TEMP[1], BUFFER[0], TEMP[0], TEMP[2]\nATOMUMAX TEMP[1], MEMORY[0], TEMP[0], TEMP[2]\n\
     ATOMUADD TEMP[2].x, IMAGE[ADDR[2].x+1], TEMP[0], TEMP[1], VOLATILE, 2D, PIPE_FORMAT_R32_UINT\n\
     STORE IMAGE[2], TEMP[0], TEMP[1], 2D_MSAA\nRESQ TEMP[3].xw, IMAGE[2], 2D_MSAA\n\
     ATOMUADD TEMP[3].x, HWATOMIC[1][ADDR[2].x+3], IMM[0], IMM[0].yyyy\nLOAD TEMP[3], CONST[2], TEMP[1]\n\
     U64SHL TEMP[0], TEMP[1], TEMP[2]\nMEMBAR IMM[0].zzzz\nBARRIER\nEND\n",
];

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "31",
    "63",
    "64",
    "4095",
    "32767",
    "2147483647",
    "4294967295",
];

/// Replaces the `n`th run of digits.
fn with_number(text: &str, n: usize, number: &str) -> String {
    let starts: Vec<usize> = text
        .match_indices(|c: char| c.is_ascii_digit())
        .map(|(at, _)| at)
        .filter(|&at| at == 0 || !text.as_bytes()[at - 1].is_ascii_digit())
        .collect();
    let at = starts[n % starts.len()];
    let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    format!("{}{number}{}", &text[..at], &text[at + digits..])
}

fn emit_any(tree: &Shader, word: u32) {
    let byte = word as u8;
    let distances = ClipDistances {
        clip: byte & 7,
        cull: byte >> 3 & 1,
    };
    let available = Varyings {
        generic: u64::from(word) << 32 | u64::from(word),
        back_color: byte & 3,
        ..ALL
    };
    let table = StreamOutputs {
        strides: [word & 31, 16, 0, word],
        outputs: vec![
            StreamOutput {
                register: byte & 3,
                start_component: byte >> 2 & 3,
                num_components: byte >> 4 & 7,
                buffer: byte >> 7,
                dst_offset: (word >> 16) as u16 & 15,
                stream: byte & 1,
            };
            2
        ],
    };
    let _ = interface(tree);
    let vertex_key = VertexKey {
        clip_planes: byte,
        last: word & 256 != 0,
        ..VertexKey::default()
    };
    let _ = vertex(tree, &vertex_key, &table, &HOST, &LAYOUT);
    let fragment_key = FragmentKey {
        available,
        input_distances: distances,
        color_buffers: byte,
        dual_source: word & 512 != 0,
        two_sided: true,
        sprite_coords: word,
        ..FragmentKey::default()
    };
    let _ = fragment(tree, &fragment_key, &HOST, &LAYOUT);
    let geometry_key = GeometryKey {
        available,
        input_distances: distances,
        clip_planes: byte,
        ..GeometryKey::default()
    };
    let _ = geometry(tree, &geometry_key, &table, &HOST, &LAYOUT);
    emit_any_of_later_stages(tree, available, distances, &table, word);
}

fn emit_any_of_later_stages(
    tree: &Shader,
    available: Varyings,
    distances: ClipDistances,
    table: &StreamOutputs,
    word: u32,
) {
    let images = IntegerImages {
        signed: word,
        unsigned: !word,
    };
    let control_key = ControlKey {
        available,
        input_distances: distances,
        images,
        ..ControlKey::default()
    };
    let _ = tess_control(tree, &control_key, &HOST, &LAYOUT);
    let evaluation_key = EvaluationKey {
        available,
        input_distances: distances,
        last: word & 256 != 0,
        clip_planes: word as u8,
        images,
        ..EvaluationKey::default()
    };
    let _ = tess_eval(tree, &evaluation_key, table, &HOST, &LAYOUT);
    let compute_key = ComputeKey {
        block: [word & 0xffff, word >> 16, word & 15],
        images,
        ..ComputeKey::default()
    };
    let _ = compute(tree, &compute_key, word, &HOST, &LAYOUT);
    let standing_in = PassthroughKey {
        vertices: word & 63,
        available,
        distances,
        point_size: true,
    };
    let _ = passthrough_control(&standing_in, &HOST, &LAYOUT);
}

#[test]
fn the_seeds_are_whole_shaders() {
    let none = StreamOutputs::default();
    let [vert, frag, geom, other, control, evaluation, computing] = SEEDS.map(shader);
    let key = GeometryKey {
        available: ALL,
        input_distances: ClipDistances { clip: 4, cull: 0 },
        ..GeometryKey::default()
    };
    assert!(vertex(&vert, &last(), &none, &HOST, &LAYOUT).is_ok());
    assert!(fragment(&frag, &everything(), &HOST, &LAYOUT).is_ok());
    assert!(geometry(&geom, &key, &none, &HOST, &LAYOUT).is_ok());
    assert!(fragment(&other, &everything(), &HOST, &LAYOUT).is_ok());
    let key = ControlKey {
        available: ALL,
        ..ControlKey::default()
    };
    assert!(tess_control(&control, &key, &HOST, &LAYOUT).is_ok());
    let key = EvaluationKey {
        available: ALL,
        ..EvaluationKey::default()
    };
    assert!(tess_eval(&evaluation, &key, &none, &HOST, &LAYOUT).is_ok());
    assert!(compute(&computing, &ComputeKey::default(), 64, &HOST, &LAYOUT).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_numbers_never_panic(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((0usize..1000, 0..NUMBERS.len()), 1..4),
        word: u32,
    ) {
        let mut text = SEEDS[seed].to_owned();
        for (at, number) in changes {
            text = with_number(&text, at, NUMBERS[number]);
        }
        if let Ok(tree) = parse(&text) {
            emit_any(&tree, word);
        }
    }

    #[test]
    fn missing_and_exchanged_parts_never_panic(
        seed in 0..SEEDS.len(),
        drop_declaration: prop::sample::Index,
        instruction: prop::sample::Index,
        opcode in 0..Opcode::ALL.len(),
        drop_operands: bool,
        value: u32,
        word: u32,
    ) {
        let mut tree = shader(SEEDS[seed]);
        let at = drop_declaration.index(tree.declarations.len());
        tree.declarations.remove(at);
        let at = instruction.index(tree.instructions.len());
        tree.instructions[at].opcode = Opcode::ALL[opcode];
        if drop_operands {
            tree.instructions[at].sources.clear();
            tree.instructions[at].destinations.clear();
        }
        tree.properties.push(Property { name: PropertyName::GsMaxOutputVertices, value });
        emit_any(&tree, word);
    }
}
