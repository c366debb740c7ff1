//! The file of recorded pipe traffic: what `record` writes and `replay` needs, described in `docs/trace-format.md`.

use std::io::{self, Read, Write};

use super::virgl::command::ResourceId;

/// The first bytes of a trace.
pub const MAGIC: [u8; 8] = *b"pixtrace";
/// The version written, and the only one read.
pub const VERSION: u32 = 1;
/// The longest record, in bytes.
pub const MAX_RECORD: usize = 320 << 20;

const KIND_REQUEST: u32 = 1;
const KIND_MEMORY: u32 = 2;
const KIND_END: u32 = 3;

/// Why a file is not a trace.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TraceError {
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("the file is not a trace")]
    Magic,
    #[error("the trace has version {0}; this program reads version {VERSION}")]
    Version(u32),
    #[error("record {number} of kind {kind} has {bytes} bytes")]
    Length { number: u64, kind: u32, bytes: u64 },
    #[error("record {number} is of the unknown kind {kind}")]
    Kind { number: u64, kind: u32 },
    #[error("the trace ends in the middle of record {0}")]
    Truncated(u64),
}

/// A record of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A request of the client, header included, as it stood on the socket.
    Request(Vec<u8>),
    /// What the client had written into shared memory by the time of the next request.
    Memory {
        /// Whose memory.
        resource: ResourceId,
        /// Where in it.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Writes a trace.
#[derive(Debug)]
pub struct TraceWriter<W> {
    out: W,
}

impl<W: Write> TraceWriter<W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// Of the file.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        Ok(Self { out })
    }

    /// Adds a request.
    ///
    /// # Errors
    /// Of the file.
    pub fn request(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.head(KIND_REQUEST, bytes.len())?;
        self.out.write_all(bytes)
    }

    /// Adds contents of guest memory.
    ///
    /// # Errors
    /// Of the file.
    pub fn memory(&mut self, resource: ResourceId, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.head(KIND_MEMORY, bytes.len() + 12)?;
        self.out.write_all(&resource.0.to_le_bytes())?;
        self.out.write_all(&offset.to_le_bytes())?;
        self.out.write_all(bytes)
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// Of the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.head(KIND_END, 0)?;
        self.out.flush()
    }

    fn head(&mut self, kind: u32, bytes: usize) -> io::Result<()> {
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&(bytes as u32).to_le_bytes())
    }
}

/// Reads a trace, record by record.
#[derive(Debug)]
pub struct TraceReader<R> {
    input: R,
    number: u64,
    ended: bool,
}

impl<R: Read> TraceReader<R> {
    /// Opens a trace.
    ///
    /// # Errors
    /// If it is none, or one of another version.
    pub fn new(mut input: R) -> Result<Self, TraceError> {
        let mut head = [0; 12];
        input.read_exact(&mut head).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TraceError::Magic,
            _ => error.into(),
        })?;
        if head[..8] != MAGIC {
            return Err(TraceError::Magic);
        }
        match u32::from_le_bytes([head[8], head[9], head[10], head[11]]) {
            VERSION => Ok(Self {
                input,
                number: 0,
                ended: false,
            }),
            other => Err(TraceError::Version(other)),
        }
    }

    fn word(&mut self) -> Result<u32, TraceError> {
        let mut bytes = [0; 4];
        self.exactly(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), TraceError> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TraceError::Truncated(self.number),
            _ => error.into(),
        })
    }

    /// Reads `length` bytes without believing that there are so many.
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, TraceError> {
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        if read < length {
            Err(TraceError::Truncated(self.number))
        } else {
            Ok(bytes)
        }
    }

    /// The next record; `None` behind the last.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn next_record(&mut self) -> Result<Option<Record>, TraceError> {
        if self.ended {
            return Ok(None);
        }
        self.number += 1;
        let (kind, length) = (self.word()?, self.word()? as usize);
        let bad = TraceError::Length {
            number: self.number,
            kind,
            bytes: length as u64,
        };
        if length > MAX_RECORD {
            return Err(bad);
        }
        match kind {
            KIND_REQUEST => Ok(Some(Record::Request(self.bytes(length)?))),
            KIND_MEMORY if length >= 12 => {
                let resource = ResourceId(self.word()?);
                let (low, high) = (self.word()?, self.word()?);
                let offset = u64::from(high) << 32 | u64::from(low);
                Ok(Some(Record::Memory {
                    resource,
                    offset,
                    bytes: self.bytes(length - 12)?,
                }))
            }
            KIND_END if length == 0 => {
                self.ended = true;
                Ok(None)
            }
            KIND_MEMORY | KIND_END => Err(bad),
            _ => Err(TraceError::Kind {
                number: self.number,
                kind,
            }),
        }
    }
}

impl<R: Read> Iterator for TraceReader<R> {
    type Item = Result<Record, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.next_record().transpose();
        if matches!(record, Some(Err(_))) {
            self.ended = true;
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = TraceWriter::new(&mut file).expect("memory can be written");
        writer.request(b"hello").expect("memory can be written");
        writer
            .memory(ResourceId(7), 1 << 40, &[1, 2, 3])
            .expect("memory can be written");
        writer.finish().expect("memory can be written");
        file
    }

    #[test]
    fn what_is_written_is_read_back() {
        let file = example();
        let records: Result<Vec<_>, _> = TraceReader::new(&file[..]).expect("a trace").collect();
        let memory = Record::Memory {
            resource: ResourceId(7),
            offset: 1 << 40,
            bytes: vec![1, 2, 3],
        };
        assert_eq!(
            records.expect("whole records"),
            [Record::Request(b"hello".to_vec()), memory]
        );
    }

    #[test]
    fn every_truncation_is_an_error_and_never_a_shorter_trace() {
        let file = example();
        for end in 0..file.len() {
            let read =
                TraceReader::new(&file[..end]).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            assert!(read.is_err(), "{end} bytes of {}", file.len());
        }
    }

    #[test]
    fn a_length_beyond_all_reason_is_refused_before_it_is_allocated() {
        let mut file = example();
        file[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        let first = TraceReader::new(&file[..]).expect("a trace").next();
        assert!(matches!(first, Some(Err(TraceError::Length { .. }))));
    }
}
