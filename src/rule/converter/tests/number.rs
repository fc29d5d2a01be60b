//! Tests of converters of numbers, and of what becomes one.

use proxy_config::model::rule::{Arithmetic, Bits, Converter, Operand, Value};

use super::super::super::sample::Sample;
use super::{Stage, VAR, check, check_on, ip, s};

fn with(kind: Arithmetic, value: i64) -> Converter {
    Converter::Arithmetic(kind, Operand::Value(Value::Int(value)))
}

#[test]
fn arithmetic_stops_at_the_ends() {
    use Arithmetic::{Add, Div, Mod, Mul, Sub};
    const MAX: i64 = i64::MAX;
    const MIN: i64 = i64::MIN;
    for (left, kind, right, expected) in [
        (5, Add, 3, 8),
        (MAX, Add, 1, MAX),
        (MIN, Add, -1, MIN),
        (MIN, Sub, 1, MIN),
        (MAX, Sub, -1, MAX),
        (-5, Sub, MIN, 9_223_372_036_854_775_803),
        (5, Sub, MIN, MAX),
        (5, Sub, 7, -2),
        (MAX, Mul, 2, MAX),
        (MAX, Mul, -2, MIN),
        (MIN, Mul, -1, MAX),
        (-1, Mul, MIN, MAX),
        (MIN, Mul, 2, MIN),
        (7, Mul, -6, -42),
        (7, Div, 2, 3),
        (-7, Div, 2, -3),
        (7, Div, 0, MAX),
        (-7, Div, 0, MAX),
        (MIN, Div, -1, MAX),
        (MIN, Mod, -1, 0),
        (-7, Mod, 2, -1),
        (7, Mod, -2, 1),
        (7, Mod, 0, 0),
    ] {
        check(&[(Sample::Int(left), with(kind, right), Some(Sample::Int(expected)))]);
    }
}

#[test]
fn operands_in_variables() {
    let by_var = || Converter::Arithmetic(Arithmetic::Add, Operand::Var(VAR));
    let stage = Stage::empty();
    for (value, expected) in [
        (Some(s("5")), Some(17)),
        (Some(s("xx")), Some(12)),
        (Some(s("")), None),
        (Some(Sample::Int(-1)), Some(11)),
        (None, None),
    ] {
        check_on(&stage, value, &[(s("12"), by_var(), expected.map(Sample::Int))]);
    }
}

#[test]
fn bits_and_signs() {
    let bits = |kind, value| Converter::Bits(kind, Operand::Value(Value::Int(value)));
    let truth = |value| Some(Sample::Bool(value));
    check(&[
        (Sample::Int(12), bits(Bits::And, 10), Some(Sample::Int(8))),
        (Sample::Int(12), bits(Bits::Or, 3), Some(Sample::Int(15))),
        (Sample::Int(12), bits(Bits::Xor, 10), Some(Sample::Int(6))),
        (Sample::Int(12), Converter::Negate, Some(Sample::Int(-12))),
        (Sample::Int(i64::MIN), Converter::Negate, Some(Sample::Int(i64::MAX))),
        (Sample::Int(0), Converter::Complement, Some(Sample::Int(-1))),
        (Sample::Int(5), Converter::Not, truth(false)),
        (Sample::Int(0), Converter::Not, truth(true)),
        (Sample::Bool(true), Converter::Not, truth(false)),
        (Sample::Int(0), Converter::Bool, truth(false)),
        (Sample::Int(5), Converter::Bool, truth(true)),
        (s("abc"), Converter::Bool, truth(false)),
        (s("0.5"), Converter::Bool, truth(false)),
        (ip("1.2.3.4"), Converter::Bool, truth(true)),
        (ip("::1"), Converter::Bool, None),
        (Sample::Int(-1), Converter::Even, truth(false)),
        (Sample::Int(4), Converter::Even, truth(true)),
        (Sample::Int(-1), Converter::Odd, truth(true)),
        (Sample::Int(3), Converter::Odd, truth(true)),
    ]);
}

#[test]
fn what_becomes_a_number() {
    for (input, expected) in [
        (s("12abc"), Some(13)),
        (s("abc"), Some(1)),
        (s(""), None),
        (s("-12"), Some(-11)),
        (s("+12"), Some(13)),
        (s("99999999999999999999"), Some(i64::MAX)),
        (s("-99999999999999999999"), Some(i64::MIN + 1)),
        (s("-9223372036854775808"), Some(i64::MIN + 1)),
        (s("0x10"), Some(1)),
        (Sample::Bool(true), Some(2)),
        (ip("1.2.3.4"), Some(16_909_061)),
        (ip("::1"), None),
        (Sample::Bin(b"12"), None),
    ] {
        check(&[(input, with(Arithmetic::Add, 1), expected.map(Sample::Int))]);
    }
}

#[test]
fn networks() {
    let mask = |bits| Converter::IpMask { v4: u32::MAX << 8, v6: bits };
    let v6 = Some(u128::MAX << 64);
    for (input, v6, expected) in [
        (s("1.2.3.4"), None, Some("1.2.3.0")),
        (s("::1"), None, None),
        (s("2001:DB8:1:2:3::1"), v6, Some("2001:db8:1:2::")),
        (ip("2001:db8::1"), v6, Some("2001:db8::")),
        (ip("2001:db8::1"), None, None),
        (Sample::Int(16_909_060), None, Some("1.2.3.0")),
        (Sample::Int(4_311_810_308), None, Some("1.1.1.0")),
        (Sample::Int(-1), None, Some("255.255.255.0")),
        (ip("::ffff:1.2.3.4"), None, Some("1.2.3.0")),
        (ip("::ffff:1.2.3.4"), v6, Some("1.2.3.0")),
        (s("::ffff:1.2.3.4"), v6, Some("1.2.3.0")),
        (s("1.2.3.4:80"), None, Some("1.2.3.0")),
        (s("1.2.3.4abc"), None, Some("1.2.3.0")),
        (s("1.2.3.4/5"), None, Some("1.2.3.0")),
        (s("01.02.03.04"), None, Some("1.2.3.0")),
        (s("0001.2.3.4"), None, Some("1.2.3.0")),
        (s("1.2.3.4 "), None, Some("1.2.3.0")),
        (s(" 1.2.3.4"), None, None),
        (s("1.2.3.4.5"), None, None),
        (s("1.2.3"), None, None),
        (s("1.2.3."), None, None),
        (s("1..3.4"), None, None),
        (s("1.2.3.400"), None, None),
        (s("localhost"), v6, None),
        (s("[::1]"), v6, None),
        (s("fe80::1%eth0"), v6, None),
        (Sample::Bool(true), v6, None),
        (Sample::Bin(&[1, 2, 3, 4]), v6, None),
    ] {
        check(&[(input, mask(v6), expected.map(ip))]);
    }
}
