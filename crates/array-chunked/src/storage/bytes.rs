//! Elements as bytes, as they lie in files: little-endian, one after the other.

use array_api::{Complex, DType, Host};

macro_rules! hosts {
    ($($Variant:ident $t:ty, $size:literal;)*) => {
        /// The elements' bytes, little-endian.
        pub(crate) fn to_bytes(host: &Host) -> Vec<u8> {
            match host {
                Host::Bool(v) => v.iter().map(|&b| u8::from(b)).collect(),
                $(Host::$Variant(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),)*
                Host::Complex64(v) => v.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()]).flatten().collect(),
                Host::Complex128(v) => v.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()]).flatten().collect(),
            }
        }

        /// Elements from the bytes that [`to_bytes`] gives.
        pub(crate) fn from_bytes(bytes: &[u8], dtype: DType) -> Host {
            match dtype {
                DType::Bool => Host::Bool(bytes.iter().map(|&b| b != 0).collect()),
                $(DType::$Variant => {
                    Host::$Variant(bytes.as_chunks::<$size>().0.iter().map(|&b| <$t>::from_le_bytes(b)).collect())
                })*
                DType::Complex64 => Host::Complex64(pairs(bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)))),
                DType::Complex128 => Host::Complex128(pairs(bytes.as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b)))),
            }
        }
    };
}
hosts! {
    Int8 i8, 1;
    Int16 i16, 2;
    Int32 i32, 4;
    Int64 i64, 8;
    UInt8 u8, 1;
    UInt16 u16, 2;
    UInt32 u32, 4;
    UInt64 u64, 8;
    Float32 f32, 4;
    Float64 f64, 8;
}

fn pairs<T>(mut parts: impl Iterator<Item = T>) -> Vec<Complex<T>> {
    let mut out = vec![];
    while let (Some(re), Some(im)) = (parts.next(), parts.next()) {
        out.push(Complex { re, im });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_give_the_elements_back() {
        for host in [
            Host::from(vec![true, false]),
            Host::from(vec![-1_i16, 300]),
            Host::from(vec![u64::MAX, 1]),
            Host::from(vec![f32::NEG_INFINITY, -0.0]),
            Host::from(vec![Complex { re: 1.0_f64, im: -2.0 }]),
        ] {
            assert_eq!(from_bytes(&to_bytes(&host), host.dtype()), host);
        }
    }
}
