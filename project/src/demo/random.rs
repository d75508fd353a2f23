//! SplitMix64 (Steele, Lea and Flood, 2014): a generator whose numbers no library update can change.

use jiff::ToSpan as _;
use jiff::civil::Date;

pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1).unsigned_abs()).cast_signed()
    }

    /// True in this percentage of cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        let index = self.between(0, items.len() as i64 - 1);
        &items[index.unsigned_abs() as usize]
    }

    /// By weight: the first is picked when the others' weights are zero.
    pub fn weighted<'i, T>(&mut self, items: &'i [(T, i64)]) -> &'i T {
        let total: i64 = items.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.between(1, total);
        for (item, weight) in items {
            rest -= weight;
            if rest <= 0 {
                return item;
            }
        }
        &items[0].0
    }

    /// A date later by a number of days within these bounds.
    pub fn later(&mut self, date: Date, low: i64, high: i64) -> Date {
        date.saturating_add(self.between(low, high).days())
    }
}
