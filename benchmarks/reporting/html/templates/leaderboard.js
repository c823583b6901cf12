// Sorting by the buttons in the header, filtering by the form, columns to hide: all of it in the address. The number of
// rows is said to screen readers.
const table = document.getElementById("leaderboard-table");
if (table) {
  const form = document.getElementById("leaderboard-filters");
  const status = document.getElementById("leaderboard-count");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];
  const keys = headers.map((header) => header.dataset.key);
  const FILTERS = ["dataset", "task", "family", "device", "weights", "part"];
  const opened = Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].value]));
  const SORTED = "-score";

  // The value of a row's cell in a column: a number where there is one; "" where there is no figure.
  const value = (row, column) => {
    const text = row.cells[column].dataset.value;
    return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
  };

  const sort = (order) => {
    const column = keys.indexOf(order.replace(/^-/, ""));
    if (column < 0) {
      return;
    }
    const sign = order.startsWith("-") ? -1 : 1;
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
    headers[column].setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
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
    const said = ["dataset", "task", "device"].filter((name) => wanted.get(name)); // one value in every row
    const off = new Set([...said, ...boxes.filter((box) => !box.checked).map((box) => box.value)]);
    for (const row of table.rows) {
      keys.forEach((key, place) => row.cells[place].classList.toggle("off", off.has(key)));
    }
    status.textContent = `${shown} of ${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  };

  const boxes = [];
  for (const header of headers.slice(2)) {
    const [label, box] = [document.createElement("label"), document.createElement("input")];
    Object.assign(box, { type: "checkbox", value: header.dataset.key, checked: true });
    label.append(box, ` ${header.textContent.trim()}`);
    document.getElementById("leaderboard-columns").append(label);
    boxes.push(box);
  }

  const choose = (replace) => {
    const values = FILTERS.map((name) => [name, form.elements[name].value]);
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    address.set(
      {
        ...Object.fromEntries(values.map(([name, now]) => [name, now === opened[name] ? null : now])),
        hide: hidden.length ? hidden.join(" ") : null,
      },
      replace,
    );
    filter();
  };

  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("button")?.parentElement;
    if (header) {
      const now = header.getAttribute("aria-sort");
      const falls = now ? now === "ascending" : header.dataset.first === "descending";
      const order = `${falls ? "-" : ""}${header.dataset.key}`;
      address.set({ sort: order === SORTED ? null : order });
      sort(order);
    }
  });
  form.addEventListener("input", (event) => choose(event.target.name === "part"));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("leaderboard-all").addEventListener("click", () => {
    for (const name of FILTERS) {
      form.elements[name].value = "";
    }
    boxes.forEach((box) => (box.checked = true));
    choose();
  });
  form.hidden = false;
  address.follow(() => {
    for (const name of FILTERS) {
      const field = form.elements[name];
      const wanted = address.get(name) ?? opened[name];
      field.value = field.options && ![...field.options].some((one) => one.value === wanted) ? opened[name] : wanted;
    }
    const hidden = new Set((address.get("hide") ?? "").split(" "));
    boxes.forEach((box) => (box.checked = !hidden.has(box.value)));
    sort(address.get("sort") ?? SORTED);
    filter();
  });
}
