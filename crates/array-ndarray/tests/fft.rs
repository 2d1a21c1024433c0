//! Fourier transforms against sums in double precision, and the identities that define them.

use array_api::*;
use array_ndarray::namespace;
use std::f64::consts::TAU;

type C = Complex<f64>;

/// Deterministic numbers between -1 and 1.
fn draw(i: usize) -> f64 {
    2.0 * ((i as f64 * 12.9898 + 4.1).sin() * 43_758.545).fract() - 0.3
}

fn complex(n: usize) -> Vec<C> {
    (0..n).map(|i| C::new(draw(i), draw(i + 1000))).collect()
}

fn real(n: usize) -> Vec<f64> {
    (0..n).map(draw).collect()
}

fn array<T>(v: Vec<T>, shape: &[usize]) -> Array
where
    Host: From<Vec<T>>,
{
    namespace().from_host(v, shape).unwrap()
}

/// `sum_j x_j exp(sign 2 pi i j k / n)`: the exponent is reduced in integers, so the angles are exact.
fn dft(x: &[C], sign: f64) -> Vec<C> {
    let n = x.len();
    let term =
        |k: usize| x.iter().enumerate().map(|(j, z)| z * C::cis(sign * TAU * ((j * k % n) as f64) / n as f64)).sum();
    (0..n).map(term).collect()
}

fn numbers(x: &Array) -> Vec<C> {
    astype(x, DType::Complex128).unwrap().to_vec().unwrap()
}

/// The largest difference, over the largest number.
fn distance(a: &[C], b: &[C]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().map(|z| z.norm()).fold(1e-300, f64::max);
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max) / size
}

#[track_caller]
fn close(a: &Array, b: &[C], tolerance: f64) {
    let d = distance(&numbers(a), b);
    assert!(d <= tolerance, "{d:e} away");
}

/// Powers of two, other composite numbers, primes that fit no small factor, and both parities.
const LENGTHS: &[usize] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 30, 31, 64, 97, 100, 101, 127, 243, 1009, 1024];

/// The sums themselves are this close in double precision, and these transforms closer.
const DOUBLE: f64 = 1e-13;
const SINGLE: f64 = 2e-6;

