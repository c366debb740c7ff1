//! What compute shaders write, on the surfaceless GL host.

use pixbridge::pipe::{format::Format, resource::bind};
use pixbridge_xtests::guest::{Guest, Resource, Texture, shader};

/// Groups of four invocations; word n becomes 100 + n.
const NUMBERS: &str = "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 4\nPROPERTY CS_FIXED_BLOCK_HEIGHT 1\n\
    PROPERTY CS_FIXED_BLOCK_DEPTH 1\nDCL SV[0], THREAD_ID\nDCL SV[1], BLOCK_ID\nDCL BUFFER[0]\nDCL TEMP[0]\n\
    IMM[0] UINT32 {4, 100, 0, 0}\n  0: UMAD TEMP[0].x, SV[1].xxxx, IMM[0].xxxx, SV[0].xxxx\n  \
    1: UMUL TEMP[0].y, TEMP[0].xxxx, IMM[0].xxxx\n  2: UADD TEMP[0].z, TEMP[0].xxxx, IMM[0].yyyy\n  \
    3: STORE BUFFER[0].x, TEMP[0].yyyy, TEMP[0].zzzz\n  4: END\n";
/// Of groups whose size the dispatch says, each invocation adds one to word 0.
const COUNTING: &str = "COMP\nDCL BUFFER[0]\nDCL TEMP[0]\nIMM[0] UINT32 {0, 1, 0, 0}\n  \
    0: ATOMUADD TEMP[0].x, BUFFER[0], IMM[0].xxxx, IMM[0].yyyy\n  1: END\n";
/// One invocation; every word that is read is written one larger, from BUFFER[0] to BUFFER[1], three of them.
const HANDING_ON: &str = "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 1\nPROPERTY CS_FIXED_BLOCK_HEIGHT 1\n\
    PROPERTY CS_FIXED_BLOCK_DEPTH 1\nDCL BUFFER[0]\nDCL BUFFER[1]\nDCL TEMP[0]\nIMM[0] UINT32 {0, 1, 0, 0}\n  \
    0: LOAD TEMP[0].xyz, BUFFER[0], IMM[0].xxxx\n  1: UADD TEMP[0].xyz, TEMP[0].xyzz, IMM[0].yyyy\n  \
    2: STORE BUFFER[1].xyz, IMM[0].xxxx, TEMP[0]\n  3: END\n";

/// One invocation; the texel at the group's place becomes the place plus 0x40.
fn placing(target: &str, format: &str) -> String {
    format!(
        "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 1\nPROPERTY CS_FIXED_BLOCK_HEIGHT 1\nPROPERTY CS_FIXED_BLOCK_DEPTH 1\n\
         DCL SV[0], BLOCK_ID\nDCL IMAGE[0], {target}, PIPE_FORMAT_{format}, WR\nDCL TEMP[0]\n\
         IMM[0] UINT32 {{64, 16, 0, 0}}\n  0: UMAD TEMP[0].x, SV[0].yyyy, IMM[0].yyyy, SV[0].xxxx\n  \
         1: UADD TEMP[0].x, TEMP[0].xxxx, IMM[0].xxxx\n  \
         2: STORE IMAGE[0], SV[0], TEMP[0].xxxx, {target}, PIPE_FORMAT_{format}\n  3: END\n"
    )
}

fn launch(grid: [u32; 3]) -> String {
    let [x, y, z] = grid;
    format!(
        "LAUNCH_GRID block_x=1 block_y=1 block_z=1 grid_x={x} grid_y={y} grid_z={z} indirect=0 indirect_offset=0\n\
         MEMORY_BARRIER flags=0x3fff\n"
    )
}

fn bind_buffer(slot: u32, buffer: &Resource, offset: u32, length: u32) -> String {
    let id = buffer.id;
    format!(
        "SET_SHADER_BUFFERS stage=compute start={slot} buffers=[{{offset={offset} length={length} resource={id}}}]\n"
    )
}

/// A guest with a compute shader bound.
fn computing(text: &str) -> Guest {
    let mut guest = Guest::start();
    guest.submit(&format!(
        "CREATE_SUB_CTX id=1\nSET_SUB_CTX id=1\n{}BIND_SHADER handle=1 stage=compute\n",
        shader(1, "compute", text)
    ));
    guest
}

