//! glmark2: its scene reports, measured and validated.

/// What glmark2 said about one scene.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// Frames per second of a measured scene.
    Rate(f64),
    /// The picture is right (`--validate`).
    Valid,
    /// The picture is wrong (`--validate`).
    Invalid,
    /// The scene has no check of its own (`--validate`).
    Unchecked,
    /// The scene did not run; its own words.
    Refused(String),
}

/// The reports of all scenes in the output, with each scene's name, in order.
pub fn reports(output: &str) -> Vec<(String, Report)> {
    output.lines().filter_map(report).collect()
}

/// Reads `[build] use-vbo=false: FPS: 310 FrameTime: 3.227 ms` and its kin.
fn report(line: &str) -> Option<(String, Report)> {
    let (scene, rest) = line.trim().strip_prefix('[')?.split_once(']')?;
    let (_options, verdict) = rest.split_once(": ")?;
    Some((scene.to_owned(), verdict_of(verdict.trim())))
}

fn verdict_of(verdict: &str) -> Report {
    let rate = || {
        verdict
            .strip_prefix("FPS: ")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    match verdict {
        "Validation: Success" => Report::Valid,
        "Validation: Failure" => Report::Invalid,
        "Validation: Unknown" => Report::Unchecked,
        other => match rate() {
            Some(rate) if rate > 0.0 => Report::Rate(rate),
            _ => Report::Refused(other.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_and_validated_scenes_are_read() {
        let output = "** Failed to set swap interval.\n\
            [build] duration=1:use-vbo=false: FPS: 144 FrameTime: 6.975 ms\n\
            [effect2d] kernel=0,1,0;1,-4,1;0,1,0;: FPS: 97 FrameTime: 10.3 ms\n\
            [texture] <default>: Validation: Success\n\
            [ideas] <default>: Validation: Unknown\n\
            [bump] <default>: Validation: Failure\n\
            [terrain] <default>: Unsupported\n\
            glmark2 Score: 100\n";
        let names_and_reports = [
            ("build", Report::Rate(144.0)),
            ("effect2d", Report::Rate(97.0)),
            ("texture", Report::Valid),
            ("ideas", Report::Unchecked),
            ("bump", Report::Invalid),
            ("terrain", Report::Refused("Unsupported".to_owned())),
        ];
        assert_eq!(
            reports(output),
            names_and_reports.map(|(name, report)| (name.to_owned(), report))
        );
    }
}
