//! What rules look up: patterns, maps, regular expressions, users; and how much room variables need.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Userlist, Value};

/// All that rules refer to by index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tables {
    pub patterns: Vec<Patterns>,
    pub maps: Vec<Map>,
    pub regexes: Vec<Regex>,
    pub userlists: Vec<Userlist>,
    /// Public keys that `jwt_verify` names; no name twice.
    pub jwt_keys: Vec<JwtKeyFile>,
    /// Names of the variables of each scope, by slot; index: [`super::Scope`] as a number.
    pub vars: [Vec<String>; 5],
    /// `global.set-var` and `set-var-fmt`: values of variables of the process at the start.
    pub proc_vars: Vec<(super::Var, Value)>,
}

/// How a sample is compared with patterns (chapter 7.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Match {
    Bool,
    Int,
    Ip,
    /// Bytes, written in hexadecimal.
    Bin,
    /// Its number of bytes.
    Len,
    Str,
    Beg,
    End,
    Sub,
    /// Between slashes.
    Dir,
    /// Between dots.
    Dom,
    Reg,
}

/// The patterns of one ACL line.
#[derive(Debug, Clone, PartialEq)]
pub struct Patterns {
    pub method: Match,
    /// `-i`
    pub any_case: bool,
    /// Written in the rule.
    pub inline: Vec<Pattern>,
    /// `-f`
    pub files: Vec<PatternFile>,
    /// `-M`: the files are maps, and their keys are the patterns.
    pub is_map: bool,
}

/// One pattern, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    Bool(bool),
    /// `Int` and `Len`.
    Range(Range),
    Ip(AddressPattern),
    /// `Str`, `Beg`, `End`, `Sub`, `Dir`, `Dom`, `Bin`; `Reg`: the expression's text.
    Bytes(Box<[u8]>),
}

/// Both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub min: i64,
    pub max: i64,
}

/// An address under a mask, which may have holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPattern {
    pub address: IpAddr,
    /// Of the address's family.
    pub mask: IpAddr,
}

/// A file of patterns or of a map, which is read anew when it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternFile {
    pub path: PathBuf,
    /// As it was at load; every line of it was checked.
    pub text: FileText,
}

/// A file with a public key or a certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtKeyFile {
    /// As a rule names it: a variable may do so too.
    pub name: Box<[u8]>,
    pub text: FileText,
}

/// What a file held.
pub type FileText = Arc<[u8]>;

/// A `map_*` converter's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    pub method: Match,
    pub output: super::MapOutput,
    pub file: PatternFile,
}

/// A regular expression in the syntax of the crate `regex`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regex {
    pub text: String,
    /// `-i`
    pub any_case: bool,
}
