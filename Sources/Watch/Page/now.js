// Where the run is, and how it goes.
const byId = (id) => document.getElementById(id);

const states = {
  training: "training", stopped: "stopped", finished: "finished", unknown: "perhaps training", gone: "folder is gone",
};

export function number(value, digits = 4) {
  if (typeof value === "string") return value === "nan" ? "not a number" : value.replace("inf", "∞");
  if (value === undefined || value === null) return "–";
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(2);
  return value.toLocaleString("en", { maximumSignificantDigits: digits });
}

export function whole(value) { return value === undefined || value === null ? "–" : value.toLocaleString("en"); }

export function time(seconds) {
  if (seconds === undefined || seconds === null) return "–";
  const rest = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(rest / 3600), minutes = Math.floor(rest / 60) % 60;
  return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(rest % 60)}`;
}

export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

function setState(text, name) {
  const badge = byId("state");
  if (badge.textContent !== text) badge.textContent = text;
  badge.className = `badge ${name}`;
}

export function showLost(report) { setState(report ? "the server is gone" : "connecting", "lost"); }

function fact(name, value, small) {
  const part = element("div"), what = element("dd", value);
  if (small) what.append(" ", element("small", small));
  part.append(element("dt", name), what);
  return part;
}

export function showNow(report) {
  const name = report.run.split("/").filter(Boolean).pop() ?? report.run;
  byId("name").textContent = name;
  document.title = `${whole(report.step)} · ${name} · wgan`;
  setState(states[report.state] ?? report.state, report.state);
  const share = report.totalSteps ? Math.min(1, report.step / report.totalSteps) : null;
  const progress = byId("progress");
  progress.hidden = share === null;
  byId("progress-bar").style.width = `${100 * (share ?? 0)}%`;
  progress.setAttribute("aria-valuenow", String(Math.floor(100 * (share ?? 0))));
  byId("facts").replaceChildren(
    fact("generator step", whole(report.step), report.totalSteps ? `of ${whole(report.totalSteps)}` : ""),
    fact("epoch", whole(report.epoch), report.totalEpochs ? `of ${whole(report.totalEpochs)}` : ""),
    fact("steps a second", number(report.stepsPerSecond, 3)),
    fact("trained for", time(report.seconds)),
    fact("time left", report.state === "finished" ? "0:00" : time(report.secondsLeft)),
    ...(report.expectations.length ? [fact("expected of thousands of portraits", expected(report))] : []),
  );
  showWarnings(report);
  showLosses(report);
  byId("foot").textContent = `${report.run} · ${whole(report.rows)} rows`
    + (report.isRead < 1 ? ` · reading metrics.csv: ${Math.floor(100 * report.isRead)} %` : "");
}

// What people have seen of this preset at such a step.
function expected(report) {
  const reached = report.expectations.filter((one) => one.step <= report.step).pop();
  const next = report.expectations.find((one) => one.step > report.step);
  if (next) return `${reached ? reached.shows + "; " : ""}${next.shows} from step ${whole(next.step)}`;
  return reached ? reached.shows : "–";
}

function showWarnings(report) {
  const items = report.warnings.map((one) => element("li", `Step ${whole(one.step)}: ${one.text}.`))
    .concat(report.notes.map((note) => element("li", note, { class: "note" })));
  const list = byId("warnings"), text = items.map((item) => item.textContent).join("\n");
  // A reader hears what is new alone.
  if (list.dataset.text !== text) { list.replaceChildren(...items); list.dataset.text = text; }
}

let columns = null;
export function setColumns(list, report) { columns = list; showLosses(report); }

function showLosses(report) {
  if (!columns) return;
  const parts = columns.groups.flatMap((group) => group.columns)
    .filter((column) => column.isFirst && column.name in report.last)
    .map((column) => {
      const part = element("div");
      const line = element("div");
      line.append(column.name + " ", element("b", number(report.last[column.name])));
      part.append(line, element("p", column.text, { class: "quiet" }));
      return part;
    });
  byId("losses").replaceChildren(...parts);
}
