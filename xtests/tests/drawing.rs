//! What the pipe draws, pixel by pixel, on the surfaceless GL host.

use pixbridge::pipe::format::Format;
use pixbridge_xtests::guest::{Guest, Resource, Texture, shader};

const VERTEX: &str = "VERT\nDCL IN[0]\nDCL IN[1]\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\n  0: MOV OUT[0], IN[0]\n  \
                      1: MOV OUT[1], IN[1]\n  2: END\n";
const FRAGMENT: &str = "FRAG\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\n  \
                        0: MOV OUT[0], IN[0]\n  1: END\n";
const RASTERIZER: &str = "flatshade=0 depth_clip=1 clip_halfz=0 discard=0 flatshade_first=0 light_twoside=0 \
    sprite_coord_lower_left=0 point_quad=0 cull=none fill_front=fill fill_back=fill scissor=SCISSOR front_ccw=0 \
    clamp_vertex_color=0 clamp_fragment_color=0 offset_line=0 offset_point=0 offset_tri=0 poly_smooth=0 \
    poly_stipple=0 point_smooth=0 point_size_per_vertex=0 multisample=0 line_smooth=0 line_stipple=0 \
    line_last_pixel=0 half_pixel_center=1 bottom_edge_rule=0 persample=0 point_size=1.0 sprite_coord_enable=0x0 \
    stipple_pattern=0x0 stipple_factor=0 clip_planes=0x0 line_width=1.0 offset_units=0.0 offset_scale=0.0 \
    offset_clamp=0.0";
const DSA: &str = "depth=0 depth_write=0 depth_func=never alpha=0 alpha_func=never front=0 front_func=never \
    front_fail=keep front_zpass=keep front_zfail=keep front_value_mask=0x0 front_write_mask=0x0 back=0 \
    back_func=never back_fail=keep back_zpass=keep back_zfail=keep back_value_mask=0x0 back_write_mask=0x0 \
    alpha_ref=0.0";

/// A guest with a picture to draw into and everything bound that a draw needs.
struct Canvas {
    guest: Guest,
    picture: Resource,
    size: [u32; 2],
}

impl Canvas {
    fn new(format: Format, size: [u32; 2]) -> Self {
        let mut guest = Guest::start();
        let picture = guest.texture(Texture {
            format,
            width: size[0],
            height: size[1],
        });
        let mut setup = String::from("CREATE_SUB_CTX id=1\nSET_SUB_CTX id=1\n");
        setup += &format!(
            "CREATE_SURFACE handle=1 resource={} format={} level=0 first_layer=0 last_layer=0\n",
            picture.id,
            format.name()
        );
        setup += "SET_FRAMEBUFFER_STATE count=1 zsbuf=0 cbufs=[1]\n";
        setup += &shader(2, "vertex", VERTEX);
        setup += &shader(3, "fragment", FRAGMENT);
        setup += "BIND_SHADER handle=2 stage=vertex\nBIND_SHADER handle=3 stage=fragment\n";
        setup += &format!(
            "CREATE_RASTERIZER handle=4 {}\nBIND_RASTERIZER handle=4\n",
            RASTERIZER.replace("SCISSOR", "0")
        );
        setup += &format!(
            "CREATE_RASTERIZER handle=5 {}\n",
            RASTERIZER.replace("SCISSOR", "1")
        );
        setup += &format!("CREATE_DSA handle=6 {DSA}\nBIND_DSA handle=6\n");
        setup += "CREATE_VERTEX_ELEMENTS handle=7 elements=[{offset=0 divisor=0 buffer=0 format=R32G32B32A32_FLOAT}\
                  {offset=16 divisor=0 buffer=0 format=R32G32B32A32_FLOAT}]\nBIND_VERTEX_ELEMENTS handle=7\n";
        guest.submit(&setup);
        let mut canvas = Self { guest, picture, size };
        canvas.blend(
            8,
            "enable=0 rgb_func=add rgb_src=one rgb_dst=zero alpha_func=add alpha_src=one alpha_dst=zero",
        );
        canvas.viewport(1.0);
        canvas
    }

    /// Creates and binds a blend state of one target.
    fn blend(&mut self, handle: u32, target: &str) {
        let targets = format!("{{{target} mask=0xf}}").repeat(8);
        self.guest.submit(&format!(
            "CREATE_BLEND handle={handle} independent=0 logicop_enable=0 dither=0 alpha_to_coverage=0 alpha_to_one=0 \
             logicop=copy targets=[{targets}]\nBIND_BLEND handle={handle}\n"
        ));
    }

    /// The whole picture as viewport; `sign` -1 turns it upside down.
    fn viewport(&mut self, sign: f32) {
        let [w, h] = self.size.map(|size| size as f32 / 2.0);
        self.guest.submit(&format!(
            "SET_VIEWPORT_STATE start=0 viewports=[{{scale_x={w:?} scale_y={:?} scale_z=0.5 translate_x={w:?} \
             translate_y={h:?} translate_z=0.5}}]\n",
            h * sign
        ));
    }

