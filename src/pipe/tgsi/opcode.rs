//! The opcodes of TGSI that a virgl client can send, with their operand counts.

/// What kind of operands follow an opcode besides destination and sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Registers in, registers out.
    Alu,
    /// A texture target and, optionally, texel offsets follow the operands; the last source is a sampler.
    Texture,
    /// Memory qualifiers, a texture target and an image format may follow the operands.
    Memory,
    /// Structured control flow; a jump label may follow.
    Flow,
}

macro_rules! opcodes {
    ($($variant:ident $name:literal $kind:ident $dst:literal $src:literal;)*) => {
        /// A TGSI opcode. The variant is the mnemonic in camel case without underscores.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Opcode { $($variant,)* }

        impl Opcode {
            /// Every opcode, in declaration order.
            pub const ALL: &[Opcode] = &[$(Opcode::$variant,)*];

            /// The mnemonic in the text form, without `_SAT` and `_PRECISE`.
            pub const fn mnemonic(self) -> &'static str {
                match self { $(Opcode::$variant => $name,)* }
            }

            /// What may follow the operands.
            pub const fn operation(self) -> Operation {
                match self { $(Opcode::$variant => Operation::$kind,)* }
            }

            /// The number of destination operands.
            pub const fn destinations(self) -> usize {
                match self { $(Opcode::$variant => $dst,)* }
            }

            /// The number of source operands, samplers included.
            pub const fn sources(self) -> usize {
                match self { $(Opcode::$variant => $src,)* }
            }
        }
    };
}

