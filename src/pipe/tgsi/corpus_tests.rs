//! Texts captured from real clients go through the reader.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// The captured texts and their paths.
fn corpus() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("xtests/data/tgsi");
    let stages = ["vert", "tess_ctrl", "tess_eval", "geom", "frag", "comp"];
    stages
        .iter()
        .flat_map(|stage| fs::read_dir(root.join(stage)).expect("the corpus is in the tree"))
        .map(|entry| entry.expect("a readable entry").path())
        .map(|path| (path.clone(), fs::read_to_string(path).expect("a readable text")))
        .collect()
}

#[test]
fn every_captured_text_is_a_shader() {
    let corpus = corpus();
    assert_eq!(corpus.len(), 500);
    for (path, text) in &corpus {
        if let Err(error) = parse(text) {
            panic!("{}: {error}", path.display());
        }
    }
}
