//! The command line.

mod compose;
mod doctor;
mod log;
mod program;
mod proxy;
mod record;
mod replay;
mod run;
mod serve;
mod session;
mod text;
mod top;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pixbridge::{gl::Choice, pipe::exec::PicturePlace};

/// Brings the pictures of GL applications that run behind a pipe onto an X server.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// Which GL platform to draw with: auto, device, gbm, surfaceless or x11
    #[arg(long, global = true, value_name = "NAME", default_value = "auto", value_parser = platform)]
    gl: Choice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve vtest clients until told to stop
    Serve(serve::Serve),
    /// Run an application with a server of its own
    Run(run::Run),
    /// Run an application as `run` does, and record what it says
    Record(record::Record),
    /// Say again what a recorded application said
    Replay(replay::Replay),
    /// Print a trace as text
    Dump(text::Dump),
    /// Turn the text of a trace back into a trace
    Assemble(text::Assemble),
    /// Show the windows of one display on another
    Compose(compose::ComposeArgs),
    /// Put a display of our own in front of another
    Proxy(proxy::Proxy),
    /// Show what running compositors do, window by window
    Top(top::Top),
    /// Say what works here, and why the rest does not
    Doctor(doctor::Doctor),
    /// Serve the connection or the listening socket on standard input
    #[command(hide = true)]
    Session(session::SessionArgs),
}

fn platform(name: &str) -> Result<Choice, String> {
    name.parse()
        .map_err(|error: pixbridge::gl::GlError| error.to_string())
}

fn place(name: &str) -> Result<PicturePlace, String> {
    let places = PicturePlace::ALL;
    let found = places.into_iter().find(|place| place.name() == name);
    found.ok_or_else(|| format!("it is one of {}", places.map(PicturePlace::name).join(", ")))
}

/// What goes wrong on the command line, in words for a person.
type Failure = Box<dyn std::error::Error>;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start(match cli.command {
        Command::Serve(_) => "info",
        // Tries what may fail, and prints why it did.
        Command::Doctor(_) => "error",
        _ => "warn",
    });
    let result = match cli.command {
        Command::Serve(serve) => serve.run(cli.gl),
        Command::Run(run) => run.run(cli.gl),
        Command::Record(record) => record.run(cli.gl),
        Command::Replay(replay) => replay.run(cli.gl),
        Command::Dump(dump) => dump.run(),
        Command::Assemble(assemble) => assemble.run(),
        Command::Compose(compose) => compose.run(cli.gl),
        Command::Proxy(proxy) => proxy.run(),
        Command::Top(top) => top.run(),
        Command::Doctor(doctor) => doctor.run(cli.gl),
        Command::Session(session) => session.run(cli.gl),
    };
    result.unwrap_or_else(|error| {
        eprintln!("pixbridge: {error}");
        ExitCode::FAILURE
    })
}
