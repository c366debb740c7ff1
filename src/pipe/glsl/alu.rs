//! Opcodes that compute on registers, as a table of GLSL forms.
//!
//! In a form `$n` is source operand n and `@F`, `@I`, `@U` are the constructors of as many floats, ints and uints as
//! the expression is wide.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    value::{Kind, Native, type_name},
};

/// Which channels of the sources an expression takes.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// The written channels, all at once.
    Each,
    /// The written channels, one after the other: GLSL has no vector form.
    Single,
    /// Always x; the result is a scalar.
    First,
    /// Always x; the result is a vec4.
    FirstToFour,
    /// The first n; the result is a scalar.
    Dot(usize),
    /// All four; the result is a vec4.
    Four,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Text(&'static str),
    /// Vector function and scalar operator, giving ~0 or 0.
    Mask(&'static str, &'static str),
    /// The same, giving 1.0 or 0.0.
    One(&'static str, &'static str),
    /// Condition on vectors and on scalars, choosing between sources 1 and 2.
    Select(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    shape: Shape,
    result: Kind,
    sources: [Kind; 4],
    form: Form,
}

const LESS: (&str, &str) = ("lessThan", "<");
const GREATER: (&str, &str) = ("greaterThan", ">");
const LESS_EQUAL: (&str, &str) = ("lessThanEqual", "<=");
const GREATER_EQUAL: (&str, &str) = ("greaterThanEqual", ">=");
const EQUAL: (&str, &str) = ("equal", "==");
const NOT_EQUAL: (&str, &str) = ("notEqual", "!=");

const fn typed(shape: Shape, result: Kind, source: Kind, text: &'static str) -> Option<Rule> {
    Some(Rule {
        shape,
        result,
        sources: [source; 4],
        form: Form::Text(text),
    })
}

const fn float(text: &'static str) -> Option<Rule> {
    typed(Shape::Each, Kind::Float, Kind::Float, text)
}

const fn scalar(text: &'static str) -> Option<Rule> {
    typed(Shape::First, Kind::Float, Kind::Float, text)
}

const fn dot(width: usize, text: &'static str) -> Option<Rule> {
    typed(Shape::Dot(width), Kind::Float, Kind::Float, text)
}

const fn four(shape: Shape, text: &'static str) -> Option<Rule> {
    typed(shape, Kind::Float, Kind::Float, text)
}

const fn uint(text: &'static str) -> Option<Rule> {
    typed(Shape::Each, Kind::Uint, Kind::Uint, text)
}

const fn int(text: &'static str) -> Option<Rule> {
    typed(Shape::Each, Kind::Int, Kind::Int, text)
}

const fn convert(result: Kind, source: Kind, text: &'static str) -> Option<Rule> {
    typed(Shape::Each, result, source, text)
}

const fn mask(source: Kind, (vector, scalar): (&'static str, &'static str)) -> Option<Rule> {
    Some(Rule {
        shape: Shape::Each,
        result: Kind::Uint,
        sources: [source; 4],
        form: Form::Mask(vector, scalar),
    })
}

const fn one((vector, scalar): (&'static str, &'static str)) -> Option<Rule> {
    Some(Rule {
        shape: Shape::Each,
        result: Kind::Float,
        sources: [Kind::Float; 4],
        form: Form::One(vector, scalar),
    })
}

const fn select(condition: Kind, vector: &'static str, scalar: &'static str) -> Option<Rule> {
    Some(Rule {
        shape: Shape::Each,
        result: Kind::Raw,
        sources: [condition, Kind::Raw, Kind::Raw, Kind::Raw],
        form: Form::Select(vector, scalar),
    })
}

const fn mixed(shape: Shape, result: Kind, sources: [Kind; 4], text: &'static str) -> Option<Rule> {
    Some(Rule {
        shape,
        result,
        sources,
        form: Form::Text(text),
    })
}

fn rule(opcode: Opcode) -> Option<Rule> {
    use Opcode as O;
    float_rule(opcode)
        .or_else(|| legacy_rule(opcode))
        .or_else(|| integer_rule(opcode))
        .or(match opcode {
            O::Mov | O::Fbfetch => convert(Kind::Raw, Kind::Raw, "$0"),
            O::Cmp => select(Kind::Float, "lessThan($0,@F(0.0))", "$0<0.0"),
            O::Ucmp => select(Kind::Uint, "notEqual($0,@U(0u))", "$0!=0u"),
            O::Fseq => mask(Kind::Float, EQUAL),
            O::Fsge => mask(Kind::Float, GREATER_EQUAL),
            O::Fslt => mask(Kind::Float, LESS),
            O::Fsne => mask(Kind::Float, NOT_EQUAL),
            O::Isge => mask(Kind::Int, GREATER_EQUAL),
            O::Islt => mask(Kind::Int, LESS),
            O::Useq => mask(Kind::Uint, EQUAL),
            O::Usge => mask(Kind::Uint, GREATER_EQUAL),
            O::Uslt => mask(Kind::Uint, LESS),
            O::Usne => mask(Kind::Uint, NOT_EQUAL),
            O::Arl => convert(Kind::Int, Kind::Float, "@I(floor($0))"),
            O::Arr => convert(Kind::Int, Kind::Float, "@I(roundEven($0))"),
            O::Uarl => int("$0"),
            _ => None,
        })
}

fn float_rule(opcode: Opcode) -> Option<Rule> {
    use Opcode as O;
    match opcode {
        O::Mul => float("$0*$1"),
        O::Add => float("$0+$1"),
        O::Sub => float("$0-$1"),
        O::Mad => float("$0*$1+$2"),
        O::Fma => float("fma($0,$1,$2)"),
        // TGSI weighs the second operand by the first.
        O::Lrp => float("mix($2,$1,$0)"),
        O::Div => float("$0/$1"),
        O::Rcp => scalar("1.0/$0"),
        O::Rsq => scalar("inversesqrt($0)"),
        O::Sqrt => scalar("sqrt($0)"),
        O::Ex2 => scalar("exp2($0)"),
        O::Lg2 => scalar("log2($0)"),
        O::Pow => scalar("pow($0,$1)"),
        O::Ldexp => mixed(
            Shape::Each,
            Kind::Float,
            [Kind::Float, Kind::Int, Kind::Int, Kind::Int],
            "ldexp($0,$1)",
        ),
        O::Sin => scalar("sin($0)"),
        O::Cos => scalar("cos($0)"),
        O::Dp2 => dot(2, "dot($0,$1)"),
        O::Dp3 => dot(3, "dot($0,$1)"),
        O::Dp4 => dot(4, "dot($0,$1)"),
        O::Frc => float("fract($0)"),
        O::Flr => float("floor($0)"),
        O::Ceil => float("ceil($0)"),
        O::Trunc => float("trunc($0)"),
        O::Round => float("roundEven($0)"),
        O::Ssg => float("sign($0)"),
        O::Abs => float("abs($0)"),
        O::Min => float("min($0,$1)"),
        O::Max => float("max($0,$1)"),
        O::Ddx => float("dFdx($0)"),
        O::Ddy => float("dFdy($0)"),
        O::DdxFine => float("dFdxFine($0)"),
        O::DdyFine => float("dFdyFine($0)"),
        O::Slt => one(LESS),
        O::Sge => one(GREATER_EQUAL),
        O::Seq => one(EQUAL),
        O::Sgt => one(GREATER),
        O::Sle => one(LESS_EQUAL),
        O::Sne => one(NOT_EQUAL),
        _ => None,
    }
}

/// Opcodes of clients that do not go through NIR.
fn legacy_rule(opcode: Opcode) -> Option<Rule> {
    use Opcode as O;
    match opcode {
        O::Dph => dot(4, "dot(vec4($0.xyz,1.0),$1)"),
        // GLSL's pow(0, 0) is undefined, LIT's is 1.
        O::Lit => four(
            Shape::Four,
            "vec4(1.0,max($0.x,0.0),$0.x>0.0?\
             ($0.w==0.0?1.0:pow(max($0.y,0.0),clamp($0.w,-128.0,128.0))):0.0,1.0)",
        ),
        O::Exp => four(Shape::FirstToFour, "vec4(exp2(floor($0)),fract($0),exp2($0),1.0)"),
        O::Log => four(
            Shape::FirstToFour,
            "vec4(floor(log2(abs($0))),abs($0)/exp2(floor(log2(abs($0)))),log2(abs($0)),1.0)",
        ),
        O::Dst => four(Shape::Four, "vec4(1.0,$0.y*$1.y,$0.z,$1.w)"),
        O::Xpd => four(Shape::Four, "vec4(cross($0.xyz,$1.xyz),1.0)"),
        O::Scs => four(Shape::FirstToFour, "vec4(cos($0),sin($0),0.0,1.0)"),
        O::Pk2h => typed(Shape::Dot(2), Kind::Uint, Kind::Float, "packHalf2x16($0)"),
        O::Up2h => typed(
            Shape::FirstToFour,
            Kind::Float,
            Kind::Uint,
            "vec4(unpackHalf2x16($0).xyxy)",
        ),
        _ => None,
    }
}

fn integer_rule(opcode: Opcode) -> Option<Rule> {
    use Opcode as O;
    match opcode {
        O::Uadd => uint("$0+$1"),
        O::Umul => uint("$0*$1"),
        O::Umad => uint("$0*$1+$2"),
        O::Udiv => uint("$0/$1"),
        O::Umod => uint("$0%$1"),
        O::Umax => uint("max($0,$1)"),
        O::Umin => uint("min($0,$1)"),
        O::And => uint("$0&$1"),
        O::Or => uint("$0|$1"),
        O::Xor => uint("$0^$1"),
        O::Not => uint("~$0"),
        // GLSL shifts by 32 and more are undefined.
        O::Shl => uint("$0<<($1&31u)"),
        O::Ushr => uint("$0>>($1&31u)"),
        O::Ishr => mixed(
            Shape::Each,
            Kind::Int,
            [Kind::Int, Kind::Uint, Kind::Uint, Kind::Uint],
            "$0>>($1&31u)",
        ),
        O::Idiv => int("$0/$1"),
        // GLSL's % is undefined for negative operands.
        O::Mod => int("$0-$1*($0/$1)"),
        O::Ineg => int("-$0"),
        O::Iabs => int("abs($0)"),
        O::Issg => int("sign($0)"),
        O::Imax => int("max($0,$1)"),
        O::Imin => int("min($0,$1)"),
        O::Ibfe => typed(Shape::Single, Kind::Int, Kind::Int, "bitfieldExtract($0,$1,$2)"),
        O::Ubfe => mixed(
            Shape::Single,
            Kind::Uint,
            [Kind::Uint, Kind::Int, Kind::Int, Kind::Int],
            "bitfieldExtract($0,$1,$2)",
        ),
        O::Bfi => mixed(
            Shape::Single,
            Kind::Uint,
            [Kind::Uint, Kind::Uint, Kind::Int, Kind::Int],
            "bitfieldInsert($0,$1,$2,$3)",
        ),
        O::Brev => uint("bitfieldReverse($0)"),
        O::Popc => convert(Kind::Int, Kind::Uint, "bitCount($0)"),
        O::Lsb => convert(Kind::Int, Kind::Uint, "findLSB($0)"),
        O::Imsb => int("findMSB($0)"),
        O::Umsb => convert(Kind::Int, Kind::Uint, "findMSB($0)"),
        O::I2f => convert(Kind::Float, Kind::Int, "@F($0)"),
        O::U2f => convert(Kind::Float, Kind::Uint, "@F($0)"),
        O::F2i => convert(Kind::Int, Kind::Float, "@I($0)"),
        O::F2u => convert(Kind::Uint, Kind::Float, "@U($0)"),
        _ => None,
    }
}

impl Emitter<'_> {
    pub(super) fn alu(&mut self, i: &Instruction) -> Result<(), EmitError> {
        use Opcode as O;
        if matches!(i.opcode, O::Ddx | O::Ddy | O::DdxFine | O::DdyFine | O::Fbfetch) {
            self.fragment_only(i.opcode)?;
        }
        if let Some(rule) = rule(i.opcode) {
            return self.apply(i, rule);
        }
        match i.opcode {
            O::Kill | O::KillIf => self.kill(i),
            O::InterpCentroid | O::InterpSample | O::InterpOffset => self.interpolate(i),
            O::ImulHi | O::UmulHi => self.multiply_high(i),
            O::VoteAny | O::VoteAll | O::VoteEq => self.vote(i),
            O::Clock => self.clock(i),
            O::Emit | O::Endprim => self.vertex_done(i),
            O::Membar => self.memory_barrier(i),
            O::Barrier => self.barrier(i),
            O::Ballot | O::ReadFirst | O::ReadInvoc => self.ballot(i),
            _ => self.wide(i),
        }
    }

    fn apply(&mut self, i: &Instruction, rule: Rule) -> Result<(), EmitError> {
        let rule = self.refine(i, rule);
        let width = match rule.shape {
            Shape::Each | Shape::Single => Width::Each,
            Shape::First | Shape::Dot(_) => Width::One,
            Shape::FirstToFour | Shape::Four => Width::Four,
        };
        self.store(i, rule.result, width, |e, written| match rule.shape {
            Shape::Each => e.form(i, &rule, written),
            Shape::Single => e.one_by_one(i, &rule, written),
            Shape::First | Shape::FirstToFour => e.form(i, &rule, &[0]),
            Shape::Dot(n) => e.form(i, &rule, &[0, 1, 2, 3][..n.min(4)]),
            Shape::Four => e.form(i, &rule, &[0, 1, 2, 3]),
        })
    }

    /// A saturated move is a float operation, and a move between floats needs no casts.
    fn refine(&self, i: &Instruction, mut rule: Rule) -> Rule {
        let to_float = i.opcode == Opcode::Mov && self.writes_float(i);
        if rule.result == Kind::Raw && (i.saturate || to_float) {
            rule.result = Kind::Float;
            for kind in &mut rule.sources {
                if *kind == Kind::Raw {
                    *kind = Kind::Float;
                }
            }
        }
        rule
    }

    fn one_by_one(&mut self, i: &Instruction, rule: &Rule, written: &[u8]) -> Result<(), EmitError> {
        let several = written.len() > 1;
        if several {
            let name = type_name(rule.result.native(), written.len());
            let _ = write!(self.body, "{name}(");
        }
        for (n, &channel) in written.iter().enumerate() {
            if n > 0 {
                self.body.push(',');
            }
            self.form(i, rule, &[channel])?;
        }
        if several {
            self.body.push(')');
        }
        Ok(())
    }

    fn form(&mut self, i: &Instruction, rule: &Rule, channels: &[u8]) -> Result<(), EmitError> {
        let width = channels.len();
        match rule.form {
            Form::Text(text) => self.expand(i, rule, text, channels),
            Form::Mask(vector, scalar) => {
                let _ = write!(self.body, "-{}(", type_name(Native::Bits, width));
                self.compare(i, rule, (vector, scalar), channels)?;
                self.body.push(')');
                Ok(())
            }
            Form::One(vector, scalar) => {
                let _ = write!(self.body, "{}(", type_name(Native::Float, width));
                self.compare(i, rule, (vector, scalar), channels)?;
                self.body.push(')');
                Ok(())
            }
            Form::Select(vector, _) if width > 1 => {
                self.body.push_str("mix(");
                self.expand(i, rule, "$2,$1,", channels)?;
                self.expand(i, rule, vector, channels)?;
                self.body.push(')');
                Ok(())
            }
            Form::Select(_, scalar) => {
                self.expand(i, rule, scalar, channels)?;
                self.expand(i, rule, "?$1:$2", channels)
            }
        }
    }

    fn compare(
        &mut self,
        i: &Instruction,
        rule: &Rule,
        (vector, scalar): (&str, &str),
        channels: &[u8],
    ) -> Result<(), EmitError> {
        if channels.len() > 1 {
            let _ = write!(self.body, "{vector}(");
            self.expand(i, rule, "$0,$1)", channels)
        } else {
            self.expand(i, rule, "$0", channels)?;
            self.body.push_str(scalar);
            self.expand(i, rule, "$1", channels)
        }
    }

    fn expand(&mut self, i: &Instruction, rule: &Rule, text: &str, channels: &[u8]) -> Result<(), EmitError> {
        let mut rest = text;
        while let Some(at) = rest.find(['$', '@']) {
            self.body.push_str(&rest[..at]);
            let mut marked = rest[at..].chars();
            match (marked.next(), marked.next()) {
                (Some('$'), Some(digit)) => {
                    let n = digit as usize & 3;
                    self.source(operand(i, n)?, rule.sources[n], channels)?;
                }
                (_, letter) => {
                    let native = match letter {
                        Some('F') => Native::Float,
                        Some('I') => Native::Int,
                        _ => Native::Bits,
                    };
                    self.body.push_str(type_name(native, channels.len()));
                }
            }
            rest = marked.as_str();
        }
        self.body.push_str(rest);
        Ok(())
    }

    /// Discards if any of the channels of the operand is negative.
    fn kill(&mut self, i: &Instruction) -> Result<(), EmitError> {
        self.fragment_only(i.opcode)?;
        if i.opcode == Opcode::Kill {
            self.body.push_str("discard;\n");
            return Ok(());
        }
        let source = operand(i, 0)?;
        if source.swizzle.iter().all(|&c| c == source.swizzle[0]) {
            self.body.push_str("if(");
            self.source(source, Kind::Float, &[0])?;
            self.body.push_str("<0.0)discard;\n");
        } else {
            self.body.push_str("if(any(lessThan(");
            self.source(source, Kind::Float, &[0, 1, 2, 3])?;
            self.body.push_str(",vec4(0.0))))discard;\n");
        }
        Ok(())
    }

    /// The high words of products, which GLSL returns through parameters.
    fn multiply_high(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let (function, kind) = match i.opcode {
            Opcode::ImulHi => ("imulExtended", Kind::Int),
            _ => ("umulExtended", Kind::Uint),
        };
        let all = [0, 1, 2, 3];
        let name = type_name(kind.native(), 4);
        let _ = write!(self.body, "{{{name} h,l;{function}(");
        self.source(operand(i, 0)?, kind, &all)?;
        self.body.push(',');
        self.source(operand(i, 1)?, kind, &all)?;
        self.body.push_str(",h,l);");
        self.store(i, kind, Width::Four, |e, _| {
            e.body.push('h');
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }
}
