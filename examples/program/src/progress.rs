//! A bar on the terminal while work goes on; nothing where there is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `steps` steps of the work called `name`.
pub fn bar(name: &str, steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {percent:>3} %  {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}
