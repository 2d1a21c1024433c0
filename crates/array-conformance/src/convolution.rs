//! Windows that slide along axes, and what is summed, averaged or compared under them: by loops over the elements.

use array_api::{DTYPES, DType, Dims, ErrorKind, Padding, Scalar};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::linear_algebra::{numeric, sums};
use crate::reference::{Reference, broadcast};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("convolve", convolve),
    ("conv2d", conv2d),
    ("max_pool2d", max_pool2d),
    ("avg_pool2d", avg_pool2d),
    ("sliding_window_view", sliding_window_view),
];

/// A place on an axis of `n` elements that begins `pad` places before its first element.
fn inside(place: usize, pad: usize, n: usize) -> Option<usize> {
    place.checked_sub(pad).filter(|&i| i < n)
}

fn convolved(x: &Reference, w: &Reference, mode: &str) -> Want {
    let split = |r: &Reference| (r.dims[..r.dims.len() - 1].to_vec(), r.dims[r.dims.len() - 1]);
    let ((x_batch, n), (w_batch, m)) = (split(x), split(w));
    let (long, short) = (n.max(m), n.min(m));
    let (first, out) = match mode {
        "full" => (0, long + short - 1),
        "same" => ((short - 1) / 2, long),
        _ => (short - 1, long - short + 1),
    };
    let dims = [broadcast(&[&x_batch, &w_batch]), vec![out]].concat();
    sums(x.dtype, &dims, |i| {
        let (batch, at) = (&i[..i.len() - 1], i[i.len() - 1] + first);
        let element = |r: &Reference, j: usize| r.broadcast_at(&[batch, &[j]].concat());
        (0..n).filter(|&j| at >= j && at - j < m).map(|j| (element(x, j), element(w, at - j))).collect()
    })
}

fn convolve(kit: &mut Kit) {
    let shapes: [(&[usize], &[usize]); 8] = [
        (&[5], &[3]),
        (&[3], &[5]),
        (&[4], &[4]),
        (&[1], &[6]),
        (&[1], &[1]),
        (&[70], &[20]),
        (&[2, 1, 5], &[3, 4]),
        (&[0, 3], &[2]),
    ];
    for dtype in numeric() {
        for (a, b) in shapes {
            let (x, w) = (moderate(dtype, a, 331), moderate(dtype, b, 332));
            for mode in ["full", "same", "valid"] {
                let want = convolved(&x, &w, mode);
                kit.gives_one(fields![mode = mode.to_string()], &[(&x).into(), (&w).into()], want);
            }
        }
    }
    let (x, w) = (moderate(DType::Float32, &[4], 1), moderate(DType::Complex128, &[2], 2));
    let want = convolved(&x.cast(DType::Complex128), &w, "full");
    kit.gives_one(&[], &[(&x).into(), (&w).into()], want);
    kit.refuses(fields![mode = "half".to_string()], &[(&x).into(), (&x).into()], ErrorKind::Value);
    for dims in [&[0][..], &[]] {
        kit.refuses(&[], &[(&x).into(), moderate(DType::Float32, dims, 1).into()], ErrorKind::Shape);
    }
    let truth = moderate(DType::Bool, &[3], 1);
    kit.refuses(&[], &[(&truth).into(), (&truth).into()], ErrorKind::DType);
}

