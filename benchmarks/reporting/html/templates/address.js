// What the reader chose stands in the address, behind the anchor (#section?task=robustness&sort=-mAP), so that a link
// shows the same view and the back button returns to the one before. What is not there is as the page opens.
function parts() {
  const [anchor, ...rest] = location.hash.slice(1).split("?");
  return [decodeURIComponent(anchor), new URLSearchParams(rest.join("?"))];
}

function written(anchor, chosen) {
  const query = chosen.toString();
  return `#${encodeURIComponent(anchor)}${query && `?${query}`}`;
}

const followers = [];

globalThis.address = {
  anchor: () => parts()[0],
  get: (name) => parts()[1].get(name),
  // Values by name, null for what is as the page opens; a new step for the back button unless `replace`.
  set: (values, replace = false) => {
    const [anchor, chosen] = parts();
    for (const [name, value] of Object.entries(values)) {
      if (value === null) {
        chosen.delete(name);
      } else {
        chosen.set(name, value);
      }
    }
    const hash = written(anchor, chosen);
    if (hash !== (location.hash || "#")) {
      history[replace ? "replaceState" : "pushState"](null, "", hash);
    }
  },
  // Runs `show` now, and whenever the address changes by a link or the back button.
  follow: (show) => {
    followers.push(show);
    show();
  },
};

addEventListener("popstate", () => followers.forEach((show) => show()));
// Links within the page keep what was chosen.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const anchor = decodeURIComponent(link.getAttribute("href").slice(1));
    const hash = written(anchor, parts()[1]);
    if (hash.includes("?")) {
      event.preventDefault();
      if (hash === location.hash) {
        followers.forEach((show) => show(true));
      } else {
        location.hash = hash;
      }
    } else if (hash === location.hash) {
      followers.forEach((show) => show(true)); // the same link a second time changes no address
    }
  }
});
