/* Groups of copies in a folder: side by side, to be marked; what is marked is saved as a list, nothing is deleted. */

import { ask, progress } from "./api.js";
import { element } from "./results.js";

const $ = (id) => document.getElementById(id);
let current = -1;
const boxes = () => [...document.querySelectorAll("#groups input")];
const pictures = (count) => (count ? `${count} ${count === 1 ? "picture" : "pictures"} marked` : "no picture marked");

function say(text, isError = false) {
  $("message").textContent = text;
  $("message").classList.toggle("error", isError);
  $("message").hidden = !text;
}

function tally() {
  const marked = boxes().filter((box) => box.checked).length;
  $("count").textContent = pictures(marked);
  $("save").disabled = !marked;
}

function mark(choose, within = document) {
  for (const box of within.querySelectorAll("input")) if (!box.disabled) box.checked = choose(box);
  tally();
}

const allButBest = (box) => !("best" in box.dataset);

function card(gallery, copy) {
  const box = element("input", { type: "checkbox", "data-path": copy.path });
  if (copy.best) box.dataset.best = "";
  box.disabled = !copy.listable;
  box.addEventListener("change", tally);
  const lines = [
    element("img", { src: `/api/galleries/${gallery}/images/${copy.id}`, alt: "", loading: "lazy" }),
    element("span", { className: "mark" }, box, element("span", { text: copy.path })),
    element("span", { className: "faint", text: copy.facts.join(", ") }),
  ];
  if (copy.best) lines.push(element("span", { className: "best", text: "suggested to keep" }));
  if (!copy.listable) lines.push(element("span", { className: "faint", text: "its name cannot stand in a list: see to it by hand" }));
  return element("li", {}, element("label", {}, ...lines));
}

function group(gallery, copies, place, count) {
  const all = element("button", { type: "button", className: "quiet", text: "Mark all but the suggested one" });
  const head = element("div", { className: "head" }, element("h2", { text: `Group ${place + 1} of ${count}` }), all);
  const node = element("section", { className: "group", "aria-label": `Group ${place + 1}`, tabIndex: -1 }, head);
  node.addEventListener("focusin", () => { current = place; });
  node.append(element("ol", {}, ...copies.map((copy) => card(gallery, copy))));
  all.addEventListener("click", () => mark(allButBest, node));
  return node;
}

function go(step) {
  const groups = document.querySelectorAll(".group");
  if (!groups.length) return;
  current = Math.min(Math.max(current + step, 0), groups.length - 1);
  groups[current].focus({ preventScroll: true });
  groups[current].scrollIntoView({ block: "start" });
}

function press(event) {
  const typed = event.target.closest?.("select, input:not([type=checkbox])");
  if (event.ctrlKey || event.metaKey || event.altKey || typed) return;
  const group = document.querySelectorAll(".group")[current];
  if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
  else if (event.key === "e" && !$("save").disabled) save();
  else if (!group) return;
  else if (event.key === "a") mark(allButBest, group);
  else if (event.key === "n") mark(() => false, group);
  else if (/^[1-9]$/.test(event.key)) group.querySelectorAll("input")[event.key - 1]?.click();
}

async function run() {
  const gallery = Number($("gallery").value);
  current = -1;
  $("go").disabled = true;
  $("bar").hidden = $("keys").hidden = true;
  $("groups").replaceChildren();
  $("notes").replaceChildren();
  say("Looking for copies…");
  const watch = setInterval(() => progress("copies").then((text) => text && say(`Looking for copies: ${text}`), () => {}), 700);
  try {
    const { groups, notes } = await ask(`/api/galleries/${gallery}/copies`, {});
    $("groups").replaceChildren(...groups.map((copies, place) => group(gallery, copies, place, groups.length)));
    $("notes").replaceChildren(...notes.map((note) => element("li", { text: note })));
    $("bar").hidden = $("keys").hidden = !groups.length;
    clearInterval(watch);
    say(groups.length ? "" : "No copies were found.");
    tally();
  } catch (error) {
    clearInterval(watch);
    say(error.message, true);
  } finally {
    $("go").disabled = false;
  }
}

function save() {
  const lines = boxes().filter((box) => box.checked).map((box) => `./${box.dataset.path}\n`);
  const link = element("a", { href: URL.createObjectURL(new Blob(lines, { type: "text/plain" })), download: "marked.txt" });
  link.click();
  URL.revokeObjectURL(link.href);
}

$("form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
$("all")?.addEventListener("click", () => mark(allButBest));
$("none")?.addEventListener("click", () => mark(() => false));
$("save")?.addEventListener("click", save);
document.addEventListener("keydown", press);
