// The galleries through time, one cell of them enlarged, and the real pictures beside.
import { element, whole } from "/now.js";

const byId = (id) => document.getElementById(id);
const canvas = byId("gallery"), slider = byId("gallery-step");
let list = null, version = null, loading = false, wanted = null;
let shown = -1;        // index of the gallery on the canvas
let follows = true;    // the newest one, until somebody chooses another
let cell = null;       // index of the enlarged cell
let playing = null;
const images = new Map();

export async function updatePictures(report) {
  if (report.galleries.version === version || loading) return;
  loading = true;
  try {
    const answer = await fetch("/galleries");
    if (!answer.ok) return;
    list = await answer.json();
    version = report.galleries.version;
  } finally { loading = false; }
  showReal();
  const count = list.galleries.length;
  byId("no-pictures").hidden = count > 0;
  byId("gallery-part").hidden = count === 0 && (list.real ?? null) === null;
  slider.max = String(Math.max(0, count - 1));
  byId("play").disabled = count < 2;
  byId("gallery-controls").hidden = byId("gallery-figure").hidden = count === 0;
  if (!count) return;
  if (follows || shown >= count) show(count - 1); else show(shown);
  if (cell !== null) showStrip();
}

const address = (entry) => `/galleries/${entry[0]}?v=${entry[1]}`;

function showReal() {
  const has = (list.real ?? null) !== null;
  byId("real-part").hidden = !has;
  const source = has ? `/real.png?v=${list.real}` : "";
  if (has && byId("real").getAttribute("src") !== source) byId("real").src = source;
  scaleReal();
}

// As large as what is drawn: a sheet of fewer pictures is narrower.
function scaleReal() {
  const wide = byId("real").naturalWidth;
  if (!list?.size || !wide) return;
  const sheet = list.columns * (list.size + list.spacing) + list.spacing;
  byId("real-part").style.setProperty("--share", String(wide / sheet));
}
byId("real").addEventListener("load", scaleReal);

// Decoded pictures, some dozens of the last ones.
function picture(entry) {
  const source = address(entry);
  if (!images.has(source)) {
    const image = new Image();
    image.src = source;
    images.set(source, image.decode().then(() => image));
    images.get(source).catch(() => images.delete(source));
    if (images.size > 60) images.delete(images.keys().next().value);
  }
  return images.get(source);
}

async function show(index) {
  const entry = list.galleries[index];
  if (!entry) return;
  slider.value = String(index);
  slider.setAttribute("aria-valuetext", `step ${whole(entry[0])}`);
  wanted = index;
  let image;
  try {
    image = await picture(entry);
  } catch {
    byId("gallery-label").textContent = `step ${whole(entry[0])} can't be read`;
    return;
  }
  if (wanted !== index) return;
  shown = index;
  byId("gallery-label").textContent = `${whole(entry[0])}${index === list.galleries.length - 1 ? " (newest)" : ""}`;
  canvas.setAttribute("aria-label", `The gallery of step ${whole(entry[0])}`);
  canvas.dataset.step = String(entry[0]);
  drawSheet(image);
  drawCell(image);
  markStrip();
}

function drawSheet(image) {
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  if (cell === null || !list.size) return;
  const { x, y } = corner(cell);
  pen.strokeStyle = "#ffcf33";
  pen.lineWidth = list.spacing;
  pen.strokeRect(x - list.spacing / 2, y - list.spacing / 2, list.size + list.spacing, list.size + list.spacing);
}

function corner(index) {
  const pitch = list.size + list.spacing;
  return { x: list.spacing + index % list.columns * pitch, y: list.spacing + Math.floor(index / list.columns) * pitch };
}

function drawInto(target, image, index) {
  const { x, y } = corner(index);
  const pen = target.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, x, y, list.size, list.size, 0, 0, target.width, target.height);
}

function drawCell(image) {
  if (cell === null || !list.size) return;
  drawInto(byId("cell"), image, cell);
  byId("cell-label").textContent = `Picture ${cell + 1} of ${list.count}.`;
  byId("cell").setAttribute("aria-label", `Picture ${cell + 1}, enlarged`);
}

function choose(index) {
  if (!list?.size) return;
  cell = index === null ? null : Math.max(0, Math.min(list.count - 1, index));
  byId("cell-part").hidden = cell === null;
  byId("strip-part").hidden = cell === null;
  show(shown);
  if (cell !== null) showStrip();
}

// The cell at some twenty galleries, evenly over the run.
const stripLength = 20;
function showStrip() {
  const count = list.galleries.length;
  const places = count <= stripLength ? [...Array(count).keys()]
    : [...Array(stripLength).keys()].map((i) => Math.round(i * (count - 1) / (stripLength - 1)));
  const parts = places.map((index) => {
    const entry = list.galleries[index];
    const label = `Step ${whole(entry[0])}`;
    const button = element("button", undefined, { type: "button", "data-index": String(index), "aria-label": label });
    const small = element("canvas", undefined, { width: "80", height: "80" });
    button.append(small, whole(entry[0]));
    button.addEventListener("click", () => { stop(); follows = index === count - 1; show(index); });
    picture(entry).then((image) => drawInto(small, image, cell)).catch(() => {});
    return button;
  });
  byId("strip").replaceChildren(...parts);
  markStrip();
}

function markStrip() {
  for (const button of byId("strip").children) {
    button.setAttribute("aria-current", String(Number(button.dataset.index) === shown));
  }
}

canvas.addEventListener("click", (event) => {
  if (!list?.size) return;
  const box = canvas.getBoundingClientRect(), pitch = list.size + list.spacing;
  const column = Math.floor((event.clientX - box.left) / box.width * canvas.width / pitch);
  const row = Math.floor((event.clientY - box.top) / box.height * canvas.height / pitch);
  choose(Math.min(list.columns - 1, column) + list.columns * row);
});

canvas.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -(list?.columns ?? 8), ArrowDown: list?.columns ?? 8 };
  if (event.key === "Escape") choose(null);
  else if (event.key in moves) choose(cell === null ? 0 : cell + moves[event.key]);
  else return;
  event.preventDefault();
});

byId("cell-close").addEventListener("click", () => { choose(null); canvas.focus(); });

slider.addEventListener("input", () => {
  stop();
  const index = Number(slider.value);
  follows = index === list.galleries.length - 1;
  show(index);
});

function stop() {
  clearTimeout(playing);
  playing = null;
  byId("play").textContent = "Play";
  byId("play").setAttribute("aria-pressed", "false");
}

async function play() {
  const next = (shown + 1) % list.galleries.length;
  follows = false;
  await show(next);
  if (playing === null) return;
  // The last one stays a while.
  const isLast = next === list.galleries.length - 1;
  playing = setTimeout(play, isLast ? 1500 : 1000 / Number(byId("speed").value));
}

byId("play").addEventListener("click", () => {
  if (playing !== null) { follows = shown === list.galleries.length - 1; return stop(); }
  playing = 0;
  byId("play").textContent = "Stop";
  byId("play").setAttribute("aria-pressed", "true");
  play();
});
