// Pictures drawn from a checkpoint: choose seeds, pin some, walk between them, move along the main directions.
import { element, whole } from "/now.js";

const byId = (id) => document.getElementById(id);
const count = 24, columns = 8, spacing = 2, framesBetween = 16;
let info = null, names = "", first = 1, chosen = null, busy = false, again = false;
let pinned = [];
// Of the walk, and the checkpoint that they were drawn from.
let frames = [], framesFrom = null;
let playing = null;

export function updateExplorer(report) {
  const has = report.checkpoints.length > 0;
  byId("explorer-part").hidden = !has;
  byId("no-checkpoint").hidden = has;
  if (!has) return;
  const now = report.checkpoints.map((one) => one.name).join();
  if (now === names) return;
  names = now;
  const select = byId("checkpoint"), before = select.value;
  const best = report.checkpoints.filter((one) => typeof one.distance === "number")
    .sort((a, b) => a.distance - b.distance)[0];
  const options = report.checkpoints.slice().reverse().map((one) =>
    element("option", `step ${whole(one.step)}${one === best ? " (best by swd)" : ""}`, { value: one.name }));
  options.unshift(element("option", "the newest", { value: "" }));
  select.replaceChildren(...options);
  select.value = [...select.options].some((option) => option.value === before) ? before : "";
  // While nobody explores, nothing is drawn: it takes time from the training.
  if (info && (select.value === "" || select.value !== before)) reload();
}

const part = byId("explorer-part");
part.addEventListener("toggle", () => { if (part.open && !info) reload(); });
if (part.open) reload();

function tell(line) { byId("explorer-note").textContent = line; }

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer;
}

async function reload() {
  if (!part.open) { info = null; return; }
  try {
    const name = byId("checkpoint").value;
    info = await (await ask(`/explore${name ? `?checkpoint=${name}` : ""}`)).json();
    makeSliders();
    draw();
  } catch (error) { tell(error.message); }
}

// MARK: What is asked for

function moves() {
  return [...byId("directions").querySelectorAll("input")].map((input, i) => [i, Number(input.value)])
    .filter(([, distance]) => distance !== 0);
}

const seedList = () => `${first}-${first + count - 1}`;

function query(seeds, more = "") {
  const moved = moves().map(([i, distance]) => `${i}_${distance}`).join(",");
  const truncation = Number(byId("truncation").value);
  return `checkpoint=${info.checkpoint}&seeds=${seeds}${truncation < 1 ? `&truncation=${truncation}` : ""}`
    + `${moved ? `&moves=${moved}` : ""}${more}`;
}

// One request at a time, the newest wish next.
async function draw() {
  if (!info) return;
  if (busy) { again = true; return; }
  busy = true;
  try {
    do {
      again = false;
      const seeds = seedList();
      show(await cut(`/explore/grid.png?${query(seeds, `&columns=${columns}`)}`, count), seeds);
      tell("");
    } while (again);
  } catch (error) { tell(error.message); }
  busy = false;
}

// A sheet's pictures.
async function cut(path, many) {
  const sheet = await createImageBitmap(await (await ask(path)).blob());
  const pitch = info.size + spacing;
  return Array.from({ length: many }, (_, i) => {
    const canvas = element("canvas", undefined, { width: String(info.size), height: String(info.size) });
    canvas.getContext("2d").drawImage(sheet, spacing + i % columns * pitch, spacing + Math.floor(i / columns) * pitch,
      info.size, info.size, 0, 0, info.size, info.size);
    return canvas;
  });
}

// MARK: The grid

function show(pictures, seeds) {
  const grid = byId("seeds");
  if (grid.dataset.seeds !== seeds) {
    grid.dataset.seeds = seeds;
    grid.replaceChildren(...pictures.map((_, i) => {
      const seed = first + i;
      const button = element("button", undefined, { type: "button", "data-seed": String(seed) });
      button.append(element("span"), String(seed));
      button.addEventListener("click", () => pin(seed));
      return button;
    }));
  }
  pictures.forEach((canvas, i) => grid.children[i].firstChild.replaceWith(canvas));
  mark();
  enlarge();
}

function mark() {
  for (const button of byId("seeds").children) {
    const seed = Number(button.dataset.seed), isPinned = pinned.includes(seed);
    button.setAttribute("aria-pressed", String(isPinned));
    button.setAttribute("aria-label", `Seed ${seed}${isPinned ? ", pinned" : ""}`);
  }
  byId("pinned").textContent = pinned.length ? `Pinned: ${pinned.join(", ")}.` : "Choose pictures to pin them.";
  byId("walk").disabled = pinned.length < 2;
  byId("unpin").disabled = !pinned.length;
  links();
}

function pin(seed) {
  stopWalk();
  frames = [];
  chosen = seed;
  if (pinned.includes(seed)) pinned = pinned.filter((one) => one !== seed);
  else if (pinned.length < 7) pinned.push(seed);
  mark();
  enlarge();
}

