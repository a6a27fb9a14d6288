// All columns of metrics.csv, each a chart; one view for all of them. Only charts on the screen are asked for.
import { Chart } from "/chart.js";
import { element, number, setColumns, whole } from "/now.js";

const byId = (id) => document.getElementById(id);
const view = { from: 0, to: 1, log: false, raw: true, peaks: false };
let zoomed = false;
let report = null;
let known = "";        // the columns and the file that the charts are of
let charts = new Map();
const visible = new Set();

// Asks again while somebody looks, but not more often than this.
const pause = 1000;
let asking = false, again = false, timer = null;

export async function updateCurves(next) {
  report = next;
  const now = report.generation + " " + Object.keys(report.last).sort();
  if (now !== known) { known = now; await begin(); }
  if (!zoomed) [view.from, view.to] = [1, Math.max(2, report.step)];
  showRange();
  ask();
}

async function begin() {
  const answer = await fetch("/columns");
  if (!answer.ok) { known = ""; return; }
  const list = await answer.json();
  if (list.generation !== report.generation) known = "";
  setColumns(list, report);
  const names = list.groups.flatMap((group) => group.columns.map((column) => column.name));
  if (names.join() === [...charts.keys()].join()) return;
  observer.disconnect();
  visible.clear();
  charts = new Map();
  byId("charts").replaceChildren(...list.groups.map(makeGroup));
  for (const chart of charts.values()) observer.observe(chart.canvas);
}

function makeGroup(group) {
  const part = element("details", undefined, { class: "group", "data-group": group.title });
  const list = element("div", undefined, { class: "charts" });
  part.append(element("summary", group.title), list);
  part.open = group.columns.some((column) => column.isFirst);
  for (const column of group.columns) {
    const box = element("div", undefined, { class: "chart" });
    const title = element("h4", column.name), label = element("span", "");
    title.append(label);
    const canvas = element("canvas", undefined, {
      tabindex: "0", role: "img", "aria-label": `The curve of ${column.name}`, "data-column": column.name,
    });
    box.append(title, element("p", column.text, { class: "quiet" }), canvas);
    list.append(box);
    charts.set(column.name, new Chart(canvas, label, view, { zoom, hover }));
  }
  return part;
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const name = entry.target.dataset.column;
    if (entry.isIntersecting) visible.add(name); else visible.delete(name);
  }
  ask();
}, { rootMargin: "100px" });

function ask() {
  if (asking || timer) { again = true; return; }
  if (!report || !visible.size) return;
  asking = true;
  load().catch(() => {}).finally(() => {
    asking = false;
    timer = setTimeout(() => { timer = null; if (again) { again = false; ask(); } }, pause);
  });
}

// At once: somebody waits for it.
function askNow() { clearTimeout(timer); timer = null; ask(); }

async function load() {
  const names = [...visible].filter((name) => charts.has(name));
  const width = Math.max(...names.map((name) => charts.get(name).canvas.clientWidth), 200);
  const buckets = Math.min(2000, Math.max(100, Math.round(width)));
  const [from, to] = [Math.max(0, Math.floor(view.from)), Math.max(1, Math.ceil(view.to))];
  const answer = await fetch(`/curves?columns=${names.join(",")}&from=${from}&to=${to}&buckets=${buckets}`);
  if (!answer.ok) return;
  const buffer = await answer.arrayBuffer();
  const words = new Uint32Array(buffer);
  if (words[0] !== report.generation >>> 0) return;
  let at = 1;
  for (const name of names) {
    const count = words[at++];
    const part = (Type) => { const made = new Type(buffer, 4 * at, count); at += count; return made; };
    const [first, last] = [part(Uint32Array), part(Uint32Array)];
    const [low, median, high] = [part(Float32Array), part(Float32Array), part(Float32Array)];
    charts.get(name)?.set({ count, first, last, low, median, high });
  }
}

function draw() { for (const name of visible) charts.get(name)?.draw(); }

function zoom(from, to) {
  const last = Math.max(2, report?.step ?? 2);
  zoomed = from !== null;
  if (!zoomed) [from, to] = [1, last];
  const span = Math.min(last - 1, Math.max(8, to - from));
  from = Math.max(1, Math.min(from, last - span));
  [view.from, view.to] = [from, from + span];
  if (span >= last - 1) zoomed = false;
  showRange();
  draw();
  askNow();
}

function hover(step) { for (const name of visible) charts.get(name)?.setHover(step); }

function showRange() {
  byId("range").textContent = zoomed ? `steps ${whole(Math.round(view.from))} to ${whole(Math.round(view.to))}` : "";
  byId("whole").disabled = !zoomed;
}

byId("log").addEventListener("change", (event) => { view.log = event.target.checked; draw(); });
byId("raw").addEventListener("change", (event) => { view.raw = event.target.checked; draw(); });
byId("peaks").addEventListener("change", (event) => { view.peaks = event.target.checked; draw(); });
byId("whole").addEventListener("click", () => zoom(null, null));
window.addEventListener("resize", () => { draw(); ask(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
