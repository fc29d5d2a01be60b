//! `retry-on`: whether a request that was answered badly, or not at all, is sent once more.

use super::Stream;
use crate::connect::{Fault, Retry};

impl Stream {
    /// Whether `fault` is a reason to try again, and there is an attempt left. If so it is counted,
    /// and the next connection is a new one.
    pub(super) fn tries_again(&mut self, fault: &Fault) -> bool {
        if !self.can_retry(fault.retry) {
            return false;
        }
        if let Some(place) = &self.progress.place {
            self.progress.attempts.again(place);
        }
        self.response_bytes.clear();
        true
    }

    /// Whether a request that failed like that may be sent once more: it is at hand as a whole, the
    /// client heard nothing yet, and the configuration says so.
    pub(super) fn can_retry(&self, retry: Retry) -> bool {
        let Some(place) = &self.progress.place else { return false };
        let config = place.backend().config();
        let is_reason = match retry {
            Retry::Never => false,
            Retry::Empty => config.retry_on.empty_response,
            Retry::Junk => config.retry_on.junk_response,
            Retry::Status(status) => config.retry_on.statuses.binary_search(&status).is_ok(),
            Retry::Timeout => config.retry_on.response_timeout,
        };
        let progress = &self.progress;
        is_reason
            && !progress.response_begun
            && progress.interims == 0
            && !progress.body_moved
            && !self.asked.no_retry
            && progress.attempts.retries < progress.attempts.limit(place)
    }
}