function enlarge() {
  if (playing !== null) return;
  const source = chosen !== null && byId("seeds").querySelector(`[data-seed="${chosen}"] canvas`);
  byId("explorer-large").hidden = !source;
  if (source) paint(source, `Seed ${chosen}`);
}

function paint(source, label) {
  const target = byId("explored"), pen = target.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, 0, 0, target.width, target.height);
  target.setAttribute("aria-label", label);
  byId("explored-label").textContent = label;
}

// MARK: The walk

const walkFrames = () => pinned.length * framesBetween;

async function startWalk() {
  if (pinned.length < 2) return;
  byId("walk").textContent = "Stop";
  playing = 0;
  try {
    const many = walkFrames(), wish = query(pinned.join(","), `&frames=${many}&columns=${columns}`);
    if (!frames.length || framesFrom !== info.checkpoint) {
      framesFrom = info.checkpoint;
      frames = await cut(`/explore/walk.png?${wish}`, many);
    }
  } catch (error) { tell(error.message); return stopWalk(); }
  byId("explorer-large").hidden = false;
  let at = 0;
  const next = () => {
    if (playing === null) return;
    paint(frames[at], `Walk, frame ${at + 1} of ${frames.length}`);
    byId("explored").dataset.frame = String(at);
    at = (at + 1) % frames.length;
    playing = setTimeout(next, 80);
  };
  next();
}

function stopWalk() {
  clearTimeout(playing);
  playing = null;
  byId("walk").textContent = "Walk between pinned ones";
}

byId("walk").addEventListener("click", () => { if (playing !== null) { stopWalk(); enlarge(); } else startWalk(); });
byId("unpin").addEventListener("click", () => { pinned = []; stopWalk(); frames = []; mark(); enlarge(); });

// MARK: Sliders

function makeSliders() {
  const list = byId("directions"), before = [...list.querySelectorAll("input")].map((input) => input.value);
  list.replaceChildren(...info.shares.map((share, i) => {
    const label = element("label", `Direction ${i + 1} (${(100 * share).toFixed(1)} %) `);
    const value = before[i] ?? "0";
    label.append(element("input", undefined, { type: "range", min: "-4", max: "4", step: "0.25", value }));
    label.querySelector("input").addEventListener("input", changed);
    return label;
  }));
}

function changed() {
  stopWalk();
  frames = [];
  byId("truncation-label").textContent = Number(byId("truncation").value).toFixed(2);
  links();
  draw();
}

byId("truncation").addEventListener("input", changed);
byId("reset").addEventListener("click", () => {
  for (const input of byId("directions").querySelectorAll("input")) input.value = "0";
  byId("truncation").value = "1";
  changed();
});
byId("other-seeds").addEventListener("click", () => { first += count; first = first > 1e9 ? 1 : first; draw(); });
byId("first-seed").addEventListener("change", (event) => {
  const value = Math.floor(Number(event.target.value));
  first = value >= 0 && value <= 1e9 ? value : 1;
  draw();
});
byId("checkpoint").addEventListener("change", () => { stopWalk(); reload(); });

// MARK: To take away

function links() {
  if (!info) return;
  byId("first-seed").value = String(first);
  const set = (id, path, name) => {
    const link = byId(id);
    link.hidden = !path;
    if (path) { link.href = path; link.download = name; }
  };
  set("take-picture", chosen !== null && `/explore/grid.png?${query(chosen, "&columns=1")}`, `seed-${chosen}.png`);
  set("take-grid", `/explore/grid.png?${query(seedList(), `&columns=${columns}`)}`, "grid.png");
  const film = pinned.length > 1 && query(pinned.join(","), `&frames=${walkFrames()}`);
  set("take-walk", film && `/explore/film.png?${film}`, "walk.png");
  set("take-latents", `/explore/latents.npy?${query(seedList())}`, "latents.npy");
  const isMoved = moves().length > 0;
  set("take-pinned", isMoved && pinned.length > 1 && `/explore/latents.npy?${query(pinned.join(","))}`, "pinned.npy");
  byId("command").textContent = command();
}

// Along a direction there is no flag: what is shown is in the files of latent vectors.
function command() {
  const truncation = Number(byId("truncation").value), isMoved = moves().length > 0;
  const truncated = truncation < 1 ? ` --truncation ${truncation}` : "";
  const which = (file, seeds) => isMoved ? `--latents ${file}` : `--seeds ${seeds}${truncated}`;
  const grid = `wgan generate ${info.source} ${which("latents.npy", seedList())} --columns ${columns} --grid grid.png`;
  if (pinned.length < 2) return grid;
  const walk = which("pinned.npy", pinned.join(","));
  return `${grid}\nwgan walk ${info.source} ${walk} --frames ${walkFrames()} --out walk.png`;
}

byId("copy").addEventListener("click", async () => {
  const text = byId("command");
  try {
    await navigator.clipboard.writeText(text.textContent);
    byId("copy").textContent = "Copied";
    setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
  } catch { getSelection().selectAllChildren(text); }
});
