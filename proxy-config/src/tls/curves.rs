//! Lists of curves.

use std::ops::Range;

use crate::model::Curve;
use crate::nearest::nearest;
use crate::text::Fault;
use crate::tls::{Chosen, add_once, items, missing};

/// All names; OpenSSL takes any case.
const CURVES: [(&str, Curve); 7] = [
    ("X25519MLKEM768", Curve::X25519MlKem768),
    ("X25519", Curve::X25519),
    ("P-256", Curve::P256),
    ("prime256v1", Curve::P256),
    ("secp256r1", Curve::P256),
    ("P-384", Curve::P384),
    ("secp384r1", Curve::P384),
];

const THERE_ARE: &str = "there are X25519MLKEM768 X25519 P-256 P-384";

/// Curves by preference.
pub(crate) fn curves(text: &str) -> Result<Chosen<Curve>, Fault> {
    let mut chosen = Chosen::new();
    for (range, item) in items(text, &[':', '/', ',', ' ']) {
        // OpenSSL 3.5: `*` offers a key share at once, `?` does not insist.
        let name = item.trim_start_matches(['*', '?']);
        match CURVES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, curve)) => chosen.choose(*curve),
            None if missing::is_curve(name) => add_once(&mut chosen.missing, name),
            None => return Err(unknown(range.end - name.len()..range.end, name)),
        }
    }
    if chosen.values.is_empty() {
        return Err(Fault::new(0..text.len(), "leaves no curve", THERE_ARE));
    }
    Ok(chosen)
}

fn unknown(range: Range<usize>, name: &str) -> Fault {
    let expected = match nearest(name, CURVES.iter().map(|(known, _)| *known)) {
        Some(found) => format!("did you mean `{found}`?"),
        None => THERE_ARE.to_owned(),
    };
    Fault::new(range, format!("has an unknown curve `{name}`"), expected)
}
