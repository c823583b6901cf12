/* The search page: a picture comes in, a region may be marked, the chosen methods answer one after another. */

import { ask, progress, sendPicture } from "./api.js";
import { Region } from "./region.js";
import { Column, element } from "./results.js";

const $ = (id) => document.getElementById(id);
const MOST_BYTES = Number($("workspace").dataset.mostBytes);
let picture = null; // what the server said of the last one: its token, size and notes
let explained = null; // the hit in the dialog, its gallery and its path
let last = run; // asks again what was asked last
let search = 0; // counts searches: answers to an earlier one are not shown

const region = new Region({
  frame: $("frame"),
  box: $("region"),
  fields: { x: $("region-x"), y: $("region-y"), w: $("region-w"), h: $("region-h") },
  onChange: (rect) => {
    $("whole").disabled = !rect;
    showFaces([]);
  },
});

function say(text, isError = false) {
  $("message").textContent = text;
  $("message").classList.toggle("error", isError);
  $("message").hidden = !text;
}

async function bring(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) {
    say(`${file.name || "The picture"} has ${(file.size / 2 ** 20).toFixed(1)} MiB, and ${MOST_BYTES / 2 ** 20} are taken at most: make it smaller.`, true);
    return;
  }
  await take(() => sendPicture(file));
}

/* Have the server keep a picture, and show it; false where that failed, which is said. */
async function take(keep) {
  search += 1;
  $("columns").replaceChildren();
  if ($("words")) $("words").value = "";
  say("Reading the picture…");
  try {
    picture = await keep();
  } catch (error) {
    say(error.message, true);
    return false;
  }
  $("preview").src = `/api/queries/${picture.query}/picture`;
  $("drop").hidden = true;
  for (const id of ["frame", "about", "tools"]) $(id).hidden = false;
  $("about").textContent = [`${picture.name}, ${picture.width} × ${picture.height}`, ...picture.notes].join("; ");
  $("go").disabled = false;
  region.reset(picture.width, picture.height);
  say("Drag over the picture to search for a part of it alone, or search at once.");
  $("go").focus({ preventScroll: true });
  return true;
}

function methods() {
  return [...document.querySelectorAll("fieldset:not([disabled]) input[name=method]:checked")].map((box) => box.value);
}

/* What the chosen methods are asked: the picture, or a part of it. */
async function run(face = null) {
  if (!picture) return;
  const crop = region.text;
  const question = { query: picture.query, crop, ...(face === null ? {} : { face }) };
  await askAll(methods(), "/api/search", question, "Choose at least one method.", crop);
}

/* Words are for the methods that take them: those that are chosen, or else the first of the gallery. */
async function runWords() {
  const words = $("words").value.trim();
  if (!words) return;
  const able = [...document.querySelectorAll("fieldset:not([disabled]) input[name=method][data-words]")];
  const chosen = able.filter((box) => box.checked);
  if (!chosen.length && able.length) {
    able[0].checked = true;
    chosen.push(able[0]);
  }
  const names = chosen.map((box) => box.value);
  await askAll(names, "/api/words", { words }, "No method of this gallery takes words.", null);
}

/* Ask one method after another, each with a column of its own. */
async function askAll(chosen, path, question, none, crop) {
  if (!chosen.length) {
    say(none, true);
    return;
  }
  last = () => askAll(chosen, path, question, none, crop);
  const mine = ++search;
  const gallery = Number($("gallery").value);
  const columns = chosen.map((method) => new Column(method));
  $("columns").replaceChildren(...columns.map((column) => column.node));
  showFaces([]);
  say("Searching…");
  for (const [place, method] of chosen.entries()) {
    const watch = setInterval(() => progress(method).then((text) => columns[place].say(text || "searching"), () => {}), 700);
    columns[place].say("searching");
    try {
      const answer = await ask(path, { ...question, gallery, method, k: $("k").valueAsNumber || 12, once: $("once").checked });
      if (mine !== search) return;
      count(gallery, answer.images);
      columns[place].show(answer, gallery, (shown, hit) => explain(shown, hit, gallery));
      if (answer.faces.length) showFaces(answer.faces, crop);
    } catch (error) {
      if (mine !== search) return;
      columns[place].fail(error.message);
    } finally {
      clearInterval(watch);
    }
  }
  say("Press a hit to see why it is one.");
}

