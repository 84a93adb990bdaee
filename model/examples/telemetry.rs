//! A fortnight of synthetic CPU utilisation with two incidents, as CSV: something to try `nightjar backtest` on.

use nightjar_model::synthetic::Noise;

const START: i64 = 1_792_972_800;
const PERIOD: i64 = 300;
const DAY: i64 = 86_400;

fn main() {
    let mut noise = Noise::new(7);
    println!("timestamp,value");
    for index in 0..14 * DAY / PERIOD {
        let since = index * PERIOD;
        let turn = std::f64::consts::TAU * (since % DAY) as f64 / DAY as f64;
        let rhythm = 32.0 + 10.0 * turn.sin() + 1.5 * noise.normal();
        let value = match since {
            // A runaway job in the second week, and a night on which the batch never came.
            since if (9 * DAY + 36_000..9 * DAY + 39_600).contains(&since) => 96.0 + noise.normal(),
            since if (11 * DAY + 14_400..11 * DAY + 28_800).contains(&since) => 12.0 + 0.3 * noise.normal(),
            _ => rhythm,
        };
        println!("{},{value:.3}", START + since);
    }
}
