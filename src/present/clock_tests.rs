use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000;

/// A server's counter, and the clock that hears of it.
struct Bench {
    clock: FrameClock,
    now: u64,
    msc: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            clock: FrameClock::new(),
            now: 50 * SECOND,
            msc: 7000,
        }
    }

    fn pass(&mut self, micros: u64, ticks: u64) -> Tick {
        self.now += micros;
        self.msc += ticks;
        let said = Tick {
            ust: self.now,
            msc: self.msc,
        };
        self.clock.hear(self.now, said)
    }

    fn run(&mut self, period: u64, ticks: u64) -> Tick {
        (0..ticks).fold(Tick::default(), |_, _| self.pass(period, 1))
    }
}

#[test]
fn a_steady_display_is_followed_and_measured() {
    let mut bench = Bench::new();
    let tick = bench.run(6_944, 300);
    assert_eq!(bench.clock.source(), Source::Server);
    assert_eq!(tick.msc, bench.msc);
    assert_eq!(bench.clock.period(), 6_944_000);
    assert_eq!(bench.clock.ust_of(tick.msc + 10), bench.now + 69_440);
    assert_eq!(bench.clock.start_for(tick.msc + 10, 5_000), bench.now + 64_440);
    assert_eq!(bench.clock.at(bench.now + 7_000).msc, tick.msc + 1);
}

#[test]
fn a_change_of_mode_is_measured_anew() {
    let mut bench = Bench::new();
    bench.run(16_667, 500);
    bench.run(8_333, 400);
    assert_eq!(bench.clock.source(), Source::Server);
    assert_eq!(bench.clock.period(), 8_333_000);
}

#[test]
fn a_window_without_frames_for_a_while_is_not_doubted() {
    let mut bench = Bench::new();
    bench.run(16_667, 20);
    bench.pass(16_667 * 600, 600);
    assert_eq!(bench.clock.source(), Source::Server);
}

#[test]
fn hidden_windows_go_on_at_the_last_good_rate_and_come_back() {
    let mut bench = Bench::new();
    let before = bench.run(16_667, 200);
    let hidden = bench.pass(SECOND, 1);
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::Slow));
    assert_eq!(hidden.msc - before.msc, 59, "a second is 59.99 ticks");
    let hidden = bench.pass(SECOND, 1);
    assert_eq!(hidden.msc - before.msc, 119);
    let shown = bench.run(16_667, 4);
    assert_eq!(bench.clock.source(), Source::Server);
    assert!((123..=124).contains(&(shown.msc - before.msc)), "{shown:?}");
    assert_eq!(bench.clock.to_server(shown.msc), bench.msc);
}

#[test]
fn a_counter_that_steps_back_is_taken_up_where_the_timer_stands() {
    let mut bench = Bench::new();
    let before = bench.run(16_667, 100);
    bench.msc = 3;
    let after = bench.run(16_667, 1);
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::StepsBack));
    assert!(after.msc >= before.msc);
    let after = bench.run(16_667, 10);
    assert_eq!(bench.clock.source(), Source::Server);
    assert_eq!(after.msc - before.msc, 11);
    assert_eq!(bench.clock.to_server(after.msc), 14);
}

#[test]
fn a_server_that_speaks_of_the_past_is_taken_up_at_its_own_time() {
    let mut bench = Bench::new();
    bench.run(16_667, 100);
    let before = Tick {
        ust: bench.now,
        msc: bench.msc,
    };
    let now = bench.now + 20 * 16_667;
    bench.clock.doubt(now, Doubt::Silent);
    let told = bench.clock.tell_at(now);
    assert_eq!(told.msc, before.msc + 20);
    for late in 1..=4 {
        let said = Tick {
            ust: before.ust + late * 16_667,
            msc: before.msc + late,
        };
        assert_eq!(bench.clock.hear(now, said), told, "what is told does not go back");
    }
    assert_eq!(bench.clock.source(), Source::Server);
    assert_eq!(bench.clock.to_server(before.msc + 20), before.msc + 20);
    (bench.now, bench.msc) = (now, before.msc + 20);
    assert_eq!(bench.pass(16_667, 1).msc, before.msc + 21, "and does not jump");
}

#[test]
fn a_tick_that_is_told_again_and_again_is_no_sign_of_a_display() {
    let mut bench = Bench::new();
    bench.run(16_667, 100);
    bench.clock.doubt(bench.now, Doubt::Silent);
    let said = Tick {
        ust: bench.now + SECOND,
        msc: bench.msc + 1,
    };
    for frame in 0..30 {
        bench.clock.hear(said.ust + frame * 16_667, said);
    }
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::Silent));
}

