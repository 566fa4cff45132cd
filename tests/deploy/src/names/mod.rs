//! Metrics, labels and label values that expressions may name.
//!
//! What is known comes from the catalogue; recording rules add to it. Labels are followed through
//! an expression, so a grouping by a label that was summed away is found too.
//!
//! * `known`: which metrics there are, and their labels.
//! * `walk`: through an expression.

mod known;
mod walk;

pub use known::Known;

use promql_parser::parser::{self, Expr};

/// Which labels an expression's series have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// None: it is a number.
    Scalar,
    /// At most these.
    Of(Vec<String>),
    /// Any: `ALERTS` has those of every alert.
    Any,
}

impl Labels {
    /// Whether series may have this label.
    #[must_use]
    pub fn has(&self, label: &str) -> bool {
        match self {
            Self::Scalar => false,
            Self::Of(labels) => labels.iter().any(|it| it == label),
            Self::Any => true,
        }
    }
}

/// The expression with Grafana's own variables for durations put in.
///
/// Variables within strings, as `instance=~"$instance"`, are left as they are: they are valid.
#[must_use]
pub fn expand(expression: &str) -> String {
    // The longer names first: one begins with another.
    [("$__rate_interval", "1m"), ("$__interval", "15s"), ("$__range", "15m")]
        .into_iter()
        .fold(expression.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Parses an expression.
///
/// # Errors
/// It is not PromQL.
pub fn parse(expression: &str) -> Result<Expr, String> {
    parser::parse(&expand(expression)).map_err(|error| format!("{error}: {expression}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> Result<Labels, String> {
        Known::catalogue().check(expression)
    }

    #[track_caller]
    fn has(expression: &str, labels: &[&str]) {
        let labels = labels.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(check(expression), Ok(Labels::Of(labels)), "{expression}");
    }

    #[track_caller]
    fn refuses(expression: &str, why: &str) {
        let error = check(expression).expect_err(expression);
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn labels_are_followed_through_an_expression() {
        has("weir_flow_stuck", &["job", "instance", "program"]);
        has("sum by (job) (weir_flow_stuck)", &["job"]);
        has("sum without (program) (weir_flow_stuck)", &["job", "instance"]);
        has(
            "rate(weir_program_verdicts_total[$__rate_interval])",
            &["job", "instance", "program", "state", "verdict"],
        );
        has(
            "histogram_quantile(0.9, sum by (le, program) (rate(weir_program_run_seconds_bucket[5m])))",
            &["program"],
        );
        has(
            "weir_flow_stuck and on (instance) weir_flow_set_complete == 1",
            &["job", "instance", "program"],
        );
        has(
            "weir_etw_session_up * on (instance) group_left (version) weir_build_info",
            &["job", "instance", "session", "version"],
        );
        assert_eq!(check("count(ALERTS{team=\"x\"})"), Ok(Labels::Of(Vec::new())));
        assert_eq!(check("time()"), Ok(Labels::Scalar));
    }

    #[test]
    fn a_metric_that_is_not_in_the_catalogue_is_refused() {
        refuses("weir_flow_stuk", "weir_flow_stuk");
        refuses("1 + (sum(rate(weir_program_verdicts[5m])))", "weir_program_verdicts");
        refuses("{__name__=~\"weir_.*\"}", "no name");
        refuses("weir_program_run_seconds", "histogram");
    }

    #[test]
    fn a_label_that_the_metric_has_not_is_refused() {
        refuses("weir_flow_stuck{state=\"new\"}", "state");
        refuses("sum by (state) (weir_flow_stuck)", "state");
        refuses("sum by (program) (sum by (job) (weir_flow_stuck))", "program");
        refuses("weir_flow_stuck / on (session) weir_etw_session_up", "session");
        refuses(
            "weir_etw_session_up * on (instance) group_left (revision) weir_build_info",
            "revision",
        );
        refuses("histogram_quantile(0.9, sum(rate(weir_program_run_seconds_bucket[5m])))", "le");
    }

    #[test]
    fn a_value_that_the_label_has_not_is_refused() {
        assert!(check("weir_program_verdicts_total{verdict=\"block\"}").is_ok());
        assert!(check("weir_program_verdicts_total{verdict=~\"block|allow\"}").is_ok());
        assert!(check("weir_program_verdicts_total{verdict=~\"$verdict\"}").is_ok());
        refuses("weir_program_verdicts_total{verdict=\"blocked\"}", "blocked");
        refuses("weir_program_verdicts_total{verdict=~\"block|allowed\"}", "allowed");
        refuses("weir_flow_verdicts_total{direction!=\"in\"}", "in");
    }

    #[test]
    fn what_is_recorded_has_the_labels_of_its_expression() {
        let mut known = Known::catalogue();
        known.record("job:weir_flow_stuck:sum", "sum by (job) (weir_flow_stuck)").unwrap();
        assert!(known.check("job:weir_flow_stuck:sum{job=\"x\"} > 1").is_ok());
        assert!(known.check("job:weir_flow_stuck:sum{instance=\"x\"} > 1").is_err());
    }
}
