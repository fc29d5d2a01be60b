//! Cipher lists: OpenSSL's little language for TLS 1.2 (`openssl-ciphers(1)`), plain names for 1.3.
//!
//! ```text
//! ITEM[:ITEM...]         also separated by `,`, `;` or blanks
//! NAME                   adds what it selects, behind what there is
//! !NAME  -NAME  +NAME    removes for good, removes, moves to the end
//! NAME+NAME              selects what both select
//! @STRENGTH  @SECLEVEL=n sorts; is accepted: nothing weak is there in the first place
//! ```

use std::ops::Range;

use crate::model::{CipherSuite, TlsVersion};
use crate::nearest::nearest;
use crate::text::Fault;
use crate::tls::{Chosen, add_once, items, missing};

/// A set of the suites of TLS 1.2, one bit for each of [`SUITES`].
type Set = u8;

/// In the order in which a class selects them.
const SUITES: [CipherSuite; 6] = [
    CipherSuite::EcdheEcdsaAes128GcmSha256,
    CipherSuite::EcdheRsaAes128GcmSha256,
    CipherSuite::EcdheEcdsaAes256GcmSha384,
    CipherSuite::EcdheRsaAes256GcmSha384,
    CipherSuite::EcdheEcdsaChacha20Poly1305,
    CipherSuite::EcdheRsaChacha20Poly1305,
];

const ALL: Set = 0b11_1111;
const ECDSA: Set = 0b01_0101;
const RSA: Set = 0b10_1010;
const AES128: Set = 0b00_0011;
const AES256: Set = 0b00_1100;
const AES: Set = AES128 | AES256;
const CHACHA20: Set = 0b11_0000;
/// Keys of 256 bits.
const STRONGEST: Set = AES256 | CHACHA20;

/// Classes that some of the suites belong to.
const CLASSES: [(&str, Set); 18] = [
    ("AES", AES),
    ("AES128", AES128),
    ("AES256", AES256),
    ("AESGCM", AES),
    ("ALL", ALL),
    ("CHACHA20", CHACHA20),
    ("DEFAULT", ALL),
    ("ECDH", ALL),
    ("ECDHE", ALL),
    ("ECDSA", ECDSA),
    ("EECDH", ALL),
    ("FIPS", AES),
    ("HIGH", ALL),
    ("TLSv1.2", ALL),
    ("aECDSA", ECDSA),
    ("aRSA", RSA),
    ("kECDHE", ALL),
    ("kEECDH", ALL),
];

/// A list for TLS 1.2.
pub(crate) fn ciphers(text: &str) -> Result<Chosen<CipherSuite>, Fault> {
    let mut list = List { chosen: Chosen::new(), killed: 0 };
    for (range, item) in items(text, &[':', ',', ';', ' ']) {
        list.apply(range, item)?;
    }
    if list.chosen.values.is_empty() {
        let expected = "there are ECDHE-ECDSA-x and ECDHE-RSA-x, x being AES128-GCM-SHA256, \
                        AES256-GCM-SHA384 and CHACHA20-POLY1305";
        return Err(Fault::new(0..text.len(), "leaves no cipher", expected));
    }
    Ok(list.chosen)
}

struct List {
    chosen: Chosen<CipherSuite>,
    /// What `!` removed.
    killed: Set,
}

impl List {
    fn apply(&mut self, range: Range<usize>, item: &str) -> Result<(), Fault> {
        if let Some(command) = item.strip_prefix('@') {
            return self.command(range, command);
        }
        let operator = item.chars().next().filter(|c| "!-+".contains(*c));
        let name = operator.map_or(item, |_| &item[1..]);
        let set = self.select(range.end - name.len(), name, operator.is_none())?;
        match operator {
            Some('!') => {
                self.killed |= set;
                self.remove(set);
            }
            Some('-') => self.remove(set),
            Some(_) => self.move_to_end(set),
            None => self.add(set),
        }
        Ok(())
    }

    fn command(&mut self, range: Range<usize>, command: &str) -> Result<(), Fault> {
        let level = command.strip_prefix("SECLEVEL=");
        match (command, level.map(str::as_bytes)) {
            ("STRENGTH", _) => {
                self.chosen.values.sort_by_key(|suite| bit(*suite) & STRONGEST == 0);
                Ok(())
            }
            (_, Some([b'0'..=b'5'])) => Ok(()),
            _ => {
                let problem = format!("has an unknown command `@{command}`");
                Err(Fault::new(range, problem, "commands are `@STRENGTH` and `@SECLEVEL=2`"))
            }
        }
    }

