//! Versions and algorithms out of what a bind or a server says, and `global` behind it.

use crate::diagnostic::Diagnostic;
use crate::draft::CryptoWords;
use crate::model::{CipherSuite, Crypto, Curve, TlsVersion};
use crate::place::Place;
use crate::report::Report;
use crate::setting::Setting;

const CURVES: [Curve; 4] = [Curve::X25519MlKem768, Curve::X25519, Curve::P256, Curve::P384];

/// A limit of the versions, and the word that sets it.
struct Bound {
    version: TlsVersion,
    word: &'static str,
    place: Place,
    /// 0 is the nearest.
    level: usize,
}

/// What the levels come to, of which the nearest is the first.
pub(super) fn crypto(levels: &[&CryptoWords], report: &mut Report) -> Crypto {
    let min = levels.iter().zip(0..).find_map(|(words, level)| lowest(words, level));
    let max = levels.iter().zip(0..).find_map(|(words, level)| highest(words, level));
    if let (Some(min), Some(max)) = (&min, &max)
        && min.version > max.version
        && !levels.iter().any(|words| words.min_ver.is_wrong() || words.max_ver.is_wrong())
    {
        no_version(min, max, report);
    }
    let min = min.map_or(TlsVersion::Tls12, |bound| bound.version);
    let max = max.map_or(TlsVersion::Tls13, |bound| bound.version);
    let suites13 = nearest(levels, |words| &words.ciphersuites);
    let suites12 = nearest(levels, |words| &words.ciphers);
    let mut suites = of_version(TlsVersion::Tls13, suites13);
    suites.extend(of_version(TlsVersion::Tls12, suites12));
    suites.retain(|suite| (min..=max).contains(&suite.version()));
    Crypto { min, max, suites, curves: curves(levels) }
}

fn no_version(min: &Bound, max: &Bound, report: &mut Report) {
    // What is nearer must give way to what is common; on one level the later one is told.
    let key = |bound: &Bound| (std::cmp::Reverse(bound.level), bound.place);
    let (first, second) = if key(min) < key(max) { (min, max) } else { (max, min) };
    let message = format!("`{}` and `{}` leave no version of TLS", first.word, second.word);
    let diagnostic = Diagnostic::error(second.place, message)
        .expected("no version is left")
        .label(first.place, "the other is here");
    report.add_once(diagnostic);
}

/// The highest of the lower limits of one level.
fn lowest(words: &CryptoWords, level: usize) -> Option<Bound> {
    let flags = [
        ("force-tlsv12", &words.force_tlsv12, TlsVersion::Tls12),
        ("force-tlsv13", &words.force_tlsv13, TlsVersion::Tls13),
        ("no-tlsv12", &words.no_tlsv12, TlsVersion::Tls13),
    ];
    bounds("ssl-min-ver", &words.min_ver, flags, level).max_by_key(|bound| bound.version)
}

/// The lowest of the upper limits of one level.
fn highest(words: &CryptoWords, level: usize) -> Option<Bound> {
    let flags = [
        ("force-tlsv12", &words.force_tlsv12, TlsVersion::Tls12),
        ("force-tlsv13", &words.force_tlsv13, TlsVersion::Tls13),
        ("no-tlsv13", &words.no_tlsv13, TlsVersion::Tls12),
    ];
    bounds("ssl-max-ver", &words.max_ver, flags, level).min_by_key(|bound| bound.version)
}

fn bounds<'w>(
    word: &'static str,
    limit: &Setting<TlsVersion>,
    flags: [(&'static str, &'w Setting<bool>, TlsVersion); 3],
    level: usize,
) -> impl Iterator<Item = Bound> + use<'w> {
    let limit = limit.value().copied().zip(limit.place());
    let own = limit.map(|(version, place)| Bound { version, word, place, level });
    let flags = flags.into_iter().filter(|(_, flag, _)| flag.or(false));
    own.into_iter().chain(flags.filter_map(move |(word, flag, version)| {
        Some(Bound { version, word, place: flag.place()?, level })
    }))
}

/// The value of the nearest level that says something.
fn nearest<'l, T>(
    levels: &[&'l CryptoWords],
    setting: fn(&CryptoWords) -> &Setting<T>,
) -> Option<&'l T> {
    levels.iter().map(|words| setting(words)).find(|word| !word.is_absent())?.value()
}

fn of_version(version: TlsVersion, chosen: Option<&Vec<CipherSuite>>) -> Vec<CipherSuite> {
    let all = || CipherSuite::ALL.into_iter().filter(|suite| suite.version() == version).collect();
    chosen.cloned().unwrap_or_else(all)
}

/// `ecdhe` is the older name, over which `curves` wins.
fn curves(levels: &[&CryptoWords]) -> Vec<Curve> {
    let settings = levels.iter().flat_map(|words| [&words.curves, &words.ecdhe]);
    let chosen = settings.into_iter().find(|setting| !setting.is_absent());
    chosen.and_then(Setting::value).cloned().unwrap_or_else(|| CURVES.to_vec())
}

/// Says which of the own words are about a version that is off, and when one is left without a
/// curve.
pub(super) fn check(own: &CryptoWords, crypto: &Crypto, report: &mut Report) {
    let lists = [
        ("ciphers", own.ciphers.place(), TlsVersion::Tls12, "TLS 1.2 is off"),
        ("ciphersuites", own.ciphersuites.place(), TlsVersion::Tls13, "TLS 1.3 is off"),
    ];
    for (name, place, version, why) in lists {
        if let Some(place) = place.filter(|_| !(crypto.min..=crypto.max).contains(&version)) {
            let message = format!("`{name}` has no effect: {why}");
            report.add_once(Diagnostic::warning(place, message).expected("leave it out"));
        }
    }
    if let (Some(place), Some(_)) = (own.ecdhe.place(), own.curves.place()) {
        let message = "`ecdhe` has no effect beside `curves`";
        report.add_once(Diagnostic::warning(place, message).expected("leave it out"));
    }
    let is_later = |curve: &Curve| *curve == Curve::X25519MlKem768;
    let place = own.curves.place().or_else(|| own.ecdhe.place());
    if let Some(place) = place.filter(|_| crypto.curves.iter().all(is_later)) {
        let message = "no curve is left for TLS 1.2";
        let diagnostic = match (crypto.min, crypto.max) {
            (TlsVersion::Tls13, _) => return,
            (_, TlsVersion::Tls12) => Diagnostic::error(place, message),
            _ => Diagnostic::warning(place, message),
        };
        report.add_once(diagnostic.expected("add X25519, or allow TLS 1.3 alone"));
    }
}
