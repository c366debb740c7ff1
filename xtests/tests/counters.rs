//! Queries: what is counted, and where the counts go.

use pixbridge::pipe::format::Format;
use pixbridge_xtests::{
    canvas::{Canvas, RED},
    guest::{Resource, shader},
};

/// A query of a type, with handle 30 and a record of its own.
fn query(canvas: &mut Canvas, kind: &str, index: u32) -> Resource {
    let record = canvas
        .guest
        .create([0, Format::R8_UNORM.0, 1 << 17, 16, 1, 1, 1, 0, 0], 16);
    canvas.guest.submit(&format!(
        "CREATE_QUERY handle=30 type={kind} index={index} offset=0 resource={}\n",
        record.id
    ));
    record
}

/// State, size and result as the guest reads them.
fn result(canvas: &mut Canvas, record: &Resource) -> (u32, u32, u64) {
    canvas.guest.submit("GET_QUERY_RESULT handle=30 wait=1\n");
    canvas.guest.wait();
    let bytes = record.memory.read(0..16).expect("16 bytes").to_vec();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    (word(0), word(4), u64::from(word(12)) << 32 | u64::from(word(8)))
}

/// The result of a query of one type around a picture filled by two triangles.
fn counted(kind: &str, index: u32) -> u64 {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 4]);
    let record = query(&mut canvas, kind, index);
    canvas.guest.submit("BEGIN_QUERY handle=30\n");
    canvas.fill(RED);
    canvas.guest.submit("END_QUERY handle=30\n");
    let (state, size, value) = result(&mut canvas, &record);
    assert_eq!((state, size), (1, 4), "{kind} {index}");
    value
}

#[test]
fn every_statistic_of_a_draw_has_its_number() {
    let statistics = [
        ("vertices", 0, 6),
        ("primitives", 1, 2),
        ("vertex shader invocations", 2, 6),
        ("geometry shader invocations", 3, 0),
        ("primitives of geometry shaders", 4, 0),
        ("primitives before clipping", 5, 2),
        ("primitives after clipping", 6, 2),
        ("patches", 8, 0),
        ("evaluation shader invocations", 9, 0),
        ("compute shader invocations", 10, 0),
    ];
    for (what, index, expected) in statistics {
        assert_eq!(counted("pipeline_statistics", index), expected, "{what}");
    }
    // Fragment shaders may run for pixels beside the picture too.
    assert!(counted("pipeline_statistics", 7) >= 16);
}

#[test]
fn statistics_that_nobody_knows_count_nothing_and_answer_all_the_same() {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 4]);
    let record = query(&mut canvas, "pipeline_statistics", 11);
    canvas
        .guest
        .submit("BEGIN_QUERY handle=30\nEND_QUERY handle=30\n");
    assert_eq!(result(&mut canvas, &record), (1, 4, 0));
}

/// The words of a buffer after a count of 16 samples was stored in it.
fn stored(arguments: &str) -> [u32; 4] {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 4]);
    let _record = query(&mut canvas, "occlusion_counter", 0);
    canvas.guest.submit("BEGIN_QUERY handle=30\n");
    canvas.fill(RED);
    canvas.guest.submit("END_QUERY handle=30\n");
    let buffer = canvas.guest.buffer(&[7; 4]);
    canvas.guest.submit(&format!(
        "GET_QUERY_RESULT_QBO query=30 resource={} {arguments}\n",
        buffer.id
    ));
    let bytes = canvas.guest.read(&buffer, [16, 1], 16);
    [0, 4, 8, 12].map(|at| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")))
}

#[test]
fn results_are_stored_in_buffers_in_any_type_and_place() {
    assert_eq!(stored("wait=1 type=u32 offset=4 index=0"), [7, 16, 7, 7]);
    assert_eq!(stored("wait=1 type=i32 offset=0 index=0"), [16, 7, 7, 7]);
    assert_eq!(stored("wait=1 type=u64 offset=8 index=0"), [7, 7, 16, 0]);
    assert_eq!(stored("wait=1 type=i64 offset=0 index=0"), [16, 0, 7, 7]);
}

#[test]
fn whether_there_is_a_result_is_stored_as_0_or_1() {
    let [available, rest @ ..] = stored("wait=1 type=u32 offset=0 index=-1");
    assert!(available <= 1, "{available}");
    assert_eq!(rest, [7; 3]);
}

#[test]
fn results_that_do_not_fit_are_not_stored() {
    for arguments in [
        "wait=1 type=u32 offset=16 index=0",
        "wait=1 type=u64 offset=12 index=0",
        "wait=1 type=u64 offset=4294967292 index=0",
    ] {
        assert_eq!(stored(arguments), [7; 4], "{arguments}");
    }
}

/// Captures its position.
const CAPTURED: &str = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\n  0: MOV OUT[0], IN[0]\n  1: END\n";

/// Whether capturing two triangles in a buffer of that many bytes overflowed.
fn overflowed(kind: &str, bytes: u32) -> u64 {
    let mut canvas = Canvas::new(Format::R8G8B8A8_UNORM, [4, 4]);
    let target = canvas.guest.buffer(&vec![0; bytes as usize / 4]);
    let capture = shader(20, "vertex", CAPTURED).replace("outputs=0", "outputs=1 table=[4 0*3 1000 0]");
    canvas.guest.submit(&format!(
        "{capture}BIND_SHADER handle=20 stage=vertex\nCREATE_STREAMOUT_TARGET handle=21 resource={} offset=0 \
         size={bytes}\nSET_STREAMOUT_TARGETS append=0x0 targets=[21]\n",
        target.id
    ));
    let record = query(&mut canvas, kind, 0);
    canvas.guest.submit("BEGIN_QUERY handle=30\n");
    canvas.fill(RED);
    canvas.guest.submit("END_QUERY handle=30\n");
    let (_, _, value) = result(&mut canvas, &record);
    value
}

#[test]
fn captures_that_overflow_are_told_from_those_that_fit() {
    for kind in ["so_overflow_predicate", "so_overflow_any_predicate"] {
        assert_eq!(overflowed(kind, 6 * 16), 0, "{kind}");
        assert_ne!(overflowed(kind, 5 * 16), 0, "{kind}");
    }
}
