//! The table of operations and kinds in docs/coverage.md is what the registry says: `cargo xtask coverage` writes it.

use array_protocol::transforms::coverage::{differentiated, vectorised};
use array_protocol::{Kind, Level, Op, Source, coverage, kinds, operations};
use std::fmt::Write;

/// Where the table lies, and what its writer sets.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/coverage.md");
const WRITE: &str = "WRITE_COVERAGE";

fn served(op: &'static Op, kind: &'static Kind) -> &'static str {
    match coverage(op, kind) {
        Source::Kernel(..) | Source::Closure(..) => "kernel",
        #[cfg(feature = "chunked")]
        Source::Handler(_) if kind.name() == "chunked" => array_protocol::chunked::served(op),
        Source::Handler(_) => "handler",
        Source::Composition(_) => "composition",
        Source::Refused(_) | Source::Conflict(..) | Source::Missing => "missing",
    }
}

fn table() -> String {
    // Names its crate, so that it is linked.
    let _ = array_protocol::ndarray();
    #[cfg(feature = "torch")]
    let _ = array_protocol::torch();
    #[cfg(feature = "chunked")]
    let _ = array_protocol::chunked_over(&array_protocol::ndarray());
    let mut data: Vec<_> = kinds().into_iter().filter(|k| k.level() <= Level::LAZY).collect();
    data.sort_by_key(|k| k.name());
    // What chunked arrays make their tasks of is nobody else's to call.
    let mut rows: Vec<_> = operations().filter(|op| op.category != "chunks").collect();
    rows.sort_by_key(|op| (op.category, op.name));
    let mut text = String::from(
        "# Coverage\n\nWhat serves each operation on each kind of array, and in derivatives and `vmap`. Written by \
         `cargo xtask coverage`. A derivative is missing where results are positions or truth values; `vmap` where their \
         number depends on data.\n",
    );
    let mut category = "";
    for op in rows {
        if op.category != category {
            category = op.category;
            let names = data.iter().map(|k| k.name()).collect::<Vec<_>>().join(" | ");
            let lines = "---|".repeat(data.len() + 3);
            let _ = write!(text, "\n## {category}\n\n| operation | {names} | derivative | vmap |\n|{lines}\n");
        }
        let cells = data.iter().map(|kind| served(op, kind)).collect::<Vec<_>>().join(" | ");
        let _ = writeln!(text, "| `{}` | {cells} | {} | {} |", op.name, differentiated(op), vectorised(op));
    }
    text
}

/// The kinds in the table that this program was built without.
fn absent() -> Vec<&'static str> {
    let built = [("chunked", cfg!(feature = "chunked")), ("torch", cfg!(feature = "torch"))];
    built.into_iter().filter(|(_, here)| !here).map(|(kind, _)| kind).collect()
}

/// The table without the columns of these kinds.
fn without(text: &str, kinds: &[&str]) -> String {
    let mut dropped = vec![];
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        let cells: Vec<&str> = line.split('|').collect();
        if line.starts_with("| operation") {
            dropped = (0..cells.len()).filter(|&i| kinds.contains(&cells[i].trim())).collect();
        }
        let kept = cells.iter().enumerate().filter(|(i, _)| cells.len() < 3 || !dropped.contains(i));
        lines += &kept.map(|(_, cell)| *cell).collect::<Vec<_>>().join("|");
    }
    lines
}

#[test]
fn the_table_in_the_docs_is_the_registry_s() {
    let table = table();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(TABLE, &table).expect("docs/ can be written");
        println!("{table}");
    }
    let written = without(&std::fs::read_to_string(TABLE).unwrap_or_default(), &absent());
    assert!(written == table, "docs/coverage.md is not what the registry says: run `cargo xtask coverage`");
}
