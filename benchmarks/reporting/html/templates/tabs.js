// Panels of one group become tabs: arrow keys, Home and End move between them, as the WAI-ARIA practices ask. Of more
// than a row can hold one is chosen from a list. A panel that is sent the event "show" comes to the front. The chosen one stands in the address.
const MOST_TABS = 6;

function chooser(panels, show) {
  const label = document.createElement("label");
  label.className = "chooser";
  const list = document.createElement("select");
  list.append(...panels.map((panel, place) => new Option(panel.dataset.label, String(place))));
  list.addEventListener("change", () => show(Number(list.value)));
  label.append("Show ", list);
  return [label, (chosen) => (list.value = String(chosen))];
}

function tabs(panels, show) {
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Data sets");
  const buttons = panels.map((panel, place) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${panel.id}-tab`;
    tab.textContent = panel.dataset.label;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => show(place));
    return tab;
  });
  list.append(...buttons);
  list.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(document.activeElement);
    const goal = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 }[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      const place = (goal + buttons.length) % buttons.length;
      show(place);
      buttons[place].focus();
    }
  });
  const mark = (chosen) => {
    buttons.forEach((button, place) => {
      button.setAttribute("aria-selected", String(place === chosen));
      button.tabIndex = place === chosen ? 0 : -1;
    });
  };
  return [list, mark];
}

for (const group of document.querySelectorAll(".panels")) {
  const panels = [...group.children].filter((child) => child.classList.contains("panel"));
  if (panels.length < 2) {
    continue;
  }
  const name = `tab-${group.dataset.name}`;
  const show = (chosen) => {
    panels.forEach((panel, place) => {
      panel.hidden = place !== chosen;
    });
    mark(chosen);
  };
  const choose = (chosen) => {
    address.set({ [name]: chosen ? panels[chosen].id : null });
    show(chosen);
  };
  const [control, mark] = (panels.length > MOST_TABS ? chooser : tabs)(panels, choose);
  panels.forEach((panel, place) => {
    panel.querySelector("h3")?.classList.add("sr"); // the control says it
    panel.addEventListener("show", () => show(place));
  });
  group.prepend(control);
  address.follow(() => show(Math.max(0, panels.findIndex((panel) => panel.id === address.get(name)))));
}
