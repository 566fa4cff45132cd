//! Expressions with one thing broken: what a test has to notice.
//!
//! Every number is made a little more and a little less, every condition beside another is taken
//! out, and so is every matcher of a label; a range is twice as long and half as long, and what is
//! matched on several labels is matched on one less.

use promql_parser::label::Labels;
use promql_parser::parser::{BinaryExpr, Expr, LabelModifier, MatrixSelector, VectorSelector};

/// A broken expression, and what was done to it.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) what: String,
    pub(crate) expr: Expr,
}

/// Every way to break an expression in one place.
pub(crate) fn every(expr: &Expr) -> Vec<Broken> {
    match expr {
        Expr::NumberLiteral(number) => [more(number.val), less(number.val)]
            .into_iter()
            .map(|value| Broken {
                what: format!("{} becomes {value}", number.val),
                expr: Expr::from(value),
            })
            .collect(),
        Expr::Binary(it) => binary(it),
        Expr::Paren(it) => inside(&it.expr, |expr| {
            let mut it = it.clone();
            it.expr = Box::new(expr);
            Expr::Paren(it)
        }),
        Expr::Unary(it) => inside(&it.expr, |expr| {
            let mut it = it.clone();
            it.expr = Box::new(expr);
            Expr::Unary(it)
        }),
        Expr::Aggregate(it) => inside(&it.expr, |expr| {
            let mut it = it.clone();
            it.expr = Box::new(expr);
            Expr::Aggregate(it)
        }),
        Expr::Call(it) => (0..it.args.args.len())
            .flat_map(|place| {
                inside(&it.args.args[place], |expr| {
                    let mut it = it.clone();
                    *it.args.args[place] = expr;
                    Expr::Call(it)
                })
            })
            .collect(),
        Expr::VectorSelector(it) => selector(it, Expr::VectorSelector),
        Expr::MatrixSelector(it) => {
            let with = |range| Expr::MatrixSelector(MatrixSelector { vs: it.vs.clone(), range });
            let ranges = [it.range * 2, it.range / 2].map(|range| Broken {
                what: format!("{:?} becomes {range:?}", it.range),
                expr: with(range),
            });
            let around = |vs| Expr::MatrixSelector(MatrixSelector { vs, range: it.range });
            [selector(&it.vs, around), ranges.into()].concat()
        }
        Expr::Subquery(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Vec::new(),
    }
}

/// A little more: less than what a test may leave between silence and alarm.
fn more(value: f64) -> f64 {
    if is_small(value) { value + 1.0 } else { value * 1.1 }
}

/// A little less.
fn less(value: f64) -> f64 {
    if is_small(value) { value - 1.0 } else { value * 0.9 }
}

/// Counts of few things: a tenth of one is none.
fn is_small(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() <= 10.0
}

fn inside(expr: &Expr, around: impl Fn(Expr) -> Expr) -> Vec<Broken> {
    let broken = every(expr).into_iter();
    broken.map(|it| Broken { what: it.what, expr: around(it.expr) }).collect()
}

fn binary(it: &BinaryExpr) -> Vec<Broken> {
    let mut found = inside(&it.lhs, |expr| {
        let mut it = it.clone();
        it.lhs = Box::new(expr);
        Expr::Binary(it)
    });
    found.extend(inside(&it.rhs, |expr| {
        let mut it = it.clone();
        it.rhs = Box::new(expr);
        Expr::Binary(it)
    }));
    let operator = it.op.to_string();
    if ["and", "unless", "or"].contains(&operator.as_str()) {
        let what = format!("without {operator} {}", it.rhs);
        found.push(Broken { what, expr: (*it.lhs).clone() });
    }
    if operator == "or" {
        let what = format!("without {} or", it.lhs);
        found.push(Broken { what, expr: (*it.rhs).clone() });
    }
    found.extend(matching(it));
    found
}

/// Matched on one label less.
fn matching(it: &BinaryExpr) -> Vec<Broken> {
    let on = |labels: Vec<String>| {
        let mut it = it.clone();
        let what = format!("{} on {labels:?}", it.op);
        let mut modifier = it.modifier.clone()?;
        modifier.matching = Some(LabelModifier::Include(Labels { labels }));
        it.modifier = Some(modifier);
        Some(Broken { what, expr: Expr::Binary(it) })
    };
    let modifier = it.modifier.as_ref().and_then(|it| it.matching.as_ref());
    let Some(LabelModifier::Include(named)) = modifier else { return Vec::new() };
    let less = |place: usize| {
        let mut labels = named.labels.clone();
        labels.remove(place);
        on(labels)
    };
    (0..named.labels.len()).filter_map(less).collect()
}

fn selector(it: &VectorSelector, around: impl Fn(VectorSelector) -> Expr) -> Vec<Broken> {
    let without = |place: usize| {
        let mut it = it.clone();
        let matcher = it.matchers.matchers.remove(place);
        Broken { what: format!("without the matcher {matcher}"), expr: around(it) }
    };
    (0..it.matchers.matchers.len()).map(without).collect()
}
