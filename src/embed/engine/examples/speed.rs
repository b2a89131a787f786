#![allow(unsafe_code, warnings)]
use pointsman_engine::kernels::*;
use std::time::Instant;
#[repr(align(64))]
#[derive(Clone)]
struct L([u8; 64]);
fn main() {
    let shapes = [(384, 18), (384, 6), (384, 24), (1536, 6)];
    let mut panels: Vec<(usize, Vec<L>)> = vec![];
    for _ in 0..6 {
        for (d, n) in shapes {
            for _ in 0..n {
                panels.push((d, vec![L([3; 64]); d]));
            }
        }
    }
    let acts: Vec<L> = vec![L([7; 64]); 256 * 1536 / 64];
    let b = |v: &[L]| unsafe { std::slice::from_raw_parts(v.as_ptr() as *const u8, v.len() * 64) };
    for k in Kernel::all() {
        for m in [1, 6, 13, 32, 110, 252] {
            let mut t = vec![];
            let mut block = vec![Block::default(); 12];
            for _ in 0..(if m > 100 || k.name() == "portable" { 8 } else { 60 }) {
                let s = Instant::now();
                for (d, p) in &panels {
                    let pb = b(p);
                    let ps = unsafe { std::slice::from_raw_parts(pb.as_ptr() as *const i8, pb.len()) };
                    let mut r = 0;
                    while r < m {
                        let n = (m - r).min(32);
                        k.multiply(&b(&acts)[r * d..(r + n) * d], ps, &mut block[..*d / 128]);
                        r += n;
                    }
                }
                t.push(s.elapsed());
            }
            t.sort();
            println!("{:12} {:4} {:?}", k.name(), m, t[t.len() / 2]);
        }
    }
}
