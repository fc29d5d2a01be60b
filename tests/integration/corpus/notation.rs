//! Bytes as case files write them: visible, one wire line a line, every line end written out.

/// The bytes that `text` stands for.
///
/// # Errors
/// An escape that does not exist, or a byte that should have been one.
pub(super) fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '\\' => rest = escape(rest, &mut bytes)?,
            ' '..='~' => bytes.push(first as u8),
            _ => return Err(format!("{first:?} is not visible: write it as an escape")),
        }
    }
    Ok(bytes)
}

/// Appends what the escape means that `rest` begins with. Returns what follows it.
fn escape<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str, String> {
    let unknown = || format!("no such escape: \\{}", rest.chars().take(4).collect::<String>());
    let (first, behind) = rest.split_at_checked(1).ok_or_else(unknown)?;
    match first {
        "r" => bytes.push(b'\r'),
        "n" => bytes.push(b'\n'),
        "t" => bytes.push(b'\t'),
        "0" => bytes.push(0),
        "\\" => bytes.push(b'\\'),
        "x" => {
            let (digits, behind) = behind.split_at_checked(2).ok_or_else(unknown)?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| unknown())?);
            return Ok(behind);
        }
        "{" => {
            let (inner, behind) = behind.split_once('}').ok_or_else(unknown)?;
            let (text, count) = inner.rsplit_once('*').ok_or_else(unknown)?;
            let count: usize = count.parse().map_err(|_| unknown())?;
            bytes.extend(bytes_of(text)?.repeat(count));
            return Ok(behind);
        }
        _ => return Err(unknown()),
    }
    Ok(behind)
}

/// From this many equal bytes on, a run is written as a repetition.
const RUN_MIN: usize = 24;

/// How `bytes` are written.
pub(super) fn text_of(bytes: &[u8]) -> String {
    bytes.chunk_by(|a, b| a == b).map(run).collect()
}

fn run(run: &[u8]) -> String {
    let one = match run[0] {
        b'\r' => "\\r".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\t' => "\\t".to_owned(),
        0 => "\\0".to_owned(),
        b'\\' => "\\\\".to_owned(),
        byte @ b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    if run.len() >= RUN_MIN { format!("\\{{{one}*{}}}", run.len()) } else { one.repeat(run.len()) }
}

#[test]
fn bytes_and_text_are_one() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(bytes_of(&text_of(&all)).unwrap(), all);
    assert_eq!(bytes_of(r"a\r\n\t\0\\\xff\{b\x00*3}c").unwrap(), b"a\r\n\t\0\\\xffb\0b\0b\0c");
    assert_eq!(text_of(&[b'x'; 30]), r"\{x*30}");
    for bad in [r"\q", r"\x1", r"\xgg", r"\{x}", r"\{x*y}", r"\{x*3", "\\", "\u{e9}", "\t"] {
        assert!(bytes_of(bad).is_err(), "{bad}");
    }
}
