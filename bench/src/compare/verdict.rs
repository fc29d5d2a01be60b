//! Ratios between proxies, held against what is required.

use super::scenario::{Figure, Required};
use super::table::number;

/// The proxies that ours is required to beat.
const PEERS: [&str; 2] = ["haproxy", "nginx"];

/// Figures of one row by proxy, ours first.
pub(crate) type Figures = Vec<(String, Option<f64>)>;

pub(crate) fn ratio_row(
    name: &str,
    figure: Figure,
    figures: &Figures,
    required: &[Required],
) -> Vec<String> {
    let mut row = vec![name.to_owned(), figure.unit().to_owned()];
    row.extend(figures.iter().map(|(_, value)| number(*value)));
    let ours = figures.first().and_then(|(_, value)| *value);
    for (_, other) in figures.iter().skip(1) {
        row.push(
            ratio(ours, *other).map_or_else(|| "n/a".to_owned(), |ratio| format!("{ratio:.2}")),
        );
    }
    let words: Vec<String> = required.iter().map(Required::words).collect();
    row.push(if words.is_empty() { "-".to_owned() } else { words.join(", ") });
    row.push(verdict(figures, required));
    row
}

/// Whether every requirement holds; says of each that does not by what it is missed.
fn verdict(figures: &Figures, required: &[Required]) -> String {
    let ours_is_ours = figures.first().is_some_and(|(name, _)| !PEERS.contains(&name.as_str()));
    if required.is_empty() {
        return "-".to_owned();
    }
    let measured: Option<Vec<f64>> = required.iter().map(|one| one.measured(figures)).collect();
    let Some(measured) = measured.filter(|_| ours_is_ours) else {
        return "n/a".to_owned();
    };
    let missed: Vec<String> = required
        .iter()
        .zip(measured)
        .filter(|(one, measured)| *measured > one.limit())
        .map(|(one, measured)| format!("{measured:.3} for {}", one.words()))
        .collect();
    if missed.is_empty() { "met".to_owned() } else { format!("MISSED: {}", missed.join(", ")) }
}

impl Required {
    fn limit(&self) -> f64 {
        match self {
            Self::OfBest(limit) | Self::Of(_, limit) | Self::AtMost(limit) => *limit,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::OfBest(limit) => format!("{limit:.2} best"),
            Self::Of(name, limit) => format!("{limit:.2} {name}"),
            Self::AtMost(limit) => format!("{limit:.2}"),
        }
    }

    /// What the limit is held against; `None` when a figure for it is missing.
    fn measured(&self, figures: &Figures) -> Option<f64> {
        let ours = figures.first()?.1;
        let of = |name: &str| figures.iter().find(|(other, _)| other == name)?.1;
        match self {
            Self::AtMost(_) => ours,
            Self::Of(name, _) => ratio(ours, of(name)),
            Self::OfBest(_) => ratio(ours, Some(of(PEERS[0])?.min(of(PEERS[1])?))),
        }
    }
}

fn ratio(ours: Option<f64>, other: Option<f64>) -> Option<f64> {
    let (ours, other) = (ours?, other?);
    (other > 0.0).then(|| ours / other)
}

#[cfg(test)]
mod tests {
    use super::{Figures, verdict};
    use crate::compare::scenario::Required;

    fn figures(ours: f64, haproxy: f64, nginx: Option<f64>) -> Figures {
        let row = [("corelane", Some(ours)), ("haproxy", Some(haproxy)), ("nginx", nginx)];
        row.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    #[test]
    fn verdicts() {
        let required = [Required::OfBest(0.75), Required::Of("nginx", 0.70)];
        assert_eq!(verdict(&figures(7.0, 10.0, Some(11.0)), &required), "met");
        assert_eq!(
            verdict(&figures(8.0, 10.0, Some(12.0)), &required),
            "MISSED: 0.800 for 0.75 best"
        );
        assert_eq!(verdict(&figures(8.0, 10.0, None), &required), "n/a");
        assert_eq!(verdict(&figures(0.4, 1.0, None), &[Required::AtMost(0.5)]), "met");
        assert_eq!(verdict(&figures(0.4, 1.0, None), &[]), "-");
        let mut without_us = figures(1.0, 10.0, Some(10.0));
        without_us.remove(0);
        assert_eq!(verdict(&without_us, &[Required::AtMost(50.0)]), "n/a");
    }
}
