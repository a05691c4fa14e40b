//! Random numbers that a seed replays.

use std::sync::OnceLock;

/// The seed of this run: `SHAREDWAL_SEED` if it is set, else by the clock; printed once, so that
/// what a failing test shows can be replayed.
pub fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = match std::env::var("SHAREDWAL_SEED") {
            Ok(seed) => seed.parse().expect("SHAREDWAL_SEED is a whole number"),
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos() as u64),
        };
        println!("SHAREDWAL_SEED={seed}");
        seed
    })
}

/// SplitMix64.
pub struct Random(u64);

impl Random {
    /// Numbers of this run's seed; each `stream` has its own.
    pub fn new(stream: u64) -> Random {
        Random::of_seed(seed(), stream)
    }

    /// Numbers of a seed of the caller's.
    pub fn of_seed(seed: u64, stream: u64) -> Random {
        let mut random = Random(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound - 1`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