fn scales(n: usize) -> [(&'static str, f64, f64); 3] {
    let n = n as f64;
    [("backward", 1.0, 1.0 / n), ("ortho", 1.0 / n.sqrt(), 1.0 / n.sqrt()), ("forward", 1.0 / n, 1.0)]
}

#[test]
fn every_length_and_norm_against_sums() {
    for &n in LENGTHS {
        let z = complex(n);
        let (to, from) = (dft(&z, -1.0), dft(&z, 1.0));
        let r = real(n);
        let half = dft(&r.iter().map(|&x| x.into()).collect::<Vec<C>>(), -1.0);
        let (x, y) = (array(z.clone(), &[n]), array(r.clone(), &[n]));
        let x32 = astype(&x, DType::Complex64).unwrap();
        let y32 = astype(&y, DType::Float32).unwrap();
        for (norm, forward, inverse) in scales(n) {
            let times = |v: &[C], s: f64| v.iter().map(|z| z * s).collect::<Vec<C>>();
            let (a, b) = (Fft::default().norm(norm), Ifft::default().norm(norm));
            close(&fft(&x, a.clone()).unwrap(), &times(&to, forward), DOUBLE);
            close(&ifft(&x, b.clone()).unwrap(), &times(&from, inverse), DOUBLE);
            let narrow = fft(&x32, a.clone()).unwrap();
            assert_eq!((narrow.dtype(), ifft(&x32, b.clone()).unwrap().dtype()), (DType::Complex64, DType::Complex64));
            close(&narrow, &times(&to, forward), SINGLE);
            // Real arrays are taken too, and give all terms.
            close(&fft(&y, a).unwrap(), &times(&half, forward), DOUBLE);
            let p = Rfft::default().norm(norm);
            let spectrum = rfft(&y, p.clone()).unwrap();
            assert_eq!((spectrum.dtype(), spectrum.shape().unwrap()), (DType::Complex128, &[n / 2 + 1][..]));
            close(&spectrum, &times(&half[..n / 2 + 1], forward), DOUBLE);
            let spectrum32 = rfft(&y32, p).unwrap();
            assert_eq!(spectrum32.dtype(), DType::Complex64);
            close(&spectrum32, &times(&half[..n / 2 + 1], forward), SINGLE);
            // And back, told the length, which may be odd.
            let p = Irfft::default().n(n).norm(norm);
            let again = irfft(&spectrum, p.clone()).unwrap();
            assert_eq!(again.dtype(), DType::Float64);
            close(&again, &numbers(&y), DOUBLE);
            let again32 = irfft(&spectrum32, p).unwrap();
            assert_eq!(again32.dtype(), DType::Float32);
            close(&again32, &numbers(&y), SINGLE);
            close(&ifft(fft(&x, Fft::default().norm(norm)).unwrap(), b).unwrap(), &z, DOUBLE);
        }
    }
}

#[test]
fn padding_and_cutting() {
    let z = complex(6);
    let x = array(z.clone(), &[6]);
    for n in [1, 2, 5, 6, 7, 13] {
        let mut fitted = z.clone();
        fitted.resize(n, C::default());
        close(&fft(&x, Fft::default().n(n)).unwrap(), &dft(&fitted, -1.0), DOUBLE);
        let back: Vec<C> = dft(&fitted, 1.0).iter().map(|z| z / n as f64).collect();
        close(&ifft(&x, Ifft::default().n(n)).unwrap(), &back, DOUBLE);
        let y = array(real(6), &[6]);
        let mut fitted: Vec<C> = real(6).into_iter().map(C::from).collect();
        fitted.resize(n, C::default());
        close(&rfft(&y, Rfft::default().n(n)).unwrap(), &dft(&fitted, -1.0)[..n / 2 + 1], DOUBLE);
        // The Hermitian signal of n terms, with the meaningless imaginary parts left out.
        let mut half = z.clone();
        half.resize(n / 2 + 1, C::default());
        half[0].im = 0.0;
        if n % 2 == 0 {
            half[n / 2].im = 0.0;
        }
        let whole: Vec<C> = (0..n).map(|k| if k <= n / 2 { half[k] } else { half[n - k].conj() }).collect();
        let expected: Vec<C> = dft(&whole, 1.0).iter().map(|z| z / n as f64).collect();
        close(&irfft(&x, Irfft::default().n(n)).unwrap(), &expected, DOUBLE);
        close(&hfft(&x, Hfft::default().n(n)).unwrap(), &dft(&whole, -1.0), DOUBLE);
    }
    // An axis without elements is padded with zeros only.
    let none = array(Vec::<f64>::new(), &[2, 0]);
    assert_eq!(numbers(&rfft(&none, Rfft::default().n(4)).unwrap()), [C::default(); 6]);
}

#[test]
fn axes_and_layouts() {
    let (a, b, c) = (3, 4, 5);
    let z = complex(a * b * c);
    let x = array(z.clone(), &[a, b, c]);
    let at = |i: usize, j: usize, k: usize| z[(i * b + j) * c + k];
    let mut expected = vec![C::default(); z.len()];
    for i in 0..a {
        for k in 0..c {
            let line: Vec<C> = (0..b).map(|j| at(i, j, k)).collect();
            dft(&line, -1.0).into_iter().enumerate().for_each(|(j, v)| expected[(i * b + j) * c + k] = v);
        }
    }
    close(&fft(&x, 1).unwrap(), &expected, DOUBLE);
    close(&fft(&x, -2).unwrap(), &expected, DOUBLE);
    // A view with other strides gives the same bits.
    let turned = permute_dims(&x, [2, 1, 0]).unwrap();
    let back = permute_dims(fft(&turned, 1).unwrap(), [2, 1, 0]).unwrap();
    assert_eq!(numbers(&back), numbers(&fft(&x, 1).unwrap()));
    // No lines at all.
    assert_eq!(fft(array(Vec::<C>::new(), &[0, 3]), ..).unwrap().shape().unwrap(), [0, 3]);
}

#[test]
fn several_axes() {
    let shape = [3, 4, 5];
    let x = array(complex(60), &shape);
    let y = array(real(60), &shape);
    let every = fft(fft(fft(&x, 0).unwrap(), 1).unwrap(), 2).unwrap();
    close(&fftn(&x, ..).unwrap(), &numbers(&every), DOUBLE);
    close(&ifftn(fftn(&x, [2, 0]).unwrap(), [2, 0]).unwrap(), &numbers(&x), DOUBLE);
    let p = Fftn::default().s([-1, 2]).axes([0, 2]).norm("forward");
    let one =
        fft(fft(&x, Fft::default().n(2).axis(2).norm("forward")).unwrap(), Fft::default().axis(0).norm("forward"));
    let some = fftn(&x, p).unwrap();
    assert_eq!(some.shape().unwrap(), [3, 4, 2]);
    close(&some, &numbers(&one.unwrap()), DOUBLE);
    // Of a real array only half of the last axis is needed, and gives the array back if its length is known.
    let half = rfftn(&y, ..).unwrap();
    let whole = fftn(&y, ..).unwrap();
    assert_eq!(half.shape().unwrap(), [3, 4, 3]);
    close(&half, &numbers(&at(&whole, index![Index::Ellipsis, ..3]).unwrap()), DOUBLE);
    let again = irfftn(&half, Irfftn::default().s([3, 4, 5]).axes([0, 1, 2])).unwrap();
    close(&again, &numbers(&y), DOUBLE);
    assert_eq!(irfftn(&half, ..).unwrap().shape().unwrap(), [3, 4, 4]);
    // Over no axes a complex transform is the array.
    let point = array(vec![2.5], &[]);
    assert_eq!(numbers(&fftn(&point, ..).unwrap()), [C::new(2.5, 0.0)]);
}

/// Along several axes a real array is transformed by half, and every one along its own axes after the other.
#[test]
fn several_axes_of_every_shape() {
    let shapes: [&[usize]; 9] =
        [&[1], &[7], &[1, 1], &[2, 3], &[13, 8], &[3, 1, 4], &[4, 5, 6], &[2, 3, 4, 5], &[97, 33]];
    for shape in shapes {
        let rank = shape.len() as isize;
        let size = shape.iter().product();
        let x = array(real(size), shape);
        let z = array(complex(size), shape);
        let mut subsets: Vec<Vec<isize>> =
            (1..1 << rank).map(|m| (0..rank).filter(|a| m >> a & 1 == 1).collect()).collect();
        subsets.extend(subsets.clone().into_iter().map(|s| s.into_iter().rev().map(|a| a - rank).collect()));
        for axes in subsets {
            for (norm, lengths) in [("backward", None), ("ortho", Some(3)), ("forward", Some(4)), ("ortho", Some(1))] {
                let s = lengths.map(|n| (0..axes.len() as isize).map(|i| if i == 1 { -1 } else { n + i }).collect());
                let along = |x: &Array, f: fn(Array, Option<usize>, isize, &str) -> Array| {
                    axes.iter().enumerate().rev().fold(x.clone(), |x, (i, &axis)| {
                        let n = s.as_ref().and_then(|s: &Vec<isize>| usize::try_from(s[i]).ok());
                        f(x, n, axis, norm)
                    })
                };
                let forward: fn(Array, Option<usize>, isize, &str) -> Array =
                    |x, n, axis, norm| fft(x, Fft { n, axis, norm: norm.into() }).unwrap();
                let inverse: fn(Array, Option<usize>, isize, &str) -> Array =
                    |x, n, axis, norm| ifft(x, Ifft { n, axis, norm: norm.into() }).unwrap();
                for x in [&x, &z, &permute_dims(&x, (0..rank).rev().collect::<Vec<_>>()).unwrap()] {
                    let single = if x.dtype() == DType::Float64 { DType::Float32 } else { DType::Complex64 };
                    let narrow = astype(x, single).unwrap();
                    let p = Fftn { s: s.clone(), axes: Some(axes.clone()), norm: norm.into() };
                    let expected = along(x, forward);
                    let got = fftn(x, p.clone()).unwrap();
                    assert_eq!((got.dtype(), got.dims()), (DType::Complex128, expected.dims()), "{shape:?} {axes:?}");
                    close(&got, &numbers(&expected), DOUBLE);
                    let got = fftn(&narrow, p).unwrap();
                    assert_eq!(got.dtype(), DType::Complex64);
                    close(&got, &numbers(&expected), SINGLE);
                    let p = Ifftn { s: s.clone(), axes: Some(axes.clone()), norm: norm.into() };
                    close(&ifftn(x, p.clone()).unwrap(), &numbers(&along(x, inverse)), DOUBLE);
                    assert_eq!(ifftn(narrow, p).unwrap().dtype(), DType::Complex64);
                    if x.dtype() != DType::Float64 {
                        continue;
                    }
                    let (last, n) = (axes[axes.len() - 1], s.as_ref().map(|s| s[axes.len() - 1]));
                    let n = n.and_then(|n| usize::try_from(n).ok());
                    let m = n.unwrap_or(x.dims()[last.rem_euclid(rank) as usize]);
                    let half = resize_axis(&expected, last, m / 2 + 1).unwrap();
                    let p = Rfftn { s: s.clone(), axes: Some(axes.clone()), norm: norm.into() };
                    close(&rfftn(x, p).unwrap(), &numbers(&half), DOUBLE);
                }
            }
        }
    }
    // Without lines there is nothing to transform.
    let none = array(Vec::<f64>::new(), &[0, 3]);
    assert_eq!(fftn(&none, [1]).unwrap().shape().unwrap(), [0, 3]);
    assert_eq!(rfftn(&none, [1]).unwrap().shape().unwrap(), [0, 2]);
    let padded = fftn(&none, Fftn::default().s([2, -1]).axes([0, 1])).unwrap();
    assert_eq!(numbers(&padded), [C::default(); 6]);
}

#[test]
fn identities() {
    for &n in LENGTHS {
        let x = array(complex(n), &[n]);
        // Parseval: the transform with "ortho" keeps lengths.
        let energy = |x: &Array| numbers(x).iter().map(|z| z.norm_sqr()).sum::<f64>();
        let (before, after) = (energy(&x), energy(&fft(&x, Fft::default().norm("ortho")).unwrap()));
        assert!((before - after).abs() <= 1e-13 * before, "{n}: {before} {after}");
        // The transform of a real array is Hermitian, and hfft is the real transform of such a signal.
        let y = array(real(n), &[n]);
        let all = numbers(&fft(&y, ..).unwrap());
        let size = all.iter().map(|z| z.norm()).fold(0.0, f64::max);
        assert!((0..n).all(|k| (all[k] - all[(n - k) % n].conj()).norm() <= 1e-13 * size), "{n}");
        let half = ihfft(&y, ..).unwrap();
        assert_eq!(half.shape().unwrap(), [n / 2 + 1]);
        close(&hfft(&half, Hfft::default().n(n)).unwrap(), &numbers(&y), DOUBLE);
        // The first and the middle term of half a spectrum are exactly real.
        let half = numbers(&rfft(&y, ..).unwrap());
        assert!(half[0].im == 0.0 && (n % 2 == 1 || half[n / 2].im == 0.0), "{n}");
    }
    // A shift in place multiplies the terms by phases.
    let x = array(complex(12), &[12]);
    let shifted = numbers(&fft(roll(&x, 1).unwrap(), ..).unwrap());
    let turned: Vec<C> =
        numbers(&fft(&x, ..).unwrap()).iter().enumerate().map(|(k, z)| z * C::cis(-TAU * k as f64 / 12.0)).collect();
    assert!(distance(&shifted, &turned) < DOUBLE);
}

#[test]
fn frequencies_and_shifts() {
    let xp = namespace();
    let v = |x: Array| x.to_vec::<f64>().unwrap();
    assert_eq!(v(xp.fftfreq(4).unwrap()), [0.0, 0.25, -0.5, -0.25]);
    assert_eq!(v(xp.fftfreq((5, 0.5)).unwrap()), [0.0, 0.4, 0.8, -0.8, -0.4]);
    assert_eq!(v(xp.fftfreq(1).unwrap()), [0.0]);
    assert_eq!(v(xp.rfftfreq(4).unwrap()), [0.0, 0.25, 0.5]);
    assert_eq!(v(xp.rfftfreq((5, 0.5)).unwrap()), [0.0, 0.4, 0.8]);
    let narrow = xp.fftfreq(Fftfreq::default().n(3).dtype(DType::Float32)).unwrap();
    assert_eq!((narrow.dtype(), narrow.shape().unwrap()), (DType::Float32, &[3][..]));
    assert_eq!(v(fftshift(xp.fftfreq((5, 0.2)).unwrap(), ..).unwrap()), [-2.0, -1.0, 0.0, 1.0, 2.0]);
    for shape in [[3, 4], [4, 5], [1, 2]] {
        let x = array(real(shape[0] * shape[1]), &shape);
        for axes in [Axes::All, Axes::One(1), [0, 1].into()] {
            let there = fftshift(&x, Fftshift::default().axes(axes.clone())).unwrap();
            assert_eq!(v(ifftshift(there, Ifftshift::default().axes(axes)).unwrap()), v(x.clone()));
        }
    }
    let e = xp.fftfreq(0).unwrap_err();
    assert!(e.message().contains("at least one"), "{e}");
    let e = xp.rfftfreq((3, 0.0)).unwrap_err();
    assert!(e.message().contains("d is 0"), "{e}");
    let e = xp.rfftfreq(Rfftfreq::default().n(3).dtype(DType::Int32)).unwrap_err();
    assert!(e.message().contains("real-valued floating-point"), "{e}");
}

/// What a backend with `fft` alone computes is what the kernels compute.
#[test]
fn compositions_agree_with_kernels() {
    fn composed<O: Operation + Clone>(x: &Array, params: O) -> Array {
        let (mut params, mut args) = (params, [Operand::Ref(x)]);
        let verdict = params.rule(&mut args).unwrap();
        let mut call = Call { op: O::OP, params: &params, args: &mut args, verdict: &verdict, namespace: None };
        O::OP.compose.unwrap()(&mut call).unwrap().into_vec().remove(0)
    }
    let (x, y) = (array(complex(60), &[5, 12]), array(real(60), &[5, 12]));
    for norm in ["backward", "ortho", "forward"] {
        for n in [None, Some(1), Some(2), Some(7), Some(30)] {
            for axis in [0, 1] {
                let p = Ifft { n, axis, norm: norm.into() };
                close(&composed(&x, p.clone()), &numbers(&ifft(&x, p).unwrap()), DOUBLE);
                let p = Rfft { n, axis, norm: norm.into() };
                close(&composed(&y, p.clone()), &numbers(&rfft(&y, p).unwrap()), DOUBLE);
                let p = Irfft { n, axis, norm: norm.into() };
                close(&composed(&x, p.clone()), &numbers(&irfft(&x, p).unwrap()), DOUBLE);
            }
        }
    }
}

/// Lines are shared among threads from a size on; inside a pool they are not. The bits are the same.
#[test]
fn threads_change_nothing() {
    let x = array(complex(64 * 301), &[64, 301]);
    let y = array(real(64 * 301), &[301, 64]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let all = || {
        let half = rfft(&y, 0).unwrap();
        [
            numbers(&fft(&x, 1).unwrap()),
            numbers(&irfft(&half, Irfft::default().n(301).axis(0)).unwrap()),
            numbers(&half),
            numbers(&fftn(&y, ..).unwrap()),
            numbers(&ifftn(&x, ..).unwrap()),
            numbers(&rfftn(&y, [1, 0]).unwrap()),
        ]
    };
    let alone = pool.install(all);
    assert_eq!(all(), alone);
    let line = at(&x, 7).unwrap();
    assert_eq!(numbers(&fft(line, ..).unwrap()), alone[0][7 * 301..8 * 301]);
}

#[test]
fn wrong_input() {
    let xp = namespace();
    let (x, y) = (array(complex(6), &[2, 3]), array(real(6), &[2, 3]));
    let says = |r: Result<Array>, text: &str| {
        let e = r.unwrap_err();
        assert!(e.message().contains(text), "{e}");
    };
    says(fft(&x, Fft::default().norm("orto")), "norm is \"orto\", but must be \"backward\", \"ortho\" or \"forward\"");
    says(fftn(&x, Fftn::default().norm("")), "norm is \"\"");
    says(fft(&x, 2), "there is no axis 2");
    says(fft(&x, Fft::default().n(0)), "at least 1, not 0");
    says(fft(array(Vec::<C>::new(), &[2, 0]), ..), "an axis of 0 elements");
    says(fft(xp.asarray(1.5).unwrap(), ..), "there is no axis -1");
    says(fft(xp.asarray([1, 2]).unwrap(), ..), "convert it with astype(float64)");
    says(rfft(&x, ..), "a real-valued floating-point data type");
    says(ihfft(&x, ..), "a real-valued floating-point data type");
    says(rfftn(&x, ..), "a real-valued floating-point data type");
    says(irfft(at(&x, index![.., ..1]).unwrap(), ..), "gives a transform of length 0; give the length");
    says(fft(&x, Fft::default().n(usize::MAX / 8)), "too large");
    says(fftn(&x, Fftn::default().s([2, 2])), "without the axes");
    says(fftn(&x, Fftn::default().s([2]).axes([0, 1])), "1 lengths s are given for 2 axes");
    says(fftn(&x, Fftn::default().s([2, -3]).axes([0, 1])), "a length in s is -3");
    says(fftn(&x, [0, -2]), "axis 0 is given twice");
    says(rfftn(&y, Rfftn::default().axes([])), "at least one axis");
    says(fftshift(&x, 2), "there is no axis 2");
}
