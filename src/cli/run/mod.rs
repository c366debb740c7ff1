//! `pixbridge run`: an application with a server of its own.

mod app;
mod dri3;
mod vtest;

use std::{
    ffi::OsString,
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use pixbridge::{gl::Choice, pipe::exec::PicturePlace};

use self::{app::App, dri3::Dri3, vtest::Vtest};
pub(super) use self::{app::exit_code, dri3::place_for};
use super::{Failure, place};

/// How an application's GL and its frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Via {
    /// The best way that works here
    Auto,
    /// A display of our own in front of the X server: frames are shared, not copied
    Dri3,
    /// Mesa's vtest driver: the application copies its frames to the X server itself
    Vtest,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// How the application's GL and frames travel
    #[arg(long, value_enum, value_name = "WAY", default_value = "auto")]
    via: Via,
    /// Where pictures are shared: best, memory (the best but dmabufs), dmabuf, in-place or copied
    #[arg(long, value_name = "PLACE", default_value = "best", value_parser = place)]
    pictures: PicturePlace,
    /// The application and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "APP"
    )]
    app: Vec<OsString>,
}

/// What serves the application.
#[derive(Debug)]
enum Server {
    Dri3(Dri3),
    Vtest(Vtest),
}

impl Run {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        serve(&self.app, |directory| match self.via {
            Via::Dri3 => Ok(Server::Dri3(Dri3::start(directory, gl, self.pictures)?)),
            Via::Vtest => Ok(Server::Vtest(Vtest::start(directory, gl, None)?)),
            Via::Auto => match Dri3::start(directory, gl, self.pictures) {
                Ok(dri3) => Ok(Server::Dri3(dri3)),
                Err(reason) => {
                    tracing::warn!(
                        "frames are copied by the application, since they cannot be shared: {reason}"
                    );
                    Ok(Server::Vtest(Vtest::start(directory, gl, None)?))
                }
            },
        })
    }
}

/// Runs an application through the vtest driver and records what it says.
pub(super) fn record(app: &[OsString], gl: Choice, file: PathBuf) -> Result<ExitCode, Failure> {
    serve(app, |directory| {
        Ok(Server::Vtest(Vtest::start(directory, gl, Some(file))?))
    })
}

/// Runs an application with a server that lives in a directory of its own.
fn serve(
    words: &[OsString],
    start: impl FnOnce(&Path) -> Result<Server, Failure>,
) -> Result<ExitCode, Failure> {
    let mut app = App::new(words)?;
    let directory = tempfile::Builder::new()
        .prefix("pixbridge-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    let server = start(directory.path())?;
    match &server {
        Server::Dri3(dri3) => dri3.prepare(&mut app),
        Server::Vtest(vtest) => vtest.prepare(&mut app)?,
    }
    let status = app.run()?;
    if let Server::Vtest(vtest) = server {
        vtest.finish();
    }
    Ok(exit_code(status))
}
