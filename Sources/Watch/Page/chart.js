// One curve on a canvas: the band between the least and the greatest value of each bucket, and the median.
// What a curve's own rows say is the median over 101 steps, as in curves.svg.
import { number, whole } from "/now.js";

const medianWindow = 101;

function median(values) {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (!sorted.length) return NaN;
  const upper = sorted[sorted.length >> 1];
  return sorted.length % 2 ? upper : (sorted[(sorted.length >> 1) - 1] + upper) / 2;
}

// The median of the buckets around each, so many that they span the window.
function smooth(data) {
  const steps = data.count > 1 ? (data.last[data.count - 1] - data.first[0] + 1) / data.count : 1;
  const half = Math.floor(Math.min(medianWindow / steps, data.count / 8) / 2);
  if (half < 1) return data.median;
  const around = (i) => Array.from(data.median.slice(Math.max(0, i - half), i + half + 1));
  return Float32Array.from(data.median, (_, i) => median(around(i)));
}

// All but the farthest values: one peak would make a line of the rest.
function withoutPeaks(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted.slice(Math.floor(sorted.length * 0.02), Math.ceil(sorted.length * 0.98));
}

function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw;
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(i * step || 0);
  return found;
}

export class Chart {
  // view: { from, to, log, raw, peaks }, shared by all charts; on: { zoom(from, to), hover(step) }
  constructor(canvas, label, view, on) {
    Object.assign(this, { canvas, label, view, on, data: null, hover: null, drag: null });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => { this.drag = null; this.draw(); });
    canvas.addEventListener("pointerleave", () => { if (!this.drag) on.hover(null); });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("dblclick", () => on.zoom(null, null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  set(data) { this.data = data; this.smoothed = smooth(data); this.draw(); }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return Math.max(this.left, Math.min(this.right, event.clientX - box.left));
  }

  stepAt(x) { return this.low + (x - this.left) / (this.right - this.left) * (this.high - this.low); }

  press(event) {
    if (!this.data || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { from: this.place(event), to: this.place(event) };
  }

  move(event) {
    if (!this.data) return;
    const x = this.place(event);
    if (this.drag) this.drag.to = x;
    this.on.hover(this.stepAt(x));
  }

  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    const [a, b] = [drag.from, drag.to].sort((p, q) => p - q);
    if (b - a >= 6) this.on.zoom(this.stepAt(a), this.stepAt(b));
    this.draw();
    if (event.pointerType !== "mouse") this.on.hover(this.stepAt(this.place(event)));
  }

  // Without Ctrl the page scrolls over charts as elsewhere; a chart in focus zooms.
  wheel(event) {
    if (!this.data || !(event.ctrlKey || event.shiftKey || document.activeElement === this.canvas)) return;
    event.preventDefault();
    this.scale(event.deltaY + event.deltaX > 0 ? 1.25 : 0.8, this.stepAt(this.place(event)));
  }

  scale(factor, about) {
    this.on.zoom(about + (this.low - about) * factor, about + (this.high - about) * factor);
  }

  key(event) {
    if (!this.data || event.ctrlKey || event.metaKey || event.altKey) return;
    const span = this.high - this.low, middle = (this.low + this.high) / 2;
    const at = this.hover ?? middle, pan = (by) => this.on.zoom(this.low + by, this.high + by);
    const moves = {
      "+": () => this.scale(0.5, at), "=": () => this.scale(0.5, at), "-": () => this.scale(2, at),
      "0": () => this.on.zoom(null, null),
      ArrowLeft: () => event.shiftKey ? pan(-span / 4) : this.on.hover(this.next(-1)),
      ArrowRight: () => event.shiftKey ? pan(span / 4) : this.on.hover(this.next(1)),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  next(by) {
    const at = this.hover === null ? this.data.count - 1 : this.nearest(this.hover) + by;
    const i = Math.max(0, Math.min(this.data.count - 1, at));
    return (this.data.first[i] + this.data.last[i]) / 2;
  }

  nearest(step) {
    const { first, count } = this.data;
    let low = 0, high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (first[middle] > step) high = middle; else low = middle + 1;
    }
    const i = Math.max(0, low - 1);
    return i + 1 < count && first[i + 1] - step < step - this.data.last[i] ? i + 1 : i;
  }

  setHover(step) { this.hover = step; this.draw(); }

  // What stands beside the chart's name: the hovered bucket's values, or the last one's.
  tell() {
    const { data } = this;
    if (!data || !data.count) { this.label.textContent = ""; return; }
    const i = this.hover === null ? data.count - 1 : this.nearest(this.hover);
    const [first, last] = [whole(data.first[i]), whole(data.last[i])];
    const place = first === last ? first : `${first}–${last}`;
    const spread = data.low[i] === data.high[i] ? "" : ` (${number(data.low[i])} to ${number(data.high[i])})`;
    this.label.textContent = `step ${place}: ${number(data.median[i])}${spread}`;
  }

  draw() {
    const { canvas, data, view } = this;
    const width = canvas.clientWidth, height = canvas.clientHeight, scale = window.devicePixelRatio || 1;
    if (!width || !data) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    const style = getComputedStyle(document.documentElement), color = (name) => style.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "11px system-ui, sans-serif";
    [this.left, this.right] = [48, width - 8];
    const [top, bottom] = [6, height - 20];
    [this.low, this.high] = [view.from, Math.max(view.to, view.from + 1)];
    this.tell();

    const inside = [];
    for (let i = 0; i < data.count; i++) if (data.last[i] >= this.low && data.first[i] <= this.high) inside.push(i);
    const shown = (value) => Number.isFinite(value) && (!view.log || value > 0);
    const medians = inside.map((i) => this.smoothed[i]).filter(shown);
    const raw = view.raw ? inside.flatMap((i) => [data.low[i], data.high[i]]).filter(shown) : [];
    const values = medians.concat(view.peaks ? raw : withoutPeaks(raw));
    if (!values.length) {
      pen.fillStyle = color("--quiet");
      pen.fillText(data.count && view.log ? "nothing above 0 here" : "nothing here yet", this.left, height / 2);
      return;
    }
    const to = view.log ? Math.log10 : (value) => value;
    let [least, most] = [to(Math.min(...values)), to(Math.max(...values))];
    if (least === most) { const room = Math.abs(least) * 0.1 || 0.5; least -= room; most += room; }
    const margin = (most - least) * 0.05;
    [least, most] = [least - margin, most + margin];
    const x = (step) => this.left + (step - this.low) / (this.high - this.low) * (this.right - this.left);
    const y = (value) => bottom - (to(value) - least) / (most - least) * (bottom - top);

    pen.lineWidth = 1;
    pen.fillStyle = color("--quiet");
    pen.strokeStyle = color("--line");
    pen.textAlign = "right";
    for (const tick of ticks(least, most, 4)) {
      const value = view.log ? 10 ** tick : tick, place = bottom - (tick - least) / (most - least) * (bottom - top);
      pen.beginPath(); pen.moveTo(this.left, place); pen.lineTo(this.right, place); pen.stroke();
      pen.fillText(number(value, 3), this.left - 5, place + 4);
    }
    pen.textAlign = "center";
    for (const tick of ticks(this.low, this.high, Math.max(2, width / 110))) {
      if (tick !== Math.round(tick)) continue;
      pen.fillText(whole(tick), Math.min(this.right - 14, Math.max(this.left, x(tick))), height - 5);
    }

    pen.save();
    pen.beginPath(); pen.rect(this.left, top, this.right - this.left, bottom - top); pen.clip();
    const middle = (i) => x((data.first[i] + data.last[i]) / 2);
    if (view.raw) this.drawRaw(pen, middle, y, shown, color("--raw"));
    pen.strokeStyle = pen.fillStyle = color("--median");
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.beginPath();
    let before = false;
    for (let i = 0; i < data.count; i++) {
      const value = this.smoothed[i];
      if (shown(value)) { if (before) pen.lineTo(middle(i), y(value)); else pen.moveTo(middle(i), y(value)); }
      before = shown(value);
    }
    pen.stroke();
    const dot = (i, size) => { pen.beginPath(); pen.arc(middle(i), y(data.median[i]), size, 0, 7); pen.fill(); };
    if (inside.length <= 40) {
      for (const i of inside) if (shown(data.median[i])) dot(i, 2.5);
    }
    if (this.hover !== null && data.count) {
      const i = this.nearest(this.hover);
      pen.strokeStyle = color("--quiet");
      pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(middle(i), top); pen.lineTo(middle(i), bottom); pen.stroke();
      if (shown(data.median[i])) dot(i, 3.5);
    }
    pen.restore();
    if (this.drag && Math.abs(this.drag.to - this.drag.from) >= 6) {
      pen.fillStyle = color("--raw");
      pen.fillRect(Math.min(this.drag.from, this.drag.to), top, Math.abs(this.drag.to - this.drag.from), bottom - top);
    }
  }

  // Buckets of several values as a band, single ones as a thin line.
  drawRaw(pen, middle, y, shown, color) {
    const { data, view } = this;
    pen.fillStyle = pen.strokeStyle = color;
    pen.lineWidth = 1;
    // On a logarithmic scale a band goes down to the lowest value that has a place there.
    const low = (i) => shown(data.low[i]) ? data.low[i] : view.log ? data.median[i] : data.low[i];
    let start = 0;
    while (start < data.count) {
      if (!shown(data.high[start]) || !shown(low(start))) { start++; continue; }
      let end = start;
      while (end < data.count && shown(data.high[end]) && shown(low(end))) end++;
      pen.beginPath();
      for (let i = start; i < end; i++) pen.lineTo(middle(i), y(data.high[i]));
      for (let i = end - 1; i >= start; i--) pen.lineTo(middle(i), y(low(i)));
      pen.closePath(); pen.fill(); pen.stroke();
      start = end;
    }
  }
}