    /// What the names between `+` select together.
    fn select(&mut self, start: usize, name: &str, is_added: bool) -> Result<Set, Fault> {
        let mut set = ALL;
        let mut at = start;
        for part in name.split('+') {
            match lookup(part) {
                Some(found) => set &= found,
                None => return Err(unknown(at..at + part.len(), part)),
            }
            at += part.len() + 1;
        }
        if is_added && set == 0 {
            let is_later = missing::SUITES13.contains(&name) || suite13(name).is_some();
            let Chosen { missing, misplaced, .. } = &mut self.chosen;
            add_once(if is_later { misplaced } else { missing }, name);
        }
        Ok(set)
    }

    fn add(&mut self, set: Set) {
        for suite in SUITES.into_iter().filter(|suite| bit(*suite) & set & !self.killed != 0) {
            self.chosen.choose(suite);
        }
    }

    fn remove(&mut self, set: Set) {
        self.chosen.values.retain(|suite| bit(*suite) & set == 0);
    }

    fn move_to_end(&mut self, set: Set) {
        self.chosen.values.sort_by_key(|suite| bit(*suite) & set != 0);
    }
}

/// The set with this suite alone; of a suite of TLS 1.3 the empty one.
fn bit(suite: CipherSuite) -> Set {
    SUITES.iter().position(|known| *known == suite).map_or(0, |index| 1 << index)
}

/// What a name selects; `None` for a name that nobody knows.
fn lookup(name: &str) -> Option<Set> {
    if let Some(suite) = SUITES.into_iter().find(|suite| suite.name() == name) {
        return Some(bit(suite));
    }
    if let Some((_, set)) = CLASSES.iter().find(|(class, _)| *class == name) {
        return Some(*set);
    }
    let is_missing = suite13(name).is_some() || missing::ciphers().any(|known| known == name);
    is_missing.then_some(0)
}

fn unknown(range: Range<usize>, name: &str) -> Fault {
    let ours = CipherSuite::ALL.into_iter().map(CipherSuite::name);
    let classes = CLASSES.iter().map(|(class, _)| *class);
    let expected = match nearest(name, ours.chain(classes).chain(missing::ciphers())) {
        Some(found) => format!("did you mean `{found}`?"),
        None => "ciphers have OpenSSL's names, such as `ECDHE-RSA-AES128-GCM-SHA256`".to_owned(),
    };
    Fault::new(range, format!("has an unknown cipher `{name}`"), expected)
}

/// A list for TLS 1.3.
pub(crate) fn ciphersuites(text: &str) -> Result<Chosen<CipherSuite>, Fault> {
    let mut chosen = Chosen::new();
    for (range, name) in items(text, &[':', ',', ' ']) {
        match suite13(name) {
            Some(suite) => chosen.choose(suite),
            None if missing::SUITES13.contains(&name) => add_once(&mut chosen.missing, name),
            None => return Err(unknown13(range, name)),
        }
    }
    if chosen.values.is_empty() {
        return Err(Fault::new(
            0..text.len(),
            "leaves no suite",
            format!("there are {}", names13()),
        ));
    }
    Ok(chosen)
}

fn suites13() -> impl Iterator<Item = CipherSuite> {
    CipherSuite::ALL.into_iter().filter(|suite| suite.version() == TlsVersion::Tls13)
}

fn suite13(name: &str) -> Option<CipherSuite> {
    suites13().find(|suite| suite.name() == name)
}

fn names13() -> String {
    suites13().map(CipherSuite::name).collect::<Vec<_>>().join(" ")
}

fn unknown13(range: Range<usize>, name: &str) -> Fault {
    let names = suites13().map(CipherSuite::name).chain(missing::SUITES13);
    let expected = match nearest(name, names) {
        _ if lookup(name).is_some() => "`ciphers` has those of TLS 1.2".to_owned(),
        Some(found) => format!("did you mean `{found}`?"),
        None => format!("there are {}", names13()),
    };
    Fault::new(range, format!("has an unknown suite `{name}`"), expected)
}
