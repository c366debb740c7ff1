//! `pixbridge replay`: say again what a recorded application said.

use std::{
    fs::File,
    io::BufReader,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use pixbridge::{
    gl::{Choice, Display},
    pipe::{
        exec::Executor,
        replay::{Frame, Replayer},
        server::{Limits, Session},
        wire::trace::{Record, TraceReader},
    },
};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Trace file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Save frame N (from 1 on) as a PNG file
    #[arg(long, value_name = "N", requires = "out")]
    png: Option<u64>,
    /// Where to save it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replay N times, each on a fresh connection, and print the time of each
    #[arg(long = "loop", value_name = "N", default_value_t = 1)]
    times: u32,
    /// Print a checksum of each frame
    #[arg(long)]
    frames: bool,
    /// Use the vtest server on this socket instead of our own
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
}

impl Replay {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        let records: Vec<Record> =
            TraceReader::new(BufReader::new(File::open(&self.file)?))?.collect::<Result<_, _>>()?;
        for _ in 0..self.times {
            let (frames, time) = self.play(&records, gl)?;
            let seconds = time.as_secs_f64();
            println!(
                "{frames} frames in {seconds:.3} seconds = {:.1} frames/s",
                frames as f64 / seconds
            );
            if self.png.is_some_and(|wanted| wanted > frames) {
                return Err(format!("the trace has {frames} frames").into());
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn play(&self, records: &[Record], gl: Choice) -> Result<(u64, Duration), Failure> {
        let (stream, session) = match &self.server {
            Some(path) => (UnixStream::connect(path)?, None),
            None => {
                let (ours, theirs) = UnixStream::pair()?;
                (ours, Some(thread::spawn(move || serve(theirs, gl))))
            }
        };
        let mut replayer = Replayer::new(stream);
        let mut frames = 0;
        let mut saved = Ok(());
        let begin = Instant::now();
        for record in records {
            replayer.play(record, &mut |frame| {
                frames += 1;
                if self.frames {
                    println!("frame {frames}: {:016x}", frame.checksum());
                }
                if let (Some(wanted), Some(path)) = (self.png, &self.out)
                    && wanted == frames
                {
                    saved = save(&frame, path);
                }
            })?;
        }
        let time = begin.elapsed();
        drop(replayer);
        saved?;
        match session.map(thread::JoinHandle::join) {
            Some(Ok(Err(error))) => Err(error.into()),
            Some(Err(_)) => Err("the session panicked".into()),
            Some(Ok(Ok(()))) | None => Ok((frames, time)),
        }
    }
}

/// A session in this process.
fn serve(stream: UnixStream, gl: Choice) -> Result<(), String> {
    let display = Display::open(gl).map_err(|error| error.to_string())?;
    let executor = Executor::new(display).map_err(|error| error.to_string())?;
    Session::new(stream, executor, Limits::default())
        .run()
        .map_err(|error| error.to_string())
}

fn save(frame: &Frame, path: &PathBuf) -> Result<(), Failure> {
    let rgb = frame
        .rgb()
        .ok_or_else(|| format!("frames of format {} cannot be saved", frame.format))?;
    let mut encoder = png::Encoder::new(
        std::io::BufWriter::new(File::create(path)?),
        frame.width,
        frame.height,
    );
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&rgb)?;
    Ok(())
}
