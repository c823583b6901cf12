// Every table as CSV, made in the page of the rows that are seen. A scope of its own, but for what plots save with.
globalThis.saveFile = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

// RFC 4180; text that a spreadsheet would take for a formula is led by an apostrophe, numbers are left as they are.
function field(text) {
  const isNumber = text.trim() !== "" && !Number.isNaN(Number(text));
  const safe = /^[=+\-@\t\r]/.test(text) && !isNumber ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// A cell's figure as data where it has one, else its text in one line, without what only a screen reader is told.
function content(cell) {
  if (cell.dataset.value !== undefined) {
    return cell.dataset.value;
  }
  const copy = cell.cloneNode(true);
  copy.querySelectorAll(".sr, [aria-hidden=true]").forEach((part) => part.remove());
  return copy.textContent.replace(/\s+/g, " ").trim();
}

function csv(table) {
  const shown = (element) => getComputedStyle(element).display !== "none";
  const lines = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].filter(shown).map(content));
  return `${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

function fileName(table) {
  const title = table.closest(".scroll")?.getAttribute("aria-label") ?? "table";
  return `${title.replace(/[^A-Za-z0-9@]+/g, "-").replace(/^-|-$/g, "") || "table"}.csv`;
}

for (const table of document.querySelectorAll(".scroll > table")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "save";
  button.textContent = "CSV";
  button.setAttribute("aria-label", `Download as CSV: ${table.closest(".scroll").getAttribute("aria-label")}`);
  button.addEventListener("click", () => saveFile(new Blob([csv(table)], { type: "text/csv" }), fileName(table)));
  table.closest(".scroll").after(button);
}
