use super::{FEW, in_parts};

#[test]
fn every_value_is_worked_on_once_and_the_order_stays() {
    for count in [0, 1, FEW, FEW + 1, 1_000, 1_001] {
        let all: Vec<usize> = (0..count).collect();
        let out: Vec<usize> = in_parts(&all, <[usize]>::to_vec).into_iter().flatten().collect();
        assert_eq!(out, all);
    }
}