    fn clear(&mut self, [r, g, b, a]: [f32; 4]) {
        self.guest.submit(&format!(
            "CLEAR buffers=0x4 r={r:?} g={g:?} b={b:?} a={a:?} depth_low=0x0 depth_high=0x0 stencil=0\n"
        ));
    }

    /// Draws triangles: positions in x and y, one colour.
    fn triangles(&mut self, corners: &[[f32; 2]], color: [f32; 4]) {
        let words: Vec<u32> = corners
            .iter()
            .flat_map(|[x, y]| [*x, *y, 0.0, 1.0].into_iter().chain(color))
            .map(f32::to_bits)
            .collect();
        let buffer = self.guest.buffer(&words);
        self.guest.submit(&format!(
            "SET_VERTEX_BUFFERS buffers=[{{stride=32 offset=0 resource={}}}]\nDRAW_VBO start=0 count={} mode=triangles \
             indexed=0 instances=1 index_bias=0 start_instance=0 restart=0 restart_index=0x0 min_index=0 \
             max_index=0xffffffff count_from_so=0\n",
            buffer.id,
            corners.len()
        ));
    }

    /// Draws over the whole picture.
    fn fill(&mut self, color: [f32; 4]) {
        let (a, b) = (-1.0, 1.0);
        self.triangles(&[[a, a], [b, a], [a, b], [b, a], [b, b], [a, b]], color);
    }

    /// The first words of a buffer.
    fn words(&mut self, buffer: &Resource, count: usize) -> Vec<u32> {
        let bytes = self.guest.read(buffer, [count as u32 * 4, 1], count * 4);
        let (words, _) = bytes.as_chunks();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }

    /// The picture's rows, four bytes a pixel.
    fn rows(&mut self) -> Vec<Vec<[u8; 4]>> {
        let [width, height] = self.size;
        let bytes = self
            .guest
            .read(&self.picture, self.size, (width * height * 4) as usize);
        bytes
            .chunks(width as usize * 4)
            .map(|row| row.as_chunks().0.to_vec())
            .collect()
    }
}

const RED: [f32; 4] = [1.0, 0.0, 0.0, 1.0];
const BLACK: [f32; 4] = [0.0, 0.0, 0.0, 1.0];

#[test]
fn a_clear_fills_odd_sizes_in_the_byte_order_of_the_format() {
    for (format, red) in [
        (Format::B8G8R8A8_UNORM, [0, 0, 255, 255]),
        (Format::R8G8B8A8_UNORM, [255, 0, 0, 255]),
    ] {
        for size in [[1, 1], [5, 3], [17, 31]] {
            let mut canvas = Canvas::new(format, size);
            canvas.clear(RED);
            for row in canvas.rows() {
                assert!(
                    row.iter().all(|pixel| *pixel == red),
                    "{format} {size:?}: {row:?}"
                );
            }
        }
    }
}

#[test]
fn row_0_is_the_bottom_of_clip_space_and_a_negative_viewport_turns_that_round() {
    // The triangle covers the lower left half.
    let corners = [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]];
    for (sign, full, empty) in [(1.0, 0, 15), (-1.0, 15, 0)] {
        let mut canvas = Canvas::new(Format::B8G8R8A8_UNORM, [16, 16]);
        canvas.clear(BLACK);
        canvas.viewport(sign);
        canvas.triangles(&corners, RED);
        let rows = canvas.rows();
        let covered = |row: &[[u8; 4]]| row.iter().filter(|pixel| pixel[2] == 255).count();
        assert!(covered(&rows[full]) >= 15, "sign {sign}: {:?}", rows[full]);
        assert!(covered(&rows[empty]) <= 1, "sign {sign}: {:?}", rows[empty]);
        assert_eq!(rows[8][0], [0, 0, 255, 255], "the left is covered");
        assert_eq!(rows[8][15], [0, 0, 0, 255], "the right is not");
    }
}

#[test]
fn scissors_cut_draws_and_leave_clears_alone() {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [9, 7]);
    canvas.guest.submit(
        "SET_SCISSOR_STATE start=0 scissors=[{min_x=2 min_y=1 max_x=5 max_y=4}]\nBIND_RASTERIZER handle=5\n",
    );
    canvas.clear(BLACK);
    canvas.fill(RED);
    for (y, row) in canvas.rows().iter().enumerate() {
        for (x, pixel) in row.iter().enumerate() {
            let inside = (2..5).contains(&x) && (1..4).contains(&y);
            let expected = if inside { [255, 0, 0, 255] } else { [0, 0, 0, 255] };
            assert_eq!(*pixel, expected, "at {x},{y}");
        }
    }
}

