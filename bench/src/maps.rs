//! `bench maps`, which `scripts/bench --maps` runs: what a map of 100,000 lines costs to load, to keep
//! and to ask.
//!
//! Each map is built in processes of its own. One measures times; the other has the allocator give
//! every freed block back to the system, so that the memory of the process tells what the map takes.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;

use corelane::rule::{Arena, Library, Sample};
use proxy_config::model::rule::{Map, MapOutput, Match, PatternFile, Tables};
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

const LINES: usize = 100_000;
const LOOKUPS: usize = 100_000;
/// Samples that are asked for in turn: more than a cache remembers.
const SAMPLES: usize = 50_000;
/// Rounds of a time, of which the fastest counts: many short ones, as neighbours on the core disturb.
const ROUNDS: usize = 50;
/// The same of loading.
const LOADS: usize = 5;

/// A kind of map: its lines, and samples for them.
struct Case {
    name: &'static str,
    method: Match,
    line: fn(&mut Names) -> String,
    /// A sample that the line's key matches.
    hit: fn(&str) -> String,
}

const CASES: &[Case] = &[
    Case { name: "str, domains", method: Match::Str, line: domain, hit: str::to_owned },
    Case { name: "dom, domains", method: Match::Dom, line: domain, hit: below },
    Case { name: "end, domains", method: Match::End, line: dotted, hit: |key| below(&key[1..]) },
    Case { name: "beg, paths", method: Match::Beg, line: path, hit: |key| format!("{key}/a.html") },
    Case { name: "ip, networks", method: Match::Ip, line: network, hit: address },
];

/// `bench maps`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What a process of its own does: a case by number
    #[arg(long, hide = true, requires = "part")]
    case: Option<usize>,
    #[arg(long, hide = true)]
    part: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let (Some(case), Some(part)) = (args.case, args.part.as_deref()) {
        let case = CASES.get(case).ok_or("no such case")?;
        return match part {
            "times" => times(case),
            _ => memory(case),
        };
    }
    println!("| {LINES} lines    | load   | hit    | miss   | memory a line, text and all |");
    println!("| --------------- | ------ | ------ | ------ | --------------------------- |");
    for (number, case) in CASES.iter().enumerate() {
        let (times, memory) = (child(number, "times")?, child(number, "memory")?);
        println!("| {:15} | {} | {:>21} bytes |", case.name, times.trim(), memory.trim());
    }
    Ok(())
}

fn child(case: usize, part: &str) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(["maps", "--case", &case.to_string(), "--part", part])
        .envs(GIVE_BACK.into_iter().filter(|_| part != "times"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Has glibc's allocator map each block of some pages by itself.
const GIVE_BACK: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "16384"), ("MALLOC_TRIM_THRESHOLD_", "0")];

fn times(case: &Case) -> Result<()> {
    let (text, hits, misses) = case.texts();
    let tables = case.tables(&text);
    let mut load_ms = f64::MAX;
    for _ in 0..LOADS {
        let start = cpu_seconds();
        black_box(Library::new(&tables)?);
        load_ms = load_ms.min((cpu_seconds() - start) * 1e3);
    }
    let library = Library::new(&tables)?;
    let hit_ns = lookup_ns(&library, &hits, true)?;
    let miss_ns = lookup_ns(&library, &misses, false)?;
    println!("{load_ms:3.0} ms | {hit_ns:3.0} ns | {miss_ns:3.0} ns");
    Ok(())
}

fn lookup_ns(library: &Library, texts: &[String], is_hit: bool) -> Result<f64> {
    let samples: Vec<Sample<'_>> = texts.iter().map(|text| sample(text)).collect();
    let mut fastest = f64::MAX;
    let mut arena = Arena::default();
    for _ in 0..ROUNDS {
        let start = cpu_seconds();
        let mut hits = 0;
        for sample in samples.iter().cycle().take(LOOKUPS) {
            hits += usize::from(library.lookup_in(0, *sample, &arena).is_some());
        }
        fastest = fastest.min((cpu_seconds() - start) * 1e9 / LOOKUPS as f64);
        arena.clear();
        if hits != if is_hit { LOOKUPS } else { 0 } {
            return Err(format!("{hits} of {LOOKUPS} look-ups found something").into());
        }
    }
    Ok(fastest)
}

