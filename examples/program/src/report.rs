//! One HTML file with everything in it: it can be sent, archived and opened without a network.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a report is made of, in order.
#[derive(Clone, Debug)]
pub enum Block {
    /// A section's title.
    Heading(String),
    /// A paragraph of plain text.
    Text(String),
    /// A paragraph that a reader must not miss.
    Warning(String),
    /// A table; columns whose cells are all numbers are aligned right.
    Table {
        /// Above the table; may be empty.
        caption: String,
        /// One name per column.
        header: Vec<String>,
        /// One cell per column.
        rows: Vec<Vec<String>>,
    },
    /// A PNG or GIF with its caption, which is also read out in its place.
    Picture {
        /// What it shows.
        caption: String,
        /// The file's bytes.
        bytes: Vec<u8>,
    },
    /// A WAV file with its caption.
    Sound {
        /// What is heard.
        caption: String,
        /// The file's bytes.
        bytes: Vec<u8>,
    },
}

impl Block {
    /// A table from borrowed header cells.
    pub fn table(caption: &str, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self::Table { caption: caption.into(), header: header.iter().map(|h| (*h).to_owned()).collect(), rows }
    }
}

const CSS: &str = "
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --faint: #667; --line: #d8dbe0; --stripe: #f6f7f9;
  --warn: #fff4e0; --edge: #ee7733; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16181c; --faint: #a0a6b0; --line: #383c44;
  --stripe: #1e2127; --warn: #3a2a14; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; color: var(--faint); padding-bottom: .4rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); } tbody tr:nth-child(even) { background: var(--stripe); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
figcaption { color: var(--faint); font-size: .9rem; margin-top: .3rem; }
.warning { background: var(--warn); border-left: 4px solid var(--edge); padding: .6rem 1rem; }
@media print { body { margin: 0; max-width: none; } figure, tr { break-inside: avoid; } }
";

/// The whole page. Every text is escaped, so names from a user's table cannot become markup.
pub fn html(title: &str, blocks: &[Block]) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    let title = escaped(title);
    put(&mut page, format_args!("<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"));
    blocks.iter().for_each(|block| push(&mut page, block));
    page += "</body>\n</html>\n";
    page
}

fn push(page: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => put(page, format_args!("<h2>{}</h2>\n", escaped(text))),
        Block::Text(text) => put(page, format_args!("<p>{}</p>\n", escaped(text))),
        Block::Warning(text) => put(page, format_args!("<p class=\"warning\">{}</p>\n", escaped(text))),
        Block::Table { caption, header, rows } => push_table(page, caption, header, rows),
        Block::Picture { caption, bytes } => {
            let kind = if bytes.starts_with(b"GIF8") { "gif" } else { "png" };
            let (caption, data) = (escaped(caption), STANDARD.encode(bytes));
            // A PNG has two pixels per point; without its width a browser would show it at double size.
            let width = png_width(bytes).map_or_else(String::new, |w| format!(" width=\"{}\"", w / 2));
            put(page, format_args!("<figure><img{width} alt=\"{caption}\" src=\"data:image/{kind};base64,{data}\">"));
            put(page, format_args!("<figcaption>{caption}</figcaption></figure>\n"));
        }
        Block::Sound { caption, bytes } => {
            let (caption, data) = (escaped(caption), STANDARD.encode(bytes));
            put(page, format_args!("<figure><audio controls src=\"data:audio/wav;base64,{data}\"></audio>"));
            put(page, format_args!("<figcaption>{caption}</figcaption></figure>\n"));
        }
    }
}

fn push_table(page: &mut String, caption: &str, header: &[String], rows: &[Vec<String>]) {
    let numeric: Vec<bool> =
        (0..header.len()).map(|c| rows.iter().all(|r| r.get(c).is_some_and(|cell| is_numeric(cell)))).collect();
    let class = |c: usize| if numeric.get(c) == Some(&true) { " class=\"n\"" } else { "" };
    page.push_str("<div class=\"scroll\"><table>\n");
    if !caption.is_empty() {
        put(page, format_args!("<caption>{}</caption>\n", escaped(caption)));
    }
    page.push_str("<thead><tr>");
    for (c, name) in header.iter().enumerate() {
        put(page, format_args!("<th{} scope=\"col\">{}</th>", class(c), escaped(name)));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for (c, cell) in row.iter().enumerate() {
            put(page, format_args!("<td{}>{}</td>", class(c), escaped(cell)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes any text");
}

/// Digits, with a unit sign, a dash for "none", or nothing.
fn is_numeric(cell: &str) -> bool {
    let bare = cell.trim().trim_end_matches(['%', 's', ' ']).replace('−', "-");
    matches!(bare.as_str(), "" | "-" | "–") || bare.parse::<f64>().is_ok()
}

/// The width in a PNG's first chunk.
fn png_width(bytes: &[u8]) -> Option<u32> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    header.get(8..12)?.try_into().ok().map(u32::from_be_bytes)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not allowed in HTML; a table may hold them.
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let nasty = "<script>alert(\"1\" & '2')</script>";
        let blocks = [
            Block::Heading(nasty.into()),
            Block::Text(nasty.into()),
            Block::Warning(nasty.into()),
            Block::table(nasty, &[nasty], vec![vec![nasty.into()]]),
            Block::Picture { caption: nasty.into(), bytes: b"GIF89a".to_vec() },
            Block::Sound { caption: nasty.into(), bytes: b"RIFF".to_vec() },
        ];
        let page = html(nasty, &blocks);
        assert!(!page.contains("<script"));
        assert_eq!(page.matches("&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)").count(), 11);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = html("t", &[Block::Picture { caption: "c".into(), bytes: b"GIF89a".to_vec() }]);
        assert!(page.contains("src=\"data:image/gif;base64,R0lGODlh\""));
        assert!(!page.contains("http") && !page.contains("<link"));
    }

    #[test]
    fn numbers_are_aligned_right() {
        let rows = vec![vec!["a".into(), "−1.5".into()], vec!["2".into(), "98 %".into()], vec!["3".into(), "–".into()]];
        let page = html("t", &[Block::table("", &["name", "value"], rows)]);
        assert!(page.contains("<td class=\"n\">−1.5</td>") && page.contains("<td>a</td><td"), "{page}");
    }
}
