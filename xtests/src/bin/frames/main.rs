//! Two processes that draw into one buffer in turns, and look at what the other one drew.
//!
//! Each frame is filled with its number, so a frame that is shown too late, or never, is told by its number. GL is whatever
//! Mesa finds: under `pixbridge run` its virtio-gpu driver.

mod canvas;
mod meeting;

use std::{error::Error, os::unix::net::UnixStream, process::ExitCode};

use clap::{Parser, Subcommand};

use self::{canvas::Canvas, meeting::Meeting};

#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Role {
    /// Makes a buffer, draws first, and hands the buffer over as a descriptor
    Descriptor {
        /// How many frames both draw together
        count: u32,
    },
    /// As above, but hands over a pixmap of the X server, which has its turn, too
    Pixmap {
        /// How many frames are drawn together
        count: u32,
    },
    /// The other process; standard input is the connection to the first
    Join,
}

fn main() -> ExitCode {
    match run(Options::parse().role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frames: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(role: Role) -> Result<(), Box<dyn Error>> {
    let (count, meeting) = match role {
        Role::Descriptor { count } => (count, Meeting::over_descriptor(count)?),
        Role::Pixmap { count } => (count, Meeting::over_pixmap(count)?),
        Role::Join => {
            let Meeting {
                mut canvas,
                mut partner,
                count,
                ..
            } = Meeting::join()?;
            return take_turns(&mut canvas, &mut partner, count);
        }
    };
    let Meeting {
        mut canvas,
        mut partner,
        other,
        ..
    } = meeting;
    println!("GL is {}", canvas.renderer());
    canvas.draw(1)?;
    meeting::say(&mut partner, 1)?;
    take_turns(&mut canvas, &mut partner, count)?;
    if let Some(mut other) = other {
        let status = other.wait()?;
        if !status.success() {
            return Err(format!("the other process: {status}").into());
        }
    }
    println!("{count} frames, each seen");
    Ok(())
}

/// Looks at the other's frames and draws the next ones, until the last is seen.
fn take_turns(canvas: &mut Canvas, partner: &mut UnixStream, count: u32) -> Result<(), Box<dyn Error>> {
    let mut last = 1;
    while last < count {
        last = meeting::hear(partner)?;
        canvas.look(last)?;
        if last < count {
            last += 1;
            canvas.draw(last)?;
            meeting::say(partner, last)?;
        }
    }
    Ok(())
}
