// Renews the page once a second from /api/state. Values reach the page as text only.
"use strict";

const RENEW_MS = 1000;
const PATIENCE_MS = 3000;
const ROWS = 14;
const WORDS = { allow: "allowed", block: "blocked", undecided: "undecided",
  failed_open: "failed open", failed_closed: "failed closed" };

const at = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
let lastHeardMs = 0;
let latest = null;
let isPaused = false;

/* Formats */

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1e-3) return `${two.format(seconds * 1e6)} µs`;
  if (seconds < 1) return `${two.format(seconds * 1e3)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const port = (address) => address.slice(address.lastIndexOf(":"));
const host = (address) => address.slice(0, address.lastIndexOf(":"));

function flowName(row) {
  const remote = host(row.local) === host(row.remote) ? port(row.remote) : row.remote;
  return `${row.local} → ${remote}${row.server ? ` ${row.server}` : ""}`;
}

/* Elements: made once, then only what differs is written */

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function drawing(width, height) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const name of ["area", "line"]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  return svg;
}

// The last minute from left to right; the newest second is at the right edge.
function plot(svg, values) {
  const { width, height } = svg.viewBox.baseVal;
  const top = Math.max(1, ...values) * 1.1;
  const x = (index) => (width - ((values.length - 1 - index) * width) / 59).toFixed(1);
  const y = (value) => (height - 1 - (value / top) * (height - 3)).toFixed(1);
  const points = values.map((value, index) => `${x(index)} ${y(value)}`);
  const line = points.length > 1 ? `M${points.join("L")}` : "";
  svg.querySelector(".line").setAttribute("d", line);
  svg.querySelector(".area").setAttribute("d", line && `${line}L${width} ${height}L${x(0)} ${height}Z`);
}

// As many rows as there are items, in place; `none` is said where there is no item.
function rows(body, items, { build, fill, none, columns }) {
  if (items.length === 0) {
    if (!body.firstElementChild?.classList.contains("none")) {
      const cell = make("td", "", none);
      cell.colSpan = columns;
      body.replaceChildren(make("tr", "none", cell));
    }
    return;
  }
  body.querySelector("tr.none")?.remove();
  while (body.rows.length > items.length) body.lastElementChild.remove();
  items.forEach((item, index) => {
    const row = body.rows[index] ?? body.appendChild(build());
    fill(row, item);
  });
}

function cells(columns) {
  return () => make("tr", "", ...columns.map(([className, label]) => {
    const cell = make("td", className);
    if (label) cell.dataset.label = label;
    return cell;
  }));
}

/* Programs */

const PARTS = ["allow", "block", "undecided", "deciding"];
const PART_WORDS = { allow: "allowed", block: "blocked", undecided: "unanswered", deciding: "deciding" };

function programRow() {
  const name = make("th");
  name.scope = "row";
  const stack = make("div", "stack", ...PARTS.map((part) => make("span", `part ${part}`)));
  stack.setAttribute("aria-hidden", "true");
  const counts = make("div", "counts", ...PARTS.map(() => make("span")));
  const spark = make("div", "spark", make("b"), drawing(120, 26));
  const row = make("tr", "", name, make("td", "wide", stack, counts), make("td", "", spark));
  for (const label of ["Median", "99th percentile", "Waiting", "Stuck", "Oldest"]) {
    const cell = make("td", "n");
    cell.dataset.label = label;
    row.append(cell);
  }
  row.cells[2].dataset.label = "Invocations a second";
  return row;
}

function fillProgram(row, program) {
  put(row.cells[0], program.is_attached ? program.name : `${program.name} (detached)`);
  PARTS.forEach((part, index) => {
    row.querySelectorAll(".part")[index].style.flexGrow = program[part];
    const text = `${whole.format(program[part])} ${PART_WORDS[part]}`;
    put(row.querySelectorAll(".counts span")[index], text);
  });
  put(row.querySelector("b"), whole.format(program.per_second));
  plot(row.querySelector("svg"), program.history);
  const [median, tail, waiting, stuck, oldest] = [...row.cells].slice(3);
  put(median, duration(program.run_p50_s));
  put(tail, duration(program.run_p99_s));
  put(waiting, whole.format(program.waiting));
  put(stuck, program.stuck > 0 ? `⚠ ${whole.format(program.stuck)}` : "0");
  stuck.classList.toggle("warn", program.stuck > 0);
  put(oldest, program.oldest_s > 0 ? duration(program.oldest_s) : "–");
}

/* Flows */

const tagged = (cell, kind, text) => {
  const tag = cell.firstElementChild ?? cell.appendChild(
    make("span", "", make("span", "mark"), make("span")));
  tag.className = `tag ${kind}`;
  tag.firstElementChild.setAttribute("aria-hidden", "true");
  put(tag.lastElementChild, text);
};

const kindOf = (verdict) => ({ failed_open: "undecided", failed_closed: "block" })[verdict] ?? verdict;

const verdictRow = cells([["", ""], ["", ""], ["", "by"], ["", "asked for"], ["addr", ""],
  ["", "reason"], ["n", "segments"], ["n", "bytes"], ["n", "after"]]);

function fillVerdict(row, verdict) {
  const kind = kindOf(verdict.verdict);
  row.className = kind === "block" ? "block" : "";
  tagged(row.cells[1], kind, WORDS[verdict.verdict] ?? verdict.verdict);
  const texts = [clock(verdict.at_ms), null, verdict.program || "–", verdict.note ?? "–",
    flowName(verdict), verdict.reason.replaceAll("_", " "), whole.format(verdict.segments),
    whole.format(verdict.bytes), duration(verdict.after_ms / 1e3)];
  texts.forEach((text, index) => text === null || put(row.cells[index], text));
}

const oldestRow = cells([["n", "age"], ["", ""], ["", "not decided by"], ["addr", ""],
  ["n", "segments"], ["n", "bytes"]]);

function fillOldest(row, flow) {
  const state = flow.is_stuck ? "stuck" : flow.segments === 0 ? "waiting for data" : "deciding";
  tagged(row.cells[1], flow.is_stuck ? "undecided" : "deciding", state);
  const texts = [duration(flow.age_s), null, flow.programs.join(", "), flowName(flow),
    whole.format(flow.segments), whole.format(flow.bytes)];
  texts.forEach((text, index) => text === null || put(row.cells[index], text));
}

function showVerdicts(state) {
  const wanted = document.querySelector("input[name=show]:checked").value;
  const kept = state.verdicts.filter((row) => !wanted || kindOf(row.verdict) === wanted);
  rows(at("verdicts"), kept.slice(0, ROWS),
    { build: verdictRow, fill: fillVerdict, none: "None yet.", columns: 9 });
}

/* The whole page */

function show(state) {
  const { flows, events } = state;
  put(at("source"), `Here the flows are ${state.source}.`);
  for (const fate of ["allow", "block", "undecided"]) put(at(`f-${fate}`), whole.format(flows[fate]));
  put(at("f-now"), whole.format(state.undecided_now));
  const oldest = state.oldest.length ? duration(state.oldest[0].age_s) : "none";
  put(at("f-oldest"), `oldest: ${oldest}`);
  const failed = flows.failed_open + flows.failed_closed;
  at("f-failed").hidden = failed === 0;
  put(at("f-failed"), `${whole.format(failed)} flows were decided by the failure policy, not by a program.`);
  const newest = state.flow_rate.slice(-5);
  put(at("f-rate"), newest.length ? whole.format(newest.reduce((a, b) => a + b) / newest.length) : "–");
  plot(at("f-chart"), state.flow_rate);
  rows(at("programs"), state.programs,
    { build: programRow, fill: fillProgram, none: "No program is attached.", columns: 8 });
  put(at("k-stuck"), `Stuck: data seen, and no answer after ${duration(state.stuck_after_s)}.`);
  if (!isPaused) showVerdicts(state);
  rows(at("oldest"), state.oldest,
    { build: oldestRow, fill: fillOldest, none: "Every flow is decided.", columns: 6 });
  for (const name of ["received", "lost", "dropped", "unaccounted"]) {
    put(at(`e-${name}`), whole.format(events[name]));
    at(`e-${name}`).classList.toggle("warn", name !== "received" && events[name] > 0);
  }
  put(at("e-word"), events.lost + events.dropped + events.unaccounted === 0
    ? "Every event that the hook numbered has arrived."
    : "Totals stay exact all the same: they come from the hook’s own counters.");
  put(at("version"), `Weir ${state.version}, up ${duration(state.uptime_s)}`);
}

function setLink(isUp) {
  at("link").classList.toggle("off", !isUp);
  document.body.classList.toggle("stale", !isUp);
  put(at("link"), isUp ? "live" : "not connected");
  at("lost").hidden = isUp;
  if (!isUp) {
    put(at("lost"), lastHeardMs
      ? `The connection to weir is lost. Everything below is as of ${clock(lastHeardMs)}; trying again every second.`
      : "weir does not answer; trying again every second.");
  }
}

async function renew() {
  try {
    const answer = await fetch("api/state", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    latest = await answer.json();
    lastHeardMs = Date.now();
    show(latest);
    setLink(true);
  } catch {
    setLink(false);
  }
  setTimeout(renew, RENEW_MS);
}

for (const input of document.querySelectorAll("input[name=show]")) {
  input.addEventListener("change", () => latest && showVerdicts(latest));
}
at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", String(isPaused));
  if (!isPaused && latest) showVerdicts(latest);
});
renew();
