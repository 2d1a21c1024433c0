//! Colours between colours.

use plotters::style::RGBColor;

/// From the first colour at 0 to the second at 1.
pub fn mixed(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let share = share.clamp(0.0, 1.0);
    let channel = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(channel(from.0, to.0), channel(from.1, to.1), channel(from.2, to.2))
}

/// Ten colours of "viridis" (Smith, van der Walt and Firing, 2015; CC0), evenly spaced, backwards: light for little.
const HEAT: [RGBColor; 10] = [
    RGBColor(253, 231, 37),
    RGBColor(181, 222, 43),
    RGBColor(110, 206, 88),
    RGBColor(53, 183, 121),
    RGBColor(31, 158, 137),
    RGBColor(38, 130, 142),
    RGBColor(49, 104, 142),
    RGBColor(62, 73, 137),
    RGBColor(72, 40, 120),
    RGBColor(68, 1, 84),
];

/// The colour of a quantity in 0 to 1: white for nothing, then from light to dark.
pub fn heat(share: f64) -> RGBColor {
    if share.is_nan() || share <= 0.0 {
        return RGBColor(255, 255, 255);
    }
    let place = share.min(1.0) * (HEAT.len() - 1) as f64;
    let first = (place.floor() as usize).min(HEAT.len() - 2);
    let color = mixed(HEAT[first], HEAT[first + 1], place - first as f64);
    // What is almost nothing fades into the white.
    mixed(RGBColor(255, 255, 255), color, share / 0.15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_ends_and_what_is_no_number_is_nothing() {
        assert_eq!(mixed(HEAT[0], HEAT[1], -1.0), HEAT[0]);
        assert_eq!(mixed(HEAT[0], HEAT[1], 2.0), HEAT[1]);
        assert_eq!(heat(1.0), HEAT[9]);
        assert_eq!(heat(7.0), HEAT[9]);
        for nothing in [0.0, -1.0, f64::NAN] {
            assert_eq!(heat(nothing), RGBColor(255, 255, 255));
        }
    }
}
