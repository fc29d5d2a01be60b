//! The lines that count: conditional blocks resolved, messages told, the environment kept.

use std::ops::Range;

use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::import::condition::{self, Context};
use crate::import::environment::Environment;
use crate::import::line::{self, Line};
use crate::import::version::Version;
use crate::report::Report;

/// Blocks inside of each other.
const DEPTH_MAX: usize = 64;

const DIRECTIVES: [&str; 8] =
    [".alert", ".diag", ".elif", ".else", ".endif", ".if", ".notice", ".warning"];

/// Keywords of `global` that change the environment of the lines behind them.
const ENVIRONMENT: [&str; 4] = ["presetenv", "resetenv", "setenv", "unsetenv"];

/// One open `.if`.
struct Block {
    opened: Line,
    is_active: bool,
    /// One of its parts was active already, or the blocks around it are not.
    is_done: bool,
    has_else: bool,
}

struct Preprocessor<'p, 'e> {
    environment: &'p mut Environment<'e>,
    version: Version,
    blocks: Vec<Block>,
    lines: Vec<Line>,
    report: &'p mut Report,
}

/// All lines of all sources that count.
pub(super) fn lines(
    sources: &[Source],
    is_cfg: &dyn Fn(&Source) -> bool,
    environment: &mut Environment<'_>,
    version: Version,
    report: &mut Report,
) -> Vec<Line> {
    let mut preprocessor =
        Preprocessor { environment, version, blocks: Vec::new(), lines: Vec::new(), report };
    for (index, source) in sources.iter().enumerate().filter(|(_, source)| is_cfg(source)) {
        for range in line::ranges(&source.text) {
            preprocessor.take(index, source, range);
        }
        preprocessor.end_of_file();
    }
    preprocessor.lines
}

impl Preprocessor<'_, '_> {
    fn is_active(&self) -> bool {
        self.blocks.last().is_none_or(|block| block.is_active)
    }

    fn take(&mut self, index: usize, source: &Source, range: Range<usize>) {
        let raw = source.text.get(range.clone()).unwrap_or("").trim_start();
        let is_directive = raw.starts_with('.');
        if !is_directive && !self.is_active() {
            return;
        }
        let may_keep = !is_directive && !ENVIRONMENT.iter().any(|word| raw.starts_with(word));
        match line::split(index, source, range, self.environment, may_keep) {
            Ok(Some(line)) if line.word(0).starts_with('.') => self.directive(line),
            Ok(Some(line)) => {
                self.set_environment(&line);
                self.lines.push(line);
            }
            Ok(None) => {}
            Err(diagnostic) => self.report.add(diagnostic),
        }
    }

    fn set_environment(&mut self, line: &Line) {
        let (name, value) = (line.word(1), line.word(2));
        match line.word(0) {
            "presetenv" => self.environment.preset(name, value),
            "setenv" => self.environment.set(name, value),
            "unsetenv" => {
                line.from(1).iter().for_each(|name| self.environment.unset(name.as_str()))
            }
            _ => {}
        }
    }

    fn directive(&mut self, line: Line) {
        match line.word(0) {
            ".if" => self.open(line),
            ".elif" => self.otherwise(&line, true),
            ".else" => self.otherwise(&line, false),
            ".endif" => {
                if self.blocks.pop().is_none() {
                    self.lost(&line);
                }
            }
            ".alert" | ".diag" | ".notice" | ".warning" => self.tell(&line),
            other => {
                let message = format!("unknown directive `{other}`");
                let known = format!("must be one of {}", DIRECTIVES.join(" "));
                self.report.add(Diagnostic::error(line.place, message).expected(known));
            }
        }
    }

    fn open(&mut self, line: Line) {
        if self.blocks.len() >= DEPTH_MAX {
            self.report.add(Diagnostic::error(line.place, "`.if` is too deep in others"));
            return;
        }
        let is_reached = self.is_active();
        let is_active = is_reached && self.holds(&line);
        self.blocks.push(Block {
            opened: line,
            is_active,
            is_done: is_active || !is_reached,
            has_else: false,
        });
    }

    fn otherwise(&mut self, line: &Line, has_condition: bool) {
        let Some(block) = self.blocks.last() else { return self.lost(line) };
        if block.has_else {
            let diagnostic =
                Diagnostic::error(line.place, format!("`{}` behind `.else`", line.word(0)));
            return self.report.add(diagnostic.label(block.opened.place, "the block begins here"));
        }
        let is_done = block.is_done;
        let is_active = !is_done && (!has_condition || self.holds(line));
        if let Some(block) = self.blocks.last_mut() {
            block.is_active = is_active;
            block.is_done |= is_active;
            block.has_else = !has_condition;
        }
    }

    fn holds(&mut self, line: &Line) -> bool {
        let words: Vec<_> = line.from(1).iter().map(|word| word.as_str()).collect();
        let context = Context { environment: self.environment, version: self.version };
        condition::evaluate(&words.join(" "), &context).unwrap_or_else(|problem| {
            self.report.add(Diagnostic::error(line.place_from(1), problem));
            false
        })
    }

    fn lost(&mut self, line: &Line) {
        let message = format!("`{}` without `.if`", line.word(0));
        self.report.add(Diagnostic::error(line.place, message));
    }

    fn tell(&mut self, line: &Line) {
        if !self.is_active() {
            return;
        }
        let words: Vec<_> = line.from(1).iter().map(|word| word.as_str()).collect();
        let text = words.join(" ");
        self.report.add(match line.word(0) {
            ".alert" => Diagnostic::error(line.place, text),
            ".warning" => Diagnostic::warning(line.place, text),
            _ => Diagnostic::notice(line.place, text),
        });
    }

    /// A block ends with its file at the latest.
    fn end_of_file(&mut self) {
        for block in self.blocks.drain(..) {
            let diagnostic = Diagnostic::error(block.opened.place, "`.if` has no `.endif`");
            self.report.add(diagnostic.expected("it begins here"));
        }
    }
}