const FACTORS: [&str; 15] = [
    "zero",
    "one",
    "src_color",
    "inv_src_color",
    "src_alpha",
    "inv_src_alpha",
    "dst_alpha",
    "inv_dst_alpha",
    "dst_color",
    "inv_dst_color",
    "src_alpha_saturate",
    "const_color",
    "inv_const_color",
    "const_alpha",
    "inv_const_alpha",
];
const FUNCS: [&str; 5] = ["add", "subtract", "reverse_subtract", "min", "max"];

const SOURCE: [f32; 4] = [0.75, 0.25, 0.5, 0.625];
const BEFORE: [f32; 4] = [0.125, 0.5, 0.875, 0.375];
const CONSTANT: [f32; 4] = [0.25, 0.75, 0.0625, 0.5];

/// What a factor stands for in one channel.
fn factor(name: &str, channel: usize) -> f32 {
    let (s, d, c) = (SOURCE, BEFORE, CONSTANT);
    match name {
        "zero" => 0.0,
        "one" => 1.0,
        "src_color" => s[channel],
        "inv_src_color" => 1.0 - s[channel],
        "src_alpha" => s[3],
        "inv_src_alpha" => 1.0 - s[3],
        "dst_alpha" => d[3],
        "inv_dst_alpha" => 1.0 - d[3],
        "dst_color" => d[channel],
        "inv_dst_color" => 1.0 - d[channel],
        "src_alpha_saturate" if channel == 3 => 1.0,
        "src_alpha_saturate" => s[3].min(1.0 - d[3]),
        "const_color" => c[channel],
        "inv_const_color" => 1.0 - c[channel],
        "const_alpha" => c[3],
        _ => 1.0 - c[3],
    }
}

fn blended(func: &str, src: &str, dst: &str, channel: usize) -> f32 {
    let (s, d) = (
        SOURCE[channel] * factor(src, channel),
        BEFORE[channel] * factor(dst, channel),
    );
    match func {
        "add" => s + d,
        "subtract" => s - d,
        "reverse_subtract" => d - s,
        "min" => SOURCE[channel].min(BEFORE[channel]),
        _ => SOURCE[channel].max(BEFORE[channel]),
    }
    .clamp(0.0, 1.0)
}

