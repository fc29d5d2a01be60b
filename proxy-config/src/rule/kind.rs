//! Types of samples, and which becomes which where another is asked for (HAProxy's manual, chapter 7.1).

/// What a fetch or a converter gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Known only when it is evaluated.
    Any,
    Bool,
    Int,
    Ip,
    Str,
    Bin,
    Method,
}

impl Kind {
    /// As messages and the reference call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Ip => "address",
            Self::Str => "string",
            Self::Bin => "binary",
            Self::Method => "method",
        }
    }

    /// Whether samples of it become some of `to`.
    pub(super) fn casts_to(self, to: Self) -> bool {
        use Kind::{Any, Bin, Bool, Int, Ip, Method, Str};
        match (self, to) {
            (Any, _) | (_, Any | Str | Bin) => true,
            (Bool, to) => matches!(to, Bool | Int),
            (Int, to) => matches!(to, Int | Bool | Ip),
            (Ip, to) => matches!(to, Ip | Int),
            (Str, _) => true,
            (Bin, _) => false,
            (Method, to) => to == Method,
        }
    }
}
