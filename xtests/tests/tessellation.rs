//! Patches: what control and evaluation shaders make of them, with and without a geometry shader behind.

use pixbridge::pipe::format::Format;
use pixbridge_xtests::{
    canvas::{BLACK, Canvas, RED},
    guest::{Resource, shader},
};

/// Hands on positions; the levels are a constant, and so is the colour of the patch that of its last vertex.
const CONTROL: &str = "TESS_CTRL\nPROPERTY TCS_VERTICES_OUT 1\nDCL IN[][0], POSITION\nDCL IN[][1], COLOR\n\
     DCL OUT[0], PATCH[0]\nDCL OUT[1], TESSOUTER\nDCL OUT[2], TESSINNER\nDCL CONST[0][0]\n\
     MOV OUT[0], IN[2][1]\nMOV OUT[1], CONST[0][0].xxxx\nMOV OUT[2].xy, CONST[0][0].xxxx\nEND\n";

/// Spreads a square over the picture, in the colour of the patch.
const SQUARE: &str = "TESS_EVAL\nPROPERTY TES_PRIM_MODE 7\nPROPERTY TES_SPACING 2\nDCL IN[0], PATCH[0]\n\
     DCL SV[0], TESSCOORD\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\n\
     IMM[0] FLT32 {2.0, -1.0, 0.0, 1.0}\nMAD OUT[0].xy, SV[0], IMM[0].xxxx, IMM[0].yyyy\n\
     MOV OUT[0].zw, IMM[0]\nMOV OUT[1], IN[0]\nEND\n";

/// A point for each corner of a divided square: its place, and the number of vertices of the patch.
const POINTS: &str = "TESS_EVAL\nPROPERTY TES_PRIM_MODE 7\nPROPERTY TES_SPACING 2\nPROPERTY TES_POINT_MODE 1\n\
     DCL IN[][0], POSITION\nDCL SV[0], TESSCOORD\nDCL SV[1], VERTICESIN\nDCL OUT[0], POSITION\nDCL TEMP[0]\n\
     IMM[0] FLT32 {0.0, 1.0, 0.0, 0.0}\nMOV OUT[0].xy, SV[0]\nI2F TEMP[0].x, SV[1].xxxx\n\
     MOV OUT[0].z, TEMP[0].xxxx\nMOV OUT[0].w, IMM[0].yyyy\nEND\n";

/// Two points for each one.
const TWICE: &str = "GEOM\nPROPERTY GS_INPUT_PRIMITIVE POINTS\nPROPERTY GS_OUTPUT_PRIMITIVE POINTS\n\
     PROPERTY GS_MAX_OUTPUT_VERTICES 2\nDCL IN[][0], POSITION\nDCL OUT[0], POSITION\n\
     IMM[0] UINT32 {0, 0, 0, 0}\nMOV OUT[0], IN[0][0]\nEMIT IMM[0].xxxx\nMOV OUT[0], -IN[0][0]\n\
     EMIT IMM[0].xxxx\nEND\n";

/// As [`shader`], with output 0 captured.
fn capturing(handle: u32, stage: &str, text: &str) -> String {
    let (stride, whole_output) = (4, 4 << 10);
    let table = format!("outputs=1 table=[{stride:x} 0 0 0 {whole_output:x} 0]");
    shader(handle, stage, text).replace("outputs=0", &table)
}

fn canvas() -> Canvas {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [8, 8]);
    canvas.clear(BLACK);
    canvas.guest.submit(&shader(20, "tess_control", CONTROL));
    canvas.guest.submit(&shader(21, "tess_eval", SQUARE));
    canvas
}

fn bind(canvas: &mut Canvas, control: u32, evaluation: u32) {
    canvas.guest.submit(&format!(
        "BIND_SHADER handle={control} stage=tess_control\nBIND_SHADER handle={evaluation} stage=tess_eval\n"
    ));
}

fn default_levels(canvas: &mut Canvas, level: f32) {
    let levels = format!("{level:?} ").repeat(6);
    canvas
        .guest
        .submit(&format!("SET_TESS_STATE levels=[{}]\n", levels.trim_end()));
}

fn control_level(canvas: &mut Canvas, level: f32) {
    canvas.guest.submit(&format!(
        "SET_CONSTANT_BUFFER stage=tess_control index=0 data=[{level:?} 0.0 0.0 0.0]\n"
    ));
}

fn all_red(canvas: &mut Canvas) -> bool {
    canvas
        .rows()
        .iter()
        .flatten()
        .all(|pixel| *pixel == [255, 0, 0, 255])
}

/// Vertices that a capture has room for.
const ROOM: u32 = 128;
/// What is in the buffer where nothing was captured.
const NOTHING: u32 = u32::MAX;

/// A canvas whose evaluation shader 22 makes points, and where a draw's vertices are captured.
struct Capture {
    canvas: Canvas,
    buffer: Resource,
    next: u32,
}

impl Capture {
    fn new() -> Self {
        let mut canvas = canvas();
        canvas.guest.submit(&capturing(22, "tess_eval", POINTS));
        canvas.vertices(&[[0.0; 2]; 4], RED);
        let buffer = canvas.guest.buffer(&[NOTHING; 4 * ROOM as usize]);
        Self {
            canvas,
            buffer,
            next: 30,
        }
    }

