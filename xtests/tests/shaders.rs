//! What shaders of later versions of GL do, pixel by pixel.

use pixbridge::pipe::format::Format;
use pixbridge_xtests::{
    canvas::{BLACK, Canvas, RED},
    guest::shader,
};

fn with_shader(format: Format, stage: &str, text: &str) -> Canvas {
    let mut canvas = Canvas::new(format, [4, 1]);
    canvas.clear(BLACK);
    canvas
        .guest
        .submit(&(shader(20, stage, text) + &format!("BIND_SHADER handle=20 stage={stage}\n")));
    canvas
}

/// Sets as many constants: zeros, with ones in some words.
fn set_ones(canvas: &mut Canvas, stage: &str, count: usize, ones: &[usize]) {
    let mut words = vec!["0.0"; count * 4];
    for word in ones {
        words[*word] = "1.0";
    }
    canvas.guest.submit(&format!(
        "SET_CONSTANT_BUFFER stage={stage} index=0 data=[{}]\n",
        words.join(" ")
    ));
}

/// The first pixel of a picture that a fragment shader fills, given red.
fn filled(text: &str) -> [u8; 4] {
    let mut canvas = with_shader(Format::R8G8B8A8_UNORM, "fragment", text);
    canvas.fill(RED);
    canvas.rows()[0][0]
}

#[test]
fn shaders_compute_with_doubles() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL TEMP[0..1]\n\
                IMM[0] FLT32 {0.25, 0.0, 0.0, 1.0}\nF2D TEMP[0].xy, IN[0].xxxx\n\
                DADD TEMP[0].xy, TEMP[0].xyxy, TEMP[0].xyxy\nD2F TEMP[1].x, TEMP[0].xyxy\n\
                MUL OUT[0], TEMP[1].xxxx, IMM[0].xyyx\nEND\n";
    assert_eq!(filled(text), [128, 0, 0, 128]);
}

#[test]
fn a_double_may_go_to_the_second_pair_of_a_register() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL TEMP[0..2]\n\
                IMM[0] FLT32 {0.25, 0.0, 0.0, 1.0}\nF2D TEMP[0].xy, IN[0].xxxx\n\
                DADD TEMP[1].zw, TEMP[0], TEMP[0]\nD2F TEMP[2].x, TEMP[1].zwzw\n\
                MUL OUT[0], TEMP[2].xxxx, IMM[0].xyyx\nEND\n";
    assert_eq!(filled(text), [128, 0, 0, 128]);
}

#[test]
fn constants_may_be_more_than_a_uniform_block_holds() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL CONST[0..8192]\nDCL TEMP[0]\n\
                ADD TEMP[0], CONST[0], CONST[4096]\nADD OUT[0], TEMP[0], CONST[8192]\nEND\n";
    let mut canvas = with_shader(Format::R8G8B8A8_UNORM, "fragment", text);
    set_ones(&mut canvas, "fragment", 8193, &[0, 4096 * 4 + 1, 8192 * 4 + 3]);
    canvas.fill(RED);
    assert_eq!(canvas.rows()[0][0], [255, 255, 0, 255]);
}

#[test]
fn vertex_shaders_with_many_and_with_few_constants_take_turns() {
    let few = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\nDCL CONST[0]\nMOV OUT[0], IN[0]\n\
               MOV OUT[1], CONST[0]\nEND\n";
    let many = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\nDCL CONST[0..4096]\nMOV OUT[0], IN[0]\n\
                ADD OUT[1], CONST[0], CONST[4096]\nEND\n";
    let mut canvas = with_shader(Format::R8G8B8A8_UNORM, "vertex", few);
    canvas.guest.submit(&shader(21, "vertex", many));
    for (handle, count, ones, expected) in [
        (20, 1, [0, 3], [255, 0, 0, 255]),
        (21, 4097, [1, 4096 * 4 + 3], [0, 255, 0, 255]),
        (20, 1, [2, 3], [0, 0, 255, 255]),
        (21, 4097, [0, 4096 * 4 + 2], [255, 0, 255, 0]),
    ] {
        canvas
            .guest
            .submit(&format!("BIND_SHADER handle={handle} stage=vertex\n"));
        set_ones(&mut canvas, "vertex", count, &ones);
        canvas.fill(RED);
        assert_eq!(canvas.rows()[0][0], expected, "{count} constants");
    }
}

#[test]
fn shaders_read_the_clock() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL TEMP[0]\nIMM[0] UINT32 {0, 0, 0, 0}\n\
                CLOCK TEMP[0].xy\nAND TEMP[0].xy, TEMP[0], IMM[0]\nU2F TEMP[0].xy, TEMP[0]\n\
                ADD OUT[0], TEMP[0].xyxy, IN[0]\nEND\n";
    assert_eq!(filled(text), [255, 0, 0, 255]);
}

#[test]
fn invocations_vote() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL TEMP[0]\n\
                IMM[0] UINT32 {4294967295, 0, 0, 0}\nIMM[1] FLT32 {1.0, 0.0, 0.0, 0.0}\n\
                VOTE_ALL TEMP[0].x, IMM[0].xxxx\nVOTE_ANY TEMP[0].y, IMM[0].yyyy\n\
                AND OUT[0], TEMP[0].xyyx, IMM[1].xxxx\nEND\n";
    assert_eq!(filled(text), [255, 0, 0, 255]);
}

#[test]
fn shaders_read_what_is_in_the_framebuffer_in_the_order_of_its_channels() {
    let text = "FRAG\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\nDCL TEMP[0]\nFBFETCH TEMP[0], OUT[0]\n\
                ADD OUT[0], TEMP[0], IN[0]\nEND\n";
    for (format, expected) in [
        (Format::R8G8B8A8_UNORM, [255, 128, 0, 255]),
        (Format::B8G8R8A8_UNORM, [0, 128, 255, 255]),
    ] {
        let mut canvas = with_shader(format, "fragment", text);
        canvas.clear([0.0, 0.5, 0.0, 0.0]);
        canvas.fill(RED);
        assert_eq!(canvas.rows()[0][0], expected, "{format}");
    }
}

#[test]
fn triangles_with_a_negative_cull_distance_everywhere_are_not_drawn() {
    let text = "VERT\nPROPERTY NUM_CULLDIST_ENABLED 1\nDCL IN[0]\nDCL IN[1]\nDCL OUT[0], POSITION\n\
                DCL OUT[1], COLOR\nDCL OUT[2].x, CLIPDIST\nMOV OUT[0], IN[0]\nMOV OUT[1], IN[1]\n\
                MOV OUT[2].x, IN[0].xxxx\nEND\n";
    let mut canvas = with_shader(Format::R8G8B8A8_UNORM, "vertex", text);
    // One on the left, out of sight by its distance; one that reaches from the left to the right.
    canvas.triangles(&[[-1.0, -3.0], [-0.1, 1.0], [-1.0, 5.0]], RED);
    assert!(canvas.rows()[0].iter().all(|pixel| *pixel == [0, 0, 0, 255]));
    canvas.triangles(&[[-1.0, -3.0], [3.0, 1.0], [-1.0, 5.0]], RED);
    assert_eq!(canvas.rows()[0][..2], [[255, 0, 0, 255]; 2]);
}
