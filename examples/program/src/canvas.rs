//! The surface that plotters draws on: antialiased shapes and outline text, with a font that travels in the program.
//!
//! plotters' own bitmap backend snaps every vertex and glyph to whole pixels and ignores the glyphs' side bearings.
//! Here plotters works in units of an eighth of a point, so that curves keep their shape, and tiny-skia fills the
//! same outlines at any resolution. No system font, no fontconfig: DejaVu Sans comes from a crate.

use std::convert::Infallible;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, OutlineCurve};
use plotters::style::{FontStyle, FontTransform};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapMut, Rect, Shader, Stroke, Transform,
};

/// Drawing units per point. A point is one pixel at resolution 1.
pub const UNIT: u32 = 8;

/// The name under which plotters finds the font.
pub const FONT: &str = "sans-serif";

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

struct Faces {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

static FACES: LazyLock<Faces> = LazyLock::new(|| {
    // plotters asks its own table when it lays text out, so the same bytes are registered there.
    let face = |style, bytes: &'static [u8]| {
        if plotters::style::register_font(FONT, style, bytes).is_err() {
            unreachable!("the font is compiled in and valid");
        }
        FontRef::try_from_slice(bytes).expect("the font is compiled in and valid")
    };
    Faces {
        regular: face(FontStyle::Normal, dejavu::sans::regular()),
        bold: face(FontStyle::Bold, dejavu::sans::bold()),
    }
});

/// Draws on a white surface of `width` x `height` points at `resolution` pixels per point; gives the pixels.
pub fn paint<E>(
    (width, height): (u32, u32),
    resolution: u32,
    draw: impl FnOnce(Canvas<'_>) -> Result<(), E>,
) -> Result<Pixmap, E> {
    LazyLock::force(&FACES);
    let mut pixmap = Pixmap::new((width * resolution).max(1), (height * resolution).max(1)).expect("size is not zero");
    pixmap.fill(Color::WHITE);
    draw(Canvas {
        size: (width * UNIT, height * UNIT),
        pixels_per_unit: resolution as f32 / UNIT as f32,
        pixels: pixmap.as_mut(),
    })?;
    Ok(pixmap)
}

/// The pixels as RGB, row by row. The surface is opaque, so premultiplied colour is plain colour.
pub fn rgb(pixmap: &Pixmap) -> Vec<u8> {
    pixmap.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect()
}

/// The pixels as a PNG file, marked with its resolution so that it prints at the size it was designed for.
pub fn png(pixmap: &Pixmap, resolution: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // 96 points per inch, in pixels per metre.
    let per_metre = (f64::from(resolution) * 96.0 / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb(pixmap))?;
    writer.finish()?;
    Ok(file)
}

/// Width of `text` in units, at `size` units per em.
pub fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let font = face(bold);
    layout(font, text).last().map_or(0.0, |&(_, end)| f64::from(end)) * size / units_per_em(font)
}

fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &FACES.bold } else { &FACES.regular }
}

fn units_per_em(font: &FontRef<'_>) -> f64 {
    font.units_per_em().map_or(2048.0, f64::from)
}

/// Each glyph with the pen position after it, in font units; kerned.
fn layout(font: &FontRef<'_>, text: &str) -> Vec<(ab_glyph::GlyphId, f32)> {
    let mut pen = 0.0;
    let mut previous = None;
    text.chars()
        .map(|c| {
            let id = font.glyph_id(c);
            if let Some(previous) = previous.replace(id) {
                pen += font.kern_unscaled(previous, id);
            }
            pen += font.h_advance_unscaled(id);
            (id, pen)
        })
        .collect()
}