opcodes! {
    Arl "ARL" Alu 1 1; Mov "MOV" Alu 1 1; Lit "LIT" Alu 1 1; Rcp "RCP" Alu 1 1; Rsq "RSQ" Alu 1 1;
    Exp "EXP" Alu 1 1; Log "LOG" Alu 1 1; Mul "MUL" Alu 1 2; Add "ADD" Alu 1 2; Dp3 "DP3" Alu 1 2;
    Dp4 "DP4" Alu 1 2; Dst "DST" Alu 1 2; Min "MIN" Alu 1 2; Max "MAX" Alu 1 2; Slt "SLT" Alu 1 2;
    Sge "SGE" Alu 1 2; Mad "MAD" Alu 1 3; Sub "SUB" Alu 1 2; Lrp "LRP" Alu 1 3; Fma "FMA" Alu 1 3;
    Sqrt "SQRT" Alu 1 1; Frc "FRC" Alu 1 1; Flr "FLR" Alu 1 1; Round "ROUND" Alu 1 1; Ex2 "EX2" Alu 1 1;
    Lg2 "LG2" Alu 1 1; Pow "POW" Alu 1 2; Xpd "XPD" Alu 1 2; Abs "ABS" Alu 1 1; Dph "DPH" Alu 1 2;
    Cos "COS" Alu 1 1; Ddx "DDX" Alu 1 1; Ddy "DDY" Alu 1 1; Kill "KILL" Alu 0 0; Pk2h "PK2H" Alu 1 1;
    Seq "SEQ" Alu 1 2; Sgt "SGT" Alu 1 2; Sin "SIN" Alu 1 1; Sle "SLE" Alu 1 2; Sne "SNE" Alu 1 2;
    Tex "TEX" Texture 1 2; Txd "TXD" Texture 1 4; Txp "TXP" Texture 1 2; Up2h "UP2H" Alu 1 1; Arr "ARR" Alu 1 1;
    Ret "RET" Flow 0 0; Ssg "SSG" Alu 1 1; Cmp "CMP" Alu 1 3; Scs "SCS" Alu 1 1; Txb "TXB" Texture 1 2;
    Fbfetch "FBFETCH" Alu 1 1; Div "DIV" Alu 1 2; Dp2 "DP2" Alu 1 2; Txl "TXL" Texture 1 2; Brk "BRK" Flow 0 0;
    If "IF" Flow 0 1; Uif "UIF" Flow 0 1; Else "ELSE" Flow 0 0; Endif "ENDIF" Flow 0 0;
    DdxFine "DDX_FINE" Alu 1 1; DdyFine "DDY_FINE" Alu 1 1; Ceil "CEIL" Alu 1 1; I2f "I2F" Alu 1 1;
    Not "NOT" Alu 1 1; Trunc "TRUNC" Alu 1 1; Shl "SHL" Alu 1 2; And "AND" Alu 1 2; Or "OR" Alu 1 2;
    Mod "MOD" Alu 1 2; Xor "XOR" Alu 1 2; Txf "TXF" Texture 1 2; Txq "TXQ" Texture 1 2; Cont "CONT" Flow 0 0;
    Emit "EMIT" Alu 0 1; Endprim "ENDPRIM" Alu 0 1; Bgnloop "BGNLOOP" Flow 0 0; Endloop "ENDLOOP" Flow 0 0;
    Txqs "TXQS" Texture 1 1; Resq "RESQ" Memory 1 1; Nop "NOP" Flow 0 0; Fseq "FSEQ" Alu 1 2; Fsge "FSGE" Alu 1 2;
    Fslt "FSLT" Alu 1 2; Fsne "FSNE" Alu 1 2; Membar "MEMBAR" Alu 0 1; VoteAny "VOTE_ANY" Alu 1 1;
    VoteAll "VOTE_ALL" Alu 1 1; VoteEq "VOTE_EQ" Alu 1 1; KillIf "KILL_IF" Alu 0 1; End "END" Flow 0 0;
    Dfma "DFMA" Alu 1 3; F2i "F2I" Alu 1 1; Idiv "IDIV" Alu 1 2; Imax "IMAX" Alu 1 2; Imin "IMIN" Alu 1 2;
    Ineg "INEG" Alu 1 1; Isge "ISGE" Alu 1 2; Ishr "ISHR" Alu 1 2; Islt "ISLT" Alu 1 2; F2u "F2U" Alu 1 1;
    U2f "U2F" Alu 1 1; Uadd "UADD" Alu 1 2; Udiv "UDIV" Alu 1 2; Umad "UMAD" Alu 1 3; Umax "UMAX" Alu 1 2;
    Umin "UMIN" Alu 1 2; Umod "UMOD" Alu 1 2; Umul "UMUL" Alu 1 2; Useq "USEQ" Alu 1 2; Usge "USGE" Alu 1 2;
    Ushr "USHR" Alu 1 2; Uslt "USLT" Alu 1 2; Usne "USNE" Alu 1 2; Uarl "UARL" Alu 1 1; Ucmp "UCMP" Alu 1 3;
    Iabs "IABS" Alu 1 1; Issg "ISSG" Alu 1 1; Load "LOAD" Memory 1 2; Store "STORE" Memory 1 2;
    Barrier "BARRIER" Alu 0 0; Atomuadd "ATOMUADD" Memory 1 3; Atomxchg "ATOMXCHG" Memory 1 3;
    Atomcas "ATOMCAS" Memory 1 4; Atomand "ATOMAND" Memory 1 3; Atomor "ATOMOR" Memory 1 3;
    Atomxor "ATOMXOR" Memory 1 3; Atomumin "ATOMUMIN" Memory 1 3; Atomumax "ATOMUMAX" Memory 1 3;
    Atomimin "ATOMIMIN" Memory 1 3; Atomimax "ATOMIMAX" Memory 1 3; Tex2 "TEX2" Texture 1 3;
    Txb2 "TXB2" Texture 1 3; Txl2 "TXL2" Texture 1 3; ImulHi "IMUL_HI" Alu 1 2; UmulHi "UMUL_HI" Alu 1 2;
    Tg4 "TG4" Texture 1 3; Lodq "LODQ" Texture 1 2; Ibfe "IBFE" Alu 1 3; Ubfe "UBFE" Alu 1 3; Bfi "BFI" Alu 1 4;
    Brev "BREV" Alu 1 1; Popc "POPC" Alu 1 1; Lsb "LSB" Alu 1 1; Imsb "IMSB" Alu 1 1; Umsb "UMSB" Alu 1 1;
    InterpCentroid "INTERP_CENTROID" Alu 1 1; InterpSample "INTERP_SAMPLE" Alu 1 2;
    InterpOffset "INTERP_OFFSET" Alu 1 2; F2d "F2D" Alu 1 1; D2f "D2F" Alu 1 1; Dabs "DABS" Alu 1 1;
    Dneg "DNEG" Alu 1 1; Dadd "DADD" Alu 1 2; Dmul "DMUL" Alu 1 2; Dmax "DMAX" Alu 1 2; Dmin "DMIN" Alu 1 2;
    Dslt "DSLT" Alu 1 2; Dsge "DSGE" Alu 1 2; Dseq "DSEQ" Alu 1 2; Dsne "DSNE" Alu 1 2; Drcp "DRCP" Alu 1 1;
    Dsqrt "DSQRT" Alu 1 1; Dmad "DMAD" Alu 1 3; Dfrac "DFRAC" Alu 1 1; D2i "D2I" Alu 1 1; I2d "I2D" Alu 1 1;
    D2u "D2U" Alu 1 1; U2d "U2D" Alu 1 1; Drsq "DRSQ" Alu 1 1; Dtrunc "DTRUNC" Alu 1 1; Dceil "DCEIL" Alu 1 1;
    Dflr "DFLR" Alu 1 1; Dround "DROUND" Alu 1 1; Dssg "DSSG" Alu 1 1; Ddiv "DDIV" Alu 1 2; Clock "CLOCK" Alu 1 0;
    Dldexp "DLDEXP" Alu 1 2; Dfracexp "DFRACEXP" Alu 2 1; Ldexp "LDEXP" Alu 1 2; TexLz "TEX_LZ" Texture 1 2;
    TxfLz "TXF_LZ" Texture 1 2; Ballot "BALLOT" Alu 1 1; ReadFirst "READ_FIRST" Alu 1 1;
    ReadInvoc "READ_INVOC" Alu 1 2; I64abs "I64ABS" Alu 1 1; I64neg "I64NEG" Alu 1 1; I64ssg "I64SSG" Alu 1 1;
    I64slt "I64SLT" Alu 1 2; I64sge "I64SGE" Alu 1 2; I64min "I64MIN" Alu 1 2; I64max "I64MAX" Alu 1 2;
    I64shr "I64SHR" Alu 1 2; I64div "I64DIV" Alu 1 2; I64mod "I64MOD" Alu 1 2; F2i64 "F2I64" Alu 1 1;
    U2i64 "U2I64" Alu 1 1; I2i64 "I2I64" Alu 1 1; D2i64 "D2I64" Alu 1 1; I642f "I642F" Alu 1 1;
    I642d "I642D" Alu 1 1; U64add "U64ADD" Alu 1 2; U64mul "U64MUL" Alu 1 2; U64seq "U64SEQ" Alu 1 2;
    U64sne "U64SNE" Alu 1 2; U64slt "U64SLT" Alu 1 2; U64sge "U64SGE" Alu 1 2; U64min "U64MIN" Alu 1 2;
    U64max "U64MAX" Alu 1 2; U64shl "U64SHL" Alu 1 2; U64shr "U64SHR" Alu 1 2; U64div "U64DIV" Alu 1 2;
    U64mod "U64MOD" Alu 1 2; F2u64 "F2U64" Alu 1 1; D2u64 "D2U64" Alu 1 1; U642f "U642F" Alu 1 1;
    U642d "U642D" Alu 1 1;
}
