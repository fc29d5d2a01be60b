//! What a hello says, what is refused at which byte, and in how many ways it can arrive.

mod captured;
mod fields;
mod records;
mod rustls;
