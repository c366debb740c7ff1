//! A guest with a picture to draw into and all state bound that a draw needs.

use pixbridge::pipe::format::Format;

use crate::guest::{Guest, Resource, Texture, shader};

/// Opaque red.
pub const RED: [f32; 4] = [1.0, 0.0, 0.0, 1.0];
/// Opaque black.
pub const BLACK: [f32; 4] = [0.0, 0.0, 0.0, 1.0];

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
///
/// The vertex shader (handle 2) hands on a position and a colour, which the fragment shader (handle 3) draws.
#[derive(Debug)]
pub struct Canvas {
    /// The guest.
    pub guest: Guest,
    /// The picture.
    pub picture: Resource,
    size: [u32; 2],
}

impl Canvas {
    /// A canvas whose picture has `size` pixels.
    pub fn new(format: Format, size: [u32; 2]) -> Self {
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
    pub fn blend(&mut self, handle: u32, target: &str) {
        let targets = format!("{{{target} mask=0xf}}").repeat(8);
        self.guest.submit(&format!(
            "CREATE_BLEND handle={handle} independent=0 logicop_enable=0 dither=0 alpha_to_coverage=0 alpha_to_one=0 \
             logicop=copy targets=[{targets}]\nBIND_BLEND handle={handle}\n"
        ));
    }

    /// The whole picture as viewport; `sign` -1 turns it upside down.
    pub fn viewport(&mut self, sign: f32) {
        let [w, h] = self.size.map(|size| size as f32 / 2.0);
        self.guest.submit(&format!(
            "SET_VIEWPORT_STATE start=0 viewports=[{{scale_x={w:?} scale_y={:?} scale_z=0.5 translate_x={w:?} \
             translate_y={h:?} translate_z=0.5}}]\n",
            h * sign
        ));
    }

    /// Clears the picture.
    pub fn clear(&mut self, [r, g, b, a]: [f32; 4]) {
        self.guest.submit(&format!(
            "CLEAR buffers=0x4 r={r:?} g={g:?} b={b:?} a={a:?} depth_low=0x0 depth_high=0x0 stencil=0\n"
        ));
    }

    /// Binds vertices: positions in x and y, one colour.
    pub fn vertices(&mut self, corners: &[[f32; 2]], color: [f32; 4]) {
        let words: Vec<u32> = corners
            .iter()
            .flat_map(|[x, y]| [*x, *y, 0.0, 1.0].into_iter().chain(color))
            .map(f32::to_bits)
            .collect();
        let buffer = self.guest.buffer(&words);
        self.guest.submit(&format!(
            "SET_VERTEX_BUFFERS buffers=[{{stride=32 offset=0 resource={}}}]\n",
            buffer.id
        ));
    }

    /// Draws the bound vertices. `patch_vertices` says how many make a patch.
    pub fn draw(&mut self, mode: &str, count: u32, patch_vertices: u32) {
        self.guest.submit(&format!(
            "DRAW_VBO start=0 count={count} mode={mode} indexed=0 instances=1 index_bias=0 start_instance=0 restart=0 \
             restart_index=0x0 min_index=0 max_index=0xffffffff count_from_so=0 patch_vertices={patch_vertices} \
             draw_id=0\n"
        ));
    }

    /// Draws triangles: positions in x and y, one colour.
    pub fn triangles(&mut self, corners: &[[f32; 2]], color: [f32; 4]) {
        self.vertices(corners, color);
        self.draw("triangles", corners.len() as u32, 0);
    }

    /// Draws over the whole picture.
    pub fn fill(&mut self, color: [f32; 4]) {
        let (a, b) = (-1.0, 1.0);
        self.triangles(&[[a, a], [b, a], [a, b], [b, a], [b, b], [a, b]], color);
    }

    /// The first words of a buffer.
    pub fn words(&mut self, buffer: &Resource, count: usize) -> Vec<u32> {
        let bytes = self.guest.read(buffer, [count as u32 * 4, 1], count * 4);
        let (words, _) = bytes.as_chunks();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }

    /// The picture's rows, four bytes a pixel.
    pub fn rows(&mut self) -> Vec<Vec<[u8; 4]>> {
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
