//! Texts that no client would write: any input ends in a tree or an error, soon.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::corpus::corpus;
use crate::pipe::tgsi::*;

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| corpus().into_iter().map(|(_, text)| text).collect());

/// Pieces of the grammar, to be strung together at random.
const PIECES: &[&str] = &[
    "FRAG",
    "GEOM",
    "\n",
    " ",
    "DCL ",
    "IMM",
    "PROPERTY ",
    "END\n",
    "0: ",
    "MOV ",
    "TEX_SAT ",
    "UIF ",
    "ELSE",
    "ENDIF",
    "BGNLOOP :0",
    "ENDLOOP",
    "LOAD ",
    "ATOMCAS ",
    "TEMP",
    "CONST",
    "IN",
    "OUT",
    "SAMP",
    "IMAGE",
    "SVIEW",
    "BUFFER",
    "MEMORY",
    "ADDR",
    "[",
    "]",
    "[]",
    "[0]",
    "[1..3]",
    "[ADDR[0].x+4]",
    "(",
    ")",
    "(2)",
    ".",
    "..",
    ".xyzw",
    ".xy",
    ".xxx",
    ",",
    ", ",
    "|",
    "-",
    "+",
    ":",
    "{",
    "}",
    "0",
    "1",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "0x3f800000",
    "0x",
    "1.5e3",
    "-inf",
    "nan",
    "UINT32 ",
    "FLT32 ",
    "FLT64 ",
    "{0, 0, 0, 0}",
    "{1, 2}",
    "COLOR",
    "GENERIC[3]",
    "LINEAR",
    "CENTROID",
    "STREAM(0, 1, 2, 3)",
    "ARRAY(1)",
    "LOCAL",
    "2D",
    "SHADOWCUBE",
    "FLOAT",
    "PIPE_FORMAT_",
    "PIPE_FORMAT_R32_UINT",
    "WR",
    "GS_INPUT_PRIMITIVE ",
    "NO_SUCH ",
    "TRIANGLES",
    "é",
    "\0",
    "\u{2028}",
];

/// If `text` is a shader, it survives being written and read.
fn assert_total(text: &[u8]) {
    if let Ok(shader) = parse_bytes(text) {
        let written = shader.to_string();
        assert_eq!(parse(&written), Ok(shader), "{written}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        assert_total(&bytes);
    }

    #[test]
    fn any_pieces_of_the_grammar(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..64)) {
        assert_total(pieces.concat().as_bytes());
        assert_total(format!("FRAG\n{}\nEND", pieces.concat()).as_bytes());
    }

    #[test]
    fn captured_texts_with_pieces_put_in(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, prop::sample::select(PIECES)), 1..4),
    ) {
        let mut text = which.get(&TEXTS).clone().into_bytes();
        for (at, removed, piece) in edits {
            let start = at.index(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, piece.bytes());
        }
        assert_total(&text);
    }

    #[test]
    fn captured_texts_with_bytes_changed(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut text = which.get(&TEXTS).clone().into_bytes();
        for (at, byte) in edits {
            *at.get_mut(&mut text) = byte;
        }
        assert_total(&text);
    }

    #[test]
    fn truncated_texts_are_errors(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let text = which.get(&TEXTS).trim_end();
        let text = &text[..at.index(text.len())];
        // A cut in `ENDPRIM` can leave an `END` that ends a shader.
        prop_assume!(!text.ends_with("END"));
        prop_assert!(parse(text).is_err());
    }
}

#[test]
fn long_texts_take_time_in_proportion() {
    let pieces = [
        " ",
        "[",
        "-",
        "|",
        "9",
        "\n\n",
        "A",
        "FRAG ",
        "\nUIF TEMP[0]",
        "\nBGNLOOP",
        "\nNOP",
        "\nDCL IN[0]",
        "\nPROPERTY X",
        "\nPROPERTY END 1",
        "\nMOV TEMP[0], TEMP[TEMP[",
        "\nIMM UINT32 {0, 0, 0, 0}",
        "é",
    ];
    let started = Instant::now();
    for piece in pieces {
        let text = format!("FRAG{}", piece.repeat((1 << 20) / piece.len()));
        assert!(parse(&text).is_err(), "{piece:?} repeated has no END");
    }
    // Linear work is some 0.5 s without optimisation; quadratic work would be hours.
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn error_messages_stay_short() {
    let text = format!("FRAG\n{}", "\u{1b}x".repeat(1 << 16));
    let message = parse(&text).unwrap_err().to_string();
    assert!(message.len() < 400, "{} bytes", message.len());
    assert!(!message.contains('\u{1b}'), "control characters are escaped");
    let message = parse(&format!("FRAG\n{}", "X".repeat(1 << 16)))
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        format!("line 2, column 1: unknown opcode `{}`", "X".repeat(40))
    );
}
