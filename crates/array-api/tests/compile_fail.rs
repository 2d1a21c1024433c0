//! The compiler's messages for wrong uses of the macros: held, since a reader meets them before any documentation.

#[test]
fn messages_of_wrong_code() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
