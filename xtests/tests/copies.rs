//! Blits, copies, queries and stream output on the surfaceless GL host.

use pixbridge::pipe::{format::Format, resource::bind};
use pixbridge_xtests::guest::{Guest, Resource, Texture, shader};

const SIZE: [u32; 2] = [4, 2];
const BYTES: usize = 4 * 4 * 2;

fn texture(guest: &mut Guest, format: Format) -> Resource {
    guest.texture(Texture {
        format,
        width: SIZE[0],
        height: SIZE[1],
    })
}

/// Bytes of a picture in which every texel differs.
fn pattern() -> Vec<u8> {
    (0..BYTES as u8)
        .map(|at| at.wrapping_mul(7).wrapping_add(3))
        .collect()
}

fn blit(dst: &Resource, dst_format: &str, src: &Resource, src_format: &str, source_box: [i32; 4]) -> String {
    let [x, y, w, h] = source_box;
    format!(
        "BLIT mask=0xf filter=nearest scissor=0 render_condition=0 alpha_blend=0 min_x=0 min_y=0 max_x=0 max_y=0 dst={} \
         dst_level=0 dst_format={dst_format} dst_x=0 dst_y=0 dst_z=0 dst_w=4 dst_h=2 dst_d=1 src={} src_level=0 \
         src_format={src_format} src_x={x} src_y={y} src_z=0 src_w={w} src_h={h} src_d=1\n",
        dst.id, src.id
    )
}

#[test]
fn a_blit_between_byte_orders_keeps_the_colours() {
    let mut guest = Guest::start();
    let src = texture(&mut guest, Format::B8G8R8A8_UNORM);
    let dst = texture(&mut guest, Format::R8G8B8A8_UNORM);
    guest.write(&src, SIZE, &pattern());
    guest.submit(&blit(
        &dst,
        "R8G8B8A8_UNORM",
        &src,
        "B8G8R8A8_UNORM",
        [0, 0, 4, 2],
    ));
    let expected: Vec<u8> = pattern()
        .as_chunks()
        .0
        .iter()
        .flat_map(|&[b, g, r, a]| [r, g, b, a])
        .collect();
    assert_eq!(guest.read(&dst, SIZE, BYTES), expected);
}

#[test]
fn a_blit_from_a_format_without_alpha_makes_it_opaque() {
    let mut guest = Guest::start();
    let src = texture(&mut guest, Format::B8G8R8X8_UNORM);
    let dst = texture(&mut guest, Format::B8G8R8A8_UNORM);
    guest.write(&src, SIZE, &pattern());
    guest.submit(&blit(
        &dst,
        "B8G8R8A8_UNORM",
        &src,
        "B8G8R8X8_UNORM",
        [0, 0, 4, 2],
    ));
    let expected: Vec<u8> = pattern()
        .as_chunks()
        .0
        .iter()
        .flat_map(|&[b, g, r, _]| [b, g, r, 255])
        .collect();
    assert_eq!(guest.read(&dst, SIZE, BYTES), expected);
}

#[test]
fn a_negative_height_turns_the_picture_upside_down() {
    let mut guest = Guest::start();
    let src = texture(&mut guest, Format::B8G8R8A8_UNORM);
    let dst = texture(&mut guest, Format::B8G8R8A8_UNORM);
    guest.write(&src, SIZE, &pattern());
    guest.submit(&blit(
        &dst,
        "B8G8R8A8_UNORM",
        &src,
        "B8G8R8A8_UNORM",
        [0, 2, 4, -2],
    ));
    let mut expected = pattern();
    expected.rotate_left(BYTES / 2);
    assert_eq!(guest.read(&dst, SIZE, BYTES), expected);
}

#[test]
fn a_region_is_copied_raw_whatever_the_channels_are_called() {
    let mut guest = Guest::start();
    let src = texture(&mut guest, Format::B8G8R8A8_UNORM);
    for format in [Format::B8G8R8A8_UNORM, Format::R8G8B8A8_UNORM, Format::R32_FLOAT] {
        let dst = texture(&mut guest, format);
        guest.write(&src, SIZE, &pattern());
        guest.submit(&format!(
            "RESOURCE_COPY_REGION dst={} dst_level=0 dst_x=0 dst_y=0 dst_z=0 src={} src_level=0 x=0 y=0 z=0 w=4 h=2 d=1\n",
            dst.id, src.id
        ));
        assert_eq!(guest.read(&dst, SIZE, BYTES), pattern(), "{format}");
    }
}

#[test]
fn layers_of_1d_arrays_are_copied_where_they_belong() {
    let mut guest = Guest::start();
    let [width, layers] = SIZE;
    let mut array = |format: Format| {
        let words = [6, format.0, bind::SAMPLER_VIEW, width, 1, 1, layers, 0, 0];
        guest.create(words, BYTES as u32)
    };
    let (src, dst) = (array(Format::R8G8B8A8_UNORM), array(Format::R8G8B8A8_UNORM));
    let size = [width, 1, layers];
    guest.write_box(&src, size, &pattern());
    guest.write_box(&dst, size, &[0; BYTES]);
    guest.submit(&format!(
        "RESOURCE_COPY_REGION dst={} dst_level=0 dst_x=0 dst_y=0 dst_z=0 src={} src_level=0 x=0 y=0 z=1 w=4 h=1 d=1\n",
        dst.id, src.id
    ));
    let mut expected = pattern()[BYTES / 2..].to_vec();
    expected.resize(BYTES, 0);
    assert_eq!(guest.read_box(&dst, size, BYTES), expected);
}

const VERTEX: &str = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1], GENERIC[0]\n  0: MOV OUT[0], IN[0]\n  \
                      1: ADD OUT[1], IN[0], IN[0]\n  2: END\n";
