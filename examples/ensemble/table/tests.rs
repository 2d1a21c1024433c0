//! Every refusal with its message, and what is read in its stead.

use super::encoding::{Encoded, Encoding, Kind, Missing};
use super::fit::Choice;
use program::table::cell::{Cell, Decimal};
use program::table::read::{Format, Table};

fn read(text: &str) -> Result<Table, String> {
    Table::parse("t.csv", text.as_bytes(), Format::default()).map_err(|e| e.to_string())
}

fn table(text: &str) -> Table {
    read(text).unwrap()
}

fn choice(missing: Missing) -> Choice {
    Choice { target: "y".into(), missing, ..Choice::default() }
}

fn fit(text: &str, choice: &Choice) -> Result<(Encoding, Vec<String>, Encoded), String> {
    let table = read(text)?;
    let rows: Vec<usize> = (0..table.len()).collect();
    let (encoding, notes) = Encoding::fit(&table, &rows, choice).map_err(|e| e.to_string())?;
    let encoded = encoding.encode_training(&table, &rows).map_err(|e| e.to_string())?;
    Ok((encoding, notes, encoded))
}

fn refused(text: &str, choice: &Choice) -> String {
    fit(text, choice).map(|_| ()).unwrap_err()
}

fn predicted(training: &str, new: &str, missing: Missing) -> Result<Encoded, String> {
    let (encoding, _, _) = fit(training, &choice(missing))?;
    encoding.encode_new(&read(new)?).map_err(|e| e.to_string())
}

fn cells(table: &Table) -> Vec<Vec<&str>> {
    (0..table.len()).map(|r| (0..table.names.len()).map(|c| table.text(r, c)).collect()).collect()
}

// Reading

#[test]
fn delimiters_are_detected() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = "a,b,c\n1,x,3\n4,y,6\n".replace(',', delimiter);
        let table = table(&text);
        assert_eq!(table.names, ["a", "b", "c"], "{delimiter:?}");
        assert_eq!(cells(&table), [["1", "x", "3"], ["4", "y", "6"]]);
    }
}

#[test]
fn commas_inside_quotes_and_numbers_do_not_mislead() {
    let table = table("name;x;y\n\"a, b, c\";1,5;2,5\n\"d, e, f\";-3,25;1e3\n");
    assert_eq!((table.names.len(), table.decimal), (3, Decimal::Comma));
    assert_eq!(table.text(0, 0), "a, b, c");
    assert_eq!((table.cell(0, 1), table.cell(1, 1)), (Cell::Number(1.5), Cell::Number(-3.25)));
    assert_eq!(table.cell(1, 2), Cell::Number(1000.0));
}

#[test]
fn a_given_format_wins() {
    let format = Format { delimiter: Some(b'/'), decimal: Some(Decimal::Comma) };
    let table = Table::parse("t", b"a/b\n1,5/2\n", format).unwrap();
    assert_eq!(table.cell(0, 0), Cell::Number(1.5));
    let format = Format { decimal: Some(Decimal::Comma), ..Format::default() };
    let table = Table::parse("t", b"a,b\n\"1,5\",2\n", format).unwrap();
    assert_eq!(table.cell(0, 0), Cell::Number(1.5));
}

#[test]
fn mixed_decimals_are_refused() {
    let error = read("x;y\n1,5;2\n1;2.5\n").unwrap_err();
    assert_eq!(
        error,
        "t.csv: both decimal commas ('1,5' in line 2) and decimal points ('2.5' in line 3) occur; say which one it is \
         with --decimal"
    );
}

#[test]
fn mark_line_ends_quotes_and_spaces_are_taken_off() {
    let table = table("\u{feff}\"a\" , b\r\n 1 , \"two \"\"2\"\"\" \r\n\r\n3,\"x\ny\"\r\n5,z");
    assert_eq!(table.names, ["a", "b"]);
    assert_eq!(table.text(1, 1), "x\ny");
    assert_eq!(table.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 4, 6]);
    assert_eq!(cells(&table)[2], ["5", "z"]);
}

#[test]
fn ragged_rows_are_refused_with_their_line() {
    let error = "t.csv: line 3 has 3 fields where the header has 2 (delimiter ',')";
    assert_eq!(read("a,b\n1,2\n1,2,3\n").unwrap_err(), error);
    let error = "t.csv: line 4 has 1 fields where the header has 2 (delimiter tab)";
    assert_eq!(read("a\tb\n1\t2\n\n7\n").unwrap_err(), error);
}

#[test]
fn headers_must_name_every_column_once() {
    let error = "t.csv: the header names column 'a' twice (columns 1 and 3); rename one";
    assert_eq!(read("a,b, a\n1,2,3\n").unwrap_err(), error);
    let error = "t.csv: column 1 has no name; give it one in the header, or delete it";
    assert_eq!(read(",b\n1,2\n").unwrap_err(), error);
}

