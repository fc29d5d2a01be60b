//! Whether a server is up, as its checks say: HAProxy's `rise` and `fall`.
//!
//! ```text
//!   score  0 .. rise-1          rise .. rise+fall-1
//!          down                 up
//!   good:  +1; on rise, up at the top        bad: -1; below rise, down at 0
//! ```
//! A server starts up, one bad check away from down.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    score: u32,
    rise: u32,
    fall: u32,
}

impl Health {
    pub fn new(rise: u32, fall: u32) -> Self {
        Self { score: rise, rise, fall }
    }

    pub fn is_up(self) -> bool {
        self.score >= self.rise
    }

    /// Takes a check's result. Returns the new state if the server changed it.
    pub fn record(&mut self, good: bool) -> Option<bool> {
        let was_up = self.is_up();
        let top = self.rise + self.fall - 1;
        self.score = match (good, was_up) {
            (true, true) => top,
            (true, false) if self.score + 1 == self.rise => top,
            (true, false) => self.score + 1,
            (false, true) if self.score > self.rise => self.score - 1,
            (false, _) => 0,
        };
        (self.is_up() != was_up).then_some(self.is_up())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+` good, `-` bad; `U` and `D` are where the state changes.
    fn run(rise: u32, fall: u32, checks: &str) -> String {
        let mut health = Health::new(rise, fall);
        let step = |check| match health.record(check == '+') {
            Some(true) => 'U',
            Some(false) => 'D',
            None => check,
        };
        checks.chars().map(step).collect()
    }

    #[test]
    fn follows_rise_and_fall() {
        let cases = [
            (2, 3, "-", "D"),
            (2, 3, "+---", "+--D"),
            (2, 3, "+--+---", "+--+--D"),
            (2, 3, "-++", "D+U"),
            (2, 3, "-+-++", "D+-+U"),
            (2, 3, "-++---", "D+U--D"),
            (1, 1, "-+-+", "DUDU"),
            (1, 2, "-+-+--", "DU-+-D"),
        ];
        for (rise, fall, checks, expected) in cases {
            assert_eq!(run(rise, fall, checks), expected, "rise {rise} fall {fall} {checks}");
        }
    }
}
