//! Shaders of the later stages and of memory at work on the host's GL.

use glow::{ATOMIC_COUNTER_BUFFER, PATCHES, SHADER_STORAGE_BUFFER, TRIANGLES, UNIFORM_BUFFER};

use super::{
    bench::{Bench, COVER_EVERYTHING},
    programs::{INVOCATIONS, OUTPUTS},
    *,
};
use crate::gl::ShaderKind;

/// Bindings that GL 4.5 has at least.
const SMALL: Layout = Layout {
    storage_blocks: [Slots { first: 0, count: 8 }; 6],
    images: [Slots { first: 0, count: 8 }; 6],
    atomic_buffers: 1,
    ..LAYOUT
};

fn words_out() -> FragmentKey {
    FragmentKey {
        color_buffers: OUTPUTS as u8,
        unsigned_colors: u8::MAX,
        ..everything()
    }
}

fn on_fragments(text: &str) -> String {
    let emitted = fragment(&shader(text), &words_out(), &HOST_450, &SMALL);
    emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source
}

#[test]
fn every_invocation_finds_its_words_in_storage_buffers() {
    let bench = Bench::new();
    let buffer = bench.buffer(SHADER_STORAGE_BUFFER, 3, &[100; INVOCATIONS + 8]);
    // Word 0 counts the invocations, words 1 and 2 take the least and the greatest as signed, word 8 on is each one's own.
    let source = on_fragments(
        "FRAG\nDCL IN[0], POSITION, LINEAR\nDCL OUT[0], COLOR\nDCL BUFFER[3]\nDCL TEMP[0..2]\n\
         IMM[0] INT32 {0, 1, -8, 4}\nIMM[1] UINT32 {8, 0, 32, 3}\nF2I TEMP[0].x, IN[0].xxxx\n\
         ATOMUADD TEMP[1].x, BUFFER[3], IMM[0].xxxx, IMM[0].yyyy\n\
         UADD TEMP[1].y, TEMP[0].xxxx, IMM[0].zzzz\n\
         ATOMIMIN TEMP[1].z, BUFFER[3], IMM[0].wwww, TEMP[1].yyyy\n\
         ATOMUMAX TEMP[1].z, BUFFER[3], IMM[1].xxxx, TEMP[1].yyyy\n\
         SHL TEMP[0].y, TEMP[0].xxxx, IMM[0].wwww\nUMAD TEMP[0].z, TEMP[0].xxxx, IMM[0].wwww, IMM[1].zzzz\n\
         STORE BUFFER[3].x, TEMP[0].zzzz, TEMP[0].yyyy\nLOAD TEMP[2].x, BUFFER[3], TEMP[0].zzzz\n\
         RESQ TEMP[2].y, BUFFER[3]\nMOV OUT[0], TEMP[2].xyxy\nEND\n",
    );
    let stages = [
        (ShaderKind::Vertex, COVER_EVERYTHING),
        (ShaderKind::Fragment, &source),
    ];
    bench.draw(&stages, TRIANGLES, 3);
    let words = bench.words_of(&buffer);
    assert_eq!(words[0], 100 + INVOCATIONS as u32);
    assert_eq!(words[1] as i32, -8);
    assert_eq!(words[2] as i32, -1, "the greatest as unsigned");
    let own: Vec<u32> = (0..INVOCATIONS as u32).map(|n| n << 4).collect();
    assert_eq!(words[8..], own);
    let bytes = words.len() as u32 * 4;
    let seen: Vec<[u32; 4]> = own.iter().map(|&n| [n, bytes, n, bytes]).collect();
    assert_eq!(bench.colors()[0], seen);
}