#[test]
fn empty_and_unreadable_files_are_refused() {
    assert_eq!(read("").unwrap_err(), "t.csv: is empty; the first line has to name the columns");
    assert_eq!(read("\u{feff}\n\n").unwrap_err(), "t.csv: is empty; the first line has to name the columns");
    assert_eq!(read("a,b\n").unwrap_err(), "t.csv: has a header but no rows");
    let error = Table::read("no/such.csv".as_ref(), Format::default()).unwrap_err().to_string();
    assert!(error.starts_with("no/such.csv: cannot be read: "), "{error}");
    let bytes = |b: &[u8]| Table::parse("t.csv", b, Format::default()).unwrap_err().to_string();
    assert!(bytes(b"a,b\n1,2\n1,\xe9\n").starts_with("t.csv: line 3 is not UTF-8 text;"));
    assert!(bytes(b"\xff\xfea\0,\0").starts_with("t.csv: is UTF-16 text;"));
}

// Fitting

#[test]
fn columns_become_features() {
    let (encoding, notes, encoded) =
        fit("age,colour,y\n1,red,10\n2,blue,20\n4,red,40\n", &choice(Missing::Error)).unwrap();
    assert!(notes.is_empty());
    assert_eq!(encoded.names, ["age", "colour=blue", "colour=red"]);
    assert_eq!(encoded.features, [1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 4.0, 0.0, 1.0]);
    assert_eq!((encoded.targets, encoded.lines), (vec![10.0, 20.0, 40.0], vec![2, 3, 4]));
    let written = serde_json::to_string(&encoding).unwrap();
    assert_eq!(serde_json::from_str::<Encoding>(&written).unwrap(), encoding);
}

#[test]
fn declared_categories_and_ignored_columns() {
    let choice = Choice { ignore: vec!["id".into()], categorical: vec!["zip".into()], ..choice(Missing::Error) };
    let (_, _, encoded) = fit("id,zip,y\na,10,1\nb,9,2\nc,10,3\n", &choice).unwrap();
    assert_eq!(encoded.names, ["zip=10", "zip=9"]);
    let unknown = Choice { ignore: vec!["idd".into()], ..choice };
    assert_eq!(refused("id,zip,y\na,10,1\n", &unknown), "t.csv: there is no column 'idd'; the columns are: id, zip, y");
}

#[test]
fn the_target_must_exist_be_numeric_and_vary() {
    let strict = choice(Missing::Error);
    assert_eq!(refused("a,b\n1,2\n", &strict), "t.csv: there is no column 'y'; the columns are: a, b");
    let error = "t.csv: the target column 'y' must be numeric, but line 3 holds 'high'";
    assert_eq!(refused("a,y\n1,2\n2,high\n", &strict), error);
    let error = "t.csv: the target column 'y' is constant: every row holds 2, so there is nothing to predict";
    assert_eq!(refused("a,y\n1,2\n2,2.0\n", &strict), error);
    assert_eq!(refused("y\n1\n2\n", &strict), "t.csv: no column is left to predict 'y' from");
}

#[test]
fn constant_features_are_left_out_with_a_note() {
    let (encoding, notes, _) = fit("a,k,c,y\n1,7,x,1\n2,7,x,2\n", &choice(Missing::Error)).unwrap();
    assert_eq!(encoding.feature_names(), ["a"]);
    assert_eq!(
        notes,
        [
            "column 'k' is left out: it is constant (7) in the training rows",
            "column 'c' is left out: it is constant ('x') in the training rows"
        ]
    );
    let error = refused("k,y\n7,1\n7,2\n", &choice(Missing::Error));
    assert_eq!(error, "t.csv: no column is left to predict 'y' from");
}

#[test]
fn numbers_must_be_finite() {
    for (value, column) in [("inf", "a"), ("-Infinity", "a"), ("1e999", "a")] {
        let error = refused(&format!("a,y\n1,1\n{value},2\n"), &choice(Missing::Impute));
        assert_eq!(error, format!("t.csv: column '{column}', line 3: '{value}' is not a finite number"));
    }
    let error = refused("a,y\n1,1\n2,inf\n", &choice(Missing::Impute));
    assert_eq!(error, "t.csv: column 'y', line 3: 'inf' is not a finite number");
}

#[test]
fn a_typing_error_does_not_turn_numbers_into_categories() {
    let error = refused("a,y\n1,1\n2,2\n3x,3\n", &choice(Missing::Error));
    assert_eq!(
        error,
        "t.csv: column 'a' holds numbers in 2 of 3 rows but '3x' in line 4; correct that cell, or say --categorical 'a'"
    );
}

#[test]
fn identifiers_are_not_categories() {
    let rows: String = (0..101).map(|i| format!("n{i},{i}\n")).collect();
    let error = refused(&format!("name,y\n{rows}"), &choice(Missing::Error));
    assert!(error.starts_with("t.csv: column 'name' has 101 different texts, more than 100; leave it out"), "{error}");
}

// Missing values

const HOLES: &str = "a,c,y\n1,u,1\n?,v,2\n5,N/A,3\n3,v,\n9,v,5\n";

