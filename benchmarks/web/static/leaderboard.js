/* The leaderboard: one data set at a time, filtered and sorted in the browser. */

const $ = (id) => document.getElementById(id);
const body = $("board")?.tBodies[0];
const rows = body ? [...body.rows] : [];

function filter() {
  const part = $("method").value.trim().toLowerCase();
  for (const row of rows) {
    const { dataset, family, method } = row.dataset;
    row.hidden =
      dataset !== $("dataset").value || ($("family").value && family !== $("family").value) || !method.includes(part);
  }
}

/* Empty cells go last, whichever way. */
function sort(header, ascending) {
  const column = header.cellIndex;
  const key = (row) => {
    const cell = row.cells[column];
    const value = cell.dataset.value;
    if (value === undefined) return cell.textContent.trim();
    return value === "" ? null : Number(value);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
  rows.sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return ascending ? compare(a, b) : compare(b, a);
  });
  body.append(...rows);
  for (const cell of header.parentElement.cells) cell.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
}

if (body) {
  for (const id of ["dataset", "family", "method"]) $(id).addEventListener("input", filter);
  for (const button of $("board").tHead.querySelectorAll("button")) {
    const header = button.parentElement;
    button.addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const first = "ascending" in button.dataset || !header.classList.contains("number");
      sort(header, before ? before !== "ascending" : first);
    });
  }
  filter();
}
