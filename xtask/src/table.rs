//! Plain text tables: the first column to the left, numbers to the right, no colours.

/// Renders rows below a header, every column as wide as its widest cell.
pub(crate) fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let rule: Vec<String> = widths.iter().map(|&w| "-".repeat(w)).collect();
    [&header, &rule].into_iter().chain(rows).map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<String> =
        cells.map(|(i, (cell, &w))| if i == 0 { format!("{cell:<w$}") } else { format!("{cell:>w$}") }).collect();
    cells.join("  ").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["clippy".to_owned(), "0.42".to_owned()], vec!["unit tests".to_owned(), "12.50".to_owned()]];
        let expected = "\
part        minutes
----------  -------
clippy         0.42
unit tests    12.50
";
        assert_eq!(render(&["part", "minutes"], &rows), expected);
    }

    #[test]
    fn width_counts_characters_and_short_rows_end_early() {
        let rows = [vec!["Glorot–Bengio".to_owned(), "1".to_owned()], vec!["none".to_owned()]];
        let expected = "\
who            n
-------------  -
Glorot–Bengio  1
none
";
        assert_eq!(render(&["who", "n"], &rows), expected);
    }
}
