// Listens to what the server tells of the run, and hands it to the parts of the page.
import { showNow, showLost } from "/now.js";
import { updateCurves } from "/curves.js";
import { updatePictures } from "/pictures.js";
import { updateExplorer } from "/explorer.js";

let last = null;

function take(report) {
  last = report;
  showNow(report);
  updateCurves(report);
  updatePictures(report);
  updateExplorer(report);
}

let events = null;
function listen() {
  if (events) return;
  events = new EventSource("/events");
  events.onmessage = (event) => take(JSON.parse(event.data));
  // The browser tries again by itself, unless the server refused.
  events.onerror = () => {
    showLost(last);
    if (events.readyState === EventSource.CLOSED) { events = null; setTimeout(listen, 5000); }
  };
}

// A page that nobody sees asks for nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { events?.close(); events = null; } else listen();
});
listen();
