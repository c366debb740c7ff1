//! Programs made up at random: straight lines, conditionals and loops over registers of floats and of integers.
//!
//! Registers keep to one kind mostly, since the bits of small integers are denormals as floats and say nothing then.
//! Float arithmetic is marked precise, so that no compiler may compute something else that is as good.

use std::fmt::Write;

use crate::pipe::tgsi::Opcode;

/// Invocations that run a program, each with inputs of its own.
pub(super) const INVOCATIONS: usize = 16;
/// Constants that an invocation reads.
pub(super) const INPUTS: usize = 4;
/// Outputs: TEMP[0..3] hold floats in the end, TEMP[4..7] integers.
pub(super) const OUTPUTS: usize = 8;
/// The array of temporaries and its length.
const ARRAY: (usize, usize) = (10, 4);

/// A sequence of numbers that look random (xorshift).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.below(2);
        random
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % n
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A float as shaders have them.
    pub(super) fn float(&mut self) -> u32 {
        let value = match self.below(4) {
            0 => self.pick(&[0.0, 1.0, -1.0, 0.5, 2.0, -0.25, 1e-6, 1e7, -65504.0, 3.0]),
            1 => self.below(2000) as f32 - 1000.0,
            _ => (self.below(1 << 20) as f32 - 524_288.0) / 4096.0,
        };
        value.to_bits()
    }

    /// An integer, of those at the ends of their ranges above all.
    pub(super) fn integer(&mut self) -> u32 {
        match self.below(4) {
            0 => self.pick(&[0, 1, 31, 32, 33, u32::MAX, 0x7fff_ffff, 0x8000_0000, 0xffff, 2]),
            1 => self.below(64) as u32,
            2 => (self.below(2000) as u32).wrapping_sub(1000),
            _ => self.below(1 << 32) as u32,
        }
    }
}

/// The kind of numbers in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Floats,
    Integers,
}

use Holds::{Floats, Integers};
use Opcode as O;

/// Opcodes with what they give and take.
const MENU: &[(Holds, Holds, &[Opcode])] = &[
    (
        Floats,
        Floats,
        &[
            O::Mov,
            O::Add,
            O::Mul,
            O::Sub,
            O::Mad,
            O::Lrp,
            O::Div,
            O::Rcp,
            O::Rsq,
            O::Sqrt,
            O::Ex2,
            O::Lg2,
            O::Pow,
            O::Sin,
            O::Cos,
            O::Dp2,
            O::Dp3,
            O::Dp4,
            O::Frc,
            O::Flr,
            O::Ceil,
            O::Trunc,
            O::Round,
            O::Ssg,
            O::Abs,
            O::Min,
            O::Max,
            O::Slt,
            O::Sge,
            O::Seq,
            O::Sgt,
            O::Sle,
            O::Sne,
            O::Cmp,
            O::Add,
            O::Mul,
            O::Min,
            O::Max,
            O::Mov,
            O::Flr,
        ],
    ),
    (
        Integers,
        Integers,
        &[
            O::Mov,
            O::Uadd,
            O::Umul,
            O::Umad,
            O::ImulHi,
            O::UmulHi,
            O::Udiv,
            O::Umod,
            O::Idiv,
            O::Mod,
            O::Umax,
            O::Umin,
            O::Imax,
            O::Imin,
            O::And,
            O::Or,
            O::Xor,
            O::Not,
            O::Shl,
            O::Ushr,
            O::Ishr,
            O::Ineg,
            O::Iabs,
            O::Issg,
            O::Ibfe,
            O::Ubfe,
            O::Bfi,
            O::Brev,
            O::Popc,
            O::Lsb,
            O::Imsb,
            O::Umsb,
            O::Isge,
            O::Islt,
            O::Useq,
            O::Usge,
            O::Uslt,
            O::Usne,
            O::Ucmp,
        ],
    ),
    (
        Integers,
        Floats,
        &[O::Fseq, O::Fsne, O::Fslt, O::Fsge, O::F2i, O::F2u],
    ),
    (Floats, Integers, &[O::I2f, O::U2f, O::Up2h]),
];

