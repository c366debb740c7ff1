//! The reference compiler, <https://github.com/KhronosGroup/glslang>, run on many texts at once.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::pipe::tgsi::Stage;

/// The file that tells the compiler its limits.
const LIMITS: &str = "limits.conf";

/// Texts waiting to be checked.
pub(super) struct Validator {
    directory: PathBuf,
    files: Vec<(PathBuf, String)>,
}

impl Validator {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("glsl-check-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory for shader texts");
        fs::write(directory.join(LIMITS), limits()).expect("limits written");
        Self {
            directory,
            files: Vec::new(),
        }
    }

    /// Adds a text; `label` is shown if the compiler refuses it.
    pub(super) fn add(&mut self, stage: Stage, label: &str, source: &str) {
        let extension = match stage {
            Stage::Vertex => "vert",
            Stage::Fragment => "frag",
            Stage::Geometry => "geom",
            Stage::TessControl => "tesc",
            Stage::TessEval => "tese",
            Stage::Compute => "comp",
        };
        let path = self.directory.join(format!("{}.{extension}", self.files.len()));
        fs::write(&path, source).expect("shader text written");
        self.files.push((path, label.to_owned()));
    }

    /// Compiles everything and gives the number of texts. Panics with the compiler's words if it refuses one.
    pub(super) fn check(self) -> usize {
        assert!(!self.files.is_empty(), "nothing to check");
        for batch in self.files.chunks(200) {
            self.compile(&[], batch);
        }
        self.files.len()
    }

    /// Compiles and links all texts as one program.
    pub(super) fn link(self) {
        self.compile(&["-l"], &self.files);
    }

    fn compile(&self, arguments: &[&str], files: &[(PathBuf, String)]) {
        let output = Command::new("glslangValidator")
            .args(arguments)
            .arg(self.directory.join(LIMITS))
            .args(files.iter().map(|(path, _)| path))
            .output()
            .expect("glslangValidator (package glslang-tools) must be installed");
        if output.status.success() {
            return;
        }
        let words = String::from_utf8_lossy(&output.stdout);
        let at = words.find("ERROR").unwrap_or(0);
        let before = &words[..at];
        let culprit = files
            .iter()
            .max_by_key(|(path, _)| before.rfind(&*path.to_string_lossy()))
            .expect("files were given");
        let text = fs::read_to_string(&culprit.0).unwrap_or_default();
        let excerpt: String = words[at..].lines().take(12).collect::<Vec<_>>().join("\n");
        panic!("{}: {excerpt}\n{text}", culprit.1);
    }
}

/// The compiler's limits, those of a small GPU, raised to what hosts have.
fn limits() -> &'static str {
    static RAISED: LazyLock<String> = LazyLock::new(|| {
        let output = Command::new("glslangValidator").arg("-c").output();
        let output = output.expect("glslangValidator (package glslang-tools) must be installed");
        let raise = |line: &str| match line.split_once(' ') {
            Some((name @ ("MaxCombinedTextureImageUnits" | "MaxImageUnits"), _)) => format!("{name} 192\n"),
            Some((name @ "MaxAtomicCounterBindings", _)) => format!("{name} 8\n"),
            _ => format!("{line}\n"),
        };
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(raise)
            .collect()
    });
    &RAISED
}

impl Drop for Validator {
    fn drop(&mut self) {
        // What is left behind in the temporary directory harms nobody.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[test]
#[should_panic(expected = "the second: ERROR")]
fn a_broken_text_among_good_ones_is_found() {
    let mut validator = Validator::new();
    let good = "#version 450 core\nvoid main(){gl_Position=vec4(0.0);}\n";
    validator.add(Stage::Vertex, "the first", good);
    validator.add(
        Stage::Vertex,
        "the second",
        "#version 450 core\nvoid main(){gl_Position=1u;}\n",
    );
    validator.add(Stage::Vertex, "the third", good);
    validator.check();
}
