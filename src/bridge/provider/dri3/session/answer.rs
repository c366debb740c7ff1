//! What the session answers, from its bytes.

#![forbid(unsafe_code)]

use rustix::io::Errno;

use crate::pipe::{
    resource::{ExportLayout, Placement},
    wire::vtest::{HEADER_BYTES, RequestKind},
};

/// Words that an answer has at most.
const MAX_WORDS: usize = 64;

/// How the session's answers break its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerError {
    /// Longer than any answer.
    #[error("an answer of {0} words")]
    Length(u32),
    /// To something that was never asked.
    #[error("an answer to command {0:#x}, which was not asked")]
    Unasked(u32),
    /// Fewer words than the answer has.
    #[error("an answer to command {command:#x} of only {words} words")]
    Short { command: u32, words: usize },
    /// A number that means nothing.
    #[error("a picture placed by way {0}")]
    Placement(u32),
}

/// An answer, as far as its words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// To the question for the extension: its version, if it is there.
    Extension(Option<u32>),
    /// To RESOURCE_EXPORT. A descriptor follows where the layout is given.
    Exported(Result<ExportLayout, Errno>),
    /// To RESOURCE_IMPORT.
    Imported(Result<ExportLayout, Errno>),
    /// To RESOLVE and UPLOAD, by their serial number.
    Done { serial: u32, result: Result<(), Errno> },
}

impl Answer {
    /// Takes the first answer from `bytes`, and says how many they were; `None` if they are too few.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, AnswerError> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let word = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
        let (length, command) = match header.as_chunks().0 {
            [length, command] => (word(length), word(command)),
            _ => return Ok(None),
        };
        let words = usize::try_from(length).ok().filter(|words| *words <= MAX_WORDS);
        let words = words.ok_or(AnswerError::Length(length))?;
        let Some(body) = rest.get(..words * 4) else {
            return Ok(None);
        };
        let body: Vec<u32> = body.as_chunks().0.iter().map(word).collect();
        Ok(Some((Self::of(command, &body)?, HEADER_BYTES + words * 4)))
    }

    fn of(command: u32, body: &[u32]) -> Result<Self, AnswerError> {
        let words = body.len();
        let short = AnswerError::Short { command, words };
        match (RequestKind::from_wire(command), body) {
            (Some(RequestKind::GetParam), [valid, version, ..]) => {
                Ok(Self::Extension((*valid != 0).then_some(*version)))
            }
            (Some(RequestKind::ResourceExport), [0, rest @ ..]) => {
                let [placement, width, height, layout @ ..] = rest.first_chunk::<10>().ok_or(short)?;
                Ok(Self::Exported(Ok(picture(
                    *placement,
                    [*width, *height],
                    *layout,
                )?)))
            }
            (Some(RequestKind::ResourceImport), [0, rest @ ..]) => {
                let description = rest.first_chunk::<17>().ok_or(short)?;
                let [_, _, _, width, height, _, _, _, _, placement, layout @ ..] = description;
                Ok(Self::Imported(Ok(picture(
                    *placement,
                    [*width, *height],
                    *layout,
                )?)))
            }
            (Some(RequestKind::ResourceExport), [status, ..]) => Ok(Self::Exported(Err(errno(*status)))),
            (Some(RequestKind::ResourceImport), [status, ..]) => Ok(Self::Imported(Err(errno(*status)))),
            (Some(RequestKind::Resolve | RequestKind::Upload), [serial, status, ..]) => Ok(Self::Done {
                serial: *serial,
                result: if *status == 0 { Ok(()) } else { Err(errno(*status)) },
            }),
            (
                Some(
                    RequestKind::GetParam
                    | RequestKind::ResourceExport
                    | RequestKind::ResourceImport
                    | RequestKind::Resolve
                    | RequestKind::Upload,
                ),
                _,
            ) => Err(short),
            _ => Err(AnswerError::Unasked(command)),
        }
    }
}