const DOUBLES: &[Opcode] = &[
    O::Dadd,
    O::Dmul,
    O::Dmax,
    O::Dmin,
    O::Dabs,
    O::Dneg,
    O::Dssg,
    O::Dfrac,
    O::Dtrunc,
    O::Dceil,
    O::Dflr,
    O::Dround,
    O::Dldexp,
];

const LONGS: &[Opcode] = &[
    O::I64abs,
    O::I64neg,
    O::I64ssg,
    O::I64min,
    O::I64max,
    O::I64shr,
    O::I64div,
    O::I64mod,
    O::U64add,
    O::U64mul,
    O::U64min,
    O::U64max,
    O::U64shl,
    O::U64shr,
    O::U64div,
    O::U64mod,
];

/// Opcodes that never see a denormal or NaN come out of numbers, and need not be precise.
fn needs_precision(opcode: Opcode) -> bool {
    matches!(
        opcode,
        O::Add | O::Sub | O::Mul | O::Dadd | O::Dmul | O::Frc | O::Dfrac
    )
}

/// A program while it is written.
struct Writer {
    random: Random,
    text: String,
    longs: bool,
    depth: usize,
}

/// The text of program `seed`, with 64-bit integers if the host has them.
pub(super) fn program(seed: u64, longs: bool) -> String {
    let mut random = Random::new(seed);
    let mut text = String::from("FRAG\nDCL IN[0], POSITION, LINEAR\n");
    for n in 0..OUTPUTS {
        let _ = writeln!(text, "DCL OUT[{n}], COLOR[{n}]");
    }
    let _ = writeln!(text, "DCL CONST[0..{}]", INVOCATIONS * INPUTS - 1);
    let (first, len) = ARRAY;
    let _ = writeln!(text, "DCL TEMP[{first}..{}], ARRAY(1), LOCAL", first + len - 1);
    text += "DCL TEMP[0..9]\nDCL TEMP[14..20]\nDCL ADDR[0..1]\nIMM[0] UINT32 {4, 1, 3, 0}\n";
    for n in 1..4 {
        let words: [u32; 4] = std::array::from_fn(|_| if n == 1 { random.float() } else { random.integer() });
        let _ = writeln!(
            text,
            "IMM[{n}] UINT32 {{{}, {}, {}, {}}}",
            words[0], words[1], words[2], words[3]
        );
    }
    text += "F2U TEMP[8].x, IN[0].xxxx\nUMUL TEMP[8].x, TEMP[8].xxxx, IMM[0].xxxx\nUARL ADDR[0].x, TEMP[8].xxxx\n";
    for n in 0..4 {
        let _ = writeln!(text, "MOV TEMP[{n}], CONST[ADDR[0].x+{}]", n % 2);
        let _ = writeln!(text, "MOV TEMP[{}], CONST[ADDR[0].x+{}]", n + 4, 2 + n % 2);
        let _ = writeln!(text, "MOV TEMP[{}], CONST[ADDR[0].x+{}]", first + n, 2 + n % 2);
    }
    text += "F2D TEMP[14], TEMP[0]\nI2D TEMP[15], TEMP[4]\n";
    if longs {
        text += "I2I64 TEMP[18], TEMP[4]\nU2I64 TEMP[19], TEMP[5]\n";
    }
    let mut writer = Writer {
        random,
        text,
        longs,
        depth: 0,
    };
    writer.block(18);
    for n in 0..OUTPUTS {
        let _ = writeln!(writer.text, "MOV OUT[{n}], TEMP[{n}]");
    }
    writer.text += "END\n";
    writer.text
}