/// The text as one path in font units, baseline at zero, y upward.
fn outline(font: &FontRef<'_>, text: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (id, end) in layout(font, text) {
        let origin = end - font.h_advance_unscaled(id);
        let mut at = None;
        for curve in font.outline(id).map(|o| o.curves).unwrap_or_default() {
            let (from, to) = match curve {
                OutlineCurve::Line(a, b) | OutlineCurve::Quad(a, _, b) | OutlineCurve::Cubic(a, _, _, b) => (a, b),
            };
            if at != Some(from) {
                path.move_to(origin + from.x, from.y);
            }
            match curve {
                OutlineCurve::Line(..) => path.line_to(origin + to.x, to.y),
                OutlineCurve::Quad(_, c, _) => path.quad_to(origin + c.x, c.y, origin + to.x, to.y),
                OutlineCurve::Cubic(_, c, d, _) => {
                    path.cubic_to(origin + c.x, c.y, origin + d.x, d.y, origin + to.x, to.y)
                }
            }
            at = Some(to);
        }
    }
    path.finish()
}

/// plotters' backend over tiny-skia; made by [`paint`].
pub struct Canvas<'a> {
    size: (u32, u32),
    pixels_per_unit: f32,
    pixels: PixmapMut<'a>,
}

impl Canvas<'_> {
    fn to_pixels(&self) -> Transform {
        Transform::from_scale(self.pixels_per_unit, self.pixels_per_unit)
    }

    fn fill(&mut self, path: Option<Path>, color: BackendColor, transform: Transform) {
        // An empty or degenerate path covers no pixel.
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint_of(color), FillRule::Winding, transform, None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, color: BackendColor, width: u32) {
        if let Some(path) = path {
            let stroke = Stroke {
                width: width as f32,
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            self.pixels.stroke_path(&path, &paint_of(color), &stroke, self.to_pixels(), None);
        }
    }

    fn shape(&mut self, path: Option<Path>, style: &impl BackendStyle, fill: bool) {
        if fill {
            self.fill(path, style.color(), self.to_pixels());
        } else {
            self.stroke(path, style.color(), style.stroke_width());
        }
    }
}

fn paint_of(color: BackendColor) -> Paint<'static> {
    let (r, g, b) = color.rgb;
    let alpha = (color.alpha.clamp(0.0, 1.0) * 255.0).round() as u8;
    Paint { shader: Shader::SolidColor(Color::from_rgba8(r, g, b, alpha)), anti_alias: true, ..Paint::default() }
}

fn polyline(points: impl IntoIterator<Item = BackendCoord>, close: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, (x, y)) in points.into_iter().enumerate() {
        if i == 0 { path.move_to(x as f32, y as f32) } else { path.line_to(x as f32, y as f32) }
    }
    if close && !path.is_empty() {
        path.close();
    }
    path.finish()
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        let square = Rect::from_xywh(x as f32, y as f32, 1.0, 1.0).map(PathBuilder::from_rect);
        self.fill(square, color, self.to_pixels());
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.stroke(polyline([from, to], false), style.color(), style.stroke_width());
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        self.shape(polyline([a, (b.0, a.1), b, (a.0, b.1)], true), style, fill);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.stroke(polyline(path, false), style.color(), style.stroke_width());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, (x, y): BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        self.shape(PathBuilder::from_circle(x as f32, y as f32, radius as f32), style, fill);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        self.fill(polyline(vert, true), style.color(), self.to_pixels());
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let bold = matches!(style.style(), FontStyle::Bold);
        let (font, size) = (face(bold), style.size());
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -0.5 * text_width(text, size, bold),
            HPos::Right => -text_width(text, size, bold),
        };
        // Where the baseline lies below the anchor, in em: DejaVu's ascent, half its capitals' height, its descent.
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.365,
            VPos::Bottom => -0.24,
        };
        let degrees = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
        };
        let scale = (size / units_per_em(font)) as f32;
        let transform = Transform::from_scale(scale, -scale)
            .post_translate(left as f32, (baseline * size) as f32)
            .post_rotate(degrees)
            .post_translate(x as f32, y as f32)
            .post_concat(self.to_pixels());
        self.fill(outline(font, text), style.color(), transform);
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = text_width(text, style.size(), matches!(style.style(), FontStyle::Bold));
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}
