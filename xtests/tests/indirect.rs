//! Draws whose numbers are in buffers of the guest, and what shaders know of draws.

use pixbridge::pipe::format::Format;
use pixbridge_xtests::{
    canvas::{BLACK, Canvas, RED},
    guest::{Resource, shader},
};

/// A picture of four pixels in a row, black, with vertices that cover each of them: six for a pixel.
fn four_pixels() -> Canvas {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 1]);
    canvas.clear(BLACK);
    let corner = |x: f32, y: f32| [x, y, 0.0, 1.0].into_iter().chain(RED);
    let words: Vec<u32> = (0..4)
        .map(|pixel| pixel as f32 * 0.5 - 1.0)
        .flat_map(|x| {
            let right = x + 0.5;
            [
                (x, -1.0),
                (right, -1.0),
                (x, 1.0),
                (right, -1.0),
                (right, 1.0),
                (x, 1.0),
            ]
        })
        .flat_map(|(x, y)| corner(x, y))
        .map(f32::to_bits)
        .collect();
    let vertices = canvas.guest.buffer(&words);
    canvas.guest.submit(&format!(
        "SET_VERTEX_BUFFERS buffers=[{{stride=32 offset=0 resource={}}}]\n",
        vertices.id
    ));
    canvas
}

/// Which of the four pixels are red.
fn red(canvas: &mut Canvas) -> [bool; 4] {
    let rows = canvas.rows();
    [0, 1, 2, 3].map(|x| rows[0][x] == [255, 0, 0, 255])
}

/// Indirect draws of six vertices at a time.
struct Draws<'a> {
    buffer: &'a Resource,
    offset: u32,
    stride: u32,
    count: u32,
    counted: Option<(&'a Resource, u32)>,
    indexed: bool,
}

impl Draws<'_> {
    fn submit(&self, canvas: &mut Canvas) {
        let (counted, at) = self.counted.map_or((0, 0), |(buffer, at)| (buffer.id, at));
        canvas.guest.submit(&format!(
            "DRAW_VBO start=0 count=0 mode=triangles indexed={} instances=0 index_bias=0 start_instance=0 restart=0 \
             restart_index=0x0 min_index=0 max_index=0xffffffff count_from_so=0 patch_vertices=0 draw_id=0 \
             indirect={} indirect_offset={} indirect_stride={} indirect_count={} count_offset={at} \
             count_buffer={counted}\n",
            u32::from(self.indexed),
            self.buffer.id,
            self.offset,
            self.stride,
            self.count
        ));
    }
}

/// The words of a draw of one of the four pixels.
fn pixel(at: u32) -> [u32; 4] {
    [6, 1, at * 6, 0]
}

#[test]
fn draws_come_out_of_a_buffer_at_any_distance() {
    let mut canvas = four_pixels();
    let mut words = vec![0xffff_ffff; 3];
    for at in [0, 2, 3] {
        words.extend(pixel(at));
        words.extend([0xffff_ffff; 2]);
    }
    let draws = Draws {
        buffer: &canvas.guest.buffer(&words),
        offset: 12,
        stride: 24,
        count: 2,
        counted: None,
        indexed: false,
    };
    draws.submit(&mut canvas);
    assert_eq!(red(&mut canvas), [true, false, true, false]);
}

#[test]
fn indexed_draws_come_out_of_a_buffer_too() {
    let mut canvas = four_pixels();
    let indices: Vec<u32> = (0..24).rev().collect();
    let indices = canvas.guest.buffer(&indices);
    canvas.guest.submit(&format!(
        "SET_INDEX_BUFFER resource={} size=4 offset=0\n",
        indices.id
    ));
    // The first index of the last pixel; the first of all, moved on by a pixel less than three.
    let words = [[6, 1, 0, 0, 0], [6, 1, 6, -12i32 as u32, 0]];
    let draws = Draws {
        buffer: &canvas.guest.buffer(words.as_flattened()),
        offset: 0,
        stride: 0,
        count: 2,
        counted: None,
        indexed: true,
    };
    draws.submit(&mut canvas);
    assert_eq!(red(&mut canvas), [true, false, false, true]);
}

#[test]
fn the_number_of_draws_may_be_in_a_buffer_and_is_never_more_than_announced() {
    for (number, expected) in [
        (0, [false; 4]),
        (2, [true, true, false, false]),
        (u32::MAX, [true, true, true, false]),
    ] {
        let mut canvas = four_pixels();
        let words = [0, 1, 2, 3].map(pixel);
        let draws = Draws {
            buffer: &canvas.guest.buffer(words.as_flattened()),
            offset: 0,
            stride: 16,
            count: 3,
            counted: Some((&canvas.guest.buffer(&[7, number]), 4)),
            indexed: false,
        };
        draws.submit(&mut canvas);
        assert_eq!(red(&mut canvas), expected, "{number}");
    }
}

#[test]
fn draws_outside_their_buffers_are_refused_and_the_next_ones_are_not() {
    let mut canvas = four_pixels();
    let words = [pixel(0), pixel(1)];
    let buffer = canvas.guest.buffer(words.as_flattened());
    let number = canvas.guest.buffer(&[1]);
    let draws = |offset, stride, count, counted| Draws {
        buffer: &buffer,
        offset,
        stride,
        count,
        counted,
        indexed: false,
    };
    for (offset, stride, count) in [
        (20, 16, 1),
        (u32::MAX - 3, 16, 1),
        (0, 16, 3),
        (0, u32::MAX - 3, 2),
        (0, 0, u32::MAX),
    ] {
        draws(offset, stride, count, None).submit(&mut canvas);
    }
    draws(0, 16, 1, Some((&number, 4))).submit(&mut canvas);
    assert_eq!(red(&mut canvas), [false; 4]);
    draws(0, 16, 2, None).submit(&mut canvas);
    assert_eq!(red(&mut canvas), [true, true, false, false]);
}

/// Moves every vertex by as many pixels as the number of its draw says.
const BY_DRAW: &str = "VERT\nDCL IN[0]\nDCL IN[1]\nDCL SV[0], DRAWID\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\n\
                       DCL TEMP[0]\nIMM[0] FLT32 {0.5, 0.0, 0.0, 0.0}\n  0: U2F TEMP[0].x, SV[0].xxxx\n  \
                       1: MAD TEMP[0], TEMP[0].xxxx, IMM[0].xyyy, IN[0]\n  2: MOV OUT[0], TEMP[0]\n  \
                       3: MOV OUT[1], IN[1]\n  4: END\n";

#[test]
fn shaders_know_the_number_of_their_draw() {
    let mut canvas = four_pixels();
    canvas
        .guest
        .submit(&(shader(20, "vertex", BY_DRAW) + "BIND_SHADER handle=20 stage=vertex\n"));
    let words = [pixel(0), pixel(0)];
    let draws = Draws {
        buffer: &canvas.guest.buffer(words.as_flattened()),
        offset: 0,
        stride: 16,
        count: 2,
        counted: None,
        indexed: false,
    };
    draws.submit(&mut canvas);
    assert_eq!(red(&mut canvas), [true, true, false, false]);
    // A draw that the client took out of a list of its own.
    canvas.guest.submit(
        "DRAW_VBO start=0 count=6 mode=triangles indexed=0 instances=1 index_bias=0 start_instance=0 restart=0 \
         restart_index=0x0 min_index=0 max_index=0xffffffff count_from_so=0 patch_vertices=0 draw_id=3\n",
    );
    assert_eq!(red(&mut canvas), [true, true, false, true]);
}
