//! The figures of one training.

use plotters::style::RGBColor;
use program::color::heat;
use program::plot::{Plot, Shape, Style, palette};

use crate::cli::Preset;
use crate::network::LAYERS;
use crate::spectrogram::Spectrogram;
use crate::training::Trained;

const COLORS: [RGBColor; 4] = [palette::BLUE, palette::TEAL, palette::ORANGE, palette::RED];

/// Spectrogram, norms and loss: a file's name, a caption and the plot for each.
pub(crate) fn all(
    preset: &Preset,
    trained: &Trained,
    sound: &Spectrogram,
) -> [(String, String, [Plot<'static>; 1]); 3] {
    let name = preset.name();
    let size = (760, 380);
    let batches: Vec<f64> = (1..=trained.losses.len()).map(|i| i as f64).collect();

    let mut spectrogram = Plot::new(format!("{name}: spectrogram, darker: louder"), "time in s", "frequency in Hz");
    let colors = sound.loudness.iter().map(|v| Some(heat(*v))).collect();
    let (x, y) = ((0.0, sound.seconds.max(0.01)), (0.0, sound.highest));
    let cells = Shape::Cells { x, y, columns: sound.columns, colors };
    spectrogram = spectrogram.with(cells, Style::new(palette::GREY, 1.0, 0.0, ""));
    spectrogram.size = size;
    spectrogram.y_range = Some(y);

    let mut norms = Plot::new(format!("{name}: gradient norms"), "batch", "norm of the gradient");
    norms.log_y = true;
    norms.size = size;
    for (layer, color) in COLORS.into_iter().enumerate() {
        let ys: Vec<f64> = trained.norms.iter().map(|row| row[layer]).collect();
        let curve = Shape::Curves { x: batches[..ys.len()].to_vec().into(), ys: ys.into() };
        norms = norms.with(curve, Style::new(color, 0.9, 1.4, LAYERS[layer].0));
    }

    let caption = match trained.norms.iter().flatten().any(|norm| *norm == 0.0) {
        true => {
            "Norm of each layer's gradient, by batch; norms of 0 have no place on a logarithmic axis and leave gaps"
        }
        false => "Norm of each layer's gradient, by batch",
    };

    let mut loss = Plot::new(format!("{name}: loss"), "batch", "negative log-likelihood per digit");
    loss.log_y = true;
    loss.size = size;
    let curve = Shape::Curves { x: batches.into(), ys: trained.losses.clone().into() };
    loss = loss.with(curve, Style::new(palette::BLUE, 1.0, 1.4, ""));

    [
        (
            format!("{name}-spectrogram.png"),
            "What is heard, by time and frequency; darker is louder, white at least 30 decibels below the loudest"
                .into(),
            [spectrogram],
        ),
        (format!("{name}-norms.png"), caption.into(), [norms]),
        (format!("{name}-loss.png"), "Loss of each batch before its step".into(), [loss]),
    ]
}
