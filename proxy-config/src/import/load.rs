//! Loads what may be haproxy.cfg, and moves what is said of its TOML to the cfg.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::import::note::Verdict;
use crate::import::{Import, Note, Options, Translation, translate, wording};
use crate::model::Config;
use crate::place::Place;
use crate::report::Report;
use crate::{Built, Outcome, Overrides, Source, Surroundings, build};

/// How often what is left out may leave something else without a meaning.
const ROUNDS_MAX: usize = 32;

/// As [`crate::load_haproxy`].
pub(crate) fn load(
    sources: &[Source],
    options: Options,
    overrides: &Overrides,
    surroundings: Surroundings<'_>,
) -> Outcome {
    let Some(first) = sources.iter().position(|source| options.is_cfg(source)) else {
        return build(sources, overrides, surroundings, None).finish(sources);
    };
    let loader = Loader { sources, options, overrides, surroundings, first, is_kept: false };
    let (_, built) = loader.run();
    built.finish(sources)
}

/// As [`crate::import::import`].
pub(super) fn import(
    sources: &[Source],
    options: Options,
    surroundings: Surroundings<'_>,
) -> Import {
    let overrides = &Overrides::default();
    let loader = Loader { sources, options, overrides, surroundings, first: 0, is_kept: true };
    let (translation, built) = loader.run();
    let Translation { mut toml, mut notes, .. } = translation;
    toml.insert_str(0, &heading(sources, options));
    toml += &remainder(sources, &notes);
    mark(&mut notes, &built.report);
    let outcome = built.finish(sources);
    Import { toml, notes, diagnostics: outcome.diagnostics }
}

/// What the TOML is refused for is not translated.
fn mark(notes: &mut Vec<Note>, report: &Report) {
    for error in report.errors() {
        let Some(place) = error.place() else { continue };
        let is_of = |note: &Note, verdict| {
            note.verdict == verdict && touches(std::slice::from_ref(&note.place), place)
        };
        notes.retain(|note| !is_of(note, Verdict::Translated));
        let text = error.message().to_owned();
        if !notes.iter().any(|note| is_of(note, Verdict::NotSupported) && note.text == text) {
            notes.push(Note { verdict: Verdict::NotSupported, text, place });
        }
    }
    notes.sort_by_key(|note| note.place);
}

fn heading(sources: &[Source], options: Options) -> String {
    let names: Vec<_> = sources.iter().map(|source| one_line(&source.name)).collect();
    let (names, version) = (names.join(", "), options.version);
    format!("# Translated from {names}, with the defaults of HAProxy {version}.\n\n")
}

/// What is not in the TOML, as comments at its end.
fn remainder(sources: &[Source], notes: &[Note]) -> String {
    let lost = notes.iter().filter(|note| note.verdict == Verdict::NotSupported);
    let lines: String =
        lost.map(|note| format!("# {}\n", one_line(&note.render(sources)))).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

struct Loader<'l> {
    sources: &'l [Source],
    options: Options,
    overrides: &'l Overrides,
    surroundings: Surroundings<'l>,
    /// The source in whose place the TOML of all is read.
    first: usize,
    /// Variables stay in the TOML.
    is_kept: bool,
}

impl Loader<'_> {
    /// Translates and reads, and where that is asked, leaves out what is wrong until the rest is
    /// sound.
    fn run(&self) -> (Translation, Built) {
        let mut left_out = BTreeSet::new();
        let mut warnings = Report::default();
        let mut lost = Vec::new();
        let mut round = 0;
        loop {
            let (mut translation, raw) = self.read(&left_out);
            let units = self.units(&translation, &raw.report, &left_out);
            let mut built = self.moved(&translation, raw);
            round += 1;
            if units.is_empty() || !self.options.is_lenient || round == ROUNDS_MAX {
                let own = std::mem::take(&mut translation.report);
                let mut report = Report::default();
                report.merge(warnings, |_| true);
                report.merge(own, |_| true);
                report.merge(built.report, |_| true);
                built.report = report;
                built.config = built.config.filter(|_| !built.report.has_errors());
                translation.notes.extend(lost);
                translation.notes.sort_by_key(|note| note.place);
                return (translation, built);
            }
            for diagnostic in built.report.into_errors() {
                let text = diagnostic.message().to_owned();
                if let Some(place) = diagnostic.place().filter(|place| touches(&units, *place)) {
                    lost.push(Note { verdict: Verdict::NotSupported, text, place });
                    warnings.add_once(diagnostic.left_out());
                }
            }
            left_out.extend(units);
        }
    }

    fn read(&self, left_out: &BTreeSet<Place>) -> (Translation, Built) {
        let Self { sources, options, surroundings, .. } = self;
        let translation = translate(sources, *options, surroundings.env, self.is_kept, left_out);
        let texts: Vec<_> = sources
            .iter()
            .enumerate()
            .map(|(index, source)| match index {
                _ if index == self.first => translation.toml.clone(),
                _ if options.is_cfg(source) => String::new(),
                _ => source.text.clone(),
            })
            .zip(*sources)
            .map(|(text, source)| Source { name: source.name.clone(), text })
            .collect();
        let generated = (!self.is_kept).then_some(self.first);
        // The fetch `env` sees what the cfg sets.
        let env = |name: &str| match translation.env.get(name) {
            Some(own) => own.clone(),
            None => (surroundings.env)(name),
        };
        let surroundings = Surroundings { env: &env, ..*surroundings };
        let built = build(&texts, self.overrides, surroundings, generated);
        (translation, built)
    }

    /// What must go for the errors of the TOML to go.
    fn units(
        &self,
        translation: &Translation,
        report: &Report,
        left_out: &BTreeSet<Place>,
    ) -> Vec<Place> {
        let labels = report.errors().filter_map(|diagnostic| diagnostic.labels().first());
        labels
            .filter(|label| label.source == self.first)
            .filter_map(|label| translation.map.unit_of(&label.span, left_out))
            .filter(|unit| unit.start < unit.end)
            .collect()
    }

    /// Every label of the TOML becomes one of the cfg.
    fn moved(&self, translation: &Translation, mut built: Built) -> Built {
        built.report.each(|diagnostic| {
            diagnostic.relocate(|label| {
                let is_toml = label.source == self.first;
                let place = translation.map.place(&label.span).filter(|_| is_toml);
                place.unwrap_or_else(|| Place::new(label.source, label.span.clone()))
            });
            let is_ours = diagnostic.labels().first().is_some_and(|label| {
                self.sources.get(label.source).is_some_and(|s| self.options.is_cfg(s))
            });
            if is_ours {
                diagnostic.reword(wording::haproxy);
            }
        });
        built
    }
}

fn touches(units: &[Place], place: Place) -> bool {
    let is_in = |unit: &Place| {
        unit.source == place.source && unit.start <= place.end && place.start <= unit.end
    };
    units.iter().any(is_in)
}

/// The configuration is none where something is wrong.
impl Built {
    fn finish(self, sources: &[Source]) -> Outcome {
        let has_errors = self.report.has_errors();
        let config: Option<Config> = self.config.filter(|_| !has_errors);
        let diagnostics: Vec<Diagnostic> = self.report.finish(sources, self.extras.sources());
        Outcome { config, diagnostics }
    }
}
