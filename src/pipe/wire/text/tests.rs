//! The textual form gives back what it was made from.

use proptest::prelude::*;

use super::*;
use crate::pipe::wire::{
    trace::{TraceReader, TraceWriter},
    virgl::command::ResourceId,
};

fn there_and_back(words: &[u32]) {
    let text = dump_stream(words);
    assert_eq!(
        assemble_stream(&text).expect("what was dumped can be read"),
        words,
        "{text}"
    );
}

#[test]
fn a_command_is_a_line_with_named_fields() {
    let text = "DRAW_VBO start=0 count=3 mode=triangles indexed=0 instances=1 index_bias=-2 start_instance=0 \
                restart=0 restart_index=0x0 min_index=0 max_index=0xffffffff count_from_so=0\n";
    let words = assemble_stream(text).expect("a draw");
    assert_eq!(words.len(), 13);
    assert_eq!(words[0], 8 | 12 << 16);
    assert_eq!(words[6], -2i32 as u32);
    assert_eq!(dump_stream(&words), text);
}

#[test]
fn packed_words_list_their_bits_and_enums_their_names() {
    let text = "CREATE_SAMPLER_VIEW handle=7 resource=3 format=B8G8R8A8_UNORM target=2 first=0x0 last=0x0 r=x g=y b=z a=1\n";
    let words = assemble_stream(text).expect("a view");
    assert_eq!(
        words,
        [
            1 | 6 << 8 | 6 << 16,
            7,
            3,
            1 | 2 << 24,
            0,
            0,
            1 << 3 | 2 << 6 | 5 << 9
        ]
    );
    assert_eq!(dump_stream(&words), text);
}

#[test]
fn a_shader_carries_its_text() {
    let text = "CREATE_SHADER handle=1 stage=fragment position=0xa tokens=300 outputs=0 pad=3 text=\"FRAG\\nEND\\n\"\n";
    let words = assemble_stream(text).expect("a shader");
    assert_eq!(words.len(), 1 + 5 + 3);
    assert_eq!(dump_stream(&words), text);
}

#[test]
fn the_garbage_that_end_transfers_skips_is_kept() {
    let mut words = vec![44 | 6 << 16, 0, 0, 0, 0xdead, 1, 2];
    words.extend([28 | 1 << 16, 1]);
    assert_eq!(
        dump_stream(&words),
        "END_TRANSFERS skipped=0*3 dead 1 2\nSET_SUB_CTX id=1\n"
    );
    there_and_back(&words);
}

#[test]
fn words_that_no_layout_describes_stay_raw() {
    // A bit that means nothing, a type that no command has, and a header that lies about its length.
    for words in [
        &[13 | 1 << 16, 0x10000][..],
        &[8 | 7 << 8 | 1 << 16, 1],
        &[28 | 9 << 16, 1],
    ] {
        assert!(dump_stream(words).starts_with("RAW "), "{}", dump_stream(words));
        there_and_back(words);
    }
}

#[test]
fn errors_name_the_line_and_the_column() {
    for (text, expected) in [
        (
            "SET_SUB_CTX id=1\n  SET_SUB_CTX di=1\n",
            "line 2, column 15: more than the line can hold: \"di=1\"",
        ),
        ("SET_SUB_CTX id=x", "line 1, column 16: no such value: \"x\""),
        (
            "# nothing\nSET_SUB id=1",
            "line 2, column 1: no such command: \"SET_SUB\"",
        ),
        (
            "SET_VERTEX_BUFFERS buffers=[{stride=1 offset=0 resource=1} 7]",
            "line 1, column 59: an entry is expected: \" 7\"",
        ),
    ] {
        let error = assemble_stream(text).expect_err("nonsense");
        assert_eq!(error.to_string(), expected);
    }
}

fn example() -> Vec<u8> {
    let mut file = Vec::new();
    let mut trace = TraceWriter::new(&mut file).expect("memory can be written");
    let requests: [&[u32]; 4] = [
        &[0, 10],
        &[1, 11, 2],
        &[4, 6, 28 | 1 << 16, 1, 44 | 1 << 16, 9],
        &[99, 14, 1, 0, 0, 0, 0, 8, 8, 1, 256, 0],
    ];
    trace
        .request(b"\x09\0\0\0\x08\0\0\0glxgears\0")
        .expect("memory can be written");
    for words in requests {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        trace.request(&bytes).expect("memory can be written");
    }
    trace
        .memory(ResourceId(3), 8192, &[1, 2, 3, 4, 5])
        .expect("memory can be written");
    trace.request(b"odd").expect("memory can be written");
    trace.finish().expect("memory can be written");
    file
}

