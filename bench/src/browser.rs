//! The request of a browser, and the map that has its host: what rules are measured with.

use std::fmt::Write;

/// Where a run keeps [`map_text`].
pub(crate) const MAP_FILE: &str = "hosts.map";
/// Lines of [`map_text`]: a hosting provider's.
const MAP_LINES: usize = 5000;

pub(crate) const REQUEST: &str = "GET /articles/2024/07/a-page.html?from=start HTTP/1.1\r\n\
    Host: www.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://www.example.org/articles/\r\n\
    Connection: keep-alive\r\n\
    Cookie: id=5f3a9c27e1b84d06; theme=dark; seen=1720000000\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\n\r\n";

/// The fields of [`REQUEST`], line by line.
pub(crate) fn fields() -> impl Iterator<Item = &'static str> {
    REQUEST.lines().skip(1).filter(|line| !line.is_empty())
}

/// The target of [`REQUEST`].
pub(crate) fn target() -> &'static str {
    REQUEST.split(' ').nth(1).unwrap_or("/")
}

/// A map from hosts to backends, in the middle of which stands the host of [`REQUEST`].
pub(crate) fn map_text() -> String {
    let mut text = String::new();
    for line in 0..MAP_LINES {
        let backend = ["app", "shop", "blog"][line % 3];
        // Writing to a String cannot fail.
        let _ = match line == MAP_LINES / 2 {
            true => writeln!(text, "www.example.org shop"),
            false => writeln!(text, "www.customer-{line}.example.net {backend}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{MAP_LINES, fields, map_text, target};

    #[test]
    fn the_map_has_the_host_of_the_request() {
        let host = fields().find_map(|line| line.strip_prefix("Host: ")).unwrap();
        let text = map_text();
        assert_eq!(text.lines().count(), MAP_LINES);
        assert_eq!(text.lines().filter(|line| *line == format!("{host} shop")).count(), 1);
    }

    #[test]
    fn the_target_is_the_whole_one() {
        assert_eq!(target(), "/articles/2024/07/a-page.html?from=start");
        assert_eq!(fields().count(), 12);
    }
}
