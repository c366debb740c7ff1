//! How our results compare with the C renderer's, and whether that was known.

use super::{
    known::Known,
    results::{Baseline, Results},
};

/// A test that the C renderer passes and we do not.
#[derive(Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its name.
    pub test: String,
    /// What piglit says of it with us.
    pub result: String,
    /// Why, if a list says so for this kind of result.
    pub reason: Option<String>,
}

/// What a comparison comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Tests that were run and that the C renderer passes.
    pub compared: usize,
    /// Those of them that we do not pass.
    pub lost: Vec<Lost>,
    /// Those that a list says we do not pass, and we do.
    pub unexpected_passes: Vec<String>,
    /// Lines of lists about tests that the C renderer does not pass itself.
    pub beside_the_point: Vec<String>,
    /// Tests of the whole set that we pass, whatever the C renderer does.
    pub passed: usize,
    /// Tests whose client crashed, whatever the C renderer does.
    pub crashed: Vec<String>,
}

impl Verdict {
    /// Compares results with a baseline.
    pub fn new(peer: &Baseline, ours: &Results, known: &Known) -> Self {
        let mut this = Self {
            passed: with_result(ours, "pass").count(),
            crashed: with_result(ours, "crash").cloned().collect(),
            beside_the_point: known
                .tests()
                .filter(|test| !peer.passes.contains(*test))
                .cloned()
                .collect(),
            ..Self::default()
        };
        for test in &peer.passes {
            if let Some(result) = ours.get(test) {
                this.compared += 1;
                this.judge(test, result, known);
            }
        }
        this
    }

    fn judge(&mut self, test: &str, result: &str, known: &Known) {
        if result == "pass" {
            if known.fails.contains_key(test) || known.skips.contains_key(test) {
                self.unexpected_passes.push(test.to_owned());
            }
            return;
        }
        let list = match result {
            "skip" => &known.skips,
            _ => &known.fails,
        };
        let reason = list.get(test).or_else(|| known.flakes.get(test));
        self.lost.push(Lost {
            test: test.to_owned(),
            result: result.to_owned(),
            reason: reason.cloned(),
        });
    }

    /// Whether all is as the lists say.
    pub fn is_expected(&self) -> bool {
        self.unexpected_passes.is_empty()
            && self.beside_the_point.is_empty()
            && self.lost.iter().all(|lost| lost.reason.is_some())
    }

    /// The part of the C renderer's passes that we pass too, in per cent; 0 if nothing was compared.
    pub fn percent(&self) -> f64 {
        let passed = self.compared - self.lost.len();
        if self.compared == 0 {
            0.0
        } else {
            passed as f64 * 100.0 / self.compared as f64
        }
    }

    /// Tests that are in two runs and pass in one of them alone, flakes aside.
    pub fn differences(one: &Results, other: &Results, known: &Known) -> Vec<String> {
        let both = one
            .iter()
            .filter_map(|(test, result)| Some((test, result, other.get(test)?)));
        both.filter(|(_, one, other)| (*one == "pass") != (*other == "pass"))
            .filter(|(test, ..)| !known.flakes.contains_key(*test))
            .map(|(test, ..)| test.clone())
            .collect()
    }
}

fn with_result<'a>(results: &'a Results, wanted: &'a str) -> impl Iterator<Item = &'a String> {
    let matching = results.iter().filter(move |(_, result)| *result == wanted);
    matching.map(|(test, _)| test)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(passes: &[&str]) -> Baseline {
        let tests: Vec<_> = passes.iter().map(|test| (*test).to_owned()).collect();
        Baseline {
            passes: tests.iter().cloned().collect(),
            tests,
        }
    }

    fn ours(results: &[(&str, &str)]) -> Results {
        let owned = |(test, result): &(&str, &str)| ((*test).to_owned(), (*result).to_owned());
        results.iter().map(owned).collect()
    }

    fn list(tests: &[&str]) -> std::collections::BTreeMap<String, String> {
        let listed = |test: &&str| ((*test).to_owned(), "because".to_owned());
        tests.iter().map(listed).collect()
    }

    #[test]
    fn only_what_was_run_and_passed_before_counts() {
        let verdict = Verdict::new(
            &peer(&["a", "b", "c"]),
            &ours(&[("a", "pass"), ("b", "crash"), ("d", "fail"), ("e", "pass")]),
            &Known::default(),
        );
        assert_eq!(verdict.compared, 2);
        assert_eq!(verdict.percent(), 50.0);
        assert_eq!(verdict.passed, 2);
        assert_eq!(verdict.crashed, ["b"]);
        assert_eq!(verdict.lost[0].test, "b");
        assert!(!verdict.is_expected());
    }

    #[test]
    fn a_failure_is_expected_if_its_list_says_so() {
        let known = Known {
            fails: list(&["a"]),
            skips: list(&["b"]),
            ..Known::default()
        };
        let peer = peer(&["a", "b"]);
        let expected = Verdict::new(&peer, &ours(&[("a", "fail"), ("b", "skip")]), &known);
        assert!(expected.is_expected(), "{expected:?}");
        assert_eq!(expected.lost[0].reason.as_deref(), Some("because"));
        for other in [[("a", "skip"), ("b", "skip")], [("a", "fail"), ("b", "fail")]] {
            assert!(!Verdict::new(&peer, &ours(&other), &known).is_expected());
        }
    }

    #[test]
    fn a_pass_that_the_lists_do_not_know_of_is_none_to_be_silent_about() {
        for known in [
            Known {
                fails: list(&["a"]),
                ..Known::default()
            },
            Known {
                skips: list(&["a"]),
                ..Known::default()
            },
        ] {
            let verdict = Verdict::new(&peer(&["a"]), &ours(&[("a", "pass")]), &known);
            assert_eq!(verdict.unexpected_passes, ["a"]);
            assert!(!verdict.is_expected());
        }
    }

    #[test]
    fn a_flake_may_pass_or_not() {
        let known = Known {
            flakes: list(&["a"]),
            ..Known::default()
        };
        for result in ["pass", "fail", "skip", "timeout"] {
            let verdict = Verdict::new(&peer(&["a"]), &ours(&[("a", result)]), &known);
            assert!(verdict.is_expected(), "{result}");
        }
    }

    #[test]
    fn lists_speak_of_what_the_c_renderer_passes() {
        let known = Known {
            fails: list(&["renamed"]),
            ..Known::default()
        };
        let verdict = Verdict::new(&peer(&["a"]), &ours(&[("a", "pass")]), &known);
        assert_eq!(verdict.beside_the_point, ["renamed"]);
        assert!(!verdict.is_expected());
    }

    #[test]
    fn a_comparison_of_nothing_is_no_success() {
        let nothing = Verdict::new(&peer(&[]), &Results::new(), &Known::default());
        assert_eq!(nothing.percent(), 0.0);
    }

    #[test]
    fn two_runs_differ_in_what_passes_in_one_alone() {
        let known = Known {
            flakes: list(&["d"]),
            ..Known::default()
        };
        let one = ours(&[
            ("a", "pass"),
            ("b", "fail"),
            ("c", "pass"),
            ("d", "pass"),
            ("e", "pass"),
        ]);
        let other = ours(&[("a", "pass"), ("b", "skip"), ("c", "crash"), ("d", "fail")]);
        assert_eq!(Verdict::differences(&one, &other, &known), ["c"]);
    }
}
