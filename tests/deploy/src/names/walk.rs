//! The walk through an expression, from the metrics up.

use super::Labels;
use super::known::{Known, Series};
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::token::T_EQL_REGEX;
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
};

/// Which labels the series of an expression have.
pub(super) fn labels(known: &Known, expression: &Expr) -> Result<Labels, String> {
    match expression {
        Expr::Aggregate(it) => aggregate(known, it),
        Expr::Unary(it) => labels(known, &it.expr),
        Expr::Binary(it) => binary(known, it),
        Expr::Paren(it) => labels(known, &it.expr),
        Expr::Subquery(it) => labels(known, &it.expr),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::Scalar),
        Expr::VectorSelector(it) => selector(known, it),
        Expr::MatrixSelector(it) => selector(known, &it.vs),
        Expr::Call(it) => call(known, it),
        Expr::Extension(_) => Err("not PromQL".to_owned()),
    }
}

fn selector(known: &Known, selector: &VectorSelector) -> Result<Labels, String> {
    let Some(name) = &selector.name else {
        return Err("a selector has no name of a metric".to_owned());
    };
    let series = known.series(name)?;
    let matchers = &selector.matchers;
    for matcher in matchers.matchers.iter().chain(matchers.or_matchers.iter().flatten()) {
        if !series.labels.has(&matcher.name) {
            return Err(format!("{name} has no label {}", matcher.name));
        }
        values(name, series, matcher)?;
    }
    Ok(series.labels.clone())
}

/// Values that a matcher names, where all values of the label are known.
fn values(name: &str, series: &Series, matcher: &Matcher) -> Result<(), String> {
    let Some(values) = series.values.get(matcher.name.as_str()) else { return Ok(()) };
    if matcher.value.contains('$') {
        return Ok(());
    }
    let is_any = |is_match: &dyn Fn(&str) -> bool| values.iter().any(|value| is_match(value));
    let refused = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => {
            Some(matcher.value.as_str()).filter(|wanted| !is_any(&|value| value == *wanted))
        }
        // Each of several alternatives has to be able to match.
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').find(|alternative| {
            let op = Matcher::new_matcher(T_EQL_REGEX, String::new(), (*alternative).to_owned());
            op.is_ok_and(|alone| !is_any(&|value| alone.is_match(value)))
        }),
    };
    match refused {
        Some(value) => Err(format!("{name} has no {}=\"{value}\"", matcher.name)),
        None => Ok(()),
    }
}

fn aggregate(known: &Known, it: &AggregateExpr) -> Result<Labels, String> {
    let inner = labels(known, &it.expr)?;
    if let Some(parameter) = &it.param {
        labels(known, parameter)?;
    }
    let is_selection = ["topk", "bottomk", "limitk"].contains(&it.op.to_string().as_str());
    if is_selection {
        return Ok(inner);
    }
    match &it.modifier {
        None => Ok(Labels::Of(Vec::new())),
        Some(LabelModifier::Include(by)) => {
            all_in(&by.labels, &inner, "it groups by")?;
            Ok(Labels::Of(by.labels.clone()))
        }
        Some(LabelModifier::Exclude(without)) => {
            all_in(&without.labels, &inner, "it groups without")?;
            Ok(less(&inner, &without.labels))
        }
    }
}

fn binary(known: &Known, it: &BinaryExpr) -> Result<Labels, String> {
    let (left, right) = (labels(known, &it.lhs)?, labels(known, &it.rhs)?);
    if left == Labels::Scalar {
        return Ok(right);
    }
    if right == Labels::Scalar {
        return Ok(left);
    }
    let matching = it.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
    if let Some(LabelModifier::Include(on)) = matching {
        all_in(&on.labels, &left, "left of the operator, it matches on")?;
        all_in(&on.labels, &right, "right of the operator, it matches on")?;
    }
    match it.modifier.as_ref().map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(add)) => {
            all_in(&add.labels, &right, "it takes over from the right")?;
            Ok(more(&left, &add.labels))
        }
        Some(VectorMatchCardinality::OneToMany(add)) => {
            all_in(&add.labels, &left, "it takes over from the left")?;
            Ok(more(&right, &add.labels))
        }
        _ => match (it.op.to_string().as_str(), &right) {
            // Series of both sides come out.
            ("or", Labels::Of(others)) => Ok(more(&left, others)),
            ("or", _) => Ok(Labels::Any),
            _ => Ok(left),
        },
    }
}

fn call(known: &Known, it: &Call) -> Result<Labels, String> {
    let arguments: Vec<Labels> =
        it.args.args.iter().map(|argument| labels(known, argument)).collect::<Result<_, _>>()?;
    let series = arguments.iter().find(|it| **it != Labels::Scalar).cloned();
    let series = series.unwrap_or(Labels::Scalar);
    let text = |at: usize| match it.args.args.get(at).map(AsRef::as_ref) {
        Some(Expr::StringLiteral(text)) => Ok(text.val.clone()),
        _ => Err(format!("{} wants a string", it.func.name)),
    };
    match it.func.name {
        "histogram_quantile" => {
            all_in(&["le".to_owned()], &series, "histogram_quantile needs")?;
            Ok(less(&series, &["le".to_owned()]))
        }
        "label_replace" => {
            all_in(&[text(3)?], &series, "label_replace reads")?;
            Ok(more(&series, &[text(1)?]))
        }
        "label_join" => {
            let read: Vec<String> = (3..it.args.args.len()).map(text).collect::<Result<_, _>>()?;
            all_in(&read, &series, "label_join reads")?;
            Ok(more(&series, &[text(1)?]))
        }
        // Its labels are those that the selector's equalities name.
        "absent" | "absent_over_time" => Ok(series),
        "scalar" | "time" => Ok(Labels::Scalar),
        "vector" => Ok(Labels::Of(Vec::new())),
        _ => Ok(series),
    }
}

fn all_in(wanted: &[String], labels: &Labels, what: &str) -> Result<(), String> {
    match wanted.iter().find(|label| !labels.has(label)) {
        Some(label) => Err(format!("{what} {label}, which is not there")),
        None => Ok(()),
    }
}

fn less(labels: &Labels, gone: &[String]) -> Labels {
    match labels {
        Labels::Of(labels) => {
            Labels::Of(labels.iter().filter(|label| !gone.contains(label)).cloned().collect())
        }
        Labels::Scalar | Labels::Any => labels.clone(),
    }
}

fn more(labels: &Labels, added: &[String]) -> Labels {
    match labels {
        Labels::Of(labels) => {
            let new = added.iter().filter(|label| !labels.contains(label));
            Labels::Of(labels.iter().chain(new).cloned().collect())
        }
        Labels::Scalar | Labels::Any => labels.clone(),
    }
}
