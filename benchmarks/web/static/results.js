/* One column a method: what it found, how sure and how fast. Texts are set as text, never as markup. */

export function element(tag, { className = "", text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Enough digits that what is less than 1 does not read as 1.
function number(value) {
  let digits = 4;
  while (digits < 17 && value < 1 && +value.toPrecision(digits) >= 1) digits += 1;
  return String(+value.toPrecision(digits));
}
const milliseconds = (seconds) => (seconds < 1 ? `${+(1e3 * seconds).toPrecision(3)} ms` : `${seconds.toFixed(1)} s`);
/* Whole percents, never 0 or 100 for what is not certain. */
const percent = (chance) =>
  chance === 0 || chance === 1 ? `${100 * chance}%` : chance < 0.01 ? "<1%" : chance > 0.99 ? ">99%" : `${Math.round(100 * chance)}%`;
const VERDICTS = { match: "good", "no good match": "none", "nothing to search for": "bad", "not calibrated": "open" };

export class Column {
  constructor(method) {
    this.status = element("p", { className: "faint", text: "waiting" });
    this.node = element("section", { className: "column", "aria-label": method }, element("h2", { text: method }), this.status);
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(message) {
    this.status.remove();
    this.node.append(element("p", { className: "error", role: "alert", text: message }));
  }

  show(answer, gallery, onExplain) {
    this.status.remove();
    const verdict = element("p", { className: `verdict ${VERDICTS[answer.verdict]}`, text: answer.verdict });
    const { load, encode, search } = answer.seconds;
    const time = `${milliseconds(encode + search)} (${milliseconds(encode)} to encode, ${milliseconds(search)} to search)`;
    this.node.append(verdict, element("p", { className: "faint", text: `${time}; opened in ${milliseconds(load)}` }));
    const list = element("ol", { className: "hits" });
    answer.hits.forEach((hit, place) => list.append(this.#hit(answer, hit, place, gallery, onExplain)));
    this.node.append(list);
    if (!answer.hits.length)
      this.node.append(element("p", { text: "No face was found in the picture: mark one by dragging, or choose another method." }));
    const notes = [...answer.notes];
    if (answer.threshold !== null) notes.unshift(`✓ from ${number(answer.threshold)} on (${answer.score_means})`);
    const items = notes.map((note) => element("li", { text: note }));
    this.node.append(element("details", { className: "faint" }, element("summary", { text: "What this means" }), element("ul", {}, ...items)));
  }

  #hit(answer, hit, place, gallery, onExplain) {
    const picture = element("img", { src: `/api/galleries/${gallery}/images/${hit.id}`, alt: "" });
    const score = element("span", { className: "score", text: `${hit.good ? "✓ " : ""}${number(hit.score)}` });
    const line = element("span", { className: "line" }, element("b", { text: String(hit.rank) }), score);
    const chance = hit.chance === null ? "" : percent(hit.chance);
    if (chance) line.append(element("span", { className: "chance faint", text: chance, title: "chance that this hit is right" }));
    // A folder's picture is known by its file; a data set's by what it shows.
    const inFolder = answer.gallery.startsWith("/");
    const name = inFolder ? hit.path : hit.label || hit.path;
    const button = element(
      "button",
      { type: "button", className: "hit", title: inFolder ? `${answer.gallery}/${hit.path}` : hit.path, "aria-label": `hit ${hit.rank}: ${name}, score ${number(hit.score)}${hit.good ? ", a good match" : ""}${chance ? `, chance ${chance}` : ""}. Explain` },
      picture,
      line,
      element("span", { className: "label", text: name }),
    );
    button.addEventListener("click", () => onExplain(answer, place));
    return element("li", { className: hit.good ? "good" : "" }, button);
  }
}