/* How many images a gallery has now, where it can be chosen. */
function count(gallery, images) {
  const option = $("gallery").options[gallery];
  option.textContent = `${option.dataset.title} (${images.toLocaleString("en")} ${images === 1 ? "image" : "images"})`;
}

async function look() {
  const gallery = Number($("gallery").value);
  $("look").disabled = true;
  say("Looking for new images…");
  try {
    const { images, changed } = await ask(`/api/galleries/${gallery}/look`, {});
    count(gallery, images);
    say(changed ? "The gallery has changed: search again." : "Nothing new.");
  } catch (error) {
    say(error.message, true);
  } finally {
    $("look").disabled = false;
  }
}

/* Boxes on the picture, each a button that searches for that face. */
function showFaces(faces, crop = null) {
  const [left, top] = (crop || "0,0").split(",").map(Number);
  $("faces").replaceChildren(
    ...faces.map((face) => {
      const [x1, y1, x2, y2] = face.box;
      const box = element("button", {
        type: "button",
        className: face.chosen ? "face chosen" : "face",
        "aria-label": `Search for face ${face.number}`,
        "aria-pressed": String(face.chosen),
        text: String(face.number),
      });
      box.style.left = `${(100 * (x1 + left)) / picture.width}%`;
      box.style.top = `${(100 * (y1 + top)) / picture.height}%`;
      box.style.width = `${(100 * (x2 - x1)) / picture.width}%`;
      box.style.height = `${(100 * (y2 - y1)) / picture.height}%`;
      box.addEventListener("click", () => run(face.number));
      return box;
    }),
  );
}

async function explain(answer, place, gallery) {
  const hit = answer.hits[place];
  explained = { hit, gallery, path: answer.gallery.startsWith("/") ? `${answer.gallery}/${hit.path}` : hit.path };
  $("why-title").textContent = `${answer.method}: ${hit.path}`;
  $("why-text").textContent = "…";
  $("why-picture").hidden = true;
  $("why").showModal();
  try {
    const why = await ask("/api/explain", { answer: answer.answer, place });
    $("why-title").textContent = why.title;
    $("why-text").textContent = why.text;
    if (why.picture) {
      $("why-picture").src = why.picture;
      $("why-picture").alt = why.title;
      $("why-picture").hidden = false;
    }
  } catch (error) {
    $("why-text").textContent = error.message;
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("words")?.value.trim()) runWords();
  else run();
});
$("words")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault(); // or the form would search with the picture
  runWords();
});
$("words")?.addEventListener("input", () => ($("go").disabled = !picture && !$("words").value.trim()));
$("file").addEventListener("change", (event) => {
  bring(event.target.files[0]);
  event.target.value = "";
});
$("another").addEventListener("click", () => $("file").click());
$("whole").addEventListener("click", () => region.set(null));
$("look").addEventListener("click", look);
$("gallery").addEventListener("change", () => {
  $("look").hidden = !("changes" in $("gallery").selectedOptions[0].dataset);
  for (const list of document.querySelectorAll("fieldset.methods")) {
    list.hidden = list.disabled = list.dataset.gallery !== $("gallery").value;
  }
});
$("with").addEventListener("click", async () => {
  $("why").close();
  const taken = await take(() => ask(`/api/galleries/${explained.gallery}/images/${explained.hit.id}/query`, {}));
  if (taken) await run();
});
$("copy").hidden = !navigator.clipboard; // browsers offer it to this machine's own pages and to https alone
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(explained.path);
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy its path"), 1500);
});
$("once").addEventListener("change", () => {
  if (document.querySelector(".column")) last();
});
$("why").addEventListener("click", (event) => {
  if (event.target === $("why")) $("why").close();
});

/* A picture may be dropped anywhere on the page, and pasted anywhere but into a field. */
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  $("picture").classList.add("over");
});
document.addEventListener("dragleave", () => $("picture").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("picture").classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) bring(file);
  else say("What was dropped is no file: save the picture first, then drop that.", true);
});
document.addEventListener("paste", (event) => {
  const file = event.clipboardData.files[0];
  if (file) bring(file);
  else if (!event.target.closest?.("input:not([type=checkbox], [type=file])")) {
    say("What was pasted is no picture: copy the picture itself, not its address.", true);
  }
});
