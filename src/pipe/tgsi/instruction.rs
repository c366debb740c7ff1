//! Reading instructions, and the nesting of their blocks.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::declaration::format_name;
use super::error::{ParseError, ParseErrorKind};
use super::lexer::Cursor;
use super::names::Named;
use super::operand::{destination, source, texel_offset};
use super::*;

/// Deepest nesting of conditionals and loops. Compilers behind the translator recurse over blocks.
const MAX_NESTING: usize = 256;
/// Most texel offsets of an instruction.
const MAX_OFFSETS: usize = 4;
/// Longer than any mnemonic with its suffixes.
const MAX_MNEMONIC: usize = 40;

static MNEMONICS: LazyLock<HashMap<&'static str, Opcode>> =
    LazyLock::new(|| Opcode::ALL.iter().map(|&o| (o.mnemonic(), o)).collect());

/// An opcode and its `_SAT` and `_PRECISE` suffixes.
struct Mnemonic {
    opcode: Opcode,
    saturate: bool,
    precise: bool,
}

impl Mnemonic {
    fn from_word(word: &str) -> Option<Self> {
        let mut buffer = [0; MAX_MNEMONIC];
        let upper = buffer.get_mut(..word.len())?;
        upper.copy_from_slice(word.as_bytes());
        upper.make_ascii_uppercase();
        let word = str::from_utf8(upper).ok()?;
        let (stem, precise) = strip(word, "_PRECISE");
        let (stem, saturate) = strip(stem, "_SAT");
        let &opcode = MNEMONICS.get(stem)?;
        Some(Mnemonic {
            opcode,
            saturate,
            precise,
        })
    }
}

/// `word` without `suffix`, and whether it had it.
fn strip<'w>(word: &'w str, suffix: &str) -> (&'w str, bool) {
    word.strip_suffix(suffix)
        .map_or((word, false), |stem| (stem, true))
}

/// Reads an instruction whose first word, at byte `start`, is `word`: its number or its mnemonic.
pub(super) fn instruction<'t>(
    cursor: &mut Cursor<'t>,
    mut start: usize,
    mut word: &'t str,
    nesting: &mut Nesting,
) -> Result<Instruction, ParseError> {
    if word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty() {
        cursor.expect(b':', "`:` after an instruction number")?;
        cursor.skip_space();
        start = cursor.position();
        word = cursor.word();
    }
    if word.is_empty() {
        return Err(cursor.expected_at(start, "a statement"));
    }
    let Some(mnemonic) = Mnemonic::from_word(word) else {
        return Err(cursor.error(start, ParseErrorKind::UnknownOpcode(cursor.quote(start))));
    };
    let opcode = mnemonic.opcode;
    nesting.enter(opcode).map_err(|kind| cursor.error(start, kind))?;
    let (destinations, sources) = operands(cursor, opcode)?;
    let mut instruction = Instruction {
        opcode,
        saturate: mnemonic.saturate,
        precise: mnemonic.precise,
        destinations,
        sources,
        texture: None,
        offsets: Vec::new(),
        memory: MemoryQualifiers::default(),
        format: None,
        label: None,
    };
    match opcode.operation() {
        Operation::Alu => {}
        Operation::Texture => texture(cursor, &mut instruction)?,
        Operation::Memory => memory(cursor, &mut instruction)?,
        Operation::Flow if cursor.eat(b':') => {
            instruction.label = Some(cursor.uint("a label", u32::MAX)?);
        }
        Operation::Flow => {}
    }
    Ok(instruction)
}

fn operands(cursor: &mut Cursor, opcode: Opcode) -> Result<(Vec<Destination>, Vec<Source>), ParseError> {
    let mut destinations = Vec::with_capacity(opcode.destinations());
    let mut sources = Vec::with_capacity(opcode.sources());
    for i in 0..opcode.destinations() + opcode.sources() {
        if i > 0 {
            cursor.expect(b',', "`,` and an operand")?;
        }
        if i < opcode.destinations() {
            destinations.push(destination(cursor)?);
        } else {
            sources.push(source(cursor)?);
        }
    }
    Ok((destinations, sources))
}