fn words(guest: &mut Guest, buffer: &Resource, count: usize) -> Vec<u32> {
    let bytes = guest.read(buffer, [count as u32 * 4, 1], count * 4);
    let (words, _) = bytes.as_chunks();
    words.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

#[test]
fn a_compute_shader_fills_the_bound_part_of_a_buffer_and_no_more() {
    let mut guest = computing(NUMBERS);
    let buffer = guest.buffer(&[7; 24]);
    guest.submit(&(bind_buffer(0, &buffer, 64, 24) + &launch([2, 1, 1])));
    let mut expected = [7; 24];
    for (n, word) in expected[16..22].iter_mut().enumerate() {
        *word = 100 + n as u32;
    }
    assert_eq!(words(&mut guest, &buffer, 24), expected);
}

#[test]
fn the_dispatch_says_how_large_groups_are_where_the_shader_does_not() {
    let mut guest = computing(COUNTING);
    let buffer = guest.buffer(&[0]);
    guest.submit(&bind_buffer(0, &buffer, 0, 4));
    for (block, sum) in [([3, 2, 1], 12), ([1, 1, 1], 14), ([3, 2, 1], 26)] {
        let [x, y, z] = block;
        guest.submit(&format!(
            "LAUNCH_GRID block_x={x} block_y={y} block_z={z} grid_x=2 grid_y=1 grid_z=1 indirect=0 \
             indirect_offset=0\nMEMORY_BARRIER flags=0x3fff\n"
        ));
        assert_eq!(words(&mut guest, &buffer, 1), [sum], "groups of {block:?}");
    }
}

#[test]
fn a_dispatch_may_say_how_large_the_next_one_is() {
    let mut guest = computing(HANDING_ON);
    let (counts, ones) = (guest.buffer(&[9, 0, 0, 0]), guest.buffer(&[1, 0, 0]));
    let buffer = guest.buffer(&[0; 12]);
    // What SHADER_BUFFER and INDIRECT_BUFFER mean.
    let barrier = "MEMORY_BARRIER flags=0x42\n";
    let aligned = guest.buffer(&[0; 19]);
    guest.submit(&format!(
        "{}{}LAUNCH_GRID block_x=1 block_y=1 block_z=1 grid_x=1 grid_y=1 grid_z=1 indirect=0 indirect_offset=0\n\
         {barrier}{}BIND_SHADER handle=2 stage=compute\n{}LAUNCH_GRID block_x=1 block_y=1 block_z=1 grid_x=0 grid_y=0 \
         grid_z=0 indirect={} indirect_offset=64\nMEMORY_BARRIER flags=0x3fff\n",
        bind_buffer(0, &ones, 0, 12),
        bind_buffer(1, &aligned, 64, 12),
        shader(2, "compute", NUMBERS),
        bind_buffer(0, &buffer, 0, 48),
        aligned.id,
    ));
    assert_eq!(words(&mut guest, &aligned, 19)[16..], [2, 1, 1]);
    assert_eq!(
        words(&mut guest, &buffer, 12),
        [100, 101, 102, 103, 104, 105, 106, 107, 0, 0, 0, 0]
    );
    // Counts that do not lie in their buffer are none.
    guest.submit(&format!(
        "LAUNCH_GRID block_x=1 block_y=1 block_z=1 grid_x=1 grid_y=1 grid_z=1 indirect={} indirect_offset=8\n",
        counts.id
    ));
    assert_eq!(words(&mut guest, &buffer, 12)[8..], [0; 4]);
}

#[test]
fn an_image_may_have_another_format_than_its_texture() {
    let mut guest = computing(&placing("2D", "R32_UINT"));
    let texture = guest.texture(Texture {
        format: Format::B8G8R8A8_UNORM,
        width: 4,
        height: 4,
    });
    guest.write(&texture, [4, 4], &[9; 64]);
    guest.submit(&format!(
        "SET_SHADER_IMAGES stage=compute start=0 images=[{{format=R32_UINT access=2 layers=0x0 level=0x0 resource={}}}]\n{}",
        texture.id,
        launch([3, 9, 1])
    ));
    let bytes = guest.read(&texture, [4, 4], 64);
    for (at, texel) in bytes.as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (at as u8 % 4, at as u8 / 4);
        let expected = if x < 3 { [64 + y * 16 + x, 0, 0, 0] } else { [9; 4] };
        assert_eq!(*texel, expected, "at {x},{y}");
    }
}

/// The first texels of the four layers of level 1.
fn layers(guest: &mut Guest, array: &Resource) -> Vec<u32> {
    guest.send(13, &[array.id, 1, 0, 0, 0, 2, 2, 4, 64, 0], None);
    guest.wait();
    let bytes = array.memory.read(0..64).expect("memory for the bytes").to_vec();
    let (texels, _) = bytes.as_chunks::<16>();
    let first = |layer: &[u8; 16]| u32::from_le_bytes([layer[0], layer[1], layer[2], layer[3]]);
    texels.iter().map(first).collect()
}