fn errno(status: u32) -> Errno {
    // The kernel's numbers end at 4095; another one is no reason to lose the session.
    let known = i32::try_from(status)
        .ok()
        .filter(|number| (1..4096).contains(number));
    known.map_or(Errno::INVAL, Errno::from_raw_os_error)
}

/// From the words of both answers that describe a picture: fourcc, stride, offset, modifier, size.
fn picture(placement: u32, [width, height]: [u32; 2], layout: [u32; 7]) -> Result<ExportLayout, AnswerError> {
    let [
        fourcc,
        stride,
        offset,
        modifier_low,
        modifier_high,
        size_low,
        size_high,
    ] = layout;
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Ok(ExportLayout {
        placement: match placement {
            1 => Placement::InPlace,
            2 => Placement::Dmabuf,
            3 => Placement::Copied,
            other => return Err(AnswerError::Placement(other)),
        },
        width,
        height,
        fourcc,
        stride,
        offset,
        modifier: join(modifier_low, modifier_high),
        size: join(size_low, size_high),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(kind: RequestKind, body: &[u32]) -> Vec<u8> {
        let head = [u32::try_from(body.len()).unwrap(), kind.to_wire()];
        head.iter()
            .chain(body)
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    const LAYOUT: ExportLayout = ExportLayout {
        placement: Placement::InPlace,
        width: 300,
        height: 200,
        fourcc: 0x3432_5258,
        stride: 1216,
        offset: 4096,
        modifier: 5 << 32 | 3,
        size: 1 << 32 | 9,
    };

    #[test]
    fn both_descriptions_of_a_picture_are_the_same() {
        let tail = [0x3432_5258, 1216, 4096, 3, 5, 9, 1];
        let exported = [&[0, 1, 300, 200][..], &tail].concat();
        let (found, _) = Answer::parse(&answer(RequestKind::ResourceExport, &exported))
            .unwrap()
            .unwrap();
        assert_eq!(found, Answer::Exported(Ok(LAYOUT)));
        let imported = [&[0, 2, 2, 0, 300, 200, 1, 1, 0, 0, 1][..], &tail].concat();
        let (found, _) = Answer::parse(&answer(RequestKind::ResourceImport, &imported))
            .unwrap()
            .unwrap();
        assert_eq!(found, Answer::Imported(Ok(LAYOUT)));
    }

    #[test]
    fn a_refusal_needs_no_more_than_its_status() {
        let refused = answer(RequestKind::ResourceImport, &[9]);
        let found = Answer::parse(&refused).unwrap();
        assert_eq!(found, Some((Answer::Imported(Err(Errno::BADF)), 12)));
        let strange = answer(RequestKind::Resolve, &[7, u32::MAX]);
        let result = Err(Errno::INVAL);
        assert_eq!(
            Answer::parse(&strange).unwrap(),
            Some((Answer::Done { serial: 7, result }, 16))
        );
    }

    #[test]
    fn half_an_answer_is_none_yet() {
        let whole = answer(RequestKind::Resolve, &[1, 0]);
        for end in 0..whole.len() {
            assert_eq!(Answer::parse(&whole[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_was_not_asked_is_no_answer() {
        let found = Answer::parse(&answer(RequestKind::BusyWait, &[0]));
        assert_eq!(found, Err(AnswerError::Unasked(7)));
        let found = Answer::parse(&answer(RequestKind::ResourceExport, &[0, 1, 2]));
        assert!(
            matches!(found, Err(AnswerError::Short { words: 3, .. })),
            "{found:?}"
        );
        let found = Answer::parse(&[255; 8]);
        assert_eq!(found, Err(AnswerError::Length(u32::MAX)));
    }

    proptest! {
        #[test]
        fn anything_can_be_parsed(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((_, taken))) = Answer::parse(&bytes) {
                prop_assert!(taken <= bytes.len());
            }
        }

        #[test]
        fn any_body_can_be_parsed(minor in 1u32..10, body in prop::collection::vec(any::<u32>(), 0..20)) {
            let kind = RequestKind::from_wire(0x5042_0000 + minor).unwrap();
            let _ = Answer::parse(&answer(kind, &body));
        }
    }
}