const FRAGMENT: &str = "FRAG\nDCL OUT[0], COLOR\nIMM[0] FLT32 {0x3f800000, 0x00000000, 0x00000000, 0x3f800000}\n  \
                        0: MOV OUT[0], IMM[0]\n  1: END\n";

/// Everything that a draw of three float4 positions needs, with the words of the vertex shader's stream-output table.
fn pipeline(guest: &mut Guest, picture: &Resource, outputs: u32, table: &str) {
    let vertex = shader(2, "vertex", VERTEX).replace("outputs=0", &format!("outputs={outputs}{table}"));
    let targets = "{enable=0 rgb_func=add rgb_src=one rgb_dst=zero alpha_func=add alpha_src=one alpha_dst=zero mask=0xf}";
    guest.submit(&format!(
        "CREATE_SUB_CTX id=1\nSET_SUB_CTX id=1\nCREATE_SURFACE handle=1 resource={} format=B8G8R8A8_UNORM level=0 \
         first_layer=0 last_layer=0\nSET_FRAMEBUFFER_STATE count=1 zsbuf=0 cbufs=[1]\n{vertex}{}BIND_SHADER handle=2 \
         stage=vertex\nBIND_SHADER handle=3 stage=fragment\nCREATE_BLEND handle=4 independent=0 logicop_enable=0 dither=0 \
         alpha_to_coverage=0 alpha_to_one=0 logicop=copy targets=[{}]\nBIND_BLEND handle=4\nCREATE_VERTEX_ELEMENTS \
         handle=5 elements=[{{offset=0 divisor=0 buffer=0 format=R32G32B32A32_FLOAT}}]\nBIND_VERTEX_ELEMENTS handle=5\n\
         SET_VIEWPORT_STATE start=0 viewports=[{{scale_x=2.0 scale_y=1.0 scale_z=0.5 translate_x=2.0 translate_y=1.0 \
         translate_z=0.5}}]\n",
        picture.id,
        shader(3, "fragment", FRAGMENT),
        targets.repeat(8)
    ));
}

/// A triangle that covers the whole picture.
const CORNERS: [[f32; 4]; 3] = [
    [-1.0, -1.0, 0.0, 1.0],
    [3.0, -1.0, 0.0, 1.0],
    [-1.0, 3.0, 0.0, 1.0],
];

fn draw(guest: &mut Guest) -> String {
    let words: Vec<u32> = CORNERS.iter().flatten().map(|value| value.to_bits()).collect();
    let vertices = guest.buffer(&words);
    format!(
        "SET_VERTEX_BUFFERS buffers=[{{stride=16 offset=0 resource={}}}]\nDRAW_VBO start=0 count=3 mode=triangles indexed=0 \
         instances=1 index_bias=0 start_instance=0 restart=0 restart_index=0x0 min_index=0 max_index=0xffffffff \
         count_from_so=0\n",
        vertices.id
    )
}

#[test]
fn an_occlusion_query_counts_the_samples_and_every_question_is_answered() {
    let mut guest = Guest::start();
    let picture = texture(&mut guest, Format::B8G8R8A8_UNORM);
    pipeline(&mut guest, &picture, 0, "");
    let mut result = || guest.create([0, Format::R8_UNORM.0, bind::CUSTOM, 16, 1, 1, 0, 0, 0], 16);
    let (counted, never) = (result(), result());
    let draw = draw(&mut guest);
    guest.submit(&format!(
        "CREATE_QUERY handle=10 type=occlusion_counter index=0 offset=0 resource={}\nCREATE_QUERY handle=11 \
         type=occlusion_counter index=0 offset=0 resource={}\nBEGIN_QUERY handle=10\n{draw}END_QUERY handle=10\n\
         GET_QUERY_RESULT handle=10 wait=1\nGET_QUERY_RESULT handle=11 wait=1\n",
        counted.id, never.id
    ));
    guest.wait();
    let record = |resource: &Resource| {
        let bytes = resource.memory.read(0..16).expect("memory").to_vec();
        bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect::<Vec<_>>()
    };
    assert_eq!(record(&counted), [1, 4, 8, 0], "done, four bytes, eight samples");
    assert_eq!(record(&never), [1, 4, 0, 0], "done, nothing counted");
}

#[test]
fn stream_output_captures_what_the_vertex_shader_writes() {
    let mut guest = Guest::start();
    let picture = texture(&mut guest, Format::B8G8R8A8_UNORM);
    // Two components of GENERIC[0] from y on, one word into a vertex of four.
    let table = " table=[4 0*3 1901 0]".replace("1901", &format!("{:x}", 1 | 1 << 8 | 2 << 10 | 1 << 16));
    pipeline(&mut guest, &picture, 1, &table);
    let buffer = guest.buffer(&[0; 12]);
    let draw = draw(&mut guest);
    guest.submit(&format!(
        "CREATE_STREAMOUT_TARGET handle=12 resource={} offset=0 size=48\nSET_STREAMOUT_TARGETS append=0x0 targets=[12]\n\
         {draw}SET_STREAMOUT_TARGETS append=0x0 targets=[]\n",
        buffer.id
    ));
    let bytes = guest.read(&buffer, [48, 1], 48);
    let captured: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|word| f32::from_le_bytes(*word))
        .collect();
    for (vertex, corner) in captured.chunks(4).zip(CORNERS) {
        assert_eq!(&vertex[1..3], &[corner[1] * 2.0, corner[2] * 2.0], "{captured:?}");
    }
    assert_eq!(
        guest.read(&picture, SIZE, BYTES),
        [0, 0, 255, 255].repeat(8),
        "it is drawn as well"
    );
}
