// Sorting by the buttons in the header, filtering by the form; the number of rows is said to screen readers.
const table = document.getElementById("leaderboard-table");
if (table) {
  const form = document.getElementById("leaderboard-filters");
  const status = document.getElementById("leaderboard-count");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];

  // The value of a row's cell in a column: a number where there is one; "" where there is no figure.
  const value = (row, column) => {
    const text = row.cells[column].dataset.value;
    return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
  };

  const sort = (header, direction) => {
    const column = headers.indexOf(header);
    const sign = direction === "ascending" ? 1 : -1;
    rows.sort((first, second) => {
      const [a, b] = [value(first, column), value(second, column)];
      if (a === "" || b === "") {
        return (a === "") - (b === ""); // what has no figure stays below
      }
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    });
    body.append(...rows);
    for (const other of headers) {
      other.removeAttribute("aria-sort");
    }
    header.setAttribute("aria-sort", direction);
  };

  const filter = () => {
    const wanted = new FormData(form);
    const part = String(wanted.get("part")).trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = ["dataset", "task", "family", "device", "weights"].every(
        (name) => !wanted.get(name) || row.dataset[name] === wanted.get(name),
      );
      row.hidden = !(fits && row.dataset.method.toLowerCase().includes(part));
      shown += row.hidden ? 0 : 1;
    }
    for (const name of ["dataset", "task", "device"]) {
      table.classList.toggle(`one-${name}`, Boolean(wanted.get(name)));
    }
    status.textContent = `${shown} of ${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  };

  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("button")?.parentElement;
    if (header) {
      const now = header.getAttribute("aria-sort");
      const opposite = { ascending: "descending", descending: "ascending" };
      sort(header, now ? opposite[now] : (header.dataset.first ?? "ascending"));
    }
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("leaderboard-all").addEventListener("click", () => {
    for (const field of form.elements) {
      if (field.name) {
        field.value = "";
      }
    }
    filter();
  });
  form.hidden = false;
  filter();
}