#[test]
fn a_server_that_makes_up_for_a_silence_at_once_is_not_believed_yet() {
    let mut bench = Bench::new();
    bench.run(16_667, 100);
    let silent = bench.msc;
    bench.now += 20 * 16_667;
    bench.clock.doubt(bench.now, Doubt::Silent);
    for _ in 0..5 {
        bench.pass(0, 1);
    }
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::Silent));
    bench.msc = silent + 20;
    let told = bench.run(16_667, 5);
    assert_eq!(bench.clock.source(), Source::Server);
    assert_eq!(
        (told.msc, bench.clock.to_server(told.msc)),
        (silent + 25, silent + 25)
    );
}

#[test]
fn a_counter_that_stands_still_is_not_waited_for() {
    let mut bench = Bench::new();
    let before = bench.run(16_667, 100);
    for _ in 0..6 {
        bench.pass(16_667, 0);
    }
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::Repeats));
    assert!(bench.clock.at(bench.now).msc - before.msc >= 5);
}

#[test]
fn a_server_whose_time_stands_still_altogether_is_not_waited_for() {
    let mut clock = FrameClock::new();
    for frame in 0..4 {
        clock.hear(SECOND + frame * 16_667, Tick::default());
    }
    assert_eq!(clock.source(), Source::Timer(Doubt::Repeats));
    assert_eq!(clock.at(2 * SECOND).msc, 59);
}

#[test]
fn a_driver_without_a_time_of_its_own_is_not_believed() {
    let mut clock = FrameClock::new();
    for frame in 0..4 {
        clock.hear(90 * SECOND + frame * 16_667, Tick::default());
    }
    assert_eq!(clock.source(), Source::Timer(Doubt::Repeats));
    assert_eq!(clock.at(91 * SECOND).msc, 59);
}

#[test]
fn frames_within_one_tick_are_no_repetition() {
    let mut bench = Bench::new();
    bench.run(16_667, 100);
    for _ in 0..10 {
        bench.pass(1_000, 0);
    }
    assert_eq!(bench.clock.source(), Source::Server);
}

#[test]
fn a_jump_ahead_is_doubted() {
    let mut bench = Bench::new();
    let before = bench.run(16_667, 100);
    let after = bench.pass(16_667, 1_000_000);
    assert_eq!(bench.clock.source(), Source::Timer(Doubt::Jumps));
    assert!(after.msc - before.msc <= 1);
}

#[test]
fn a_server_with_another_origin_of_time_is_understood() {
    let mut clock = FrameClock::new();
    let (now, theirs) = (9 * SECOND, 4_000 * SECOND);
    for tick in 0..50 {
        let said = Tick {
            ust: theirs + tick * 16_667,
            msc: tick,
        };
        let told = clock.hear(now + tick * 16_667, said);
        assert_eq!(told.ust, now + tick * 16_667);
    }
    assert_eq!(clock.source(), Source::Server);
}

#[test]
fn a_server_without_time_is_counted_from_the_start() {
    let clock = FrameClock::without_server(SECOND);
    assert_eq!(clock.source(), Source::Timer(Doubt::NoPresent));
    assert_eq!(clock.at(SECOND).msc, 0);
    assert_eq!(clock.at(3 * SECOND).msc, 119);
}

#[test]
fn a_frame_is_overdue_only_long_after_its_tick() {
    let mut bench = Bench::new();
    let tick = bench.run(16_667, 100);
    let overdue = bench.clock.overdue(tick.msc + 60, bench.now);
    assert_eq!(overdue, bench.clock.ust_of(tick.msc + 60) + 250_000);
    assert_eq!(bench.clock.overdue(tick.msc - 60, bench.now), bench.now + 250_000);
}

proptest! {
    #[test]
    fn nothing_told_goes_back_whatever_the_server_says(
        said in prop::collection::vec((any::<u64>(), any::<u64>(), 0..100_000_u64, any::<bool>()), 1..60),
    ) {
        let mut clock = FrameClock::new();
        let mut now = 77;
        let mut last = Tick::default();
        for (ust, msc, passed, silent) in said {
            now += passed;
            if silent {
                clock.doubt(now, Doubt::Silent);
            }
            for told in [clock.hear(now, Tick { ust, msc }), clock.tell_at(now)] {
                prop_assert!(told.msc >= last.msc && told.ust >= last.ust, "{told:?} after {last:?}");
                last = told;
            }
            prop_assert!(PERIODS.contains(&clock.period()));
        }
    }

    #[test]
    fn after_any_trouble_the_server_is_believed_again(
        trouble in prop::collection::vec((0..2_000_000_u64, 0..100_u64), 0..20),
        period in 2_000..40_000_u64,
    ) {
        let mut bench = Bench::new();
        for (passed, ticks) in trouble {
            bench.pass(passed, ticks);
        }
        bench.run(period, 400);
        prop_assert_eq!(bench.clock.source(), Source::Server);
        prop_assert!(bench.clock.period().abs_diff(period * 1000) <= period * 20, "{}", bench.clock.period());
    }
}
