//! The proxy's own replies to a request that it does not forward, with HAProxy's texts where it
//! has them.

/// A whole response, and how much of it is its body.
struct Reply {
    status: u16,
    bytes: &'static str,
    body_len: usize,
}

/// The reply with `status`; an unknown status gets the general reply of its class.
pub fn error_reply(status: u16) -> &'static [u8] {
    reply(status).map_or(&[], |reply| reply.bytes.as_bytes())
}

/// The same without its body, for HEAD.
pub fn error_reply_head(status: u16) -> &'static [u8] {
    let head =
        |reply: &'static Reply| reply.bytes.as_bytes().get(..reply.bytes.len() - reply.body_len);
    reply(status).and_then(head).unwrap_or_default()
}

/// The usual reason phrase of a status, as HAProxy writes it.
pub fn reason_of(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "Other",
    }
}

fn reply(status: u16) -> Option<&'static Reply> {
    let find = |status| REPLIES.iter().find(|reply| reply.status == status);
    let general = if (400..500).contains(&status) { 400 } else { 500 };
    find(status).or_else(|| find(general))
}

/// Status, reason, length of the body and text, a reply a line. That the length, which stands in
/// the head, is the body's is checked as it compiles.
macro_rules! replies {
    ($($status:literal $reason:literal $body_len:literal $text:literal)*) => {
        const REPLIES: &[Reply] = &[$({
            let body = concat!(
                "<html><body><h1>", $status, " ", $reason, "</h1>\n", $text, "\n</body></html>\n"
            );
            assert!(body.len() == $body_len);
            Reply {
                status: $status,
                bytes: concat!(
                    "HTTP/1.1 ", $status, " ", $reason, "\r\n",
                    "content-length: ", $body_len, "\r\n",
                    "cache-control: no-cache\r\n",
                    "content-type: text/html\r\n",
                    "connection: close\r\n\r\n",
                    "<html><body><h1>", $status, " ", $reason, "</h1>\n",
                    $text, "\n</body></html>\n"
                ),
                body_len: $body_len,
            }
        }),*];
    };
}

replies! {
    200 "OK" 58 "Service ready."
    400 "Bad request" 90 "Your browser sent an invalid request."
    401 "Unauthorized" 112 "You need a valid user and password to access this content."
    403 "Forbidden" 93 "Request forbidden by administrative rules."
    404 "Not Found" 83 "The resource could not be found."
    405 "Method Not Allowed" 146
        "A request was made of a resource using a request method not supported by that resource"
    407 "Unauthorized" 112 "You need a valid user and password to access this content."
    408 "Request Time-out" 110 "Your browser didn't send a complete request in time."
    410 "Gone" 114 "The resource is no longer available and will not be available again."
    413 "Payload Too Large" 106 "The request entity exceeds the maximum allowed."
    414 "URI Too Long" 101 "The request target exceeds the maximum allowed."
    417 "Expectation Failed" 105 "The expectation of the request cannot be met."
    421 "Misdirected Request" 104 "Request sent to a non-authoritative server."
    422 "Unprocessable Content" 116 "The server cannot process the contained instructions."
    425 "Too Early" 80 "Your browser sent early data."
    429 "Too Many Requests" 117 "You have sent too many requests in a given amount of time."
    431 "Request Header Fields Too Large" 126
        "The request header fields exceed the maximum allowed."
    500 "Internal Server Error" 97 "An internal server error occurred."
    501 "Not Implemented" 135
        "The server does not support the functionality required to fulfill the request."
    502 "Bad Gateway" 107 "The server returned an invalid or incomplete response."
    503 "Service Unavailable" 107 "No server is available to handle this request."
    504 "Gateway Time-out" 92 "The server didn't respond in time."
    505 "HTTP Version Not Supported" 121 "The protocol version of the request is not supported."
}

#[cfg(test)]
mod tests;
