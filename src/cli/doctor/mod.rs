//! `pixbridge doctor`: what works here, and why the rest does not.

mod display;
mod gl_host;

use std::process::ExitCode;

use clap::Args;
use pixbridge::gl::Choice;
use serde::Serialize;

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    works: bool,
    detail: String,
}

#[derive(Debug, Serialize)]
struct Section {
    title: &'static str,
    findings: Vec<Finding>,
}

fn good(what: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        works: true,
        detail: detail.into(),
    }
}

fn bad(what: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        works: false,
        detail: detail.into(),
    }
}

impl Doctor {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        let mut sections = vec![Section {
            title: "GL host",
            findings: gl_host::findings(gl),
        }];
        sections.extend(display::sections(gl));
        sections.push(Section {
            title: "Not built yet",
            findings: not_built(),
        });
        if self.json {
            println!("{}", serde_json::to_string_pretty(&sections)?);
        } else {
            for section in &sections {
                println!("{}", section.title);
                for finding in &section.findings {
                    let mark = if finding.works { "yes" } else { "no " };
                    println!("  {mark} {:<24} {}", finding.what, finding.detail);
                }
            }
        }
        let usable = sections[0].findings.iter().any(|finding| finding.works);
        Ok(if usable {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Parts of the design that this version lacks.
fn not_built() -> Vec<Finding> {
    let lacking = "no buffers that stay mapped (ARB_buffer_storage), so clients are offered GL 4.3";
    vec![bad("GL 4.4", lacking)]
}
