"""Expressions with the dashboard's filters in them.

Every selector names `$job` and `$instance`, so that a dashboard shows the hosts that are chosen.
"""

# Label filters of a host's series, and of a program's on a host.
HOST = 'job=~"$job", instance=~"$instance"'
PROGRAM = f'{HOST}, program=~"$program"'

# Alerts that are summed over hosts have no instance, some have no job: the empty alternative keeps
# them on the page whatever is chosen.
ALERTS_FIRING = (
    'ALERTS{alertname=~"Weir.+", alertstate="firing", job=~"$job|", instance=~"$instance|"}'
)

# Hosts that Weir was seen on within the time that is shown. Prometheus makes `up` for every target,
# so it needs the company of a series that only Weir has, and that outlives a host's silence.
SEEN = f"last_over_time(weir_build_info{{{HOST}}}[$__range])"


def host(metric: str, labels: str = "") -> str:
    """A metric of the chosen hosts."""
    return f"{metric}{{{_and(HOST, labels)}}}"


def program(metric: str, labels: str = "") -> str:
    """A metric of the chosen programs on the chosen hosts."""
    return f"{metric}{{{_and(PROGRAM, labels)}}}"


def rate(selector: str) -> str:
    """Growth per second."""
    return f"rate({selector}[$__rate_interval])"


def increase(selector: str) -> str:
    """Growth over one step of the chart."""
    return f"increase({selector}[$__rate_interval])"


def total(by: str, expression: str) -> str:
    """Sum by these labels; over everything where there are none."""
    return f"sum by ({by}) ({expression})" if by else f"sum({expression})"


def top(count: int, expression: str) -> str:
    """The greatest few at each moment, so that a thousand hosts stay readable."""
    return f"topk({count}, {expression})"


def quantile(q: float, by: str, selector: str) -> str:
    """A quantile of a histogram's recent observations."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, {total(labels, rate(selector))})"


def mean(by: str, sums: str, counts: str) -> str:
    """The mean of a histogram's recent observations; nothing while there are none."""
    return f"{total(by, rate(sums))} / ({total(by, rate(counts))} > 0)"


def share(part: str, whole: str) -> str:
    """A part of a whole; 0 while the whole is 0, so that a quiet host shows a value."""
    # The least rate that can be is far above this: one event in a year is 3e-8 a second.
    return f"{part} / clamp_min({whole}, 1e-9)"


def seen_hosts(expression: str) -> str:
    """Series that Prometheus makes of each target, of Weir's targets only."""
    return f"{expression} and on (job, instance) {SEEN}"


def _and(filters: str, labels: str) -> str:
    return f"{filters}, {labels}" if labels else filters