#[test]
fn counters_give_the_value_before_for_steps_in_both_directions() {
    let bench = Bench::new();
    let buffer = bench.buffer(ATOMIC_COUNTER_BUFFER, 0, &[7, 1000, 5]);
    let source = on_fragments(
        "FRAG\nDCL OUT[0], COLOR\nDCL HWATOMIC[0][1..2]\nDCL TEMP[0]\nIMM[0] INT32 {0, 1, -1, 0}\n\
         ATOMUADD TEMP[0].x, HWATOMIC[0][1], IMM[0].xxxx, IMM[0].yyyy\n\
         ATOMUADD TEMP[0].y, HWATOMIC[0][1], IMM[0].xxxx, IMM[0].zzzz\n\
         LOAD TEMP[0].z, HWATOMIC[0][2], IMM[0].xxxx\nMOV OUT[0], TEMP[0].xyzz\nEND\n",
    );
    let stages = [
        (ShaderKind::Vertex, COVER_EVERYTHING),
        (ShaderKind::Fragment, &source),
    ];
    bench.draw(&stages, TRIANGLES, 3);
    assert_eq!(bench.words_of(&buffer), [7, 1000, 5]);
    for &[before_up, before_down, other, _] in &bench.colors()[0] {
        assert!((1000..1000 + INVOCATIONS as u32).contains(&before_up));
        assert!((1001..=1000 + INVOCATIONS as u32).contains(&before_down));
        assert_eq!(other, 5);
    }
}

#[test]
fn the_colour_buffer_is_read_before_it_is_written() {
    let bench = Bench::new();
    if !bench.gl.capabilities().has("GL_EXT_shader_framebuffer_fetch") {
        return;
    }
    let host = Host {
        framebuffer_fetch: true,
        ..HOST_450
    };
    let text = "FRAG\nDCL IN[0], POSITION, LINEAR\nDCL OUT[0], COLOR\nDCL TEMP[0]\nF2U TEMP[0], IN[0].xxxx\n\
                UADD OUT[0], TEMP[0], TEMP[0]\nEND\n";
    let first = on_fragments(text);
    let text = "FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0]\nIMM[0] UINT32 {1, 2, 3, 4}\nFBFETCH TEMP[0], OUT[0]\n\
                UADD OUT[0], TEMP[0], IMM[0]\nEND\n";
    let second = fragment(&shader(text), &words_out(), &host, &SMALL)
        .unwrap()
        .source;
    for source in [&first, &second] {
        let stages = [
            (ShaderKind::Vertex, COVER_EVERYTHING),
            (ShaderKind::Fragment, source.as_str()),
        ];
        bench.draw(&stages, TRIANGLES, 3);
    }
    let sums: Vec<[u32; 4]> = (0..INVOCATIONS as u32)
        .map(|n| [1, 2, 3, 4].map(|m| 2 * n + m))
        .collect();
    assert_eq!(bench.colors()[0], sums);
}

const VERT: &str = "VERT\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nDCL CONST[0..3]\nDCL SV[0], VERTEXID\n\
                    DCL ADDR[0]\nUARL ADDR[0].x, SV[0].xxxx\nMOV OUT[0], CONST[ADDR[0].x]\n\
                    MOV OUT[1], CONST[3]\nEND\n";
/// Hands on, with one bit changed in what travels beside the vertices and the patch's own words behind a barrier.
const CONTROL: &str = "TESS_CTRL\nPROPERTY TCS_VERTICES_OUT 3\nDCL IN[][0], POSITION\nDCL IN[][1], GENERIC[3]\n\
                       DCL SV[0], INVOCATIONID\nDCL OUT[][0], POSITION\nDCL OUT[][1], GENERIC[3]\n\
                       DCL OUT[2], TESSOUTER\nDCL OUT[3].xy, TESSINNER\nDCL OUT[4], PATCH[1]\nDCL TEMP[0..1]\n\
                       DCL ADDR[0..1]\nIMM[0] UINT32 {1, 1073741824, 2, 0}\nUARL ADDR[1].x, SV[0].xxxx\n\
                       MOV TEMP[0], IN[ADDR[1].x][0]\nMOV OUT[ADDR[1].x][0], TEMP[0]\nUARL ADDR[0].x, IMM[0].xxxx\n\
                       XOR TEMP[1], IN[ADDR[1].x][ADDR[0].x], IMM[0].xxxx\nMOV OUT[ADDR[1].x][ADDR[0].x], TEMP[1]\n\
                       MOV OUT[2], IMM[0].yyyy\nMOV OUT[3].xy, IMM[0].yyyy\nBARRIER\nMOV OUT[4], OUT[2][1].wzyx\nEND\n";