impl Writer {
    fn block(&mut self, statements: usize) {
        for _ in 0..statements {
            match self.random.below(12) {
                0 if self.depth < 3 => self.conditional(),
                1 if self.depth < 2 => self.counted_loop(),
                2 => self.array(),
                3 => self.double(),
                4 if self.longs => self.long(),
                _ => self.instruction(),
            }
        }
    }

    fn conditional(&mut self) {
        let register = 4 + self.random.below(4);
        let swizzle = self.replicated();
        let _ = writeln!(self.text, "UIF TEMP[{register}].{swizzle}");
        self.depth += 1;
        self.block(2);
        if self.random.once_in(2) {
            self.text += "ELSE\n";
            self.block(2);
        }
        self.depth -= 1;
        self.text += "ENDIF\n";
    }

    /// A loop with a counter that no other instruction writes; perhaps left earlier.
    fn counted_loop(&mut self) {
        let counter = 16 + self.depth;
        let _ = write!(
            self.text,
            "MOV TEMP[{counter}].x, IMM[0].wwww\nBGNLOOP\nUSGE TEMP[{counter}].y, TEMP[{counter}].xxxx, IMM[0].zzzz\n\
             UIF TEMP[{counter}].yyyy\nBRK\nENDIF\nUADD TEMP[{counter}].x, TEMP[{counter}].xxxx, IMM[0].yyyy\n"
        );
        self.depth += 1;
        self.block(2);
        if self.random.once_in(2) {
            let leave = self.random.pick(&["BRK", "CONT"]);
            let register = 4 + self.random.below(4);
            let _ = writeln!(self.text, "UIF TEMP[{register}].xxxx\n{leave}\nENDIF");
            self.block(1);
        }
        self.depth -= 1;
        self.text += "ENDLOOP\n";
    }

    /// A write to an element of the array and a read of another.
    fn array(&mut self) {
        let first = ARRAY.0;
        for access in ["write", "read"] {
            let register = 4 + self.random.below(4);
            let swizzle = self.replicated();
            let _ = writeln!(
                self.text,
                "AND TEMP[9].x, TEMP[{register}].{swizzle}, IMM[0].zzzz"
            );
            self.text += "UARL ADDR[1].x, TEMP[9].xxxx\n";
            let other = 4 + self.random.below(4);
            let _ = match access {
                "write" => writeln!(self.text, "MOV TEMP[ADDR[1].x+{first}](1), TEMP[{other}]"),
                _ => writeln!(self.text, "MOV TEMP[{other}], TEMP[ADDR[1].x+{first}](1)"),
            };
        }
    }

    /// Arithmetic on pairs of words, and a look at its result.
    fn double(&mut self) {
        let opcode = self.random.pick(DOUBLES);
        let (to, from, other) = (
            14 + self.random.below(2),
            14 + self.random.below(2),
            14 + self.random.below(2),
        );
        let precise = if needs_precision(opcode) { "_PRECISE" } else { "" };
        let minus = if self.random.once_in(4) { "-" } else { "" };
        let swizzle = self.random.pick(&["", ".zwxy", ".xyxy"]);
        let _ = write!(
            self.text,
            "{}{precise} TEMP[{to}], {minus}TEMP[{from}]{swizzle}",
            opcode.mnemonic()
        );
        let second = match opcode {
            O::Dldexp => format!(", IMM[0].yyz{}", self.random.pick(&["x", "y"])),
            _ if opcode.sources() == 2 => format!(", TEMP[{other}]"),
            _ => String::new(),
        };
        let _ = writeln!(self.text, "{second}");
        let look = self
            .random
            .pick(&["D2F TEMP[0].yz", "D2I TEMP[5].xw", "D2U TEMP[6].zw"]);
        let _ = writeln!(self.text, "{look}, TEMP[{to}]");
        let compare = self.random.pick(&["DSLT", "DSGE", "DSEQ", "DSNE"]);
        let _ = writeln!(self.text, "{compare} TEMP[7].xz, TEMP[{to}], TEMP[{other}]");
    }

