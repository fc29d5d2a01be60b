//! Every method at its limits, as HAProxy has it, and held against plain comparisons.

mod methods;
mod reference;
mod reload;