    /// The vertices that drawing four vertices in patches of that size gives.
    fn draw(&mut self, patch_vertices: u32) -> Vec<[f32; 4]> {
        let size = ROOM * 16;
        let empty = vec![0xff; size as usize];
        self.canvas.guest.write(&self.buffer, [size, 1], &empty);
        let (target, resource) = (self.next, self.buffer.id);
        self.next += 1;
        self.canvas.guest.submit(&format!(
            "CREATE_STREAMOUT_TARGET handle={target} resource={resource} offset=0 size={size}\n\
             SET_STREAMOUT_TARGETS append=0x0 targets=[{target}]\n"
        ));
        self.canvas.draw("patches", 4, patch_vertices);
        self.canvas
            .guest
            .submit("SET_STREAMOUT_TARGETS append=0x0 targets=[]\n");
        let bytes = self.canvas.guest.read(&self.buffer, [size, 1], size as usize);
        let words: Vec<u32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        let vertices = words
            .as_chunks()
            .0
            .iter()
            .take_while(|vertex: &&[u32; 4]| vertex[0] != NOTHING);
        vertices.map(|vertex| vertex.map(f32::from_bits)).collect()
    }
}

#[test]
fn a_control_and_an_evaluation_shader_spread_a_patch_over_the_picture() {
    let mut canvas = canvas();
    bind(&mut canvas, 20, 21);
    control_level(&mut canvas, 3.0);
    canvas.vertices(&[[0.0; 2]; 3], RED);
    canvas.draw("patches", 3, 3);
    assert!(all_red(&mut canvas), "{:?}", canvas.rows());
}

#[test]
fn without_a_control_shader_the_levels_are_those_of_the_state() {
    let mut capture = Capture::new();
    bind(&mut capture.canvas, 0, 22);
    for (level, points) in [(1.0, 4), (2.0, 9), (4.0, 25)] {
        default_levels(&mut capture.canvas, level);
        let drawn = capture.draw(4);
        assert_eq!(drawn.len(), points, "level {level}: {drawn:?}");
        let last = drawn.iter().any(|[x, y, ..]| [*x, *y] == [1.0, 1.0]);
        assert!(last, "level {level}: {drawn:?}");
    }
}

#[test]
fn levels_of_the_state_and_constants_of_a_control_shader_take_turns() {
    let mut capture = Capture::new();
    default_levels(&mut capture.canvas, 2.0);
    control_level(&mut capture.canvas, 3.0);
    for (control, points) in [(20, 16), (0, 9), (20, 16), (0, 9)] {
        bind(&mut capture.canvas, control, 22);
        assert_eq!(capture.draw(4).len(), points, "control shader {control}");
    }
}

#[test]
fn patches_may_change_their_size_between_draws() {
    let mut capture = Capture::new();
    bind(&mut capture.canvas, 0, 22);
    for size in [1, 4, 2, 1] {
        let drawn = capture.draw(size);
        assert_eq!(drawn.len(), 4 * 4 / size as usize, "patches of {size}: {drawn:?}");
        assert!(
            drawn.iter().all(|[_, _, vertices, _]| *vertices == size as f32),
            "patches of {size}: {drawn:?}"
        );
    }
}

#[test]
fn what_a_geometry_shader_behind_patches_emits_is_captured() {
    let mut capture = Capture::new();
    bind(&mut capture.canvas, 0, 22);
    let twice = capturing(23, "geometry", TWICE);
    capture.canvas.guest.submit(&twice);
    capture
        .canvas
        .guest
        .submit("BIND_SHADER handle=23 stage=geometry\n");
    let drawn = capture.draw(4);
    assert_eq!(drawn.len(), 8, "{drawn:?}");
    for [one, other] in drawn.as_chunks().0 {
        assert_eq!(*one, other.map(|coordinate| -coordinate), "{drawn:?}");
    }
}

#[test]
fn draws_that_gl_would_not_take_are_dropped_and_the_next_one_is_not() {
    for (what, [control, evaluation], mode, patch_vertices) in [
        ("patches without shaders", [0, 0], "patches", 3),
        ("a control shader alone", [20, 0], "patches", 3),
        ("triangles for a control shader", [20, 0], "triangles", 0),
        ("triangles for an evaluation shader", [20, 21], "triangles", 0),
        ("patches of no vertices", [20, 21], "patches", 0),
        ("patches of 33 vertices", [20, 21], "patches", 33),
        ("patches of very many vertices", [20, 21], "patches", u32::MAX),
    ] {
        let mut canvas = canvas();
        control_level(&mut canvas, 1.0);
        canvas.vertices(&[[0.0; 2]; 66], RED);
        bind(&mut canvas, control, evaluation);
        canvas.draw(mode, 66, patch_vertices);
        assert_eq!(canvas.rows()[4][4], [0, 0, 0, 255], "{what}");
        bind(&mut canvas, 20, 21);
        canvas.draw("patches", 3, 3);
        assert!(all_red(&mut canvas), "after {what}");
        bind(&mut canvas, 0, 0);
        canvas.clear(BLACK);
        canvas.fill(RED);
        assert!(all_red(&mut canvas), "after {what}");
    }
}

#[test]
fn a_destroyed_shader_that_is_still_bound_goes_on_drawing_and_its_successor_is_another() {
    let mut canvas = canvas();
    control_level(&mut canvas, 1.0);
    canvas.vertices(&[[0.0; 2]; 3], RED);
    bind(&mut canvas, 20, 21);
    canvas.guest.submit("DESTROY_SHADER handle=21\n");
    canvas.draw("patches", 3, 3);
    assert!(all_red(&mut canvas));
    for channel in ["x", "w", "y"] {
        let text = SQUARE.replace("OUT[1], IN[0]", &format!("OUT[1], IN[0].{}", channel.repeat(4)));
        canvas.guest.submit(&shader(21, "tess_eval", &text));
        canvas
            .guest
            .submit("BIND_SHADER handle=21 stage=tess_eval\nDESTROY_SHADER handle=21\n");
        canvas.draw("patches", 3, 3);
        let expected = if channel == "y" { [0; 4] } else { [255; 4] };
        assert_eq!(canvas.rows()[4][4], expected, "channel {channel}");
    }
}