/// `, target {, offset}`
fn texture(cursor: &mut Cursor, instruction: &mut Instruction) -> Result<(), ParseError> {
    cursor.expect(b',', "`,` and a texture target")?;
    instruction.texture = Some(cursor.name("a texture target")?);
    while cursor.eat(b',') {
        if instruction.offsets.len() == MAX_OFFSETS {
            let (what, limit) = ("texel offsets", MAX_OFFSETS);
            return Err(cursor.error(cursor.position(), ParseErrorKind::TooMany { what, limit }));
        }
        instruction.offsets.push(texel_offset(cursor)?);
    }
    Ok(())
}

/// Qualifiers, target and format, in any order.
fn memory(cursor: &mut Cursor, instruction: &mut Instruction) -> Result<(), ParseError> {
    while cursor.eat(b',') {
        cursor.skip_space();
        let start = cursor.position();
        let word = cursor.word();
        if let Some(texture) = Texture::from_word(word) {
            instruction.texture = Some(texture);
        } else if let Some(name) = format_name(word) {
            instruction.format = name;
        } else if word.eq_ignore_ascii_case("COHERENT") {
            instruction.memory.coherent = true;
        } else if word.eq_ignore_ascii_case("RESTRICT") {
            instruction.memory.restrict = true;
        } else if word.eq_ignore_ascii_case("VOLATILE") {
            instruction.memory.volatile = true;
        } else {
            return Err(cursor.expected_at(start, "a memory qualifier, texture target or format"));
        }
    }
    Ok(())
}

/// A block that an instruction has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    If,
    Else,
    Loop,
}

/// The blocks that are open at some point of the text, innermost last.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    open: Vec<Block>,
    loops: usize,
}

impl Nesting {
    /// Opens and closes blocks as `opcode` does.
    fn enter(&mut self, opcode: Opcode) -> Result<(), ParseErrorKind> {
        let innermost = self.open.last().copied();
        let not_open = |opener| ParseErrorKind::NotOpen {
            opcode: opcode.mnemonic(),
            opener,
        };
        match (opcode, innermost) {
            (Opcode::If | Opcode::Uif, _) => self.push(Block::If)?,
            (Opcode::Else, Some(Block::If)) => {
                self.open.pop();
                self.open.push(Block::Else);
            }
            (Opcode::Else, _) => return Err(not_open("IF or UIF")),
            (Opcode::Endif, Some(Block::If | Block::Else)) => {
                self.open.pop();
            }
            (Opcode::Endif, _) => return Err(not_open("IF or UIF")),
            (Opcode::Bgnloop, _) => {
                self.push(Block::Loop)?;
                self.loops += 1;
            }
            (Opcode::Endloop, Some(Block::Loop)) => {
                self.open.pop();
                self.loops -= 1;
            }
            (Opcode::Endloop, _) => return Err(not_open("BGNLOOP")),
            (Opcode::Brk | Opcode::Cont, _) if self.loops == 0 => return Err(not_open("BGNLOOP")),
            (Opcode::End, Some(Block::Loop)) => return Err(ParseErrorKind::StillOpen("BGNLOOP")),
            (Opcode::End, Some(Block::If)) => return Err(ParseErrorKind::StillOpen("IF or UIF")),
            (Opcode::End, Some(Block::Else)) => return Err(ParseErrorKind::StillOpen("ELSE")),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, block: Block) -> Result<(), ParseErrorKind> {
        if self.open.len() == MAX_NESTING {
            let (what, limit) = ("nested blocks", MAX_NESTING);
            return Err(ParseErrorKind::TooMany { what, limit });
        }
        self.open.push(block);
        Ok(())
    }
}