    /// Arithmetic on 64-bit integers, and a look at its result.
    fn long(&mut self) {
        let opcode = self.random.pick(LONGS);
        let [to, from, other] = [(); 3].map(|()| 18 + self.random.below(2));
        let second = match opcode {
            O::I64shr | O::U64shr | O::U64shl => format!(", TEMP[{}].{}", 4 + other % 4, self.swizzle()),
            _ if opcode.sources() == 2 => format!(", TEMP[{other}]"),
            _ => String::new(),
        };
        let swizzle = self.random.pick(&["", ".zwxy", ".xyxy"]);
        let name = opcode.mnemonic();
        let _ = writeln!(self.text, "{name} TEMP[{to}], TEMP[{from}]{swizzle}{second}");
        let compare = self
            .random
            .pick(&["I64SLT", "I64SGE", "U64SLT", "U64SGE", "U64SEQ", "U64SNE"]);
        let _ = writeln!(self.text, "{compare} TEMP[7].xz, TEMP[{to}], TEMP[{other}]");
        let _ = writeln!(self.text, "MOV TEMP[6], TEMP[{to}]");
    }

    fn instruction(&mut self) {
        let (gives, takes, opcodes) = match self.random.below(8) {
            0 => MENU[2],
            1 => MENU[3],
            2..=4 => MENU[0],
            _ => MENU[1],
        };
        let opcode = self.random.pick(opcodes);
        let to = if gives == Floats { 0 } else { 4 } + self.random.below(4);
        let saturate = gives == Floats && takes == Floats && self.random.once_in(8);
        let precise = needs_precision(opcode) || self.random.once_in(8);
        let mask = self.random.pick(&["", ".x", ".yz", ".xyw", ".w", ".zw"]);
        let _ = write!(
            self.text,
            "{}{}{} TEMP[{to}]{mask}",
            opcode.mnemonic(),
            if saturate { "_SAT" } else { "" },
            if precise { "_PRECISE" } else { "" },
        );
        for n in 0..opcode.sources() {
            // Shift counts and the like are small.
            let small = n > 0 && matches!(opcode, O::Ibfe | O::Ubfe) || n > 1 && opcode == O::Bfi;
            // Mesa 22.3 folds the high words of products of constants wrongly.
            let product = n == 0 && matches!(opcode, O::ImulHi | O::UmulHi);
            let source = if small && !self.random.once_in(4) {
                format!("IMM[0].{}", self.swizzle())
            } else if product {
                format!("CONST[ADDR[0].x+2].{}", self.swizzle())
            } else {
                self.source(takes)
            };
            let _ = write!(self.text, ", {source}");
        }
        self.text.push('\n');
    }

    fn source(&mut self, holds: Holds) -> String {
        let register = match (holds, self.random.below(8)) {
            (Floats, 0) => "IMM[1]".to_owned(),
            (Integers, 0) => format!("IMM[{}]", 2 + self.random.below(2)),
            (Floats, 1) => format!("CONST[ADDR[0].x+{}]", self.random.below(2)),
            (Integers, 1) => format!("CONST[ADDR[0].x+{}]", 2 + self.random.below(2)),
            (Floats, _) => format!("TEMP[{}]", self.random.below(4)),
            (Integers, _) => format!("TEMP[{}]", 4 + self.random.below(4)),
        };
        let text = format!("{register}.{}", self.swizzle());
        match self.random.below(10) {
            0 => format!("-{text}"),
            1 if holds == Floats => format!("|{text}|"),
            2 if holds == Floats => format!("-|{text}|"),
            _ => text,
        }
    }

    fn swizzle(&mut self) -> String {
        (0..4).map(|_| self.random.pick(&['x', 'y', 'z', 'w'])).collect()
    }

    fn replicated(&mut self) -> &'static str {
        self.random.pick(&["xxxx", "yyyy", "zzzz", "wwww"])
    }
}
