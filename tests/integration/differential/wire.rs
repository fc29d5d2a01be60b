//! Where a message ends.

/// The length of the message that `bytes` begin with; `None` while it is not whole, and for one
/// that ends with the connection.
pub(super) fn message_len(bytes: &[u8], has_body: bool) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let field = |name: &str| {
        text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
    };
    let is_response = text.starts_with("http/");
    let is_bodiless = ["1", "204", "304"].iter().any(|status| {
        is_response && text.split(' ').nth(1).is_some_and(|seen| seen.starts_with(status))
    });
    if is_bodiless || !has_body {
        return Some(head);
    }
    if field("transfer-encoding").is_some() {
        return chunks_len(&bytes[head..]).map(|len| head + len);
    }
    match field("content-length") {
        Some(len) => Some(head + len.parse::<usize>().ok()?).filter(|len| *len <= bytes.len()),
        None => (!is_response).then_some(head),
    }
}

fn chunks_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = usize::from_str_radix(str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        if size == 0 {
            break;
        }
        at += size + 2;
        bytes.get(at..)?;
    }
    // Trailers, to an empty line.
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        at += line + 2;
        if line == 0 {
            return Some(at);
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|seen| seen == pattern)
}
