//! The medians, and what they come to.

use std::collections::BTreeMap;

use pixbridge_xtests::{
    renderer::Renderer,
    stats::{geometric_mean, median},
};
use serde::Serialize;

use crate::work::Work;

/// Medians in frames per second.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    #[serde(skip)]
    summary: String,
    direct: Option<f64>,
    peer: Option<f64>,
    vtest: Option<f64>,
    dri3: Option<f64>,
}

impl Row {
    pub(crate) fn new(work: &Work, by: &BTreeMap<Renderer, Vec<f64>>) -> Self {
        let of = |renderer| by.get(&renderer).and_then(|rates| median(rates));
        Self {
            name: work.to_string(),
            summary: work.summary(),
            direct: of(Renderer::Direct),
            peer: of(Renderer::Peer),
            vtest: of(Renderer::Vtest),
            dri3: of(Renderer::Dri3),
        }
    }
}

/// Two columns to be compared.
struct Ratio {
    name: &'static str,
    of: fn(&Row) -> Option<f64>,
}

const RATIOS: [Ratio; 4] = [
    Ratio {
        name: "vtest/peer",
        of: |row| Some(row.vtest? / row.peer?),
    },
    Ratio {
        name: "vtest/direct",
        of: |row| Some(row.vtest? / row.direct?),
    },
    Ratio {
        name: "dri3/peer",
        of: |row| Some(row.dri3? / row.peer?),
    },
    Ratio {
        name: "dri3/direct",
        of: |row| Some(row.dri3? / row.direct?),
    },
];

/// Prints all rows, and for each kind of work the geometric means of the ratios.
pub(crate) fn print(rows: &[Row]) {
    print!("{:<46}", "frames/s");
    for name in ["direct", "peer", "vtest", "dri3"] {
        print!(" {name:>7}");
    }
    print_names();
    for row in rows {
        print!("{:<46}", row.name);
        for rate in [row.direct, row.peer, row.vtest, row.dri3] {
            print!(" {:>7}", number(rate, digits(rate)));
        }
        for ratio in RATIOS {
            print!(" {:>13}", number((ratio.of)(row), 2));
        }
        println!();
    }
    print!("\n{:<46}{:32}", "geometric means", "");
    print_names();
    let mut groups = BTreeMap::<&str, Vec<&Row>>::new();
    for row in rows {
        groups.entry(&row.summary).or_default().push(row);
    }
    for (name, rows) in groups {
        print!("{name:<46}{:32}", "");
        for ratio in RATIOS {
            let ratios: Vec<f64> = rows.iter().filter_map(|row| (ratio.of)(row)).collect();
            print!(" {:>13}", number(geometric_mean(&ratios), 2));
        }
        println!();
    }
}

fn print_names() {
    for ratio in RATIOS {
        print!(" {:>13}", ratio.name);
    }
    println!();
}

/// Rates are shown to about three digits.
fn digits(rate: Option<f64>) -> usize {
    match rate {
        Some(rate) if rate < 10.0 => 2,
        Some(rate) if rate < 100.0 => 1,
        _ => 0,
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}