#[test]
fn all_blend_factors_and_functions_agree_with_arithmetic() {
    for format in [Format::B8G8R8A8_UNORM, Format::R8G8B8A8_UNORM] {
        let mut canvas = Canvas::new(format, [2, 2]);
        let [r, g, b, a] = CONSTANT;
        canvas
            .guest
            .submit(&format!("SET_BLEND_COLOR r={r:?} g={g:?} b={b:?} a={a:?}\n"));
        let mut handle = 100;
        for (index, src) in FACTORS.iter().enumerate() {
            for dst in FACTORS.iter().filter(|dst| **dst != "src_alpha_saturate") {
                let func = FUNCS[handle as usize % FUNCS.len()];
                let alpha = FACTORS[(index + 3) % 10];
                handle += 1;
                canvas.blend(
                    handle,
                    &format!(
                        "enable=1 rgb_func={func} rgb_src={src} rgb_dst={dst} alpha_func=add alpha_src={alpha} alpha_dst={dst}"
                    ),
                );
                canvas.clear(BEFORE);
                canvas.fill(SOURCE);
                let mut pixel = canvas.rows()[0][0];
                if format == Format::B8G8R8A8_UNORM {
                    pixel.swap(0, 2);
                }
                for (channel, value) in pixel.into_iter().enumerate() {
                    let expected = match channel {
                        3 => blended("add", alpha, dst, 3),
                        _ => blended(func, src, dst, channel),
                    };
                    let off = (f32::from(value) - expected * 255.0).abs();
                    assert!(
                        off <= 2.0,
                        "{format} {func} {src} {dst} channel {channel}: {value} for {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_draw_without_shaders_is_dropped_and_the_next_one_is_not() {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 4]);
    canvas.clear(BLACK);
    canvas.guest.submit("BIND_SHADER handle=0 stage=fragment\n");
    canvas.fill(RED);
    assert_eq!(canvas.rows()[0][0], [0, 0, 0, 255]);
    canvas.guest.submit("BIND_SHADER handle=3 stage=fragment\n");
    canvas.fill(RED);
    assert_eq!(canvas.rows()[0][0], [255, 0, 0, 255]);
}

#[test]
fn quads_and_their_kin_are_drawn_though_core_gl_has_none() {
    for (mode, corners) in [
        ("quads", [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]),
        ("polygon", [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]),
        ("quad_strip", [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]),
    ] {
        for indexed in [false, true] {
            let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [8, 8]);
            canvas.clear(BLACK);
            let words: Vec<u32> = corners
                .iter()
                .flat_map(|[x, y]| [*x, *y, 0.0, 1.0].into_iter().chain(RED))
                .map(f32::to_bits)
                .collect();
            let vertices = canvas.guest.buffer(&words);
            let indices = canvas.guest.buffer(&[1 << 16, 2 | 3 << 16]);
            canvas.guest.submit(&format!(
                "SET_VERTEX_BUFFERS buffers=[{{stride=32 offset=0 resource={}}}]\nSET_INDEX_BUFFER resource={} size=2 \
                 offset=0\nDRAW_VBO start=0 count=4 mode={mode} indexed={} instances=1 index_bias=0 start_instance=0 \
                 restart=0 restart_index=0x0 min_index=0 max_index=0xffffffff count_from_so=0\n",
                vertices.id,
                indices.id,
                u32::from(indexed)
            ));
            for row in canvas.rows() {
                assert!(
                    row.iter().all(|pixel| *pixel == [255, 0, 0, 255]),
                    "{mode}, indexed {indexed}: {row:?}"
                );
            }
        }
    }
}

#[test]
fn fragments_are_counted_by_a_counter_and_add_to_a_buffer() {
    let counting = "FRAG\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\nDCL IN[0], COLOR, COLOR\nDCL OUT[0], COLOR\n\
        DCL HWATOMIC[2][0]\nDCL BUFFER[3]\nDCL TEMP[0]\nIMM[0] UINT32 {0, 1, 4, 10}\n  \
        0: ATOMUADD TEMP[0].x, HWATOMIC[2][0], IMM[0].xxxx, IMM[0].yyyy\n  \
        1: ATOMUADD TEMP[0].x, BUFFER[3], IMM[0].zzzz, IMM[0].wwww\n  2: MOV OUT[0], IN[0]\n  3: END\n";
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [8, 4]);
    let (counter, sums) = (canvas.guest.buffer(&[5; 3]), canvas.guest.buffer(&[5; 3]));
    canvas.guest.submit(&format!(
        "{}BIND_SHADER handle=20 stage=fragment\nSET_ATOMIC_BUFFERS start=2 buffers=[{{offset=4 length=8 \
         resource={}}}]\nSET_SHADER_BUFFERS stage=fragment start=3 buffers=[{{offset=0 length=12 resource={}}}]\n",
        shader(20, "fragment", counting),
        counter.id,
        sums.id
    ));
    canvas.fill(RED);
    canvas.guest.submit("MEMORY_BARRIER flags=0x3fff\n");
    assert_eq!(canvas.rows()[3][7], [255, 0, 0, 255]);
    assert_eq!(canvas.words(&counter, 3), [5, 37, 5]);
    assert_eq!(canvas.words(&sums, 3), [5, 325, 5]);
}

#[test]
fn a_dispatch_between_draws_leaves_their_buffers_alone() {
    let reading = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], COLOR\nDCL BUFFER[0]\nDCL TEMP[0]\n\
        IMM[0] UINT32 {0, 0, 0, 0}\n  0: LOAD TEMP[0], BUFFER[0], IMM[0].xxxx\n  1: MOV OUT[0], IN[0]\n  \
        2: MOV OUT[1], TEMP[0]\n  3: END\n";
    let writing = "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 1\nPROPERTY CS_FIXED_BLOCK_HEIGHT 1\n\
        PROPERTY CS_FIXED_BLOCK_DEPTH 1\nDCL BUFFER[0]\nIMM[0] UINT32 {0, 11, 0, 0}\n  \
        0: STORE BUFFER[0].x, IMM[0].xxxx, IMM[0].yyyy\n  1: END\n";
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [2, 2]);
    let color = canvas.guest.buffer(&RED.map(f32::to_bits));
    let written = canvas.guest.buffer(&[0; 4]);
    canvas.guest.submit(&format!(
        "{}{}BIND_SHADER handle=20 stage=vertex\nBIND_SHADER handle=21 stage=compute\n\
         SET_SHADER_BUFFERS stage=vertex start=0 buffers=[{{offset=0 length=16 resource={}}}]\n\
         SET_SHADER_BUFFERS stage=compute start=0 buffers=[{{offset=0 length=16 resource={}}}]\n",
        shader(20, "vertex", reading),
        shader(21, "compute", writing),
        color.id,
        written.id
    ));
    for _ in 0..2 {
        canvas.clear(BLACK);
        canvas.fill(BLACK);
        assert_eq!(canvas.rows()[1][1], [255, 0, 0, 255]);
        canvas.guest.submit(
            "LAUNCH_GRID block_x=1 block_y=1 block_z=1 grid_x=1 grid_y=1 grid_z=1 indirect=0 indirect_offset=0\n\
             MEMORY_BARRIER flags=0x3fff\n",
        );
        assert_eq!(canvas.words(&written, 4), [11, 0, 0, 0]);
    }
}