#[test]
fn a_trace_survives_the_way_through_text() {
    let file = example();
    let mut text = Vec::new();
    dump(TraceReader::new(&file[..]).expect("a trace"), &mut text).expect("a whole trace");
    let text = String::from_utf8(text).expect("text");
    assert!(
        text.contains("CREATE_RENDERER name=\"glxgears\\x00\"\n"),
        "{text}"
    );
    assert!(text.contains("SUBMIT_CMD {\n  SET_SUB_CTX id=1\n"), "{text}");
    assert!(text.contains("TRANSFER_PUT2 length=99 resource=1"), "{text}");
    let mut again = Vec::new();
    assemble(&text, &mut again).expect("what was dumped can be read");
    assert_eq!(again, file);
}

#[test]
fn requests_of_the_extension_are_lines_too_and_carry_their_descriptors_bytes() {
    let text = "pixtrace 1\n\
        PB_RESOURCE_CREATE id=3 target=2d format=B8G8R8A8_UNORM bind=0x40002 width=64 height=32 depth=1 \
        array_size=1 last_level=0 samples=0 flags=0x0\n\
        PB_RESOURCE_MEMORY resource=3 size=0 size_high=0\n\
        PB_RESOURCE_EXPORT resource=3\n\
        PB_RESOURCE_IMPORT resource=4\n\
        PB_TRANSFER direction=from_host resource=3 level=0 stride=256 layer_stride=0 x=0 y=0 z=0 w=64 h=32 d=1 \
        offset=16 offset_high=1\n\
        PB_RESOLVE serial=1 resource=3\n\
        PB_UPLOAD serial=2 resource=3 x=1 y=2 w=3 h=4\n\
        PB_FENCE_MERGE\n\
        PB_WAIT serial=3 resource=0\n\
        PB_SIGNAL\n\
        END\n";
    let mut file = Vec::new();
    assemble(text, &mut file).expect("lines of the form");
    let mut again = Vec::new();
    dump(TraceReader::new(&file[..]).expect("a trace"), &mut again).expect("a whole trace");
    assert_eq!(String::from_utf8(again).expect("text"), text);
}

proptest! {
    #[test]
    fn any_words_come_back(words in proptest::collection::vec(any::<u32>(), 0..40)) {
        there_and_back(&words);
    }

    #[test]
    fn words_that_look_like_commands_come_back(
        commands in proptest::collection::vec((0u32..64, 0u32..12, proptest::collection::vec(0u32..40, 0..24)), 0..8)
    ) {
        let mut words = Vec::new();
        for (id, object, payload) in commands {
            let object = if id < 4 { object } else { 0 };
            words.push(id | object << 8 | (payload.len() as u32) << 16);
            words.extend(payload);
        }
        there_and_back(&words);
    }

    #[test]
    fn any_request_comes_back(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        id in prop_oneof![3 => 0u32..40, 1 => 0x5042_0000u32..0x5042_000c],
    ) {
        let mut request = bytes;
        if request.len() >= 8 {
            request[4..8].copy_from_slice(&id.to_le_bytes());
        }
        let mut file = Vec::new();
        let mut trace = TraceWriter::new(&mut file).expect("memory can be written");
        trace.request(&request).expect("memory can be written");
        trace.finish().expect("memory can be written");
        let mut text = Vec::new();
        dump(TraceReader::new(&file[..]).expect("a trace"), &mut text).expect("a whole trace");
        let mut again = Vec::new();
        assemble(&String::from_utf8(text).expect("text"), &mut again).expect("what was dumped can be read");
        prop_assert_eq!(again, file);
    }

    #[test]
    fn any_memory_comes_back(
        resource: u32,
        offset: u64,
        runs in proptest::collection::vec((any::<u8>(), 0usize..40), 0..6),
    ) {
        let bytes: Vec<u8> = runs.into_iter().flat_map(|(byte, count)| vec![byte; count]).collect();
        let mut file = Vec::new();
        let mut trace = TraceWriter::new(&mut file).expect("memory can be written");
        trace.memory(ResourceId(resource), offset, &bytes).expect("memory can be written");
        trace.finish().expect("memory can be written");
        let mut text = Vec::new();
        dump(TraceReader::new(&file[..]).expect("a trace"), &mut text).expect("a whole trace");
        let mut again = Vec::new();
        assemble(&String::from_utf8(text).expect("text"), &mut again).expect("what was dumped can be read");
        prop_assert_eq!(again, file);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[A-Z_ a-z=0-9x*\\[\\]{}\"\\\\\n]{0,200}") {
        let _ = assemble_stream(&text);
        let _ = assemble(&text, std::io::sink());
    }
}