/// An address is one already where it is looked up, as `src` is.
fn sample(text: &str) -> Sample<'_> {
    text.parse().map_or(Sample::Str(text.as_bytes()), Sample::Ip)
}

/// Of the calling thread: others that want the core do not count.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn memory(case: &Case) -> Result<()> {
    let before = anonymous_bytes()?;
    let library = {
        let (text, ..) = case.texts();
        Library::new(&case.tables(&text))?
    };
    let after = anonymous_bytes()?;
    black_box(&library);
    println!("{}", after.saturating_sub(before) / LINES as u64);
    Ok(())
}

fn anonymous_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no RssAnon")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}

impl Case {
    /// The file, samples that are in it and others that are not.
    fn texts(&self) -> (String, Vec<String>, Vec<String>) {
        let mut names = Names(1);
        let mut text = String::new();
        let mut hits = Vec::new();
        for nth in 0..LINES {
            let key = (self.line)(&mut names);
            if nth % (LINES / SAMPLES) == 0 {
                hits.push((self.hit)(&key));
            }
            text += &format!("{key} backend-{}\n", nth % 100);
        }
        // In an order that is not the file's.
        hits.sort_by_key(|hit| hit.bytes().rev().collect::<Vec<_>>());
        // Written one behind the other in that order, as a sample is fresh in the cache when it is looked up.
        let hits: Vec<String> = hits.iter().map(|hit| hit.chars().collect()).collect();
        let misses = hits.iter().map(|hit| missing(self.method, hit)).collect();
        (text, hits, misses)
    }

    fn tables(&self, text: &str) -> Tables {
        let file = PatternFile { path: PathBuf::from("bench.map"), text: text.as_bytes().into() };
        let map = Map { method: self.method, output: MapOutput::Str, file };
        Tables { maps: vec![map], ..Tables::default() }
    }
}

/// Names that look like those of people, always the same.
struct Names(u64);

impl Names {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ta", "ber", "on", "lin", "shop", "ma", "ri", "net", "so", "ka", "do", "ver", "i",
            "lo", "gra", "pen",
        ];
        (0..3 + self.next() % 3).map(|_| SYLLABLES[self.next() as usize % 16]).collect()
    }
}

fn domain(names: &mut Names) -> String {
    let end = ["com", "com", "com", "net", "org", "de", "co.uk", "io"][names.next() as usize % 8];
    format!("{}-{}.{end}", names.word(), names.word())
}

fn dotted(names: &mut Names) -> String {
    format!(".{}", domain(names))
}

fn path(names: &mut Names) -> String {
    format!("/{}/{}", names.word(), names.word())
}

fn network(names: &mut Names) -> String {
    let bits = names.next() as u32;
    let [a, b, c, d] = bits.to_be_bytes();
    match names.next() % 4 {
        0 => format!("{a}.{b}.{c}.{d}"),
        1 => format!("{a}.{b}.{}.0/22", c & 252),
        _ => format!("{a}.{b}.{c}.0/24"),
    }
}

fn below(key: &str) -> String {
    format!("www.{key}")
}

fn address(key: &str) -> String {
    key.split('/').next().unwrap_or(key).to_owned()
}

/// A sample much like another one, of which no map here has anything.
fn missing(method: Match, hit: &str) -> String {
    match method {
        // Those networks have a first bit that is 0.
        Match::Ip => {
            format!("2{:02}.{}", hit.len(), hit.split_once('.').map_or("", |(_, rest)| rest))
        }
        Match::Beg => hit.replacen('/', "/~", 1),
        _ => hit.replace('.', "-x."),
    }
}

#[cfg(test)]
mod tests {
    use super::{CASES, Library, lookup_ns};

    #[test]
    fn every_case_works() {
        for case in CASES {
            let (text, hits, misses) = case.texts();
            let library = Library::new(&case.tables(&text)).unwrap();
            assert!(lookup_ns(&library, &hits, true).is_ok(), "{}", case.name);
            assert!(lookup_ns(&library, &misses, false).is_ok(), "{}", case.name);
        }
    }
}