const EVAL: &str = "TESS_EVAL\nPROPERTY TES_PRIM_MODE 4\nPROPERTY TES_SPACING 2\nPROPERTY TES_POINT_MODE 0\n\
                    DCL IN[][0], POSITION\nDCL IN[][1], GENERIC[3]\nDCL IN[2], PATCH[1]\nDCL SV[0], TESSCOORD\n\
                    DCL SV[1], VERTICESIN\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[3]\nDCL OUT[2], GENERIC[4]\n\
                    DCL TEMP[0]\nMUL TEMP[0], SV[0].xxxx, IN[0][0]\nMAD TEMP[0], SV[0].yyyy, IN[1][0], TEMP[0]\n\
                    MAD OUT[0], SV[0].zzzz, IN[2][0], TEMP[0]\nMOV OUT[1], IN[1][1]\nMOV OUT[2], IN[2]\n\
                    MOV OUT[2].w, SV[1].xxxx\nEND\n";
const FRAG: &str = "FRAG\nDCL IN[0], GENERIC[3], CONSTANT\nDCL IN[1], GENERIC[4], CONSTANT\nDCL OUT[0], COLOR\n\
                    DCL OUT[1], COLOR[1]\nMOV OUT[0], IN[0]\nMOV OUT[1], IN[1]\nEND\n";

/// Words that make normal floats, so that they pass between stages unchanged.
const CARRIED: [u32; 4] = [0x4000_1234, 0x3f00_0042, 0xc123_4567, 0x4242_4242];

/// Draws a patch that covers everything and gives the first two colours.
fn draw_patch(own_control: bool) -> [Vec<[u32; 4]>; 2] {
    let bench = Bench::new();
    let none = StreamOutputs::default();
    let trees = [VERT, CONTROL, EVAL, FRAG].map(shader);
    let [vert, control, eval, frag] = &trees;
    let first = vertex(vert, &VertexKey::default(), &none, &HOST_450, &SMALL).unwrap();
    let available = interface(vert).unwrap().outputs;
    let (second, available) = if own_control {
        let key = ControlKey {
            available,
            ..ControlKey::default()
        };
        let emitted = tess_control(control, &key, &HOST_450, &SMALL).unwrap();
        (emitted, interface(control).unwrap().outputs)
    } else {
        let key = PassthroughKey {
            vertices: 3,
            available,
            ..PassthroughKey::default()
        };
        (passthrough_control(&key, &HOST_450, &SMALL).unwrap(), available)
    };
    let key = EvaluationKey {
        available,
        last: true,
        ..EvaluationKey::default()
    };
    let third = tess_eval(eval, &key, &none, &HOST_450, &SMALL).unwrap();
    let key = FragmentKey {
        available: interface(eval).unwrap().outputs,
        ..words_out()
    };
    let last = fragment(frag, &key, &HOST_450, &SMALL).unwrap();
    let [zero, one, three] = [0.0f32, 1.0, 3.0].map(f32::to_bits);
    let minus = (-1.0f32).to_bits();
    let vertices = [
        [minus, minus, zero, one],
        [three, minus, zero, one],
        [minus, three, zero, one],
        CARRIED,
    ];
    let _vertices = bench.buffer(UNIFORM_BUFFER, 0, vertices.as_flattened());
    let levels = [2.0f32; 8].map(f32::to_bits);
    let _levels = bench.buffer(UNIFORM_BUFFER, 3 * SMALL.uniform_blocks_per_stage, &levels);
    bench.gl.patch_vertices(3).unwrap();
    let stages = [
        (ShaderKind::Vertex, &*first.source),
        (ShaderKind::TessControl, &*second.source),
        (ShaderKind::TessEval, &*third.source),
        (ShaderKind::Fragment, &*last.source),
    ];
    bench.draw(&stages, PATCHES, 3);
    let mut colors = bench.colors().into_iter();
    [colors.next().unwrap(), colors.next().unwrap()]
}

#[test]
fn a_patch_is_tessellated_by_its_own_control_shader() {
    let [carried, patch] = draw_patch(true);
    let changed = CARRIED.map(|word| word ^ 1);
    assert_eq!(carried, vec![changed; INVOCATIONS]);
    // Small integers are denormals as floats: what they become on the way is GL's business.
    let [w, z, y, _] = [changed[3], changed[2], changed[1], changed[0]];
    for given in patch {
        assert_eq!(given[..3], [w, z, y]);
    }
}

#[test]
fn a_patch_without_control_shader_takes_the_levels_of_the_block() {
    let [carried, _] = draw_patch(false);
    assert_eq!(carried, vec![CARRIED; INVOCATIONS]);
}
