"""Weir's Grafana dashboards: one module each, and what they share.

* `promql`: expressions with the dashboard's filters in them.
* `fields`: parts of panels.
* `panels`: kinds of panels.
* `frame`: variables, links, places and numbers: what makes panels a dashboard.
"""
