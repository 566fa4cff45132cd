//! What is in an expression: selectors, and the functions they stand in.

use core::time::Duration;
use promql_parser::parser::{Expr, VectorSelector};
use weir_deploy::names;

/// Stands for `$__rate_interval`: nobody would write it.
pub(crate) const RATE_INTERVAL: Duration = Duration::from_secs(11 * 60 + 7);

/// A selector where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) selector: VectorSelector,
    /// Of a range.
    pub(crate) range: Option<Duration>,
    /// The function around it, directly.
    pub(crate) function: Option<&'static str>,
}

impl Selected {
    /// The name of its metric.
    pub(crate) fn metric(&self) -> &str {
        self.selector.name.as_deref().unwrap_or_default()
    }

    /// Whether the function around it takes the growth of a counter.
    pub(crate) fn is_growth(&self) -> bool {
        matches!(self.function, Some("rate" | "irate" | "increase"))
    }

    /// Whether it has this filter.
    pub(crate) fn filters(&self, label: &str, value: &str) -> bool {
        use promql_parser::label::MatchOp;
        let matchers = &self.selector.matchers.matchers;
        matchers.iter().any(|matcher| {
            matcher.name == label && matcher.value == value && matches!(matcher.op, MatchOp::Re(_))
        })
    }
}

/// Every selector of an expression.
pub(crate) fn selectors(expression: &str) -> Result<Vec<Selected>, String> {
    let marked = expression.replace("$__rate_interval", "11m7s");
    let mut found = Vec::new();
    walk(&names::parse(&marked)?, None, &mut found);
    Ok(found)
}

fn walk(expression: &Expr, function: Option<&'static str>, found: &mut Vec<Selected>) {
    match expression {
        Expr::VectorSelector(it) => {
            found.push(Selected { selector: it.clone(), range: None, function });
        }
        Expr::MatrixSelector(it) => {
            found.push(Selected { selector: it.vs.clone(), range: Some(it.range), function });
        }
        Expr::Call(it) => {
            it.args.args.iter().for_each(|argument| walk(argument, Some(it.func.name), found));
        }
        Expr::Paren(it) => walk(&it.expr, function, found),
        Expr::Unary(it) => walk(&it.expr, None, found),
        Expr::Subquery(it) => walk(&it.expr, None, found),
        Expr::Aggregate(it) => {
            it.param.iter().for_each(|parameter| walk(parameter, None, found));
            walk(&it.expr, None, found);
        }
        Expr::Binary(it) => {
            walk(&it.lhs, None, found);
            walk(&it.rhs, None, found);
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}
