//! Texts captured from real clients, read and written back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pipe::tgsi::{Shader, parse};

/// The captured texts and their paths, in the order of the paths.
pub(super) fn corpus() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("xtests/data/tgsi");
    let stages = ["vert", "tess_ctrl", "tess_eval", "geom", "frag", "comp"];
    let mut texts: Vec<_> = stages
        .iter()
        .flat_map(|stage| fs::read_dir(root.join(stage)).expect("the corpus is in the tree"))
        .map(|entry| entry.expect("a readable entry").path())
        .map(|path| (path.clone(), fs::read_to_string(path).expect("a readable text")))
        .collect();
    texts.sort();
    texts
}

fn shaders() -> Vec<(PathBuf, String, Shader)> {
    let read = |(path, text): (PathBuf, String)| match parse(&text) {
        Ok(shader) => (path, text, shader),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let shaders: Vec<_> = corpus().into_iter().map(read).collect();
    assert_eq!(shaders.len(), 500);
    shaders
}

/// The lines of a text with properties, declarations, immediates and instructions each together, as the tree keeps
/// them: clients add declarations and properties behind the immediates.
fn lines_by_kind(text: &str) -> Vec<&str> {
    let kind = |line: &&str| match line.split_once(' ').map(|(head, _)| head) {
        Some("PROPERTY") => 1,
        Some("DCL") => 2,
        Some(head) if head.starts_with("IMM[") => 3,
        Some(_) => 4,
        None => 0,
    };
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_by_key(kind);
    lines
}

#[test]
fn captured_texts_are_written_back_letter_by_letter() {
    for (path, text, shader) in shaders() {
        let written = shader.to_string();
        assert_eq!(
            lines_by_kind(&written),
            lines_by_kind(&text),
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_is_written_reads_as_the_same_tree() {
    for (path, _, shader) in shaders() {
        let again = parse(&shader.to_string());
        assert_eq!(again.as_ref(), Ok(&shader), "{}", path.display());
    }
}

#[test]
fn case_does_not_matter() {
    for (path, text, shader) in shaders() {
        let again = parse(&text.to_ascii_lowercase());
        assert_eq!(again.as_ref(), Ok(&shader), "{}", path.display());
    }
}

#[test]
fn white_space_does_not_matter_within_lines_and_between_them() {
    for (path, text, shader) in shaders() {
        let mut loose = String::new();
        for letter in text.chars() {
            match letter {
                '[' | ']' | ',' | ':' | '(' | ')' | '{' | '}' => loose.extend([' ', letter, '\t']),
                '\n' => loose.push_str("\r\n\n"),
                _ => loose.push(letter),
            }
        }
        let again = parse(&loose);
        assert_eq!(again.as_ref(), Ok(&shader), "{}", path.display());
    }
}
