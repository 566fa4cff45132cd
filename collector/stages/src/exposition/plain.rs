//! Prometheus text 0.0.4 from OpenMetrics text.
//!
//! Both formats write samples alike; what differs are the lines about families:
//!
//! * 0.0.4 has no `# UNIT` and no `# EOF`;
//! * its `# HELP` and `# TYPE` name a counter as its samples do, with `_total`;
//! * it has no infos: one is a gauge whose name ends in `_info`.
//!
//! Source: prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics 1.0
//! specification (read 2026-11).

/// Rewrites the text that prometheus-client writes: `HELP`, then `TYPE`, then `UNIT` or samples.
pub(super) fn from_openmetrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            let typed = lines.peek().and_then(|next| next.strip_prefix("# TYPE "));
            let kind = typed.and_then(|rest| rest.split_once(' ')).map_or("untyped", |(_, k)| k);
            let (ending, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            out.extend(["# HELP ", name, ending, " ", help, "\n"]);
            out.extend(["# TYPE ", name, ending, " ", kind, "\n"]);
            if typed.is_some() {
                lines.next();
            }
            continue;
        }
        out.extend([line, "\n"]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_families_change() {
        let openmetrics = "# HELP a_bytes Help.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\n\
            a_bytes_total{x=\"# EOF\"} 1\n# HELP b Help.\n# TYPE b info\nb_info{v=\"1\"} 1\n\
            # HELP c Help.\n# TYPE c gauge\nc 2\n# EOF\n";
        let plain = "# HELP a_bytes_total Help.\n# TYPE a_bytes_total counter\n\
            a_bytes_total{x=\"# EOF\"} 1\n# HELP b_info Help.\n# TYPE b_info gauge\nb_info{v=\"1\"} 1\n\
            # HELP c Help.\n# TYPE c gauge\nc 2\n";
        assert_eq!(from_openmetrics(openmetrics), plain);
    }
}