#[test]
fn every_word_for_missing_is_known() {
    for word in ["", "NA", "na", "N/A", "NaN", "nan", "null", "NULL", "?", "-nan"] {
        assert_eq!(Cell::of(word, Decimal::Point), Cell::Missing, "{word}");
    }
    assert_eq!(Cell::of("none", Decimal::Point), Cell::Text("none"));
    assert_eq!(Cell::of("\u{2212}2.5", Decimal::Point), Cell::Number(-2.5));
    assert_eq!(Cell::of("1.234,5", Decimal::Comma), Cell::Text("1.234,5"));
}

#[test]
fn missing_values_are_refused_by_default() {
    let error = refused(HOLES, &choice(Missing::Error));
    assert!(
        error.starts_with("t.csv: column 'a' has no value in line 3 (3 missing values in all); choose --missing drop"),
        "{error}"
    );
}

#[test]
fn rows_with_missing_values_can_be_dropped() {
    let (_, _, encoded) = fit(HOLES, &choice(Missing::Drop)).unwrap();
    assert_eq!((encoded.lines, encoded.dropped), (vec![2, 6], vec![3, 4, 5]));
    assert_eq!(encoded.features, [1.0, 1.0, 0.0, 9.0, 0.0, 1.0]);
    let error = "t.csv: no row is left after dropping those with missing values; try --missing impute";
    assert_eq!(refused("a,y\n?,1\n,2\n", &choice(Missing::Drop)), error);
}

#[test]
fn missing_features_can_be_imputed_but_targets_never() {
    let (encoding, _, encoded) = fit(HOLES, &choice(Missing::Impute)).unwrap();
    // Line 5 has no target, so its 3 and its v do not count: mean of 1, 5, 9, and v twice.
    assert_eq!(encoding.columns[0].kind, Kind::Numeric { fill: 5.0 });
    assert_eq!(
        encoding.columns[1].kind,
        Kind::Categorical { categories: vec!["u".into(), "v".into()], fill: "v".into() }
    );
    assert_eq!((encoded.lines, encoded.dropped), (vec![2, 3, 4, 6], vec![5]));
    assert_eq!(encoded.features, [1.0, 1.0, 0.0, 5.0, 0.0, 1.0, 5.0, 0.0, 1.0, 9.0, 0.0, 1.0]);
}

#[test]
fn imputed_values_come_from_the_training_rows_alone() {
    let table = table("a,c,y\n1,u,1\n3,v,2\n100,w,3\n200,w,4\n");
    let (encoding, _) = Encoding::fit(&table, &[0, 1], &choice(Missing::Impute)).unwrap();
    assert_eq!(encoding.columns[0].kind, Kind::Numeric { fill: 2.0 });
    // The held-out rows' category has its place all the same, and u comes before v where both occur once.
    let categories = vec!["u".into(), "v".into(), "w".into()];
    assert_eq!(encoding.columns[1].kind, Kind::Categorical { categories, fill: "u".into() });
    assert_eq!(encoding.encode_training(&table, &[3]).unwrap().features, [200.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_column_without_any_value_is_left_out() {
    let (_, notes, _) = fit("a,e,y\n1,,1\n2,NA,2\n", &choice(Missing::Impute)).unwrap();
    assert_eq!(notes, ["column 'e' is left out: it has no value in the training rows"]);
}

// Prediction

const TRAINING: &str = "a,c,y\n1,u,1\n2,v,2\n";

#[test]
fn new_tables_may_have_other_orders_and_columns() {
    let encoded = predicted(TRAINING, "c;extra;a\nv;9;1,5\nu;8;2\n", Missing::Error).unwrap();
    assert_eq!(encoded.features, [1.5, 0.0, 1.0, 2.0, 1.0, 0.0]);
    assert!(encoded.targets.is_empty());
}

#[test]
fn what_the_model_does_not_know_is_refused() {
    let refused = |new| predicted(TRAINING, new, Missing::Error).unwrap_err();
    assert_eq!(
        refused("a,c\n1,u\n1,w\n"),
        "t.csv: column 'c', line 3: the model does not know the category 'w'; it was trained with: u, v"
    );
    assert_eq!(refused("a,b\n1,2\n"), "t.csv: column 'c' is missing; the model was trained with: a, c");
    assert_eq!(
        refused("a,c\nten,u\n"),
        "t.csv: column 'a', line 2: 'ten' is not a number, and the model was trained with numbers there"
    );
    assert_eq!(refused("a,c\ninf,u\n"), "t.csv: column 'a', line 2: 'inf' is not a finite number");
    assert!(refused("a,c\n1,\n").starts_with("t.csv: column 'c' has no value in line 2 (1 missing values in all);"));
}

#[test]
fn new_tables_follow_the_models_way_with_missing_values() {
    let new = "a,c\n,u\n2,null\n1,v\n";
    let imputed = predicted(TRAINING, new, Missing::Impute).unwrap();
    assert_eq!(imputed.features, [1.5, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let dropped = predicted(TRAINING, new, Missing::Drop).unwrap();
    assert_eq!((dropped.lines, dropped.dropped), (vec![4], vec![2, 3]));
}