/// Extents of images and of weights, stride, padding, dilation, groups.
type Case = (&'static [usize], [usize; 4], [usize; 2], [usize; 2], [usize; 2], usize);

const CASES: [Case; 7] = [
    (&[1, 3, 3], [1, 1, 2, 2], [1, 1], [0, 0], [1, 1], 1),
    (&[2, 3, 5, 6], [4, 3, 3, 2], [1, 1], [1, 0], [1, 1], 1),
    (&[2, 4, 7, 5], [6, 2, 3, 3], [2, 1], [1, 2], [1, 1], 2),
    (&[1, 3, 9, 8], [3, 1, 2, 3], [2, 3], [0, 1], [3, 2], 3),
    (&[0, 2, 4, 4], [3, 2, 2, 2], [1, 1], [0, 0], [1, 1], 1),
    (&[2, 1, 2, 4, 4], [5, 2, 1, 1], [1, 1], [0, 0], [1, 1], 1),
    (&[1, 5, 3], [2, 1, 4, 3], [1, 1], [3, 5], [1, 1], 1),
];

fn convolved_images(x: &Reference, w: &Reference, (.., stride, pads, dilation, groups): Case) -> Want {
    let (batch, image) = x.dims.split_at(x.dims.len() - 3);
    let [o, channels, ref window @ ..] = w.dims[..] else { unreachable!("weights have four axes") };
    let out = |a: usize| (image[1 + a] + 2 * pads[a] - dilation[a] * (window[a] - 1) - 1) / stride[a] + 1;
    sums(x.dtype, &[batch, &[o, out(0), out(1)]].concat(), |i| {
        let (batch, at) = i.split_at(i.len() - 3);
        let mut pairs = vec![];
        for c in 0..channels {
            for (p, q) in (0..window[0]).flat_map(|p| (0..window[1]).map(move |q| (p, q))) {
                let place = |a: usize, k: usize| inside(at[1 + a] * stride[a] + k * dilation[a], pads[a], image[1 + a]);
                if let (Some(y), Some(z)) = (place(0, p), place(1, q)) {
                    let channel = at[0] / (o / groups) * channels + c;
                    pairs.push((x.at(&[batch, &[channel, y, z]].concat()), w.at(&[at[0], c, p, q])));
                }
            }
        }
        pairs
    })
}

fn conv2d(kit: &mut Kit) {
    for dtype in numeric() {
        for case in CASES {
            let (image, weights, stride, pads, dilation, groups) = case;
            let (x, w) = (moderate(dtype, image, 333), moderate(dtype, &weights, 334));
            let fields = fields![
                stride = Dims::from(stride),
                padding = Padding::Elements(pads.into()),
                dilation = Dims::from(dilation),
                groups = groups
            ];
            kit.gives_one(fields, &[(&x).into(), (&w).into()], convolved_images(&x, &w, case));
        }
    }
    let (x, w) = (moderate(DType::Float64, &[2, 5, 4], 1), moderate(DType::Float64, &[3, 2, 3, 3], 2));
    let case = |pads| (&[][..], [0; 4], [1, 1], pads, [1, 1], 1);
    for (word, pads) in [("same", [1, 1]), ("valid", [0, 0])] {
        let fields = fields![padding = Padding::Word(word.to_string())];
        kit.gives_one(fields, &[(&x).into(), (&w).into()], convolved_images(&x, &w, case(pads)));
    }
    let both = || [(&x).into(), (&w).into()];
    kit.refuses(fields![padding = Padding::Word("full".to_string())], &both(), ErrorKind::Value);
    kit.refuses(fields![stride = Dims::from([0, 1])], &both(), ErrorKind::Value);
    kit.refuses(fields![groups = 2usize], &both(), ErrorKind::Shape);
    kit.refuses(fields![dilation = Dims::from([1, 2])], &both(), ErrorKind::Shape);
    kit.refuses(&[], &[moderate(DType::Float64, &[5, 4], 1).into(), (&w).into()], ErrorKind::Shape);
    kit.refuses(&[], &[(&x).into(), moderate(DType::Int64, &[3, 2, 3, 3], 1).into()], ErrorKind::DType);
}

/// Window, stride, padding, dilation, whether a last window may reach further.
type Pool = ([usize; 2], [usize; 2], [usize; 2], [usize; 2], bool);

const POOLS: [Pool; 5] = [
    ([2, 2], [2, 2], [0, 0], [1, 1], false),
    ([3, 2], [1, 2], [1, 1], [1, 1], false),
    ([3, 3], [2, 2], [1, 0], [1, 1], true),
    ([2, 3], [3, 1], [0, 1], [2, 1], true),
    ([1, 1], [1, 1], [0, 0], [1, 1], false),
];

const IMAGES: [&[usize]; 4] = [&[5, 7], &[2, 3, 6, 5], &[4, 4], &[0, 5, 5]];

/// How many windows begin inside an axis of `n`, the padding before it included.
fn windows(n: usize, (window, stride, pads, dilation, ceil): Pool, a: usize) -> usize {
    let span = dilation[a] * (window[a] - 1) + 1;
    let fits = |start: usize| start + span <= n + 2 * pads[a] || (ceil && start + span < n + 2 * pads[a] + stride[a]);
    (0..).take_while(|k| fits(k * stride[a]) && k * stride[a] < n + pads[a]).count()
}

/// For every window what `value` makes of the places under it: `None` where a place is beside the image.
fn pooled(x: &Reference, pool: Pool, value: impl Fn(&[usize], Vec<Option<Scalar>>) -> Scalar) -> Reference {
    let (window, stride, pads, dilation, _) = pool;
    let (batch, image) = x.dims.split_at(x.dims.len() - 2);
    let out = [0, 1].map(|a| windows(image[a], pool, a));
    Reference::build(x.dtype, &[batch, &out].concat(), |i| {
        let (batch, at) = i.split_at(i.len() - 2);
        let place = |a: usize, k: usize| inside(at[a] * stride[a] + k * dilation[a], pads[a], image[a]);
        let places = (0..window[0]).flat_map(|p| (0..window[1]).map(move |q| (p, q)));
        let seen = places.map(|(p, q)| Some(x.at(&[batch, &[place(0, p)?, place(1, q)?]].concat())));
        value(at, seen.collect())
    })
}

fn max_pool2d(kit: &mut Kit) {
    let larger = |a: Scalar, b: Scalar| match (a, b) {
        (Scalar::Int(_), _) => {
            if b.to_i128() > a.to_i128() {
                b
            } else {
                a
            }
        }
        _ if a.to_f64().is_nan() || b.to_f64() <= a.to_f64() => a,
        _ => b,
    };
    for dtype in DTYPES {
        if !dtype.is_integer() && !dtype.is_real_floating() {
            let x = moderate(dtype, &[2, 2], 1);
            kit.refuses(fields![kernel_size = Dims::from(1)], &[x.into()], ErrorKind::DType);
            continue;
        }
        for (image, pool) in IMAGES.into_iter().flat_map(|i| POOLS.map(|p| (i, p))) {
            let x = moderate(dtype, image, 335);
            let want = pooled(&x, pool, |_, seen| {
                seen.into_iter().flatten().reduce(larger).unwrap_or(Scalar::Float(f64::NEG_INFINITY))
            });
            let (window, stride, pads, dilation, ceil) = pool;
            let fields = fields![
                kernel_size = Dims::from(window),
                stride = Dims::from(stride),
                padding = Dims::from(pads),
                dilation = Dims::from(dilation),
                ceil_mode = ceil
            ];
            kit.gives_one(fields, &[x.into()], Want::from(want).close(Close::AnyZero(0.0)));
        }
    }
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let x = Reference::reals(&[2, 4], &[nan, 1.0, -inf, -inf, 2.0, 3.0, -inf, -inf]);
    kit.gives_one(fields![kernel_size = Dims::from(2)], &[(&x).into()], Reference::reals(&[1, 2], &[nan, -inf]));
    refusals(kit, &x);
}

fn avg_pool2d(kit: &mut Kit) {
    for dtype in DTYPES {
        if !dtype.is_floating() {
            let x = moderate(dtype, &[2, 2], 1);
            kit.refuses(fields![kernel_size = Dims::from(1)], &[x.into()], ErrorKind::DType);
            continue;
        }
        let plain = POOLS.into_iter().filter(|p| p.3 == [1, 1]);
        for (image, pool) in plain.flat_map(|p| IMAGES.map(|i| (i, p))) {
            let x = moderate(dtype, image, 336);
            let (window, stride, pads, _, ceil) = pool;
            let extents = &image[image.len() - 2..];
            for padded in [true, false] {
                // Zeros of the padding count, those that only a window of `ceil` reaches do not.
                let counted = |at: &[usize]| {
                    let along = |a: usize| {
                        let real = |k: &usize| {
                            let place = at[a] * stride[a] + k;
                            if padded {
                                place < extents[a] + 2 * pads[a]
                            } else {
                                inside(place, pads[a], extents[a]).is_some()
                            }
                        };
                        (0..window[a]).filter(real).count() as f64
                    };
                    along(0) * along(1)
                };
                let count = pooled(&x, pool, |at, _| Scalar::Float(counted(at)));
                let (batch, _) = image.split_at(image.len() - 2);
                let want = sums(dtype, &count.dims, |i| {
                    let at = &i[batch.len()..];
                    let place = |a: usize, k: usize| inside(at[a] * stride[a] + k, pads[a], extents[a]);
                    let places = (0..window[0]).flat_map(|p| (0..window[1]).map(move |q| (p, q)));
                    let seen = places
                        .filter_map(|(p, q)| Some(x.at(&[&i[..batch.len()], &[place(0, p)?, place(1, q)?]].concat())));
                    let share = Scalar::Float(1.0 / counted(at));
                    seen.map(|s| (s, share)).collect()
                });
                let fields = fields![
                    kernel_size = Dims::from(window),
                    stride = Dims::from(stride),
                    padding = Dims::from(pads),
                    ceil_mode = ceil,
                    count_include_pad = padded
                ];
                kit.gives_one(fields, &[(&x).into()], want);
            }
        }
    }
    refusals(kit, &moderate(DType::Float64, &[2, 4], 1));
}

/// What no pooling takes, of an image of 2 by 4.
fn refusals(kit: &mut Kit, x: &Reference) {
    kit.refuses(fields![kernel_size = Dims::from(3)], &[x.into()], ErrorKind::Shape);
    kit.refuses(fields![kernel_size = Dims::from(0)], &[x.into()], ErrorKind::Value);
    kit.refuses(fields![kernel_size = Dims::from(2), padding = Dims::from(2)], &[x.into()], ErrorKind::Value);
    kit.refuses(fields![kernel_size = Dims::from([1, 1, 1])], &[x.into()], ErrorKind::Value);
    kit.refuses(fields![kernel_size = Dims::from(1)], &[x.reshaped(&[8]).into()], ErrorKind::Shape);
}

fn sliding_window_view(kit: &mut Kit) {
    // Extents, axes, and along each of them window, stride and dilation.
    type Slide = (&'static [usize], &'static [isize], &'static [[usize; 3]]);
    let cases: [Slide; 6] = [
        (&[7], &[0], &[[3, 1, 1]]),
        (&[4, 5], &[0, 1], &[[2, 1, 1], [3, 2, 1]]),
        (&[4, 5], &[1, 0], &[[2, 1, 2], [1, 3, 1]]),
        (&[2, 6, 3], &[-2], &[[3, 2, 2]]),
        (&[3, 4], &[-1], &[[4, 1, 1]]),
        (&[0, 4], &[1], &[[2, 1, 1]]),
    ];
    for dtype in DTYPES {
        for (dims, axes, windows) in cases {
            let x = moderate(dtype, dims, 337);
            let places: Vec<usize> = axes.iter().map(|&a| a.rem_euclid(dims.len() as isize) as usize).collect();
            let mut out = dims.to_vec();
            for (&a, [window, stride, dilation]) in places.iter().zip(windows) {
                out[a] = (dims[a] - dilation * (window - 1) - 1) / stride + 1;
            }
            out.extend(windows.iter().map(|w| w[0]));
            let want = Reference::build(dtype, &out, |i| {
                let mut from = i[..dims.len()].to_vec();
                for (k, (&a, [_, stride, dilation])) in places.iter().zip(windows).enumerate() {
                    from[a] = i[a] * stride + i[dims.len() + k] * dilation;
                }
                x.at(&from)
            });
            let each = |part: usize| Dims::from(windows.iter().map(|w| w[part]).collect::<Vec<_>>());
            let fields =
                fields![window_shape = each(0), axis = Some(axes.to_vec()), stride = each(1), dilation = each(2)];
            kit.gives_one(fields, &[(&x).into()], want);
        }
    }
    let x = moderate(DType::Int8, &[4, 5], 1);
    for (window, kind) in [(&[2][..], ErrorKind::Value), (&[0, 1], ErrorKind::Value), (&[5, 1], ErrorKind::Shape)] {
        kit.refuses(fields![window_shape = Dims::new(window)], &[(&x).into()], kind);
    }
    let far = fields![window_shape = Dims::from(1), axis = Some(vec![2isize])];
    kit.refuses(far, &[(&x).into()], ErrorKind::Axis);
}