#[test]
fn images_are_one_layer_of_a_level_or_some_or_all() {
    let array = [7, Format::R32_UINT.0, bind::SAMPLER_VIEW, 4, 4, 1, 4, 1, 0];
    for (target, range, expected) in [
        ("2D", 0x2_0002, [0, 0, 64, 0]),
        ("2D_ARRAY", 0x2_0001, [0, 64, 64, 0]),
        ("2D_ARRAY", 0x3_0003, [0, 0, 0, 64]),
        ("2D_ARRAY", 0x3_0000, [64; 4]),
        ("2D_ARRAY", 0x0_0001, [0; 4]),
        ("2D_ARRAY", 0x4_0004, [0; 4]),
    ] {
        let mut guest = computing(&placing(target, "R32_UINT"));
        let array = guest.create(array, 320);
        guest.send(14, &[array.id, 1, 0, 0, 0, 2, 2, 4, 64, 0], None);
        guest.submit(&format!(
            "SET_SHADER_IMAGES stage=compute start=0 images=[{{format=R32_UINT access=2 layers={range:#x} level=0x1 \
             resource={}}}]\n{}",
            array.id,
            launch([1, 1, if target == "2D" { 1 } else { 4 }])
        ));
        assert_eq!(layers(&mut guest, &array), expected, "{target} {range:#x}");
    }
}

#[test]
fn texels_of_a_buffer_are_an_image() {
    let mut guest = computing(&placing("BUFFER", "R8G8B8A8_UINT"));
    let buffer = guest.buffer(&[7; 24]);
    guest.submit(&format!(
        "SET_SHADER_IMAGES stage=compute start=0 images=[{{format=R8G8B8A8_UINT access=3 layers=0x40 level=0xb \
         resource={}}}]\n{}",
        buffer.id,
        launch([5, 1, 1])
    ));
    let mut expected = [7; 24];
    // Eleven bytes are two texels.
    expected[16] = 0x4040_4040;
    expected[17] = 0x4141_4141;
    assert_eq!(words(&mut guest, &buffer, 24), expected);
}

#[test]
fn what_cannot_be_bound_or_dispatched_changes_nothing() {
    let mut guest = computing(NUMBERS);
    let buffer = guest.buffer(&[7; 64]);
    let texture = guest.texture(Texture {
        format: Format::R8G8B8A8_UNORM,
        width: 4,
        height: 4,
    });
    let bound = bind_buffer(0, &buffer, 0, 256);
    let unknown = Resource {
        id: 999,
        memory: guest.buffer(&[0]).memory,
    };
    for hostile in [
        bind_buffer(0, &unknown, 0, 16),
        bind_buffer(0, &texture, 0, 16),
        bind_buffer(0, &buffer, 256, 16),
        bind_buffer(0, &buffer, 0xffff_ff00, 0x200),
        bind_buffer(0, &buffer, 2, 16),
        bind_buffer(0, &buffer, 0, 0),
        "SET_SHADER_BUFFERS stage=compute start=0 buffers=[{offset=0 length=0 resource=0}]\n".into(),
    ] {
        guest.submit(&(bound.clone() + &hostile + &launch([1, 1, 1])));
        assert_eq!(words(&mut guest, &buffer, 64), [7; 64], "{hostile}");
    }
    let image = |format, layers, level, resource: &Resource| {
        let id = resource.id;
        format!(
            "SET_SHADER_IMAGES stage=compute start=31 images=[{{format={format} access=3 layers={layers:#x} \
             level={level:#x} resource={id}}}]\n"
        )
    };
    for refused in [
        image("R8G8B8A8_UNORM", 0, 1, &texture),
        image("R8G8B8A8_UNORM", 0x0_0001, 0, &texture),
        image("R16_UNORM", 0, 0, &texture),
        image("B8G8R8A8_UNORM", 0, 0, &texture),
        image("Z24X8_UNORM", 0, 0, &texture),
        image("R32_UINT", 0, 0, &unknown),
        image("R32_UINT", 3, 16, &buffer),
        image("R32_UINT", 0x1000, 16, &buffer),
        image("R32_UINT", 0, 3, &buffer),
        launch([u32::MAX, 1, 1]),
        launch([0, 1, 1]),
        "SET_ATOMIC_BUFFERS start=31 buffers=[{offset=1 length=4 resource=1}]\n".into(),
        "LAUNCH_GRID block_x=0 block_y=0 block_z=0 grid_x=1 grid_y=1 grid_z=1 indirect=999 indirect_offset=0\n".into(),
        "BIND_SHADER handle=0 stage=compute\n".to_owned() + &launch([1, 1, 1]) + "BIND_SHADER handle=1 stage=compute\n",
    ] {
        guest.submit(&(bound.clone() + &refused));
        assert_eq!(words(&mut guest, &buffer, 64), [7; 64], "{refused}");
    }
    guest.submit(&(bound + &launch([1, 1, 1])));
    assert_eq!(words(&mut guest, &buffer, 5), [100, 101, 102, 103, 7]);
    guest.finish().expect("the session ends as its client does");
}
